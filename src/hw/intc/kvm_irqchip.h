/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_irqchip.h - the devices that stand for KVM's in-kernel 8259 pair and IOAPIC, and the GSI
 * lines in front of them.
 *
 *   device -> gsi[n]: kvm_pc_gsi_handler -> n < 16: kvm_pic_set_irq    -> board kvm_set_irq
 *                                        -> else:   kvm_ioapic_set_irq -> board kvm_set_irq
 *
 * Each arrow between lines is a qemu_set_irq. For GSI 0 to 15 KVM's default routing reaches both
 * chips, so the PIC handler alone is called. The chips' registers are KVM's (kvm_irqchip_print).
 */
#ifndef REPLUG_HW_INTC_KVM_IRQCHIP_H
#define REPLUG_HW_INTC_KVM_IRQCHIP_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define ISA_NUM_IRQS    16
#define IOAPIC_NUM_PINS 24
#define GSI_NUM_PINS    IOAPIC_NUM_PINS

/* "kvm-i8259": properties "iobase" (0x20 master, 0xa0 slave), "master", "elcr_addr", "elcr_mask". */
extern const struct type_info kvm_i8259_type_info;
extern const struct type_info kvm_ioapic_type_info; /* "kvm-ioapic": property "gsi_base" */

/* Per-line counts as pic_stat_update_irq keeps them: raises (0 to 1) of each pin. */
struct irq_statistics {
    uint64_t raised[GSI_NUM_PINS];
    uint32_t level; /* bit a pin, as last set */
};

struct gsi_lines {
    /* Set before gsi_lines_init: devices of the types above in the tree, not realized yet;
     * borrowed. NULL = not shown to the user. */
    struct device *i8259_master, *i8259_slave, *ioapic;
    /* Set by gsi_lines_init. */
    struct board *board;
    struct irq_line i8259_irq[ISA_NUM_IRQS];     /* kvm_pic_set_irq */
    struct irq_line ioapic_irq[IOAPIC_NUM_PINS]; /* kvm_ioapic_set_irq */
    struct irq_statistics statistics;
};

/*
 * Fills the lines in, gives GSI n's input in out_gsi[n], sets the chips' properties and realizes
 * them. Span kvm_pc_setup_irq_routing is the machine's, kvm_i8259_init is here. gsi stays where it
 * is: the lines point at it.
 */
void gsi_lines_init(struct gsi_lines *gsi, struct board *board,
                    struct irq_line out_gsi[GSI_NUM_PINS]);

/* "info irq": one line a pin that was raised, below the chip that took it. */
void gsi_lines_print_statistics(const struct gsi_lines *gsi, GString *out);

#endif
