/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu_hotplug.c - the CPU hotplug registers and processors: plug, request, _OST, eject.
 *
 * The layout is that of QEMU's interface (its docs/specs/acpi_cpu_hotplug), so its DSDT methods and
 * guests' drivers fit. As with DIMMs, an emptied slot loses its insert and remove marks.
 */
#include "hw/acpi/cpu_hotplug.h"

#include <json-c/json.h>

#include "base/error.h"
#include "base/error_latch.h"
#include "base/invariant.h"
#include "hw/acpi/acpi_internal.h"
#include "hw/acpi/acpi_ost.h"
#include "hw/core/board.h"
#include "hw/core/cpu_device_if.h"
#include "hw/core/hotplug.h"
#include "trace/trace.h"

enum cpu_register {
    REGISTER_SELECTOR = 0, /* read: data 2 */
    REGISTER_FLAGS = 4,
    REGISTER_COMMAND = 5, /* write only */
    REGISTER_DATA = 8,
};

enum cpu_command {
    COMMAND_NEXT_WITH_EVENT = 0,
    COMMAND_OST_EVENT = 1,
    COMMAND_OST_STATUS = 2,
    COMMAND_APIC_ID = 3,
};

#define FLAG_ENABLED   0x1u
#define FLAG_INSERTING 0x2u
#define FLAG_REMOVING  0x4u
#define FLAG_EJECT     0x8u

STATE_DESCRIBE(cpu_slot_desc, struct cpu_slot_state, CPU_SLOT_FIELDS);
STATE_DESCRIBE(cpu_hotplug_desc, struct cpu_hotplug_state, CPU_HOTPLUG_FIELDS);

static struct cpu_slot_state *selected(const struct cpu_hotplug *hotplug)
{
    struct cpu_hotplug_state *state = hotplug->state;

    return state->selector < state->cpu_count ? &state->cpus[state->selector] : NULL;
}

/* ---- _OST ---- */

static struct acpi_ost_slot ost_slot(const struct cpu_hotplug *hotplug, uint32_t index)
{
    const struct cpu_slot_state *slot = &hotplug->state->cpus[index];

    return (struct acpi_ost_slot){ .type = "CPU",
                                   .number = index,
                                   .event = slot->ost_event,
                                   .status = slot->ost_status,
                                   .device = hotplug->cpus[index] };
}

void cpu_hotplug_ospm_status(const struct cpu_hotplug *hotplug, struct json_object *list)
{
    for (uint32_t i = 0; i < hotplug->state->cpu_count; i++) {
        struct acpi_ost_slot ost = ost_slot(hotplug, i);

        json_object_array_add(list, acpi_ost_info(&ost));
    }
}

/* ---- eject ---- */

/* The first processor stays: the guest can't do without it. */
static void eject(struct cpu_hotplug *hotplug)
{
    uint32_t index = hotplug->state->selector;
    struct device *cpu = hotplug->cpus[index];
    const struct board *board = hotplug->owner->board;
    struct acpi_ost_slot ost = ost_slot(hotplug, index);
    struct object *handler;
    g_autoptr(GError) error = NULL;
    bool ok;

    if (cpu == NULL || index == 0) {
        trace_cpuhp_acpi_ejecting_invalid_cpu(index);
        trace_guest_error("cpu-hotplug", index, FLAG_EJECT,
                          cpu == NULL ? "eject of a processor that is not there: ignored"
                                      : "eject of the first processor: ignored");
        return;
    }
    handler = device_hotplug_handler(cpu);
    invariant(handler != NULL);
    trace_cpuhp_acpi_ejecting_cpu_enter(index, device_label(cpu));
    ok = hotplug_handler_unplug(handler, cpu, &error);
    if (ok) {
        board->ops->device_gone(board->opaque, cpu);
    } else {
        acpi_unplug_refused(board, &ost, error != NULL ? error->message : "unplug failed");
    }
    trace_cpuhp_acpi_ejecting_cpu_leave(ok);
}

/* ---- registers ---- */

static uint32_t flags_of(const struct cpu_slot_state *slot)
{
    return (slot->enabled ? FLAG_ENABLED : 0) | (slot->inserting ? FLAG_INSERTING : 0) |
           (slot->removing ? FLAG_REMOVING : 0);
}

static uint32_t data_of(const struct cpu_hotplug_state *state, const struct cpu_slot_state *slot)
{
    switch (state->command) {
    case COMMAND_NEXT_WITH_EVENT: return state->selector;
    case COMMAND_APIC_ID: return slot->apic_id;
    default: return 0;
    }
}

static uint64_t on_read(void *opaque, uint64_t offset, unsigned size)
{
    struct cpu_hotplug *hotplug = opaque;
    const struct cpu_hotplug_state *state = hotplug->state;
    const struct cpu_slot_state *slot = selected(hotplug);
    uint32_t value = 0;

    (void)size;
    if (slot == NULL) {
        trace_guest_error("cpu-hotplug", offset, state->selector,
                          "the selected processor is out of range: reads as 0");
        return 0;
    }
    switch (offset) {
    case REGISTER_SELECTOR: /* an APIC ID has no high half */
        trace_cpuhp_acpi_read_cmd_data2(state->selector, value);
        break;
    case REGISTER_FLAGS:
        value = flags_of(slot);
        trace_cpuhp_acpi_read_flags(state->selector, (uint8_t)value);
        break;
    case REGISTER_DATA:
        value = data_of(state, slot);
        trace_cpuhp_acpi_read_cmd_data(state->selector, value);
        break;
    default: break;
    }
    return value;
}

/* One action a write, the lowest bit's: as in QEMU. */
static void control(struct cpu_hotplug *hotplug, struct cpu_slot_state *slot, uint32_t value)
{
    uint32_t index = hotplug->state->selector;

    if ((value & FLAG_INSERTING) != 0) {
        slot->inserting = false;
        trace_cpuhp_acpi_clear_inserting_evt(index);
    } else if ((value & FLAG_REMOVING) != 0) {
        slot->removing = false;
        if (hotplug->cpus[index] != NULL) {
            hotplug->cpus[index]->unplug_seen = true;
        }
        trace_cpuhp_acpi_clear_remove_evt(index);
    } else if ((value & FLAG_EJECT) != 0) {
        eject(hotplug);
    }
}

/* From the selected one on, once around; without any event the selection stays. */
static void select_next(struct cpu_hotplug_state *state)
{
    for (uint32_t i = 0; i < state->cpu_count; i++) {
        uint32_t index = (state->selector + i) % state->cpu_count;
        const struct cpu_slot_state *slot = &state->cpus[index];

        if (slot->inserting || slot->removing) {
            state->selector = index;
            trace_cpuhp_acpi_cpu_has_events(index, slot->inserting, slot->removing);
            return;
        }
    }
}

static void write_data(struct cpu_hotplug *hotplug, struct cpu_slot_state *slot, uint32_t value)
{
    uint32_t index = hotplug->state->selector;
    struct acpi_ost_slot ost;

    if (hotplug->state->command == COMMAND_OST_EVENT) {
        slot->ost_event = value;
        trace_cpuhp_acpi_write_ost_ev(index, value);
    } else if (hotplug->state->command == COMMAND_OST_STATUS) {
        slot->ost_status = value;
        trace_cpuhp_acpi_write_ost_status(index, value);
        ost = ost_slot(hotplug, index);
        acpi_ost_report(hotplug->owner->board, &ost);
    }
}

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct cpu_hotplug *hotplug = opaque;
    struct cpu_hotplug_state *state = hotplug->state;
    struct cpu_slot_state *slot = selected(hotplug);

    (void)size;
    if (slot == NULL && offset != REGISTER_SELECTOR) {
        trace_cpuhp_acpi_invalid_idx_selected(state->selector);
        trace_guest_error("cpu-hotplug", offset, value,
                          "the selected processor is out of range: ignored");
        return;
    }
    switch (offset) {
    case REGISTER_SELECTOR:
        state->selector = (uint32_t)value;
        trace_cpuhp_acpi_write_idx(state->selector);
        break;
    case REGISTER_FLAGS: control(hotplug, slot, (uint32_t)value); break;
    case REGISTER_COMMAND:
        state->command = (uint8_t)value;
        trace_cpuhp_acpi_write_cmd(state->selector, (uint8_t)value);
        if (state->command == COMMAND_NEXT_WITH_EVENT) {
            select_next(state);
        }
        break;
    case REGISTER_DATA: write_data(hotplug, slot, (uint32_t)value); break;
    default:
        trace_guest_error("cpu-hotplug", offset, value, "nothing to write begins here: ignored");
        break;
    }
}

static const struct memory_region_ops ops = {
    .read = on_read, .write = on_write, .size_min = 1, .size_max = 4
};

void cpu_hotplug_init(struct cpu_hotplug *hotplug, struct cpu_hotplug_state *state,
                      struct device *owner)
{
    invariant(state->cpu_count <= CPU_HOTPLUG_CPUS_MAX);
    hotplug->state = state;
    hotplug->owner = owner;
    memory_region_init_io(&hotplug->io, owner->board->memory, "acpi-cpu-hotplug", &ops, hotplug,
                          CPU_HOTPLUG_IO_BYTES);
    memory_region_add_subregion(owner->board->system_io, CPU_HOTPLUG_IO_BASE, &hotplug->io);
}

void cpu_hotplug_fini(struct cpu_hotplug *hotplug)
{
    if (hotplug->owner == NULL) {
        return;
    }
    memory_region_del_subregion(hotplug->owner->board->system_io, &hotplug->io);
    memory_region_fini(&hotplug->io);
    hotplug->owner = NULL;
}

void cpu_hotplug_event_taken(struct cpu_hotplug *hotplug)
{
    for (uint32_t i = 0; i < CPU_HOTPLUG_CPUS_MAX; i++) {
        if (hotplug->cpus[i] != NULL) {
            hotplug->cpus[i]->unplug_seen = true;
        }
    }
}

/* ---- the handler's halves ---- */

static uint32_t index_of(const struct device *device)
{
    const struct cpu_device_methods *methods = object_interface(&device->object, TYPE_CPU_DEVICE);

    return methods->get_index(device);
}

/* Sends the event; what the interrupt's way to the host latched becomes the error. */
static bool send_event(struct cpu_hotplug *hotplug, GError **error)
{
    acpi_send_event(&hotplug->owner->object, ACPI_CPU_HOTPLUG_STATUS);
    return error_latch_take(hotplug->owner->board->errors, error);
}

static bool plug(struct cpu_hotplug *hotplug, struct device *device, uint32_t index, GError **error)
{
    struct cpu_slot_state *slot;

    invariant(index < hotplug->state->cpu_count);
    invariant(hotplug->cpus[index] == NULL);
    slot = &hotplug->state->cpus[index];
    hotplug->cpus[index] = device;
    slot->enabled = true;
    slot->inserting = device->hotplugged;
    if (device->hotplugged && !send_event(hotplug, error)) {
        slot->enabled = false;
        slot->inserting = false;
        hotplug->cpus[index] = NULL;
        return false;
    }
    return true;
}

bool acpi_cpu_plug_cb(struct cpu_hotplug *hotplug, struct device *device, GError **error)
{
    uint32_t index = index_of(device);
    bool ok;

    trace_acpi_cpu_plug_cb_enter(device_label(device), index);
    ok = plug(hotplug, device, index, error);
    trace_acpi_cpu_plug_cb_leave(ok);
    return ok;
}

static bool unplug_request(struct cpu_hotplug *hotplug, struct device *device, uint32_t index,
                           GError **error)
{
    struct cpu_slot_state *slot = &hotplug->state->cpus[index];
    bool removing = slot->removing;

    invariant(hotplug->cpus[index] == device);
    slot->removing = true;
    if (!send_event(hotplug, error)) {
        slot->removing = removing;
        return false;
    }
    device->unplug_pending = true;
    device->unplug_seen = false;
    return true;
}

bool acpi_cpu_unplug_request_cb(struct cpu_hotplug *hotplug, struct device *device, GError **error)
{
    uint32_t index = index_of(device);
    bool ok;

    trace_acpi_cpu_unplug_request_cb_enter(device_label(device), index);
    ok = unplug_request(hotplug, device, index, error);
    trace_acpi_cpu_unplug_request_cb_leave(ok);
    return ok;
}

void acpi_cpu_unplug_cb(struct cpu_hotplug *hotplug, struct device *device)
{
    uint32_t index = index_of(device);
    struct cpu_slot_state *slot = &hotplug->state->cpus[index];

    trace_acpi_cpu_unplug_cb_enter(device_label(device), index);
    invariant(hotplug->cpus[index] == device);
    slot->enabled = false;
    slot->inserting = false;
    slot->removing = false;
    hotplug->cpus[index] = NULL;
    trace_acpi_cpu_unplug_cb_leave();
}
