/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_hotplug.c - the memory hotplug registers and slots: plug, request, _OST, eject.
 *
 * The layout is that of QEMU's interface (its docs/specs/acpi_mem_hotplug), so its DSDT methods and
 * guests' drivers fit. An emptied slot loses its insert and remove marks; in QEMU they stay and greet
 * the next DIMM.
 */
#include "hw/acpi/memory_hotplug.h"

#include <json-c/json.h>

#include "base/error.h"
#include "base/error_latch.h"
#include "base/invariant.h"
#include "hw/acpi/acpi_internal.h"
#include "hw/acpi/acpi_ost.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "hw/core/memory_device_if.h"
#include "trace/trace.h"

enum slot_register {
    REGISTER_BASE_LOW = 0x00,  /* write: selector */
    REGISTER_BASE_HIGH = 0x04, /* write: _OST event */
    REGISTER_SIZE_LOW = 0x08,  /* write: _OST status */
    REGISTER_SIZE_HIGH = 0x0c,
    REGISTER_NODE = 0x10,
    REGISTER_FLAGS = 0x14, /* write: control */
};

#define FLAG_ENABLED   0x1u
#define FLAG_INSERTING 0x2u
#define FLAG_REMOVING  0x4u
#define FLAG_EJECT     0x8u

STATE_DESCRIBE(memory_slot_desc, struct memory_slot_state, MEMORY_SLOT_FIELDS);
STATE_DESCRIBE(memory_hotplug_desc, struct memory_hotplug_state, MEMORY_HOTPLUG_FIELDS);

static const struct memory_device_methods *methods_of(const struct device *device)
{
    return object_interface(&device->object, TYPE_MEMORY_DEVICE);
}

static uint64_t all_ones(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

/* The selected slot; NULL = out of range. */
static struct memory_slot_state *selected(const struct memory_hotplug *hotplug)
{
    struct memory_hotplug_state *state = hotplug->state;

    return state->selector < state->slot_count ? &state->slots[state->selector] : NULL;
}

static struct device *selected_dimm(const struct memory_hotplug *hotplug)
{
    return hotplug->dimms[hotplug->state->selector];
}

/* ---- _OST ---- */

static struct acpi_ost_slot ost_slot(const struct memory_hotplug *hotplug, uint32_t slot)
{
    const struct memory_slot_state *state = &hotplug->state->slots[slot];

    return (struct acpi_ost_slot){ .type = "DIMM",
                                   .number = slot,
                                   .event = state->ost_event,
                                   .status = state->ost_status,
                                   .device = hotplug->dimms[slot] };
}

void memory_hotplug_ospm_status(const struct memory_hotplug *hotplug, struct json_object *list)
{
    for (uint32_t slot = 0; slot < hotplug->state->slot_count; slot++) {
        struct acpi_ost_slot ost = ost_slot(hotplug, slot);

        json_object_array_add(list, acpi_ost_info(&ost));
    }
}

static void report_ost(struct memory_hotplug *hotplug)
{
    struct acpi_ost_slot ost = ost_slot(hotplug, hotplug->state->selector);

    acpi_ost_report(hotplug->owner->board, &ost);
}

/* ---- eject ---- */

static void eject(struct memory_hotplug *hotplug)
{
    struct device *dimm = selected_dimm(hotplug);
    const struct board *board = hotplug->owner->board;
    struct object *handler;
    g_autoptr(GError) error = NULL;
    bool ok;

    if (dimm == NULL) {
        trace_guest_error("memory-hotplug", hotplug->state->selector, FLAG_EJECT,
                          "eject of an empty slot: ignored");
        return;
    }
    handler = device_hotplug_handler(dimm);
    invariant(handler != NULL);
    trace_acpi_memory_eject_enter(hotplug->state->selector, device_label(dimm));
    ok = hotplug_handler_unplug(handler, dimm, &error);
    if (ok) {
        board->ops->device_gone(board->opaque, dimm);
    } else {
        struct acpi_ost_slot ost = ost_slot(hotplug, hotplug->state->selector);

        acpi_unplug_refused(board, &ost, error != NULL ? error->message : "unplug failed");
    }
    trace_acpi_memory_eject_leave(ok);
}

/* ---- registers ---- */

static const char *read_name(uint64_t offset)
{
    switch ((enum slot_register)offset) {
    case REGISTER_BASE_LOW: return "base_low";
    case REGISTER_BASE_HIGH: return "base_high";
    case REGISTER_SIZE_LOW: return "size_low";
    case REGISTER_SIZE_HIGH: return "size_high";
    case REGISTER_NODE: return "node";
    case REGISTER_FLAGS: return "flags";
    }
    return NULL;
}

static const char *write_name(uint64_t offset)
{
    switch ((enum slot_register)offset) {
    case REGISTER_BASE_LOW: return "selector";
    case REGISTER_BASE_HIGH: return "ost_event";
    case REGISTER_SIZE_LOW: return "ost_status";
    case REGISTER_FLAGS: return "control";
    case REGISTER_SIZE_HIGH:
    case REGISTER_NODE: break;
    }
    return NULL;
}

static uint32_t register_value(const struct memory_slot_state *slot, const struct device *dimm,
                               enum slot_register which)
{
    const struct memory_device_methods *methods = dimm != NULL ? methods_of(dimm) : NULL;

    if (which == REGISTER_FLAGS) {
        return (slot->enabled ? FLAG_ENABLED : 0) | (slot->inserting ? FLAG_INSERTING : 0) |
               (slot->removing ? FLAG_REMOVING : 0);
    }
    if (methods == NULL) {
        return 0;
    }
    switch (which) {
    case REGISTER_BASE_LOW: return (uint32_t)methods->get_addr(dimm);
    case REGISTER_BASE_HIGH: return (uint32_t)(methods->get_addr(dimm) >> 32);
    case REGISTER_SIZE_LOW: return (uint32_t)methods->get_size(dimm);
    case REGISTER_SIZE_HIGH: return (uint32_t)(methods->get_size(dimm) >> 32);
    case REGISTER_NODE: return methods->get_node(dimm);
    case REGISTER_FLAGS: break;
    }
    return 0;
}

static uint64_t on_read(void *opaque, uint64_t offset, unsigned size)
{
    struct memory_hotplug *hotplug = opaque;
    const struct memory_slot_state *slot = selected(hotplug);
    const char *name = read_name(offset);
    uint64_t value;

    if (name == NULL) {
        trace_guest_error("memory-hotplug", offset, hotplug->state->selector,
                          "no register begins here: all-ones");
        return all_ones(size);
    }
    if (slot == NULL) {
        trace_guest_error("memory-hotplug", offset, hotplug->state->selector,
                          "the selected slot is out of range: reads as an empty one");
        return 0;
    }
    value =
        register_value(slot, selected_dimm(hotplug), (enum slot_register)offset) & all_ones(size);
    trace_acpi_memory_register_read(hotplug->state->selector, name, (uint32_t)value);
    return value;
}

/* One action a write, the lowest bit's: as in QEMU. */
static void control(struct memory_hotplug *hotplug, struct memory_slot_state *slot, uint32_t value)
{
    if ((value & FLAG_INSERTING) != 0) {
        slot->inserting = false;
    } else if ((value & FLAG_REMOVING) != 0) {
        slot->removing = false;
        if (selected_dimm(hotplug) != NULL) {
            selected_dimm(hotplug)->unplug_seen = true;
        }
    } else if ((value & FLAG_EJECT) != 0) {
        eject(hotplug);
    }
}

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct memory_hotplug *hotplug = opaque;
    struct memory_slot_state *slot = selected(hotplug);
    const char *name = write_name(offset);

    (void)size;
    if (name == NULL || (slot == NULL && offset != REGISTER_BASE_LOW)) {
        trace_guest_error("memory-hotplug", offset, value,
                          name == NULL ? "nothing to write begins here: ignored"
                                       : "the selected slot is out of range: ignored");
        return;
    }
    trace_acpi_memory_register_write(hotplug->state->selector, name, (uint32_t)value);
    switch ((enum slot_register)offset) {
    case REGISTER_BASE_LOW: hotplug->state->selector = (uint32_t)value; break;
    case REGISTER_BASE_HIGH: slot->ost_event = (uint32_t)value; break;
    case REGISTER_SIZE_LOW:
        slot->ost_status = (uint32_t)value;
        report_ost(hotplug);
        break;
    case REGISTER_FLAGS: control(hotplug, slot, (uint32_t)value); break;
    case REGISTER_SIZE_HIGH:
    case REGISTER_NODE: break;
    }
}

static const struct memory_region_ops ops = {
    .read = on_read, .write = on_write, .size_min = 1, .size_max = 4
};

void memory_hotplug_init(struct memory_hotplug *hotplug, struct memory_hotplug_state *state,
                         struct device *owner)
{
    invariant(state->slot_count <= DIMM_SLOTS_MAX);
    hotplug->state = state;
    hotplug->owner = owner;
    memory_region_init_io(&hotplug->io, owner->board->memory, "acpi-mem-hotplug", &ops, hotplug,
                          MEMORY_HOTPLUG_IO_BYTES);
    memory_region_add_subregion(owner->board->system_io, MEMORY_HOTPLUG_IO_BASE, &hotplug->io);
}

void memory_hotplug_fini(struct memory_hotplug *hotplug)
{
    if (hotplug->owner == NULL) {
        return;
    }
    memory_region_del_subregion(hotplug->owner->board->system_io, &hotplug->io);
    memory_region_fini(&hotplug->io);
    hotplug->owner = NULL;
}

/* ---- the handler's halves ---- */

/* The slot that the device is in; false = it is in none. */
static bool slot_of(const struct memory_hotplug *hotplug, const struct device *device,
                    uint32_t *out_slot, GError **error)
{
    uint32_t slot = methods_of(device)->get_slot(device);

    if (slot >= hotplug->state->slot_count || hotplug->dimms[slot] != device) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "device '%s' is in none of the %u DIMM slots", device_label(device),
                    hotplug->state->slot_count);
        return false;
    }
    *out_slot = slot;
    return true;
}

/* Sends the event; what the interrupt's way to the host latched becomes the error. */
static bool send_event(struct memory_hotplug *hotplug, GError **error)
{
    acpi_send_event(&hotplug->owner->object, ACPI_MEMORY_HOTPLUG_STATUS);
    return error_latch_take(hotplug->owner->board->errors, error);
}

static bool plug(struct memory_hotplug *hotplug, struct device *device, uint32_t slot,
                 GError **error)
{
    struct memory_slot_state *state;

    if (slot >= hotplug->state->slot_count) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "slot %u of device '%s' is out of range: the machine has %u", slot,
                    device_label(device), hotplug->state->slot_count);
        return false;
    }
    if (hotplug->dimms[slot] != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "slot %u is busy", slot);
        return false;
    }
    state = &hotplug->state->slots[slot];
    hotplug->dimms[slot] = device;
    state->enabled = true;
    state->inserting = device->hotplugged;
    if (device->hotplugged && !send_event(hotplug, error)) {
        state->enabled = false;
        state->inserting = false;
        hotplug->dimms[slot] = NULL;
        return false;
    }
    return true;
}

bool acpi_memory_plug_cb(struct memory_hotplug *hotplug, struct device *device, GError **error)
{
    uint32_t slot = methods_of(device)->get_slot(device);
    bool ok;

    trace_acpi_memory_plug_cb_enter(device_label(device), slot);
    ok = plug(hotplug, device, slot, error);
    trace_acpi_memory_plug_cb_leave(ok);
    return ok;
}

static bool unplug_request(struct memory_hotplug *hotplug, struct device *device, GError **error)
{
    struct memory_slot_state *state;
    bool removing;
    uint32_t slot;

    if (!slot_of(hotplug, device, &slot, error)) {
        return false;
    }
    state = &hotplug->state->slots[slot];
    removing = state->removing;
    state->removing = true;
    if (!send_event(hotplug, error)) {
        state->removing = removing;
        return false;
    }
    device->unplug_pending = true;
    device->unplug_seen = false;
    return true;
}

void memory_hotplug_event_taken(struct memory_hotplug *hotplug)
{
    for (uint32_t slot = 0; slot < DIMM_SLOTS_MAX; slot++) {
        if (hotplug->dimms[slot] != NULL) {
            hotplug->dimms[slot]->unplug_seen = true;
        }
    }
}

bool acpi_memory_unplug_request_cb(struct memory_hotplug *hotplug, struct device *device,
                                   GError **error)
{
    bool ok;

    trace_acpi_memory_unplug_request_cb_enter(device_label(device),
                                              methods_of(device)->get_slot(device));
    ok = unplug_request(hotplug, device, error);
    trace_acpi_memory_unplug_request_cb_leave(ok);
    return ok;
}

void acpi_memory_unplug_cb(struct memory_hotplug *hotplug, struct device *device)
{
    struct memory_slot_state *state;
    uint32_t slot = 0;
    bool found = slot_of(hotplug, device, &slot, NULL);

    trace_acpi_memory_unplug_cb_enter(device_label(device), slot);
    invariant(found);
    state = &hotplug->state->slots[slot];
    state->enabled = false;
    state->inserting = false;
    state->removing = false;
    hotplug->dimms[slot] = NULL;
    trace_acpi_memory_unplug_cb_leave();
}
