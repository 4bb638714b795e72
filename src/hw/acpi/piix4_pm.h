/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * piix4_pm.h - "PIIX4_PM" (82371AB function 3): PCI function, hotplug handler and ACPI device at
 * once.
 *
 *   port 0xb000  PMBASE as firmware would set it, enabled by PMREGMISC
 *     +0 PM1a_EVT status (w1c), +2 enable; +4 PM1a_CNT; +8 PM timer, 24 bits at 3.579545 MHz
 *   port 0xafe0  GPE0: status 2 bytes (w1c), enable 2 bytes (where QEMU's PIIX4 has it)
 *   port 0xb2    SMI_CMD: 0xf1 enables ACPI (SCI_EN), 0xf0 disables it
 *   port 0xae00  PCI hotplug register block, 24 bytes (hw/acpi/pci_hotplug.h)
 *   port 0x0a00  memory hotplug register block, 24 bytes (hw/acpi/memory_hotplug.h)
 *   port 0xaf00  CPU hotplug register block, 12 bytes (hw/acpi/cpu_hotplug.h)
 *
 * SCI is ISA pin 9, level triggered.
 */
#ifndef REPLUG_HW_ACPI_PIIX4_PM_H
#define REPLUG_HW_ACPI_PIIX4_PM_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_PIIX4_PM "PIIX4_PM"

extern const struct type_info piix4_pm_type_info;

/* Wiring: where the SCI goes. Before realize. */
void piix4_pm_connect_sci(struct device *pm, struct irq_line sci);

/* How many DIMM slots the register block shows (0 = none; at most 256). Before realize. */
void piix4_pm_set_memory_slots(struct device *pm, uint32_t slots);

/* The next processor that there may be, cpu if it is there from the start, else NULL. Before
 * realize; without any there is no register block. */
void piix4_pm_add_cpu(struct device *pm, uint32_t apic_id, struct device *cpu);

/* system_powerdown: sets PWRBTN_STS and raises the SCI if enabled. */
void piix4_pm_power_button(struct device *pm);

#endif
