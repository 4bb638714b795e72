/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_gpe.c - GPE0 and the SCI (ACPI 6.5 §4.8.4): events become status bits, status an interrupt. */
#include "base/bytes.h"
#include "hw/acpi/acpi_regs.h"
#include "hw/core/board.h"
#include "trace/trace.h"

#define GPE_BYTES 4
/* The PM1 events that there are: others may be enabled but never happen. */
#define PM1_SOURCES (ACPI_PM1_TMROF | ACPI_PM1_GBL | ACPI_PM1_PWRBTN | ACPI_PM1_RTC)

STATE_DESCRIBE(acpi_gpe_desc, struct acpi_gpe_state, ACPI_GPE_FIELDS);

void acpi_update_sci(struct acpi_regs *regs)
{
    const struct acpi_pm1_state *pm1 = regs->pm1;
    const struct acpi_gpe_state *gpe = regs->gpe;
    bool level = (pm1->status & pm1->enable & PM1_SOURCES) != 0 || (gpe->status & gpe->enable) != 0;

    trace_acpi_update_sci_enter(pm1->status, pm1->enable, gpe->status, gpe->enable);
    irq_line_set(&regs->sci, level);
    trace_acpi_update_sci_leave(level);
}

void acpi_send_gpe_event(struct acpi_regs *regs, uint16_t status)
{
    trace_acpi_send_gpe_event_enter(status);
    regs->gpe->status |= status;
    acpi_update_sci(regs);
    trace_acpi_send_gpe_event_leave();
}

static uint64_t gpe_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct acpi_regs *regs = opaque;
    uint8_t bytes[GPE_BYTES];
    uint64_t value;

    bytes_store_le16(&bytes[0], regs->gpe->status);
    bytes_store_le16(&bytes[2], regs->gpe->enable);
    value = bytes_load_le(&bytes[offset], size);
    trace_acpi_register_read(offset < 2 ? "gpe0_status" : "gpe0_enable", (uint32_t)value);
    return value;
}

static void gpe_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct acpi_regs *regs = opaque;
    uint8_t bytes[GPE_BYTES] = { 0 };
    uint16_t taken;

    trace_acpi_register_write(offset < 2 ? "gpe0_status" : "gpe0_enable", (uint32_t)value);
    bytes_store_le16(&bytes[2], regs->gpe->enable);
    bytes_store_le(&bytes[offset], value, size);
    taken = regs->gpe->status & bytes_load_le16(&bytes[0]);
    regs->gpe->status = (uint16_t)(regs->gpe->status & ~taken);
    regs->gpe->enable = bytes_load_le16(&bytes[2]);
    acpi_update_sci(regs);
    if (taken != 0) {
        regs->gpe_taken(regs->opaque, taken);
    }
}

static const struct memory_region_ops gpe_ops = {
    .read = gpe_read, .write = gpe_write, .size_min = 1, .size_max = 4
};

void acpi_gpe_init(struct acpi_regs *regs, struct memory_region *ports, uint16_t port)
{
    memory_region_init_io(&regs->gpe0, regs->board->memory, "acpi-gpe0", &gpe_ops, regs, GPE_BYTES);
    memory_region_add_subregion(ports, port, &regs->gpe0);
}

void acpi_gpe_fini(struct acpi_regs *regs, struct memory_region *ports)
{
    memory_region_del_subregion(ports, &regs->gpe0);
    memory_region_fini(&regs->gpe0);
}
