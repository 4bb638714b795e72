/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.c - a machine's life: its parts come up in one order and go down in the other.
 *
 *   character devices -> memory system and object tree -> -object -> KVM -> the PC (pc.c)
 *     -> -serial, -device -> first reset -> ready
 *
 * machine_destroy() takes whatever has come up so far: every part is NULL until it exists.
 */
#include "machine/machine.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "host/host_char.h"
#include "host/host_loop.h"
#include "machine/block_drives.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "machine/networks.h"
#include "machine/pc_chips.h"
#include "machine/recorded_kvm.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "machine/soft_watch.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "replay/recording.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

/* ---- coming up ---- */

static bool open_chardevs(struct machine *machine, GError **error)
{
    const GPtrArray *entries = machine->config->chardevs;

    for (guint i = 0; i < entries->len; i++) {
        struct host_char *chr = host_char_open(machine->loop, g_ptr_array_index(entries, i), error);

        if (chr == NULL || !machine_add_chardev(machine, chr, error)) {
            return false;
        }
    }
    return true;
}

static bool read_boot_files(struct machine *machine, GError **error)
{
    const struct machine_config *config = machine->config;

    if (config->bios != NULL) {
        machine->bios_image = machine_read_file(machine, "-bios", config->bios, error);
        if (machine->bios_image == NULL) {
            return false;
        }
    }
    if (config->kernel != NULL) {
        machine->kernel_image = machine_read_file(machine, "-kernel", config->kernel, error);
        if (machine->kernel_image == NULL) {
            return false;
        }
    }
    if (config->initrd != NULL) {
        machine->initrd_image = machine_read_file(machine, "-initrd", config->initrd, error);
        if (machine->initrd_image == NULL) {
            return false;
        }
    }
    return true;
}

static void init_memory(struct machine *machine)
{
    machine->memory = memory_system_create(&machine->errors);
    memory_region_init_container(&machine->system_memory, machine->memory, "system",
                                 MEMORY_SIZE_ALL);
    memory_region_init_container(&machine->system_io, machine->memory, "io", 65536);
    machine->memory_space =
        address_space_create(machine->memory, &machine->system_memory, "memory");
    machine->io_space = address_space_create(machine->memory, &machine->system_io, "I/O");
    dma_port_init(&machine->dma, machine->memory_space);
    if (machine->recording != NULL) {
        recorded_memory_init(machine);
    }
    machine->board = (struct board){
        .memory = machine->memory,
        .system_memory = &machine->system_memory,
        .system_io = &machine->system_io,
        .memory_space = machine->memory_space,
        .io_space = machine->io_space,
        .dma = &machine->dma,
        .clock = &machine->clock,
        .timers = &machine->timers,
        .errors = &machine->errors,
        .faults = &machine->faults,
        .ops = &machine_board_ops,
        .opaque = machine,
    };
}

static struct object *add_container(struct machine *machine, struct object *parent,
                                    const char *name, const char *type)
{
    g_autoptr(GError) error = NULL;
    struct object *object = object_create(machine->types, type, &error);

    invariant(object != NULL);
    if (parent != NULL) {
        bool added = object_add_child(parent, name, object, &error);

        invariant(added);
    }
    return object;
}

static void init_object_tree(struct machine *machine)
{
    g_autofree char *type = g_strconcat(machine->config->machine_name, "-machine", NULL);

    machine->types = type_registry_create(machine_types);
    machine->root = add_container(machine, NULL, NULL, "container");
    machine->machine_object = add_container(machine, machine->root, "machine", type);
    ((struct pc_machine *)machine->machine_object)->machine = machine;
    machine->objects = add_container(machine, machine->root, "objects", "container");
    machine->unattached =
        add_container(machine, machine->machine_object, "unattached", "container");
    machine->peripheral =
        add_container(machine, machine->machine_object, "peripheral", "container");
    machine->peripheral_anon =
        add_container(machine, machine->machine_object, "peripheral-anon", "container");
}

static bool create_objects(struct machine *machine, GError **error)
{
    const GPtrArray *objects = machine->config->objects;

    for (guint i = 0; i < objects->len; i++) {
        if (!machine_object_create(machine, g_ptr_array_index(objects, i), true, error)) {
            g_prefix_error(error, "-object: ");
            return false;
        }
    }
    return true;
}

static bool open_kvm(struct machine *machine, const struct kvm_calls *calls, GError **error)
{
    struct kvm_vm_options options = {
        .irqchip = machine->config->irqchip,
        .calls = &machine->kvm_calls,
        .memory = machine->memory,
        .memory_space = machine->memory_space,
        .io_space = machine->io_space,
        .errors = &machine->errors,
        .faults = &machine->faults,
        .cores_per_socket = machine->config->cores,
        .threads_per_core = machine->config->threads,
        .exit = machine_vcpu_exit,
        .opaque = machine,
    };

    if (calls != NULL) {
        machine->kvm_calls = *calls;
    } else if (!machine_is_replaying(machine)) {
        machine->host_kvm = host_kvm_open(error);
        if (machine->host_kvm == NULL) {
            return false;
        }
        host_kvm_get_calls(machine->host_kvm, &machine->kvm_calls);
        options.host = machine->host_kvm;
    }
    if (machine->recording != NULL) {
        struct kvm_calls real = machine->kvm_calls;
        bool replayed = machine_is_replaying(machine);

        machine->recorded_kvm =
            recorded_kvm_create(machine, replayed ? NULL : &real, &machine->kvm_calls);
    }
    machine->kvm = kvm_vm_create(&options, error);
    return machine->kvm != NULL;
}

/* What a guest on KVM sees is KVM's supported set, whatever the model; to take less than was asked for would be silent. */
static bool kvm_can_be_model(const struct machine_config *config, GError **error)
{
    const char *features = config->cpu_features;

    /* Managers pass migratable=; it only says which features "host" has, and none here can migrate. */
    if (!g_str_has_prefix(config->cpu_model, "x86-64-v") &&
        (features == NULL || strcmp(features, "migratable=on") == 0 ||
         strcmp(features, "migratable=off") == 0)) {
        return true;
    }
    g_set_error(
        error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
        "-cpu %s%s%s needs -accel soft; with kvm the processor has what KVM supports: expected "
        "qemu64, host or max without features",
        config->cpu_model, config->cpu_features != NULL ? "," : "",
        config->cpu_features != NULL ? config->cpu_features : "");
    return false;
}

static bool open_accelerator(struct machine *machine, const struct kvm_calls *calls, GError **error)
{
    bool is_soft = machine_is_soft(machine->config);

    if (is_soft ? !soft_machine_create(machine, error)
                : !kvm_can_be_model(machine->config, error) || !open_kvm(machine, calls, error)) {
        return false;
    }
    if (is_soft || machine->config->irqchip != KVM_IRQCHIP_ON) {
        pc_chips_create(machine);
    }
    return true;
}

static bool create_devices(struct machine *machine, GError **error)
{
    const GPtrArray *devices = machine->config->devices;

    for (guint i = 0; i < devices->len; i++) {
        if (!qdev_device_add(machine, g_ptr_array_index(devices, i), error)) {
            g_prefix_error(error, "-device %s: ",
                           json_object_to_json_string_ext(g_ptr_array_index(devices, i),
                                                          JSON_C_TO_STRING_PLAIN));
            return false;
        }
    }
    return true;
}

static bool has_board(const struct machine *machine)
{
    return strcmp(machine->config->machine_name, "none") != 0;
}

static bool bring_up(struct machine *machine, const struct kvm_calls *calls, GError **error)
{
    if (!open_chardevs(machine, error) || !create_objects(machine, error)) {
        return false;
    }
    if (has_board(machine)) {
        if (!read_boot_files(machine, error) || !open_accelerator(machine, calls, error) ||
            !pc_build(machine, error) || !serial_ports_create(machine, error) ||
            !pc_firmware_create(machine, error)) {
            return false;
        }
    }
    if (!block_drives_create(machine, error) || !networks_create(machine, error) ||
        !create_devices(machine, error) || !machine_reset_all(machine, error)) {
        return false;
    }
    machine->ready = true;
    return true;
}

static void init_parts(struct machine *machine)
{
    g_mutex_init(&machine->lock);
    g_cond_init(&machine->running_changed);
    timer_queue_init(&machine->timers);
    machine->faults = machine->config->faults;
    machine->reboot_is_shutdown = machine->config->no_reboot;
    machine->shutdown_is_pause = machine->config->no_shutdown;
    machine->chardevs = g_ptr_array_new();
    machine->claimed = g_ptr_array_new();
    machine->devices = g_ptr_array_new();
    machine->gone = g_ptr_array_new();
    machine->serial_chars = g_ptr_array_new();
    machine->ram_backends = g_ptr_array_new();
    machine->payload = g_byte_array_new();
    machine->notices = g_ptr_array_new_with_free_func(g_free);
    block_drives_init(machine);
    networks_init(machine);
    init_memory(machine);
    init_object_tree(machine);
    if (machine->recording != NULL || machine->config->digest) {
        machine->recorded_state = recorded_state_create(machine);
    }
    if (machine->recording != NULL) {
        recording_set_faults(machine->recording, &machine->faults);
    }
}

static bool find_building(struct recording *recording, struct recording_turn *turn, GError **error)
{
    if (recording_peek_turn(recording, turn) && turn->kind == RECORDING_TURN_build &&
        turn->number == 0) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                "the recording ends before the machine was built%s%s",
                recording_damage(recording) != NULL ? ": " : "",
                recording_damage(recording) != NULL ? recording_damage(recording) : "");
    return false;
}

/* The first turn. One that fails is left open in the recording: it does not count. */
static bool build(struct machine *machine, const struct recording_turn *replayed,
                  const struct kvm_calls *calls, GError **error)
{
    machine->replayed = replayed;
    machine_turn_open(machine, TRACE_VCPU_NONE, RECORDING_TURN_build, NULL, 0);
    init_parts(machine);
    if (!bring_up(machine, calls, error)) {
        machine->recording = NULL;
    }
    machine_turn_close(machine);
    machine->replayed = NULL;
    return machine->ready;
}

struct machine *machine_create_on(const struct machine_config *config, struct host_loop *loop,
                                  struct trace_session *trace, struct recording *recording,
                                  const struct kvm_calls *calls, GError **error)
{
    bool replays = recording != NULL && recording_is_replay(recording);
    struct recording_turn turn;
    struct machine *machine;

    if (replays && !find_building(recording, &turn, error)) {
        return NULL;
    }
    machine = g_new0(struct machine, 1);
    machine->config = config;
    machine->loop = loop;
    machine->trace = trace;
    machine->recording = recording;
    if (!build(machine, replays ? &turn : NULL, calls, error)) {
        machine_destroy(machine);
        return NULL;
    }
    return machine;
}

struct machine *machine_create(const struct machine_config *config, struct host_loop *loop,
                               struct trace_session *trace, struct recording *recording,
                               GError **error)
{
    return machine_create_on(config, loop, trace, recording, NULL, error);
}

void machine_device_added(struct machine *machine, struct device *device)
{
    g_ptr_array_add(machine->devices, device);
    recorded_state_changed(machine->recorded_state);
}

void machine_device_removed(struct machine *machine, struct device *device)
{
    g_ptr_array_remove(machine->devices, device);
    recorded_state_changed(machine->recorded_state);
}

bool machine_guest_start(struct machine *machine, GError **error)
{
    bool ok;

    machine_turn_begin(machine, TRACE_VCPU_NONE, RECORDING_TURN_start, NULL, 0);
    ok = machine_cont(machine, error);
    machine_turn_end(machine);
    return ok;
}

/* Their history begins with the machine that the command line says. */
static bool prepare_checkpoints(struct machine *machine, GError **error)
{
    uint64_t interval_ns = machine->config->checkpoint_ns;

    if (machine->recording == NULL || interval_ns == 0) {
        return true;
    }
    if (machine->soft == NULL) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
            "-record: checkpoint= needs -accel soft: on KVM the guest's memory and registers "
            "are not the recording's");
        return false;
    }
    checkpoints_create(machine, interval_ns);
    return true;
}

bool machine_start(struct machine *machine, GError **error)
{
    if (!prepare_checkpoints(machine, error)) {
        return false;
    }
    if ((machine->kvm != NULL && !kvm_vcpus_start(machine->kvm, error)) ||
        (machine->soft != NULL && !soft_machine_start(machine, error))) {
        return false;
    }
    if (machine->recording != NULL && !recording_begin(machine->recording, error)) {
        g_prefix_error(error, "-record: ");
        return false;
    }
    return machine->config->start_stopped || machine_guest_start(machine, error);
}

/* ---- going down ---- */

/* vCPU threads may wait for the lock or for the guest to run: they must be gone before either. */
static void stop_threads(struct machine *machine)
{
    g_mutex_lock(&machine->lock);
    machine->quitting = true;
    g_cond_broadcast(&machine->running_changed);
    g_mutex_unlock(&machine->lock);
    if (machine->kvm != NULL) {
        kvm_vcpus_stop(machine->kvm);
    }
    soft_machine_stop(machine);
}

static void fini_memory(struct machine *machine)
{
    address_space_destroy(machine->memory_space);
    address_space_destroy(machine->io_space);
    memory_region_fini(&machine->system_memory);
    memory_region_fini(&machine->system_io);
    memory_system_destroy(machine->memory);
}

static void fini_parts(struct machine *machine)
{
    for (guint i = machine->chardevs->len; i > 0; i--) {
        host_char_close(g_ptr_array_index(machine->chardevs, i - 1));
    }
    g_ptr_array_unref(machine->chardevs);
    g_ptr_array_unref(machine->claimed);
    g_ptr_array_unref(machine->devices);
    g_ptr_array_unref(machine->gone);
    g_ptr_array_unref(machine->serial_chars);
    g_ptr_array_unref(machine->ram_backends);
    g_byte_array_unref(machine->payload);
    g_ptr_array_unref(machine->notices);
    checkpoints_destroy(machine->checkpoints);
    recorded_state_destroy(machine->recorded_state);
    recorded_kvm_destroy(machine->recorded_kvm);
    machine_replay_destroy(machine->replay);
    g_free(machine->last_events);
    g_bytes_unref(machine->kernel_image);
    g_bytes_unref(machine->initrd_image);
    g_bytes_unref(machine->bios_image);
    g_clear_error(&machine->errors.first); /* what the going down may have left */
    g_cond_clear(&machine->running_changed);
    g_mutex_clear(&machine->lock);
}

/* The same line for the same session, whether it is recorded, replayed or neither. */
static void tell_digest(struct machine *machine)
{
    machine_notice(machine,
                   g_strdup_printf("%" G_GUINT64_FORMAT " instructions, %" G_GUINT64_FORMAT
                                   " ns, digest %016" G_GINT64_MODIFIER "x",
                                   machine->soft != NULL ? soft_machine_icount(machine) : 0,
                                   machine->clock.now_ns,
                                   recorded_state_digest(machine->recorded_state)));
}

/*
 * The last turn. Its state is the one before: behind it there is no machine. A replay whose recording
 * does not have it (the session was killed, a client quit) goes down without a trace.
 */
static void open_last_turn(struct machine *machine, struct recording_turn *turn)
{
    if (machine_is_replaying(machine)) {
        if (recording_peek_turn(machine->recording, turn) &&
            turn->kind == RECORDING_TURN_teardown && turn->number == machine->turn + 1) {
            machine->replayed = turn;
        } else {
            machine->recording = NULL;
            machine->trace = NULL;
        }
    }
    if (machine->soft != NULL) {
        soft_watch_flush(machine, true);
    }
    machine->turn++;
    machine_turn_open(machine, TRACE_VCPU_NONE, RECORDING_TURN_teardown, NULL, 0);
    if (machine->recorded_state != NULL) {
        recorded_state_take_ram(machine->recorded_state);
        (void)recorded_state_take(machine->recorded_state);
    }
    if (machine->config->digest) {
        tell_digest(machine);
    }
}

static void close_last_turn(struct machine *machine)
{
    if (machine->recording != NULL) {
        const GByteArray *state = recorded_state_taken(machine->recorded_state);

        recording_turn_end(machine->recording, state->data, state->len, recorded_state_describe,
                           machine->recorded_state);
        recording_finish(machine->recording);
        machine_check_recording(machine);
        recording_set_faults(machine->recording, NULL);
    }
    trace_session_turn_end(machine->trace);
    trace_session_bind(NULL);
}

void machine_destroy(struct machine *machine)
{
    struct recording_turn turn;

    if (machine == NULL) {
        return;
    }
    stop_threads(machine);
    open_last_turn(machine, &turn);
    machine->event_handler = NULL;
    host_loop_set_alarm(machine->loop, UINT64_MAX, NULL, NULL);
    /* KVM goes first: its memslots vanish at once, not with an ioctl for each region. */
    kvm_vm_destroy(machine->kvm);
    machine->kvm = NULL;
    serial_ports_destroy(machine);
    pc_destroy(machine);
    pc_chips_destroy(machine);
    block_drives_destroy(machine);
    networks_destroy(machine);
    soft_machine_destroy(machine);
    object_destroy(machine->root);
    type_registry_destroy(machine->types);
    fini_memory(machine);
    ram_block_destroy(machine->ram);
    host_kvm_close(machine->host_kvm);
    close_last_turn(machine);
    fini_parts(machine);
    g_free(machine);
}

/* ---- asking ---- */

const struct machine_config *machine_get_config(const struct machine *machine)
{
    return machine->config;
}

uint64_t machine_schema(void)
{
    return recorded_state_schema();
}

uint64_t machine_turns(const struct machine *machine)
{
    return machine->turn + 1;
}

struct trace_session *machine_trace(struct machine *machine)
{
    return machine->trace;
}

void machine_flush(struct machine *machine)
{
    g_mutex_lock(&machine->lock);
    machine->flush_posted = false;
    trace_session_flush(machine->trace);
    if (machine->recording != NULL) {
        recording_flush(machine->recording);
    }
    g_mutex_unlock(&machine->lock);
}

void machine_host_signal(struct machine *machine)
{
    if (machine_is_replaying(machine)) {
        machine_replay_quit(machine);
        return;
    }
    machine_signal_turn(machine);
}

void machine_signal_turn(struct machine *machine)
{
    machine_turn_begin(machine, TRACE_VCPU_NONE, RECORDING_TURN_signal, NULL, 0);
    machine_request(machine, MACHINE_REQUEST_QUIT, false, "host-signal");
    machine_turn_end(machine);
}
