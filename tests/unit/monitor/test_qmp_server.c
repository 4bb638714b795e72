/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_qmp_server.c - QMP sessions as clients see them: greeting, negotiation, events, coming back. */
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "monitor_bench.h"

#define GREETING                                                                             \
    "{'QMP': {'version': {'qemu': {'micro': 0, 'minor': 2, 'major': 7}, 'package': 'Replug " \
    "0.1.0'}, 'capabilities': ['oob']}}\r\n"
#define EVENT(name) "{'timestamp': {'seconds': 0, 'microseconds': 0}, 'event': '" name "'}\r\n"
#define EVENT_DATA(name, data) \
    "{'timestamp': {'seconds': 0, 'microseconds': 0}, 'event': '" name "', 'data': " data "}\r\n"

static int setup(void **state)
{
    *state = monitor_bench_create("-m 64M,slots=4,maxmem=2G -S -nodefaults");
    return 0;
}

static int teardown(void **state)
{
    monitor_bench_destroy(*state);
    return 0;
}

static void test_greeting_and_negotiation(void **state)
{
    struct monitor_bench *bench = *state;
    unsigned monitor = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    int fd = monitor_bench_connect(bench, monitor);

    monitor_bench_check(bench, fd, "", GREETING);
    monitor_bench_check(bench, fd, "{'execute':'query-status','id':1}",
                        "{'id': 1, 'error': {'class': 'CommandNotFound', 'desc': 'Expecting "
                        "capabilities negotiation with 'qmp_capabilities''}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities','arguments':{'enable':['x']}}",
                        "{'error': {'class': 'GenericError', 'desc': 'Parameter 'enable' does not "
                        "accept value 'x''}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities','arguments':{'enable':[1]}}",
                        "{'error': {'class': 'GenericError', 'desc': 'Invalid parameter type for "
                        "'enable[0]', expected: string'}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities','arguments':{'enable':'oob'}}",
                        "{'error': {'class': 'GenericError', 'desc': 'Invalid parameter type for "
                        "'enable', expected: array'}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
                        "{'return': {}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities'}",
                        "{'error': {'class': 'CommandNotFound', 'desc': 'Capabilities negotiation "
                        "is already complete, command ignored'}}\r\n");
    monitor_bench_check(bench, fd, "{'exec-oob':'query-status'}",
                        "{'error': {'class': 'GenericError', 'desc': 'The command query-status "
                        "does not support OOB'}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'nope','id':[]}",
                        "{'id': [], 'error': {'class': 'CommandNotFound', 'desc': 'The command "
                        "nope has not been found'}}\r\n");
    close(fd);
}

/* Several commands in one read, events of each before its reply. */
static void test_events_go_before_the_reply(void **state)
{
    struct monitor_bench *bench = *state;
    int fd = monitor_bench_client(bench, monitor_bench_add(bench, MONITOR_MODE_CONTROL));

    monitor_bench_check(bench, fd,
                        "{'execute':'cont','id':1}{'execute':'stop','id':2} "
                        "{'execute':'query-status','id':3}\r\n{'execute':'system_reset'}",
                        EVENT("RESUME") "{'return': {}, 'id': 1}\r\n" EVENT(
                            "STOP") "{'return': {}, 'id': 2}\r\n"
                                    "{'return': {'status': 'paused', 'singlestep': false, "
                                    "'running': false}, 'id': 3}\r\n" EVENT_DATA(
                                        "RESET", "{'guest': false, 'reason': "
                                                 "'host-qmp-system-reset'}") "{'return': {}}\r\n");
    close(fd);
}

/* Each negotiated client hears of it, one that has only connected does not. */
static void test_events_to_all_sessions(void **state)
{
    struct monitor_bench *bench = *state;
    unsigned first = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    unsigned second = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    unsigned third = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    int actor = monitor_bench_client(bench, first);
    int listener = monitor_bench_client(bench, second);
    int stranger = monitor_bench_connect(bench, third);

    monitor_bench_check(bench, stranger, "", GREETING);
    monitor_bench_check(bench, actor, "{'execute':'system_powerdown'}",
                        EVENT("POWERDOWN") "{'return': {}}\r\n");
    monitor_bench_check(bench, listener, "", EVENT("POWERDOWN"));
    monitor_bench_check(bench, stranger, "", "");
    close(actor);
    close(listener);
    close(stranger);
}

#define THREAD_EVENTS 200

static gpointer emit_events(gpointer opaque)
{
    struct machine *machine = opaque;

    for (int i = 0; i < THREAD_EVENTS; i++) {
        struct json_object *data = json_object_new_object();

        json_object_object_add(data, "number", json_object_new_int(i));
        machine_turn_begin(machine, 0, RECORDING_TURN_exit, NULL, 0);
        machine_emit_event(machine, "COUNTED", data);
        machine_turn_end(machine);
    }
    return NULL;
}

/* Events of another thread's turns come in their order, whole, between the replies. */
static void test_events_from_a_thread(void **state)
{
    struct monitor_bench *bench = *state;
    int fd = monitor_bench_client(bench, monitor_bench_add(bench, MONITOR_MODE_CONTROL));
    GThread *thread = g_thread_new("events", emit_events, bench->fixture->machine);
    g_autoptr(GString) all = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    int replies = 0, events = 0;

    for (int i = 0; i < 50; i++) {
        g_autofree char *some = NULL;

        monitor_bench_send(fd, "{\"execute\":\"query-name\"}");
        some = monitor_bench_receive(bench, fd);
        g_string_append(all, some);
    }
    g_thread_join(thread);
    {
        g_autofree char *rest = monitor_bench_receive(bench, fd);

        g_string_append(all, rest);
    }
    lines = g_strsplit(all->str, "\r\n", -1);
    for (int i = 0; lines[i][0] != '\0'; i++) {
        g_autofree char *expected = g_strdup_printf("\"data\": {\"number\": %d}}", events);

        if (strcmp(lines[i], "{\"return\": {}}") == 0) {
            replies++;
        } else {
            assert_true(g_str_has_suffix(lines[i], expected));
            events++;
        }
    }
    assert_int_equal(replies, 50);
    assert_int_equal(events, THREAD_EVENTS);
    close(fd);
}

static void test_client_comes_back(void **state)
{
    struct monitor_bench *bench = *state;
    unsigned monitor = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    int fd = monitor_bench_connect(bench, monitor);

    monitor_bench_check(bench, fd, "", GREETING);
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
                        "{'return': {}}\r\n");
    /* Half a message, then gone: it must not reach the next client. */
    monitor_bench_send(fd, "{\"execute\":\"cont\"");
    monitor_bench_settle(bench);
    close(fd);
    monitor_bench_settle(bench);
    fd = monitor_bench_connect(bench, monitor);
    monitor_bench_check(bench, fd, "", GREETING);
    /* What the first one negotiated is not this one's. */
    monitor_bench_check(bench, fd, "{'exec-oob':'query-name'}",
                        "{'error': {'class': 'GenericError', 'desc': 'QMP input member 'exec-oob' "
                        "is unexpected'}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'query-name'}",
                        "{'error': {'class': 'CommandNotFound', 'desc': 'Expecting capabilities "
                        "negotiation with 'qmp_capabilities''}}\r\n");
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities'}{'execute':'query-name'}",
                        "{'return': {}}\r\n{'return': {}}\r\n");
    close(fd);
}

/* It sends a command and is gone before the reply: the command is carried out, nothing else is lost. */
static void test_client_leaves_in_mid_command(void **state)
{
    struct monitor_bench *bench = *state;
    unsigned monitor = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    unsigned other = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    int watcher = monitor_bench_client(bench, other);
    int fd = monitor_bench_client(bench, monitor);

    monitor_bench_send(fd, "{\"execute\":\"cont\"}{\"execute\":\"stop\"}{\"execute\":\"query-st");
    close(fd);
    monitor_bench_check(bench, watcher, "", EVENT("RESUME") EVENT("STOP"));
    fd = monitor_bench_client(bench, monitor);
    monitor_bench_check(bench, fd, "{'execute':'query-status'}",
                        "{'return': {'status': 'paused', 'singlestep': false, 'running': "
                        "false}}\r\n");
    close(fd);
    close(watcher);
}

/* A client that only sends is not read from in the end; the others do not notice. */
static void test_client_that_never_reads(void **state)
{
    static const char request[] = "{\"execute\":\"query-commands\"}";
    struct monitor_bench *bench = *state;
    unsigned monitor = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    unsigned other = monitor_bench_add(bench, MONITOR_MODE_CONTROL);
    int deaf = monitor_bench_client(bench, monitor);
    int fd = monitor_bench_client(bench, other);
    unsigned sent = 0;

    while (sent < 1000000 && write(deaf, request, sizeof(request) - 1) == sizeof(request) - 1) {
        sent++;
        if (sent % 64 == 0) {
            monitor_bench_settle(bench);
        }
    }
    assert_true(sent < 1000000); /* its socket is full: nobody reads it any more */
    monitor_bench_check(bench, fd, "{'execute':'query-name'}", "{'return': {}}\r\n");
    close(deaf);
    monitor_bench_check(bench, fd, "{'execute':'query-name'}", "{'return': {}}\r\n");
    close(fd);
}

static void test_quit(void **state)
{
    struct monitor_bench *bench = *state;
    int fd = monitor_bench_client(bench, monitor_bench_add(bench, MONITOR_MODE_CONTROL));

    monitor_bench_check(
        bench, fd, "{'execute':'quit','id':'q'}{'execute':'query-name'}",
        EVENT_DATA("SHUTDOWN",
                   "{'guest': false, 'reason': 'host-qmp-quit'}") "{'return': {}, 'id': 'q'}\r\n");
    assert_true(bench->loop_ended);
    close(fd);
}

/* What makes the loop end is heard of, although the loop does not come back to send it. */
static void test_last_event_is_sent(void **state)
{
    struct monitor_bench *bench = *state;
    int fd = monitor_bench_client(bench, monitor_bench_add(bench, MONITOR_MODE_CONTROL));

    machine_host_signal(bench->fixture->machine);
    monitors_destroy(bench->monitors);
    bench->monitors = NULL;
    bench->loop_ended = true;
    monitor_bench_check(bench, fd, "",
                        EVENT_DATA("SHUTDOWN", "{'guest': false, 'reason': 'host-signal'}"));
    close(fd);
}

static void test_malformed_input(void **state)
{
    struct monitor_bench *bench = *state;
    int fd = monitor_bench_client(bench, monitor_bench_add(bench, MONITOR_MODE_CONTROL));

    monitor_bench_check(bench, fd, "{'execute':'query-name',}{'execute':'query-name'}",
                        "{'error': {'class': 'GenericError', 'desc': 'JSON parse error, unexpected "
                        "character'}}\r\n{'return': {}}\r\n");
    monitor_bench_check(bench, fd, "xyz\n5\n{'execute':'query-name'}",
                        "{'error': {'class': 'GenericError', 'desc': 'JSON parse error, invalid "
                        "keyword 'xyz''}}\r\n"
                        "{'error': {'class': 'GenericError', 'desc': 'QMP input must be a JSON "
                        "object'}}\r\n{'return': {}}\r\n");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_greeting_and_negotiation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_go_before_the_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_to_all_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_from_a_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_leaves_in_mid_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_that_never_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_event_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_input, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
