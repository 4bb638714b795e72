/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_wiring.c - every interrupt wire of the PC.
 *
 *   PIIX4_PM  SCI ------------------> gsi[9]
 *   mc146818rtc --------------------> gsi[8]
 *   isa-serial  irq 4, 3, 4, 3 -----> gsi[irq]
 *   PIIX3  PIRQA-D by PIRQRC -------> gsi[0..15]
 *
 *   gsi[n] = kvm_pc_gsi_handler --> n < 16: kvm_pic_set_irq, else kvm_ioapic_set_irq --> kvm_set_irq
 *
 * That is KVM with its own chips (pc_chips.h has the others): both 8259s and the IOAPIC are in the kernel; kvm_pc_setup_irq_routing says which GSI reaches which of their pins.
 */
#include <json-c/json.h>

#include "base/invariant.h"
#include "hw/acpi/piix4_pm.h"
#include "hw/char/char_devices.h"
#include "hw/pci/pci.h"
#include "hw/rtc/mc146818.h"
#include "machine/machine_internal.h"
#include "machine/pc_chips.h"
#include "qom/property.h"

#define SCI_PIN 9
#define RTC_PIN 8

static struct device *create_i8259(struct machine *machine, GError **error)
{
    struct device *chip = pc_builtin_create(machine, "kvm-i8259", NULL, NULL, error);

    if (chip != NULL) {
        bus_add_device(machine->isa_bus, chip);
    }
    return chip;
}

bool pc_wiring_create_gsi(struct machine *machine, GError **error)
{
    struct gsi_lines *gsi = &machine->gsi_lines;

    if (machine->chips != NULL) {
        return pc_chips_build(machine, error);
    }
    if (!kvm_pc_setup_irq_routing(machine->kvm, error)) {
        return false;
    }
    gsi->i8259_master = create_i8259(machine, error);
    gsi->i8259_slave = gsi->i8259_master != NULL ? create_i8259(machine, error) : NULL;
    gsi->ioapic =
        gsi->i8259_slave != NULL
            ? pc_builtin_create(machine, "kvm-ioapic", &machine->pci_host->object, "ioapic", error)
            : NULL;
    if (gsi->ioapic == NULL) {
        return false;
    }
    gsi_lines_init(gsi, &machine->board, machine->gsi);
    g_ptr_array_add(machine->devices, gsi->i8259_master);
    g_ptr_array_add(machine->devices, gsi->i8259_slave);
    g_ptr_array_add(machine->devices, gsi->ioapic);
    piix3_connect_isa_irqs(machine->piix3, machine->gsi);
    return true;
}

void pc_wiring_connect_pm(struct machine *machine)
{
    piix4_pm_connect_sci(machine->pm, machine->gsi[SCI_PIN]);
}

void pc_wiring_connect_rtc(struct machine *machine)
{
    mc146818_connect_irq(machine->rtc, machine->chips != NULL ? machine->chips->rtc_input
                                                              : machine->gsi[RTC_PIN]);
}

void pc_wiring_connect_serial(struct machine *machine, struct device *serial)
{
    struct json_object *irq = object_property_get(&serial->object, "irq", NULL);
    struct json_object *index = object_property_get(&serial->object, "index", NULL);
    int64_t pin = json_object_get_int64(irq);

    json_object_put(irq);
    invariant(pin >= 0);
    invariant(pin < ISA_NUM_IRQS);
    isa_serial_connect_irq(serial, machine->gsi[pin]);
    machine->serial_port_mask |= 1u << json_object_get_int64(index);
    json_object_put(index);
}
