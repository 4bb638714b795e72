/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug_stage.c - the table of stages; a device of a new kind needs rows here and nothing else. */
#include "tracedump/hotplug_stage.h"

#include <stdbool.h>
#include <string.h>

#define INSTANT EVENT_INSTANT
#define ENTER   EVENT_ENTER
#define LEAVE   EVENT_LEAVE

static const struct hotplug_rule rules[] = {
    /* What a client asked for and what the machine did at once. */
    { "object_created", INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "an object of type {type} was created" },
    { "device_set_realized", ENTER, STAGE_REALIZE, MATCH_DEVICE, 0, NULL, "value", "true",
      "{device} is being realized" },
    { "device_set_realized", ENTER, STAGE_NONE, MATCH_DEVICE, 0, NULL, "value", "false",
      "{device} is being unrealized" },
    { "device_set_realized", LEAVE, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "device_set_realized ended: ok={ok}" },
    { "hotplug_phase", INSTANT, STAGE_PRE_PLUG, MATCH_DEVICE, 0, NULL, "phase", "pre_plug",
      "{handler} checks it (pre_plug)" },
    { "hotplug_phase", INSTANT, STAGE_PLUG, MATCH_DEVICE, 0, NULL, "phase", "plug",
      "{handler} plugs it" },
    { "hotplug_phase", INSTANT, STAGE_PLUG, MATCH_DEVICE, 0, NULL, "phase", "unplug_request",
      "{handler} is asked to let it go (unplug_request)" },
    { "hotplug_phase", INSTANT, STAGE_NONE, MATCH_DEVICE, 0, NULL, "phase", "unplug",
      "{handler} unplugs it" },
    { "memory_device_address_assigned", INSTANT, STAGE_NONE, MATCH_DEVICE, FAMILY_MEMORY, NULL,
      NULL, NULL, "it gets the address {gpa} for {size_bytes} bytes, aligned to {align_bytes}" },
    { "pc_dimm_slot_assigned", INSTANT, STAGE_NONE, MATCH_DEVICE, FAMILY_MEMORY, "slot", NULL, NULL,
      "it gets slot {slot}" },
    { "pci_device_placed", INSTANT, STAGE_NONE, MATCH_DEVICE, FAMILY_PCI, NULL, NULL, NULL,
      "it gets devfn {devfn} on {bus}" },
    { "memory_region_transaction_commit", ENTER, STAGE_COMMIT, MATCH_CURRENT, 0, NULL, NULL, NULL,
      NULL },
    { "flatviews_reset", ENTER, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "the commit renders anew; address spaces: {address_spaces}" },
    { "render_memory_region", ENTER, STAGE_RENDER, MATCH_CURRENT, 0, NULL, NULL, NULL, NULL },
    { "render_memory_region", LEAVE, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "{regions_in} regions became {ranges_out} flat ranges" },
    { "flat_range_added", INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "a range came into \"{address_space}\": {region} at {gpa}, {size_bytes} bytes" },
    { "flat_range_removed", INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "a range left \"{address_space}\": {region} at {gpa}, {size_bytes} bytes" },
    { "kvm_ioctl", INSTANT, STAGE_IOCTL, MATCH_CURRENT, 0, NULL, "request",
      "KVM_SET_USER_MEMORY_REGION",
      "KVM was told: {request} {arguments}: result {result}, errno {error}" },
    { "kvm_ioctl", INSTANT, STAGE_IOCTL, MATCH_CURRENT, 0, NULL, "request", "KVM_CREATE_VCPU",
      "KVM was told: {request} {arguments}: result {result}, errno {error}" },
    { "effect_kvm_call", INSTANT, STAGE_IOCTL, MATCH_CURRENT, 0, NULL, "what",
      "KVM_SET_USER_MEMORY_REGION*", "KVM is told: {what}" },
    { "effect_kvm_call", INSTANT, STAGE_IOCTL, MATCH_CURRENT, 0, NULL, "what", "KVM_CREATE_VCPU*",
      "KVM is told: {what}" },
    { "kvm_memslot_added", INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "memslot {slot} holds {gpa} from now on, {size_bytes} bytes" },
    { "kvm_memslot_deleted", INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "memslot {slot} is free again" },
    { "kvm_vcpu_created", INSTANT, STAGE_IOCTL, MATCH_CURRENT, FAMILY_CPU, NULL, NULL, NULL,
      "KVM made vCPU {index} with APIC ID {apic_id}" },
    { "kvm_park_vcpu", INSTANT, STAGE_IOCTL, MATCH_CURRENT, FAMILY_CPU, NULL, NULL, NULL,
      "vCPU {index} is parked: KVM keeps it for the next plug" },
    { "kvm_unpark_vcpu", INSTANT, STAGE_IOCTL, MATCH_CURRENT, FAMILY_CPU, NULL, NULL, NULL,
      "parked vCPU {index} serves again" },
    { "pc_dimm_plug_undone", INSTANT, STAGE_NONE, MATCH_DEVICE, 0, NULL, NULL, NULL,
      "the plug was undone: {reason}" },

    /* The guest is told. */
    { "acpi_memory_plug_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_MEMORY, "slot", NULL, NULL,
      "slot {slot} of the memory hotplug registers is taken" },
    { "acpi_memory_unplug_request_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_MEMORY, "slot", NULL,
      NULL, "slot {slot} is marked for removal" },
    { "acpi_cpu_plug_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_CPU, "cpu", NULL, NULL,
      "processor {cpu} of the CPU hotplug registers is there" },
    { "acpi_cpu_unplug_request_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_CPU, "cpu", NULL, NULL,
      "processor {cpu} is marked for removal" },
    { "acpi_pcihp_device_plug_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_PCI, "slot", NULL, NULL,
      "PCI slot {slot} is marked as filled" },
    { "acpi_pcihp_device_unplug_request_cb", ENTER, STAGE_NONE, MATCH_DEVICE, FAMILY_PCI, "slot",
      NULL, NULL, "PCI slot {slot} is asked back" },
    { "piix4_send_gpe", ENTER, STAGE_GPE, MATCH_CURRENT, 0, NULL, NULL, NULL, NULL },
    { "acpi_send_gpe_event", ENTER, STAGE_GPE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "a general purpose event is raised: status {status}" },
    { "acpi_update_sci", ENTER, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "the GPEs that the guest has enabled: {gpe_enable}; that are raised: {gpe_status}" },
    { "acpi_update_sci", LEAVE, STAGE_SCI, MATCH_CURRENT, 0, NULL, "level", "true",
      "the SCI is high: the guest is interrupted" },
    { "kvm_set_irq", ENTER, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "KVM gets GSI {gsi} = {level}" },
    { "apic_set_irq", ENTER, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL,
      "LAPIC {apic} gets vector {vector}" },

    /* The guest reacts. */
    { "acpi_memory_register_read", INSTANT, STAGE_READ, MATCH_NUMBER, FAMILY_MEMORY, "slot", NULL,
      NULL, "the guest reads {reg} of slot {slot}: {value}" },
    { "cpuhp_acpi_read_flags", INSTANT, STAGE_READ, MATCH_NUMBER, FAMILY_CPU, "cpu", NULL, NULL,
      "the guest reads the flags of processor {cpu}: {flags}" },
    { "cpuhp_acpi_cpu_has_events", INSTANT, STAGE_READ, MATCH_NUMBER, FAMILY_CPU, "cpu", NULL, NULL,
      "the guest finds processor {cpu} with an event" },
    { "acpi_pci_register_read", INSTANT, STAGE_READ, MATCH_MASK, FAMILY_PCI, "value", "reg", "PCIU",
      "the guest reads which PCI slots are filled: {value}" },
    { "acpi_pci_register_read", INSTANT, STAGE_READ, MATCH_MASK, FAMILY_PCI, "value", "reg", "PCID",
      "the guest reads which PCI slots are asked back: {value}" },
    { "acpi_device_ost", INSTANT, STAGE_OST, MATCH_DEVICE, 0, NULL, NULL, NULL,
      "the guest reports by _OST: {meaning} (source {source}, status {status})" },
    { "acpi_unplug_refused", INSTANT, STAGE_NONE, MATCH_DEVICE, 0, NULL, NULL, NULL,
      "it stays: {why}" },
    { "acpi_memory_eject", ENTER, STAGE_EJECT, MATCH_DEVICE, FAMILY_MEMORY, "slot", NULL, NULL,
      "the guest ejects slot {slot}" },
    { "cpuhp_acpi_ejecting_cpu", ENTER, STAGE_EJECT, MATCH_DEVICE, FAMILY_CPU, "cpu", NULL, NULL,
      "the guest ejects processor {cpu}" },
    { "acpi_pcihp_eject_slot", ENTER, STAGE_EJECT, MATCH_NUMBER, FAMILY_PCI, "slot", NULL, NULL,
      "the guest ejects PCI slot {slot}" },
    { "device_deleted", INSTANT, STAGE_DELETED, MATCH_DEVICE, 0, NULL, NULL, NULL,
      "{device} is gone" },
    { NULL, INSTANT, STAGE_NONE, MATCH_CURRENT, 0, NULL, NULL, NULL, NULL },
};

static bool rule_is(const struct hotplug_rule *rule, const char *event, enum event_phase phase)
{
    return rule->event != NULL && rule->phase == phase && strcmp(rule->event, event) == 0;
}

const struct hotplug_rule *hotplug_rules(const char *event, enum event_phase phase,
                                         unsigned *out_count)
{
    for (const struct hotplug_rule *rule = rules; rule->event != NULL; rule++) {
        if (rule_is(rule, event, phase)) {
            *out_count = 1;
            while (rule_is(rule + *out_count, event, phase)) {
                ++*out_count;
            }
            return rule;
        }
    }
    return NULL;
}

const char *hotplug_stage_name(enum hotplug_stage stage)
{
    static const char *const names[STAGE_COUNT] = {
        "QMP", "realize", "pre_plug", "plug", "commit", "render",  "ioctl",
        "GPE", "SCI",     "read",     "OST",  "eject",  "deleted",
    };

    return names[stage];
}
