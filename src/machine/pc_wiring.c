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
 * Both 8259s and the IOAPIC are in the kernel; kvm_pc_setup_irq_routing says which GSI reaches which of their pins.
 */
#include <json-c/json.h>

#include "hw/acpi/piix4_pm.h"
#include "hw/char/char_devices.h"
#include "hw/pci/pci.h"
#include "hw/rtc/mc146818.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

#define SCI_PIN 9
#define RTC_PIN 8

/* The device that stands for one of the kernel's 8259s. */
static bool create_i8259(struct machine *machine, const char *iobase, const char *master,
                         GError **error)
{
    struct device *pic = pc_builtin_create(machine, "kvm-i8259", NULL, NULL, error);

    return pic != NULL &&
           object_property_parse(&pic->object, "iobase", iobase, machine->root, error) &&
           object_property_parse(&pic->object, "master", master, machine->root, error) &&
           pc_builtin_realize(machine, pic, machine->isa_bus, error);
}

bool pc_wiring_create_gsi(struct machine *machine, GError **error)
{
    if (!kvm_pc_setup_irq_routing(machine->kvm, error)) {
        return false;
    }
    gsi_lines_init(&machine->gsi_lines, &machine->board, machine->gsi);
    return true;
}

bool pc_wiring_create_chips(struct machine *machine, GError **error)
{
    struct device *ioapic;

    if (!create_i8259(machine, "0x20", "on", error) ||
        !create_i8259(machine, "0xa0", "off", error)) {
        return false;
    }
    ioapic = pc_builtin_create(machine, "kvm-ioapic", &machine->pci_host->object, "ioapic", error);
    return ioapic != NULL && pc_builtin_realize(machine, ioapic, NULL, error);
}

void pc_wiring_connect_piix3(struct machine *machine)
{
    piix3_connect_isa_irqs(machine->piix3, machine->gsi);
}

void pc_wiring_connect_pm(struct machine *machine)
{
    piix4_pm_connect_sci(machine->pm, machine->gsi[SCI_PIN]);
}

void pc_wiring_connect_rtc(struct machine *machine)
{
    mc146818_connect_irq(machine->rtc, machine->gsi[RTC_PIN]);
}

/* A number property; 0 when the device has no such property. */
static uint32_t number_property(const struct device *device, const char *name)
{
    struct json_object *value = object_property_get(&device->object, name, NULL);
    int64_t number = json_object_get_int64(value);

    json_object_put(value);
    return number > 0 && number < ISA_NUM_IRQS ? (uint32_t)number : 0;
}

void pc_wiring_connect_serial(struct machine *machine, struct device *serial)
{
    static const uint32_t pins_by_index[] = { 4, 3, 4, 3 };
    uint32_t pin = number_property(serial, "irq");

    if (pin == 0) {
        pin = pins_by_index[number_property(serial, "index") % G_N_ELEMENTS(pins_by_index)];
    }
    isa_serial_connect_irq(serial, machine->gsi[pin]);
}
