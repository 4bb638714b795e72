/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_hotplug.h - the ACPI memory hotplug register block (24 bytes of ports at 0xa00) and the
 * slots behind it.
 *
 *   read   0x00 base low   0x04 base high   0x08 size low   0x0c size high   0x10 node (_PXM)
 *          0x14 flags: bit 0 enabled, 1 inserting, 2 removing
 *   write  0x00 slot selector
 *          0x04 _OST event   0x08 _OST status
 *          0x14 bit 1: clear inserting   bit 2: clear removing   bit 3: eject
 *
 * This is the interface that QEMU documents in docs/specs/acpi_mem_hotplug, with what QEMU 7.2 does
 * at its edges: a slot out of range reads as an empty one (0, so that a guest that walks too far
 * meets no phantom), offsets between the registers read all-ones, and a write to 0x14 does one thing,
 * the lowest bit's.
 */
#ifndef REPLUG_HW_ACPI_MEMORY_HOTPLUG_H
#define REPLUG_HW_ACPI_MEMORY_HOTPLUG_H

#include "hw/core/device.h"
#include "memory/region.h"
#include "state/state.h"

#define MEMORY_HOTPLUG_IO_BASE  0x0a00
#define MEMORY_HOTPLUG_IO_BYTES 24
#define DIMM_SLOTS_MAX          256

struct board;
struct json_object;

struct memory_slot_state {
    uint32_t ost_event;
    uint32_t ost_status;
    bool enabled;
    bool inserting;
    bool removing;
    uint8_t pad;
};

#define MEMORY_SLOT_FIELDS(FIELD, NESTED, T) \
    FIELD(T, ost_event)                      \
    FIELD(T, ost_status) FIELD(T, enabled) FIELD(T, inserting) FIELD(T, removing) FIELD(T, pad)
STATE_DECLARE(memory_slot_desc, struct memory_slot_state);

struct memory_hotplug_state {
    uint32_t selector;
    uint32_t slot_count;
    struct memory_slot_state slots[DIMM_SLOTS_MAX];
};

#define MEMORY_HOTPLUG_FIELDS(FIELD, NESTED, T) \
    FIELD(T, selector) FIELD(T, slot_count) NESTED(T, slots, memory_slot_desc)
STATE_DECLARE(memory_hotplug_desc, struct memory_hotplug_state);

struct memory_hotplug {
    struct memory_hotplug_state *state; /* lives in the owner's state struct */
    struct device *owner;               /* the PIIX4_PM: its board, its send_event */
    struct memory_region io;
    struct device *dimms[DIMM_SLOTS_MAX]; /* borrowed; NULL = empty slot */
};

/* Maps the register block at 0xa00 of the board's ports. */
void memory_hotplug_init(struct memory_hotplug *hotplug, struct memory_hotplug_state *state,
                         struct device *owner);
void memory_hotplug_fini(struct memory_hotplug *hotplug);
/* The event is no longer there for the guest to see, by its own doing or a reset: an unplug request may be made again. Slots and
 * what is in them stay. */
void memory_hotplug_event_taken(struct memory_hotplug *hotplug);

/*
 * The halves of the handler that PIIX4_PM calls (spans acpi_memory_plug_cb,
 * acpi_memory_unplug_request_cb, acpi_memory_unplug_cb). The device implements "memory-device" and
 * has a slot. plug: marks the slot enabled and, when hotplugged, inserting, then sends the event.
 * unplug_request: removing, event. unplug: forgets the device.
 */
bool acpi_memory_plug_cb(struct memory_hotplug *hotplug, struct device *device,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool acpi_memory_unplug_request_cb(struct memory_hotplug *hotplug, struct device *device,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void acpi_memory_unplug_cb(struct memory_hotplug *hotplug, struct device *device);

/* Appends one ACPIOSTInfo a slot: {"device"?, "slot": "0", "slot-type": "DIMM", "source",
 * "status"}. */
void memory_hotplug_ospm_status(const struct memory_hotplug *hotplug, struct json_object *list);

#endif
