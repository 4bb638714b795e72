/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_fixture.c - see machine_fixture.h. */
#include "machine_fixture.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "host/host_loop.h"
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
    (void)opaque;
    (void)out_entry;
    return false;
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

struct machine_fixture *machine_fixture_create(const char *command_line)
{
    struct machine_fixture *fixture = g_new0(struct machine_fixture, 1);
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
    fixture->machine =
        machine_create_on(&fixture->config, fixture->loop, fixture->trace, &fixture->calls, &error);
    assert_true((fixture->machine == NULL) == (error != NULL));
    if (fixture->machine != NULL) {
        machine_set_event_handler(fixture->machine, on_event, fixture);
    } else {
        fixture->error = g_strdup(error->message);
    }
    return fixture;
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

typedef bool (*command_fn)(struct machine *machine, const void *argument, GError **error);

struct command {
    struct machine_fixture *fixture;
    command_fn run;
    const void *argument;
    GError *error;
};

static struct json_object *on_command(void *opaque, const struct json_object *unused)
{
    struct command *command = opaque;
    bool ok = command->run(command->fixture->machine, command->argument, &command->error);

    (void)unused;
    assert_true(ok == (command->error == NULL));
    assert_false(error_latch_is_set(&command->fixture->machine->errors));
    return NULL;
}

static const char *run(struct machine_fixture *fixture, command_fn fn, const void *argument)
{
    struct command command = { .fixture = fixture, .run = fn, .argument = argument };

    assert_null(machine_run_command(fixture->machine, 0, NULL, on_command, &command));
    g_clear_pointer(&fixture->error, g_free);
    if (command.error != NULL) {
        fixture->error = g_strdup(command.error->message);
        g_error_free(command.error);
    }
    return fixture->error;
}

static const char *run_json(struct machine_fixture *fixture, command_fn fn, const char *arguments)
{
    g_autofree char *text = g_strdelimit(g_strdup(arguments), "'", '"');
    struct json_object *object = json_tokener_parse(text);
    const char *error;

    assert_non_null(object);
    error = run(fixture, fn, object);
    json_object_put(object);
    return error;
}

static bool do_device_add(struct machine *machine, const void *argument, GError **error)
{
    return machine_device_add(machine, argument, error);
}

static bool do_device_del(struct machine *machine, const void *argument, GError **error)
{
    return machine_device_del(machine, argument, error);
}

static bool do_object_add(struct machine *machine, const void *argument, GError **error)
{
    return machine_object_add(machine, argument, error);
}

static bool do_object_del(struct machine *machine, const void *argument, GError **error)
{
    return machine_object_del(machine, argument, error);
}

static bool do_fault(struct machine *machine, const void *argument, GError **error)
{
    return machine_inject_fault(machine, argument, error);
}

const char *machine_fixture_device_add(struct machine_fixture *fixture, const char *arguments)
{
    return run_json(fixture, do_device_add, arguments);
}

const char *machine_fixture_device_del(struct machine_fixture *fixture, const char *id)
{
    return run(fixture, do_device_del, id);
}

const char *machine_fixture_object_add(struct machine_fixture *fixture, const char *arguments)
{
    return run_json(fixture, do_object_add, arguments);
}

const char *machine_fixture_object_del(struct machine_fixture *fixture, const char *id)
{
    return run(fixture, do_object_del, id);
}

const char *machine_fixture_fault(struct machine_fixture *fixture, const char *fault)
{
    return run(fixture, do_fault, fault);
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

    machine_turn_begin(fixture->machine, 0, "exit");
    exit_dispatch(fixture->machine, 0, &exit);
    machine_turn_end(fixture->machine);
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

static struct json_object *on_query_state(void *opaque, const struct json_object *unused)
{
    (void)unused;
    return machine_query_state(opaque);
}

char *machine_fixture_dump(struct machine_fixture *fixture)
{
    struct machine *machine = fixture->machine;
    GString *text = g_string_new(NULL);
    struct json_object *state = machine_run_command(machine, 0, NULL, on_query_state, machine);

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
