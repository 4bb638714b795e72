/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_qmp_commands.c - each QMP command on a PC: replies in QEMU's form, errors by class and text. */
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor_internal.h"
#include "monitor_bench.h"

#define OK "{'return': {}}\r\n"

struct client {
    struct monitor_bench *bench;
    int fd;
};

static int setup_with(void **state, const char *command_line)
{
    struct client *client = g_new0(struct client, 1);

    client->bench = monitor_bench_create(command_line);
    client->fd =
        monitor_bench_client(client->bench, monitor_bench_add(client->bench, MONITOR_MODE_CONTROL));
    *state = client;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, "-m 64M,slots=2,maxmem=2G -S -nodefaults -smp 1,maxcpus=2 -name me "
                             "-uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8 -chardev null,id=foo");
}

static int setup_none(void **state)
{
    return setup_with(state, "-machine none -S -nodefaults");
}

static int teardown(void **state)
{
    struct client *client = *state;

    close(client->fd);
    monitor_bench_destroy(client->bench);
    g_free(client);
    return 0;
}

static void check(struct client *client, const char *request, const char *expected)
{
    monitor_bench_check(client->bench, client->fd, request, expected);
}

static void check_error(struct client *client, const char *request, const char *error_class,
                        const char *text)
{
    g_autofree char *expected =
        g_strdup_printf("{'error': {'class': '%s', 'desc': '%s'}}\r\n", error_class, text);

    check(client, request, expected);
}

/* "return" of a command; the caller's. */
static struct json_object *ask(struct client *client, const char *request)
{
    g_autofree char *quoted = g_strdelimit(g_strdup(request), "'", '"');
    g_autofree char *reply = NULL;
    struct json_object *parsed, *value = NULL;

    monitor_bench_send(client->fd, quoted);
    reply = monitor_bench_receive(client->bench, client->fd);
    parsed = json_tokener_parse(reply);
    assert_non_null(parsed);
    if (!json_object_object_get_ex(parsed, "return", &value)) {
        fail_msg("%s: %s", request, reply);
    }
    json_object_get(value);
    json_object_put(parsed);
    return value;
}

static char *state_of(struct client *client)
{
    struct json_object *reply = ask(client, "{'execute':'x-query-state'}");
    char *text = g_strdup(json_object_get_string(json_object_object_get(reply, "state")));

    json_object_put(reply);
    return text;
}

static void test_machine_queries(void **state)
{
    struct client *client = *state;

    check(client, "{'execute':'query-status'}",
          "{'return': {'status': 'prelaunch', 'singlestep': false, 'running': false}}\r\n");
    check(client, "{'execute':'query-kvm'}", "{'return': {'enabled': true, 'present': true}}\r\n");
    check(client, "{'execute':'query-name'}", "{'return': {'name': 'me'}}\r\n");
    check(client, "{'execute':'query-uuid'}",
          "{'return': {'UUID': '6ba7b810-9dad-11d1-80b4-00c04fd430c8'}}\r\n");
    check(client, "{'execute':'query-target'}", "{'return': {'arch': 'x86_64'}}\r\n");
    check(client, "{'execute':'query-qmp-schema'}", "{'return': []}\r\n");
    check(client, "{'execute':'query-cpus-fast'}",
          "{'return': [{'thread-id': 0, 'props': {'core-id': 0, 'thread-id': 0, 'node-id': 0, "
          "'socket-id': 0}, 'qom-path': '/machine/unattached/device[0]', 'cpu-index': 0, "
          "'target': 'x86_64'}]}\r\n");
    check(client, "{'execute':'query-hotpluggable-cpus'}",
          "{'return': [{'props': {'core-id': 1, 'thread-id': 0, 'node-id': 0, 'socket-id': 0}, "
          "'vcpus-count': 1, 'type': 'qemu64-x86_64-cpu'}, "
          "{'props': {'core-id': 0, 'thread-id': 0, 'node-id': 0, 'socket-id': 0}, "
          "'vcpus-count': 1, 'qom-path': '/machine/unattached/device[0]', 'type': "
          "'qemu64-x86_64-cpu'}]}\r\n");
}

static void test_chardevs(void **state)
{
    struct client *client = *state;
    g_autofree char *expected =
        g_strdup_printf("{'return': [{'frontend-open': false, 'filename': 'null', 'label': 'foo'}, "
                        "{'frontend-open': true, 'filename': 'unix:%s/0,server=on', 'label': "
                        "'compat_monitor0'}]}\r\n",
                        client->bench->directory);

    check(client, "{'execute':'query-chardev'}", expected);
}

static void test_plug_and_unplug(void **state)
{
    struct client *client = *state;

    check(client, "{'execute':'query-memory-devices'}", "{'return': []}\r\n");
    check(client,
          "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'ram0',"
          "'size':134217728}}",
          OK);
    check(client, "{'execute':'query-memdev'}",
          "{'return': [{'share': false, 'reserve': true, 'prealloc': false, 'size': 134217728, "
          "'merge': true, 'dump': true, 'host-nodes': [], 'policy': 'default', 'id': "
          "'ram0'}]}\r\n");
    check(client,
          "{'execute':'device_add','arguments':{'driver':'pc-dimm','id':'dimm0','memdev':'ram0'}}",
          OK);
    check(client, "{'execute':'query-memory-devices'}",
          "{'return': [{'type': 'dimm', 'data': {'id': 'dimm0', 'addr': 4294967296, 'slot': 0, "
          "'node': 0, 'memdev': '/objects/ram0', 'size': 134217728, 'hotpluggable': true, "
          "'hotplugged': true}}]}\r\n");
    check(client, "{'execute':'query-memory-size-summary'}",
          "{'return': {'base-memory': 67108864, 'plugged-memory': 134217728}}\r\n");
    check(client, "{'execute':'query-acpi-ospm-status'}",
          "{'return': [{'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 0, "
          "'status': 0}, {'slot': '1', 'slot-type': 'DIMM', 'source': 0, 'status': 0}, "
          "{'slot': '0', 'slot-type': 'CPU', 'source': 0, 'status': 0}, "
          "{'slot': '1', 'slot-type': 'CPU', 'source': 0, 'status': 0}]}\r\n");
    check_error(client, "{'execute':'object-del','arguments':{'id':'ram0'}}", "GenericError",
                "object 'ram0' is in use, can not be deleted");
    check(client, "{'execute':'device_del','arguments':{'id':'dimm0'}}", OK);
    machine_fixture_port_write(client->bench->fixture, 0xa00, 0, 4);
    machine_fixture_port_write(client->bench->fixture, 0xa14, 8, 1);
    check(client, "",
          "{'timestamp': {'seconds': 0, 'microseconds': 0}, 'event': 'DEVICE_DELETED', 'data': "
          "{'device': 'dimm0', 'path': '/machine/peripheral/dimm0'}}\r\n");
    check(client, "{'execute':'object-del','arguments':{'id':'ram0'}}", OK);
}

static const struct {
    const char *request, *error_class, *text;
} refusals[] = {
    { "{'execute':'device_add'}", "GenericError", "Parameter 'driver' is missing" },
    { "{'execute':'device_add','arguments':{'driver':5}}", "GenericError",
      "Invalid parameter type for 'driver', expected: string" },
    { "{'execute':'device_add','arguments':{'driver':'nope'}}", "GenericError",
      "'nope' is not a valid device model name" },
    { "{'execute':'device_add','arguments':{'driver':'pc-dimm','id':'d','memdev':'nope'}}",
      "DeviceNotFound", "Device 'nope' not found" },
    { "{'execute':'device_del','arguments':{'id':'nope'}}", "DeviceNotFound",
      "Device 'nope' not found" },
    { "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'x',"
      "'size':'1M'}}",
      "GenericError", "Invalid parameter type for 'size', expected: integer" },
    { "{'execute':'object-add','arguments':{'qom-type':'nope','id':'x'}}", "GenericError",
      "Parameter 'qom-type' does not accept value 'nope'" },
    { "{'execute':'object-del','arguments':{'id':'nope'}}", "GenericError",
      "object 'nope' not found" },
    { "{'execute':'object-del','arguments':{'id':'m','force':true}}", "GenericError",
      "Parameter 'force' is unexpected" },
    { "{'execute':'qom-list','arguments':{'path':''}}", "GenericError", "Path '' is ambiguous" },
    { "{'execute':'qom-list','arguments':{'path':'/nope'}}", "DeviceNotFound",
      "Device '/nope' not found" },
    { "{'execute':'qom-get','arguments':{'path':'/nope','property':'x'}}", "DeviceNotFound",
      "Device '/nope' not found" },
    { "{'execute':'qom-get','arguments':{'path':'/objects/m','property':'x'}}", "GenericError",
      "Property 'memory-backend-ram.x' not found" },
    { "{'execute':'qom-set','arguments':{'path':'/objects/m','property':'x','value':1}}",
      "GenericError", "Property 'memory-backend-ram.x' not found" },
    { "{'execute':'qom-set','arguments':{'path':'/objects/m','property':'type','value':1}}",
      "GenericError", "Property 'memory-backend-ram.type' is not writable" },
    { "{'execute':'qom-set','arguments':{'path':'/machine','property':'peripheral','value':1}}",
      "GenericError", "Property 'pc-i440fx-7.2-machine.peripheral' is not writable" },
    { "{'execute':'qom-set','arguments':{'path':'/machine/unattached/device[0]',"
      "'property':'realized','value':false}}",
      "GenericError", "Property 'qemu64-x86_64-cpu.realized' is not writable" },
    { "{'execute':'qom-set','arguments':{'path':'/machine/unattached/device[0]',"
      "'property':'apic-id','value':7}}",
      "GenericError", "Property 'qemu64-x86_64-cpu.apic-id' is not writable" },
    { "{'execute':'qom-set','arguments':{'path':'/objects/m','property':'size'}}", "GenericError",
      "Parameter 'value' is missing" },
    { "{'execute':'qom-list-properties','arguments':{'typename':'nope'}}", "DeviceNotFound",
      "Class 'nope' not found" },
    { "{'execute':'qom-list-properties','arguments':{'typename':'hotplug-handler'}}",
      "GenericError", "Parameter 'typename' expects a QOM type" },
    { "{'execute':'device-list-properties','arguments':{'typename':'nope'}}", "DeviceNotFound",
      "Device 'nope' not found" },
    { "{'execute':'device-list-properties','arguments':{'typename':'device'}}", "GenericError",
      "Parameter 'typename' expects a non-abstract device type" },
    { "{'execute':'device-list-properties','arguments':{'typename':'memory-backend-ram'}}",
      "GenericError", "Parameter 'typename' expects a non-abstract device type" },
    { "{'execute':'set-action','arguments':{'reboot':'maybe'}}", "GenericError",
      "Parameter 'reboot' does not accept value 'maybe'" },
    { "{'execute':'trace-event-get-state','arguments':{'name':'nope'}}", "GenericError",
      "unknown event 'nope'" },
    { "{'execute':'trace-event-set-state','arguments':{'name':'nope','enable':true}}",
      "GenericError", "unknown event 'nope'" },
    { "{'execute':'x-fault-inject','arguments':{'fault':'kvm_irq_line'}}", "GenericError",
      "Fault 'kvm_irq_line' has no '='; expected POINT=ERRNO[,at=N]" },
    { "{'execute':'human-monitor-command'}", "GenericError",
      "Parameter 'command-line' is missing" },
};

/* Each is refused with this class and text, and the dump of everything is the same before and after. */
static void test_refusals_change_nothing(void **state)
{
    struct client *client = *state;
    g_autofree char *before = NULL;

    check(client,
          "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m','size':"
          "4194304}}",
          OK);
    before = state_of(client);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *quoted = g_strdelimit(g_strdup(refusals[i].request), "'", '"');
        g_autofree char *reply = NULL, *escaped = NULL, *after = NULL;
        struct json_object *parsed, *error;

        monitor_bench_send(client->fd, quoted);
        reply = monitor_bench_receive(client->bench, client->fd);
        parsed = json_tokener_parse(reply);
        error = json_object_object_get(parsed, "error");
        assert_string_equal(json_object_get_string(json_object_object_get(error, "class")),
                            refusals[i].error_class);
        escaped = g_strdelimit(
            g_strdup(json_object_get_string(json_object_object_get(error, "desc"))), "\"", '\'');
        assert_string_equal(escaped, refusals[i].text);
        json_object_put(parsed);
        after = state_of(client);
        assert_string_equal(after, before);
    }
}

/* A fault that strikes in the middle of a plug: an error, and everything as before. */
static void test_faults(void **state)
{
    static const char *const faults[] = { "kvm_set_user_memory_region=EEXIST", "kvm_irq_line=EIO" };
    struct client *client = *state;
    g_autofree char *before = NULL;

    check(client,
          "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m','size':"
          "134217728}}",
          OK);
    before = state_of(client);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *arm = g_strdup_printf(
            "{'execute':'x-fault-inject','arguments':{'fault':'%s,at=1'}}", faults[i]);
        g_autofree char *reply = NULL, *after = NULL;

        check(client, arm, OK);
        monitor_bench_send(client->fd, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":"
                                       "\"pc-dimm\",\"id\":\"d\",\"memdev\":\"m\"}}");
        reply = monitor_bench_receive(client->bench, client->fd);
        assert_true(g_str_has_prefix(reply, "{\"error\": {\"class\": \"GenericError\""));
        after = state_of(client);
        assert_string_equal(after, before);
        check(client, "{'execute':'x-query-faults'}", "{'return': []}\r\n");
    }
    check(client, "{'execute':'x-fault-inject','arguments':{'fault':'kvm_irq_line=5,at=all'}}", OK);
    check(client, "{'execute':'x-query-faults'}",
          "{'return': [{'point': 'kvm_irq_line', 'error': 'EIO', 'at': 'all'}]}\r\n");
}

/* What changes is in the dump. */
static void test_dump_sees_changes(void **state)
{
    static const char *const changes[] = {
        "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m',"
        "'size':134217728}}",
        "{'execute':'device_add','arguments':{'driver':'pc-dimm','id':'d','memdev':'m'}}",
        "{'execute':'device_del','arguments':{'id':'d'}}",
        "{'execute':'set-action','arguments':{'shutdown':'pause'}}",
        "{'execute':'cont'}",
        "{'execute':'stop'}",
    };
    struct client *client = *state;
    char *last = state_of(client);

    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *request = g_strdelimit(g_strdup(changes[i]), "'", '"');
        char *now;

        json_object_put(ask(client, "{'execute':'query-status'}"));
        now = state_of(client);
        assert_string_equal(now, last); /* a look changes nothing */
        g_free(now);
        monitor_bench_send(client->fd, request);
        g_free(monitor_bench_receive(client->bench, client->fd));
        now = state_of(client);
        assert_string_not_equal(now, last);
        g_free(last);
        last = now;
    }
    /* A device's register, here the slot selector. */
    machine_fixture_port_write(client->bench->fixture, 0xa00, 1, 4);
    {
        g_autofree char *now = state_of(client);

        assert_string_not_equal(now, last);
    }
    g_clear_pointer(&last, g_free);
}

/* Every type that is listed can be asked for its properties; every object for its own. */
static void test_all_types_and_objects(void **state)
{
    struct client *client = *state;
    struct json_object *types =
        ask(client, "{'execute':'qom-list-types','arguments':{'abstract':true}}");
    unsigned devices = 0;

    for (size_t i = 0; i < json_object_array_length(types); i++) {
        struct json_object *type = json_object_array_get_idx(types, i);
        const char *name = json_object_get_string(json_object_object_get(type, "name"));
        bool abstract = json_object_object_get_ex(type, "abstract", NULL);
        g_autofree char *request = g_strdup_printf(
            "{'execute':'qom-list-properties','arguments':{'typename':'%s'}}", name);

        if (!abstract || json_object_object_get_ex(type, "parent", NULL)) {
            json_object_put(ask(client, request));
        }
    }
    json_object_put(types);
    types = ask(client, "{'execute':'qom-list-types','arguments':{'implements':'device'}}");
    for (size_t i = 0; i < json_object_array_length(types); i++, devices++) {
        struct json_object *type = json_object_array_get_idx(types, i);
        g_autofree char *request =
            g_strdup_printf("{'execute':'device-list-properties','arguments':{'typename':'%s'}}",
                            json_object_get_string(json_object_object_get(type, "name")));

        json_object_put(ask(client, request));
    }
    json_object_put(types);
    assert_true(devices > 10);
}

static void check_object(struct client *client, const char *path)
{
    g_autofree char *request =
        g_strdup_printf("{'execute':'qom-list','arguments':{'path':'%s'}}", path);
    struct json_object *list = ask(client, request);

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);
        const char *name = json_object_get_string(json_object_object_get(entry, "name"));
        const char *type = json_object_get_string(json_object_object_get(entry, "type"));
        g_autofree char *get = g_strdup_printf(
            "{'execute':'qom-get','arguments':{'path':'%s','property':'%s'}}", path, name);
        g_autofree char *below = g_strdup_printf("%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
        struct json_object *value = ask(client, get);

        if (g_str_has_prefix(type, "child<")) {
            assert_string_equal(json_object_get_string(value), below);
            check_object(client, below);
        }
        json_object_put(value);
    }
    json_object_put(list);
}

static void test_whole_tree(void **state)
{
    check_object(*state, "/");
}

static void test_device_properties(void **state)
{
    check(*state, "{'execute':'device-list-properties','arguments':{'typename':'pc-dimm'}}",
          "{'return': [{'name': 'memdev', 'type': 'link<memory-backend>'}, "
          "{'name': 'addr', 'type': 'uint64', 'default-value': 0}, "
          "{'name': 'slot', 'type': 'int32', 'default-value': -1}, "
          "{'name': 'node', 'type': 'uint32', 'default-value': 0}, "
          "{'name': 'size', 'type': 'uint64'}]}\r\n");
    check(*state, "{'execute':'qom-list-types','arguments':{'implements':'memory-backend'}}",
          "{'return': [{'name': 'memory-backend-ram', 'parent': 'memory-backend'}, "
          "{'name': 'memory-backend-memfd', 'parent': 'memory-backend'}, "
          "{'name': 'memory-backend-file', 'parent': 'memory-backend'}]}\r\n");
    check(*state, "{'execute':'qom-list-types','arguments':{'implements':'nope'}}",
          "{'return': []}\r\n");
}

/* query-commands is the table; each of them answers whatever it is given. */
static void test_every_command_answers(void **state)
{
    static const char *const arguments[] = { NULL, "{}", "{'x':1}", "{'id':1,'name':2,'path':[]}",
                                             "{'id':'','driver':'','qom-type':'','path':'/',"
                                             "'property':'','typename':''}" };
    struct client *client = *state;
    struct json_object *commands = ask(client, "{'execute':'query-commands'}");

    for (const struct qmp_command *command = qmp_commands; command->name != NULL; command++) {
        size_t at = (size_t)(command - qmp_commands);
        struct json_object *entry = json_object_array_get_idx(commands, at);

        assert_string_equal(json_object_get_string(json_object_object_get(entry, "name")),
                            command->name);
        for (size_t i = 0; i < G_N_ELEMENTS(arguments) && strcmp(command->name, "quit") != 0; i++) {
            g_autofree char *request =
                arguments[i] != NULL ? g_strdup_printf("{'execute':'%s','arguments':%s,'id':7}",
                                                       command->name, arguments[i])
                                     : g_strdup_printf("{'execute':'%s','id':7}", command->name);
            g_autofree char *reply = NULL;

            monitor_bench_send(client->fd, g_strdelimit(request, "'", '"'));
            reply = monitor_bench_receive(client->bench, client->fd);
            assert_true(g_str_has_suffix(reply, "}\r\n"));
            assert_non_null(strstr(reply, "\"id\": 7"));
        }
    }
    assert_null(json_object_array_get_idx(commands, json_object_array_length(commands)));
    json_object_put(commands);
}

static void test_human_monitor_command(void **state)
{
    check(*state, "{'execute':'human-monitor-command','arguments':{'command-line':'info status'}}",
          "{'return': 'VM status: paused (prelaunch)\\r\\n'}\r\n");
    check(*state, "{'execute':'human-monitor-command','arguments':{'command-line':''}}",
          "{'return': ''}\r\n");
    check(*state, "{'execute':'human-monitor-command','arguments':{'command-line':'cont'}}",
          "{'timestamp': {'seconds': 0, 'microseconds': 0}, 'event': 'RESUME'}\r\n"
          "{'return': ''}\r\n");
}

static void test_tracing(void **state)
{
    check(*state, "{'execute':'trace-event-get-state','arguments':{'name':'qemu_set_ir?'}}",
          "{'return': [{'name': 'qemu_set_irq', 'state': 'disabled'}]}\r\n");
    check(*state,
          "{'execute':'trace-event-set-state','arguments':{'name':'qemu_set_irq','enable':true}}",
          OK);
    check(*state, "{'execute':'trace-event-get-state','arguments':{'name':'qemu_set_irq'}}",
          "{'return': [{'name': 'qemu_set_irq', 'state': 'enabled'}]}\r\n");
    check(*state, "{'execute':'trace-event-get-state','arguments':{'name':'nope*'}}",
          "{'return': []}\r\n");
    check(*state, "{'execute':'trace-event-set-state','arguments':{'name':'nope*','enable':true}}",
          OK);
}

static void test_machine_none(void **state)
{
    struct client *client = *state;

    check(client, "{'execute':'query-memory-devices'}", "{'return': []}\r\n");
    check(client, "{'execute':'query-acpi-ospm-status'}", "{'return': []}\r\n");
    check(client, "{'execute':'query-cpus-fast'}", "{'return': []}\r\n");
    check(client, "{'execute':'query-hotpluggable-cpus'}", "{'return': []}\r\n");
    check(client, "{'execute':'query-name'}", "{'return': {}}\r\n");
    check(client, "{'execute':'qom-list-properties','arguments':{'typename':'none-machine'}}",
          "{'return': [{'name': 'type', 'type': 'string'}]}\r\n");
    json_object_put(ask(client, "{'execute':'query-kvm'}"));
    g_free(state_of(client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_machine_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chardevs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plug_and_unplug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dump_sees_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_types_and_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whole_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_command_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_command_answers, setup_none, teardown),
        cmocka_unit_test_setup_teardown(test_human_monitor_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tracing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_none, setup_none, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
