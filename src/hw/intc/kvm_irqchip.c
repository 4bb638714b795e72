/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_irqchip.c - GSI lines in front of KVM's interrupt controllers, their statistics, and the
 * device types under which users find the chips.
 *
 * The registers live in the kernel (Documentation/virt/kvm/api, KVM_CREATE_IRQCHIP, KVM_IRQ_LINE):
 * these devices have no state and no ports of their own.
 */
#include "hw/intc/kvm_irqchip.h"

#include <inttypes.h>

#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define I8259_MASTER_IOBASE    0x20
#define I8259_SLAVE_IOBASE     0xa0
#define I8259_MASTER_ELCR_ADDR 0x4d0 /* 82371SB, ELCR1: edge or level of IRQ 0 to 7 */
#define I8259_SLAVE_ELCR_ADDR  0x4d1
#define I8259_MASTER_ELCR_MASK 0xf8 /* IRQ 0, 1, 2 are edge triggered for good */
#define I8259_SLAVE_ELCR_MASK  0xde /* so are 8 and 13 */

struct kvm_i8259 {
    struct device device;
    uint32_t iobase;
    uint32_t elcr_addr;
    uint8_t elcr_mask;
    bool master;
};

struct kvm_ioapic {
    struct device device;
    uint32_t gsi_base;
};

/* ---- levels on their way to KVM ---- */

static void set_in_kvm(const struct gsi_lines *gsi, unsigned pin, int level)
{
    const struct board_ops *ops = gsi->board->ops;

    if (ops->kvm_set_irq != NULL) {
        ops->kvm_set_irq(gsi->board->opaque, pin, level);
    }
}

static void kvm_pic_set_irq(void *sink, unsigned pin, int level)
{
    struct gsi_lines *gsi = sink;
    uint64_t raised_count = irq_statistics_count(&gsi->statistics, pin, level);

    trace_kvm_pic_set_irq_enter(pin, level);
    trace_pic_stat_update_irq(pin, level, raised_count);
    set_in_kvm(gsi, pin, level);
    trace_kvm_pic_set_irq_leave();
}

static void kvm_ioapic_set_irq(void *sink, unsigned pin, int level)
{
    struct gsi_lines *gsi = sink;
    uint64_t raised_count = irq_statistics_count(&gsi->statistics, pin, level);

    trace_kvm_ioapic_set_irq_enter(pin, level);
    trace_ioapic_stat_update_irq(pin, level, raised_count);
    set_in_kvm(gsi, pin, level);
    trace_kvm_ioapic_set_irq_leave();
}

static void kvm_pc_gsi_handler(void *sink, unsigned pin, int level)
{
    struct gsi_lines *gsi = sink;

    trace_kvm_pc_gsi_handler_enter(pin, level);
    irq_line_set(pin < ISA_NUM_IRQS ? &gsi->i8259_irq[pin] : &gsi->ioapic_irq[pin], level);
    trace_kvm_pc_gsi_handler_leave();
}

/* ---- wiring ---- */

static void qemu_allocate_irqs(struct irq_line *lines, unsigned count, irq_set_fn set,
                               const char *name, struct gsi_lines *sink)
{
    trace_qemu_allocate_irqs_enter(name, count);
    for (unsigned i = 0; i < count; i++) {
        lines[i] = (struct irq_line){ .set = set, .sink = sink, .pin = i };
    }
    trace_qemu_allocate_irqs_leave();
}

static void chip_realize(struct device *chip)
{
    bool ok = device_set_realized(chip, true, NULL);

    invariant(ok); /* Neither type has anything that could fail. */
}

static void i8259_init_chip(struct device *device, bool master)
{
    struct kvm_i8259 *chip = (struct kvm_i8259 *)(void *)device;
    uint32_t iobase = master ? I8259_MASTER_IOBASE : I8259_SLAVE_IOBASE;

    trace_i8259_init_chip_enter(master, iobase);
    if (chip != NULL) {
        chip->master = master;
        chip->iobase = iobase;
        chip->elcr_addr = master ? I8259_MASTER_ELCR_ADDR : I8259_SLAVE_ELCR_ADDR;
        chip->elcr_mask = master ? I8259_MASTER_ELCR_MASK : I8259_SLAVE_ELCR_MASK;
        chip_realize(device);
    }
    trace_i8259_init_chip_leave();
}

static void kvm_i8259_init(struct gsi_lines *gsi)
{
    trace_kvm_i8259_init_enter();
    i8259_init_chip(gsi->i8259_master, true);
    i8259_init_chip(gsi->i8259_slave, false);
    qemu_allocate_irqs(gsi->i8259_irq, ISA_NUM_IRQS, kvm_pic_set_irq, "kvm_pic_set_irq", gsi);
    trace_kvm_i8259_init_leave();
}

void gsi_lines_init(struct gsi_lines *gsi, struct board *board,
                    struct irq_line out_gsi[GSI_NUM_PINS])
{
    gsi->board = board;
    gsi->statistics = (struct irq_statistics){ .level = 0 };
    qemu_allocate_irqs(out_gsi, GSI_NUM_PINS, kvm_pc_gsi_handler, "kvm_pc_gsi_handler", gsi);
    kvm_i8259_init(gsi);
    if (gsi->ioapic != NULL) {
        chip_realize(gsi->ioapic);
    }
    qemu_allocate_irqs(gsi->ioapic_irq, IOAPIC_NUM_PINS, kvm_ioapic_set_irq, "kvm_ioapic_set_irq",
                       gsi);
}

static void print_range(const struct irq_statistics *statistics, unsigned first, unsigned end,
                        GString *out)
{
    for (unsigned pin = first; pin < end; pin++) {
        if (statistics->raised[pin] != 0) {
            g_string_append_printf(out, "%2u: %" PRIu64 "\n", pin, statistics->raised[pin]);
        }
    }
}

void gsi_lines_print_statistics(const struct gsi_lines *gsi, GString *out)
{
    g_string_append(out, "IRQ statistics for kvm-ioapic:\n");
    print_range(&gsi->statistics, ISA_NUM_IRQS, GSI_NUM_PINS, out);
    g_string_append(out, "IRQ statistics for kvm-i8259:\n");
    print_range(&gsi->statistics, 0, ISA_NUM_IRQS, out);
}

/* ---- types ---- */

#define I8259_AT(field) .offset = offsetof(struct kvm_i8259, field)

static const struct property_info kvm_i8259_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      I8259_AT(iobase),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "elcr_addr",
      .kind = PROPERTY_UINT32,
      I8259_AT(elcr_addr),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "elcr_mask",
      .kind = PROPERTY_UINT8,
      I8259_AT(elcr_mask),
      .default_text = "0xff",
      .fixed_once_realized = true },
    { .name = "master",
      .kind = PROPERTY_BOOL,
      I8259_AT(master),
      .default_text = "off",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class kvm_i8259_class = {
    .description = "8259 interrupt controller in the kernel",
    .bus_type = "ISA",
};

const struct type_info kvm_i8259_type_info = {
    .name = "kvm-i8259",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct kvm_i8259),
    .properties = kvm_i8259_properties,
    .class_methods = &kvm_i8259_class,
};

static const struct property_info kvm_ioapic_properties[] = {
    { .name = "gsi_base",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct kvm_ioapic, gsi_base),
      .default_text = "0",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class kvm_ioapic_class = {
    .description = "IOAPIC in the kernel",
    .bus_type = "System",
};

const struct type_info kvm_ioapic_type_info = {
    .name = "kvm-ioapic",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct kvm_ioapic),
    .properties = kvm_ioapic_properties,
    .class_methods = &kvm_ioapic_class,
};
