/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_fixture.c - see machine_fixture.h. */
#include "machine_fixture.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "host/host_loop.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define WORDS_MAX 64

/* ---- the played KVM ---- */

/* As KVM: a slot is made once and deleted once; slots don't overlap. */
static int set_region(struct machine_fixture *fixture,
                      const struct kvm_userspace_memory_region *region)
{
    struct kvm_userspace_memory_region *slot = &fixture->slots[region->slot];

    if (region->slot >= FIXTURE_SLOTS_MAX ||
        (region->memory_size == 0) == (slot->memory_size == 0)) {
        return -EINVAL;
    }
    for (unsigned i = 0; region->memory_size != 0 && i < FIXTURE_SLOTS_MAX; i++) {
        const struct kvm_userspace_memory_region *other = &fixture->slots[i];

        if (other->memory_size != 0 &&
            other->guest_phys_addr < region->guest_phys_addr + region->memory_size &&
            region->guest_phys_addr < other->guest_phys_addr + other->memory_size) {
            return -EEXIST;
        }
    }
    *slot = *region;
    return 0;
}

static int on_call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                   void *argument)
{
    struct machine_fixture *fixture = opaque;
    struct kvm_irq_level *line = argument;

    (void)target;
    (void)vcpu;
    switch (request) {
    case KVM_CHECK_EXTENSION:
        return (uintptr_t)argument == KVM_CAP_NR_MEMSLOTS ? FIXTURE_SLOTS_MAX : 1;
    case KVM_GET_VCPU_MMAP_SIZE: return 4096;
    case KVM_SET_USER_MEMORY_REGION: return set_region(fixture, argument);
    case KVM_IRQ_LINE:
    case KVM_IRQ_LINE_STATUS:
        fixture->levels[line->irq % FIXTURE_GSI_COUNT] = (int)line->level;
        return 0;
    case KVM_GET_SUPPORTED_CPUID: ((struct kvm_cpuid2 *)argument)->nent = 0; return 0;
    case KVM_GET_MSR_INDEX_LIST: ((struct kvm_msr_list *)argument)->nmsrs = 0; return 0;
    case KVM_GET_MSRS:
    case KVM_SET_MSRS: return (int)((struct kvm_msrs *)argument)->nmsrs;
    case KVM_GET_REGS: *(struct kvm_regs *)argument = fixture->regs; return 0;
    case KVM_SET_REGS: fixture->regs = *(struct kvm_regs *)argument; return 0;
    case KVM_GET_SREGS: *(struct kvm_sregs *)argument = fixture->sregs; return 0;
    case KVM_SET_SREGS: fixture->sregs = *(struct kvm_sregs *)argument; return 0;
    case KVM_SET_MP_STATE: fixture->mp_state = *(struct kvm_mp_state *)argument; return 0;
    default: return 0;
    }
}

static bool on_coalesced_next(void *opaque, struct kvm_coalesced_mmio *out_entry)
{
    struct machine_fixture *fixture = opaque;
    bool had = fixture->has_batched;

    *out_entry = fixture->batched;
    fixture->has_batched = false;
    return had;
}

/* ---- life ---- */

static void on_event(void *opaque, const char *name, const struct json_object *data,
                     int64_t realtime_us)
{
    struct machine_fixture *fixture = opaque;

    (void)realtime_us;
    g_string_append_printf(fixture->events, "%s %s\n", name,
                           data != NULL ? json_object_to_json_string_ext((struct json_object *)data,
                                                                         JSON_C_TO_STRING_PLAIN)
                                        : "");
}

static void parse(struct machine_fixture *fixture, const char *command_line)
{
    g_auto(GStrv) words = g_strsplit(command_line, " ", WORDS_MAX);
    char *argv[WORDS_MAX + 1] = { (char *)"replug" };
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = words[argc - 1];
    }
    machine_config_init(&fixture->config);
    if (!machine_config_parse(&fixture->config, argc, argv, &text, &error)) {
        fail_msg("%s: %s", command_line, error->message);
    }
}

static struct json_object *on_command(void *opaque, const struct json_object *command);

static struct machine_fixture *create(const char *command_line, struct recording *recording)
{
    struct machine_fixture *fixture = g_new0(struct machine_fixture, 1);
    bool replays = recording != NULL && recording_is_replay(recording);
    g_autoptr(GError) error = NULL;

    parse(fixture, command_line);
    fixture->events = g_string_new(NULL);
    fixture->loop = host_loop_create();
    fixture->trace = trace_session_create(NULL);
    fixture->calls = (struct kvm_calls){
        .opaque = fixture,
        .call = on_call,
        .coalesced_next = on_coalesced_next,
    };
    fixture->machine = machine_create_on(&fixture->config, fixture->loop, fixture->trace, recording,
                                         replays ? NULL : &fixture->calls, &error);
    assert_true((fixture->machine == NULL) == (error != NULL));
    if (fixture->machine != NULL) {
        machine_set_event_handler(fixture->machine, on_event, fixture);
        machine_set_command_handler(fixture->machine, on_command, fixture);
    } else {
        fixture->error = g_strdup(error->message);
    }
    return fixture;
}

struct machine_fixture *machine_fixture_create(const char *command_line)
{
    return create(command_line, NULL);
}

struct machine_fixture *machine_fixture_create_recorded(const char *command_line,
                                                        struct recording *recording)
{
    return create(command_line, recording);
}

void machine_fixture_destroy(struct machine_fixture *fixture)
{
    machine_destroy(fixture->machine);
    trace_session_destroy(fixture->trace);
    host_loop_destroy(fixture->loop);
    machine_config_fini(&fixture->config);
    g_string_free(fixture->events, TRUE);
    g_free(fixture->error);
    g_free(fixture);
}

/* ---- commands ---- */

/* {"do": NAME, "arguments": VALUE} as a command, so that a recording holds all of it. */

static const char *text_of(const struct json_object *arguments)
{
    return json_object_get_string((struct json_object *)arguments);
}

static bool do_device_add(struct machine *machine, const struct json_object *arguments,
                          GError **error)
{
    return machine_device_add(machine, arguments, error);
}

static bool do_device_del(struct machine *machine, const struct json_object *arguments,
                          GError **error)
{
    return machine_device_del(machine, text_of(arguments), error);
}

static bool do_object_add(struct machine *machine, const struct json_object *arguments,
                          GError **error)
{
    return machine_object_add(machine, arguments, error);
}

static bool do_object_del(struct machine *machine, const struct json_object *arguments,
                          GError **error)
{
    return machine_object_del(machine, text_of(arguments), error);
}

static bool do_fault(struct machine *machine, const struct json_object *arguments, GError **error)
{
    return machine_inject_fault(machine, text_of(arguments), error);
}

static bool do_reset(struct machine *machine, const struct json_object *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    machine_system_reset(machine);
    return true;
}

static bool do_cont(struct machine *machine, const struct json_object *arguments, GError **error)
{
    (void)arguments;
    return machine_cont(machine, error);
}

static const struct {
    const char *name;
    bool (*run)(struct machine *machine, const struct json_object *arguments, GError **error);
} commands[] = {
    { "device_add", do_device_add },
    { "device_del", do_device_del },
    { "object_add", do_object_add },
    { "object_del", do_object_del },
    { "fault", do_fault },
    { "reset", do_reset },
    { "cont", do_cont },
};

static struct json_object *query(struct machine *machine, const char *name)
{
    if (strcmp(name, "state") == 0) {
        return machine_query_state(machine);
    }
    if (strcmp(name, "cpus") == 0) {
        return machine_query_cpus_fast(machine);
    }
    return strcmp(name, "replay") == 0 ? machine_query_replay(machine) : NULL;
}

/* A query's value, else the error's text or NULL. */
static struct json_object *on_command(void *opaque, const struct json_object *command)
{
    struct machine_fixture *fixture = opaque;
    const char *name = text_of(json_object_object_get(command, "do"));
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            bool ok = commands[i].run(fixture->machine,
                                      json_object_object_get(command, "arguments"), &error);

            assert_true(ok == (error == NULL));
            assert_false(error_latch_is_set(&fixture->machine->errors));
            return error != NULL ? json_object_new_string(error->message) : NULL;
        }
    }
    return query(fixture->machine, name);
}

/* Takes arguments over. Beside a monitor's handler, which gets its place back. */
static struct json_object *run(struct machine_fixture *fixture, const char *name,
                               struct json_object *arguments)
{
    struct machine *machine = fixture->machine;
    machine_command_fn handler = machine->command_handler;
    void *opaque = machine->command_opaque;
    struct json_object *command = json_object_new_object();
    struct json_object *reply;

    json_object_object_add(command, "do", json_object_new_string(name));
    json_object_object_add(command, "arguments", arguments);
    machine_set_command_handler(machine, on_command, fixture);
    reply = machine_run_command(machine, 1, command);
    machine_set_command_handler(machine, handler, opaque);
    json_object_put(command);
    return reply;
}

static const char *run_for_error(struct machine_fixture *fixture, const char *name,
                                 struct json_object *arguments)
{
    struct json_object *reply = run(fixture, name, arguments);

    g_clear_pointer(&fixture->error, g_free);
    fixture->error = g_strdup(json_object_get_string(reply));
    json_object_put(reply);
    return fixture->error;
}

static const char *run_json(struct machine_fixture *fixture, const char *name,
                            const char *arguments)
{
    g_autofree char *text = g_strdelimit(g_strdup(arguments), "'", '"');
    struct json_object *object = json_tokener_parse(text);

    assert_non_null(object);
    return run_for_error(fixture, name, object);
}

const char *machine_fixture_device_add(struct machine_fixture *fixture, const char *arguments)
{
    return run_json(fixture, "device_add", arguments);
}

const char *machine_fixture_device_del(struct machine_fixture *fixture, const char *id)
{
    return run_for_error(fixture, "device_del", json_object_new_string(id));
}

const char *machine_fixture_object_add(struct machine_fixture *fixture, const char *arguments)
{
    return run_json(fixture, "object_add", arguments);
}

const char *machine_fixture_object_del(struct machine_fixture *fixture, const char *id)
{
    return run_for_error(fixture, "object_del", json_object_new_string(id));
}

const char *machine_fixture_fault(struct machine_fixture *fixture, const char *fault)
{
    return run_for_error(fixture, "fault", json_object_new_string(fault));
}

const char *machine_fixture_command(struct machine_fixture *fixture, const char *name)
{
    return run_for_error(fixture, name, NULL);
}

/* ---- the guest ---- */

static uint64_t access_port(struct machine_fixture *fixture, uint16_t port, uint64_t value,
                            unsigned size, bool write)
{
    struct vm_exit exit = {
        .kind = VM_EXIT_PIO,
        .gpa = port,
        .size = (uint8_t)size,
        .is_write = write,
        .count = 1,
        .data = (uint8_t *)&value,
    };

    machine_exit_turn(fixture->machine, 0, &exit);
    return value;
}

uint64_t machine_fixture_port_read(struct machine_fixture *fixture, uint16_t port, unsigned size)
{
    return access_port(fixture, port, 0, size, false);
}

void machine_fixture_port_write(struct machine_fixture *fixture, uint16_t port, uint64_t value,
                                unsigned size)
{
    (void)access_port(fixture, port, value, size, true);
}

/* ---- looking ---- */

char *machine_fixture_dump(struct machine_fixture *fixture)
{
    struct machine *machine = fixture->machine;
    GString *text = g_string_new(NULL);
    struct json_object *state = run(fixture, "state", NULL);

    g_string_append(text, json_object_get_string(state));
    json_object_put(state);
    for (unsigned i = 0; i < FIXTURE_SLOTS_MAX; i++) {
        const struct kvm_userspace_memory_region *slot = &fixture->slots[i];

        if (slot->memory_size != 0) {
            g_string_append_printf(text, "kvm slot %u: 0x%llx 0x%llx\n", i,
                                   (unsigned long long)slot->guest_phys_addr,
                                   (unsigned long long)slot->memory_size);
        }
    }
    for (unsigned i = 0; i < FIXTURE_GSI_COUNT; i++) {
        g_string_append_printf(text, "gsi %u: %d\n", i, fixture->levels[i]);
    }
    g_string_append_printf(text, "devices %u, plugged %llu\n", machine->devices->len,
                           (unsigned long long)machine->device_memory.plugged_bytes);
    return g_string_free(text, FALSE);
}

unsigned machine_fixture_slots_used(const struct machine_fixture *fixture)
{
    unsigned count = 0;

    for (unsigned i = 0; i < FIXTURE_SLOTS_MAX; i++) {
        count += fixture->slots[i].memory_size != 0;
    }
    return count;
}

const char *machine_fixture_events(struct machine_fixture *fixture)
{
    g_free(fixture->error);
    fixture->error = g_strdup(fixture->events->str);
    g_string_truncate(fixture->events, 0);
    return fixture->error;
}
