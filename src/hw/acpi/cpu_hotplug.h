/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu_hotplug.h - the ACPI CPU hotplug register block (12 bytes of ports at 0xaf00) and the
 * processors behind it.
 *
 *   read   0x0 data 2: of command 3 the high half of the APIC ID, else 0
 *          0x4 flags: bit 0 enabled, 1 inserting, 2 removing
 *          0x8 data: of command 0 the selector, of command 3 the low half of the APIC ID, else 0
 *   write  0x0 selector
 *          0x4 bit 1: clear inserting   bit 2: clear removing   bit 3: eject
 *          0x5 command: 0 select the next processor with an event, 1 _OST event, 2 _OST status,
 *              3 APIC ID
 *          0x8 data: of command 1 the _OST event, of command 2 its status
 *
 * This is the modern interface that QEMU documents in docs/specs/acpi_cpu_hotplug, from the start: there is no
 * bitmap of the old one to switch from (writing 0 to offset 0, which switches, selects
 * processor 0). As in QEMU a processor out of range reads as 0, a write to 0x4 does one thing, the
 * lowest bit's, and the first processor can't be ejected.
 */
#ifndef REPLUG_HW_ACPI_CPU_HOTPLUG_H
#define REPLUG_HW_ACPI_CPU_HOTPLUG_H

#include "hw/core/device.h"
#include "memory/region.h"
#include "state/state.h"

#define CPU_HOTPLUG_IO_BASE  0xaf00
#define CPU_HOTPLUG_IO_BYTES 12
#define CPU_HOTPLUG_CPUS_MAX 16

struct json_object;

struct cpu_slot_state {
    uint32_t apic_id;
    uint32_t ost_event;
    uint32_t ost_status;
    bool enabled;
    bool inserting;
    bool removing;
    uint8_t pad;
};

#define CPU_SLOT_FIELDS(FIELD, NESTED, T) \
    FIELD(T, apic_id)                     \
    FIELD(T, ost_event)                   \
    FIELD(T, ost_status) FIELD(T, enabled) FIELD(T, inserting) FIELD(T, removing) FIELD(T, pad)
STATE_DECLARE(cpu_slot_desc, struct cpu_slot_state);

struct cpu_hotplug_state {
    uint32_t selector;
    uint32_t command;
    uint32_t cpu_count; /* processors that there may be */
    uint32_t pad;
    struct cpu_slot_state cpus[CPU_HOTPLUG_CPUS_MAX];
};

#define CPU_HOTPLUG_FIELDS(FIELD, NESTED, T) \
    FIELD(T, selector)                       \
    FIELD(T, command) FIELD(T, cpu_count) FIELD(T, pad) NESTED(T, cpus, cpu_slot_desc)
STATE_DECLARE(cpu_hotplug_desc, struct cpu_hotplug_state);

struct cpu_hotplug {
    struct cpu_hotplug_state *state; /* lives in the owner's state struct */
    struct device *owner;            /* the PIIX4_PM: its board, its send_event */
    struct memory_region io;
    struct device *cpus[CPU_HOTPLUG_CPUS_MAX]; /* borrowed; NULL = not there */
};

/* Maps the register block at 0xaf00 of the board's ports. */
void cpu_hotplug_init(struct cpu_hotplug *hotplug, struct cpu_hotplug_state *state,
                      struct device *owner);
void cpu_hotplug_fini(struct cpu_hotplug *hotplug);
/* As memory_hotplug_event_taken(). */
void cpu_hotplug_event_taken(struct cpu_hotplug *hotplug);

/*
 * The halves of the handler that PIIX4_PM calls (spans acpi_cpu_plug_cb, acpi_cpu_unplug_request_cb,
 * acpi_cpu_unplug_cb). The device implements "cpu-device".
 */
bool acpi_cpu_plug_cb(struct cpu_hotplug *hotplug, struct device *device,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool acpi_cpu_unplug_request_cb(struct cpu_hotplug *hotplug, struct device *device,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void acpi_cpu_unplug_cb(struct cpu_hotplug *hotplug, struct device *device);

/* Appends one ACPIOSTInfo a processor, slot-type "CPU". */
void cpu_hotplug_ospm_status(const struct cpu_hotplug *hotplug, struct json_object *list);

#endif
