/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_pm1.c - the PM1 registers and the PM timer (ACPI 6.5 §4.8.3). */
#include "base/bytes.h"
#include "clock/virtual_clock.h"
#include "hw/acpi/acpi_regs.h"
#include "hw/core/board.h"
#include "trace/trace.h"

#define EVENT_BYTES   4
#define CONTROL_BYTES 2
#define TIMER_BYTES   4
#define TIMER_MASK    0xffffffu
#define HALF_PERIOD   (1ull << 23) /* ticks between two toggles of the top bit */

STATE_DESCRIBE(acpi_pm1_desc, struct acpi_pm1_state, ACPI_PM1_FIELDS);

/* ---- timer ---- */

static uint64_t now_ticks(const struct acpi_regs *regs)
{
    return virtual_clock_ticks(regs->board->clock, ACPI_PM_TIMER_HZ);
}

static uint64_t next_overflow(uint64_t ticks)
{
    return (ticks & ~(HALF_PERIOD - 1)) + HALF_PERIOD;
}

void acpi_pm1_sync(struct acpi_regs *regs)
{
    struct acpi_pm1_state *pm1 = regs->pm1;
    uint64_t ticks = now_ticks(regs);

    if (ticks >= pm1->overflow_ticks) {
        pm1->status |= ACPI_PM1_TMROF;
        trace_acpi_timer_overflowed(pm1->overflow_ticks);
        pm1->overflow_ticks = next_overflow(ticks);
    }
    /* While TMROF is set a further overflow shows nowhere. */
    if ((pm1->enable & ACPI_PM1_TMROF) != 0 && (pm1->status & ACPI_PM1_TMROF) == 0) {
        timer_arm(&regs->overflow,
                  virtual_clock_ns_of_ticks(pm1->overflow_ticks, ACPI_PM_TIMER_HZ));
    } else {
        timer_cancel(&regs->overflow);
    }
}

static void on_overflow(void *opaque)
{
    struct acpi_regs *regs = opaque;

    acpi_pm1_sync(regs);
    acpi_update_sci(regs);
}

static uint64_t timer_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct acpi_regs *regs = opaque;
    uint32_t ticks = (uint32_t)(now_ticks(regs) & TIMER_MASK);

    (void)size; /* the dispatcher cuts what was asked for out of the register */
    (void)offset;
    trace_acpi_register_read("pm_timer", ticks);
    return ticks;
}

static void timer_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    (void)opaque;
    (void)size;
    trace_guest_error("PIIX4_PM", offset, value, "the PM timer is read only: ignored");
}

static const struct memory_region_ops timer_ops = {
    .read = timer_read,
    .write = timer_write,
    .size_min = 4,
    .size_max = 4,
    .reach = MEMORY_REACH_NOTHING,
};

/* ---- status and enable ---- */

static uint64_t event_read(void *opaque, uint64_t offset, unsigned size)
{
    struct acpi_regs *regs = opaque;
    uint8_t bytes[EVENT_BYTES];
    uint64_t value;

    acpi_pm1_sync(regs);
    bytes_store_le16(&bytes[0], regs->pm1->status);
    bytes_store_le16(&bytes[2], regs->pm1->enable);
    value = bytes_load_le(&bytes[offset], size);
    trace_acpi_register_read(offset < 2 ? "pm1_status" : "pm1_enable", (uint32_t)value);
    return value;
}

static void event_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct acpi_regs *regs = opaque;
    uint8_t bytes[EVENT_BYTES] = { 0 };

    trace_acpi_register_write(offset < 2 ? "pm1_status" : "pm1_enable", (uint32_t)value);
    acpi_pm1_sync(regs);
    bytes_store_le16(&bytes[2], regs->pm1->enable);
    bytes_store_le(&bytes[offset], value, size);
    regs->pm1->status &= (uint16_t)~bytes_load_le16(&bytes[0]);
    regs->pm1->enable = bytes_load_le16(&bytes[2]);
    acpi_pm1_sync(regs);
    acpi_update_sci(regs);
}

static const struct memory_region_ops event_ops = {
    .read = event_read, .write = event_write, .size_min = 1, .size_max = 4
};

/* ---- control ---- */

static uint64_t control_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct acpi_regs *regs = opaque;
    uint8_t bytes[CONTROL_BYTES];
    uint64_t value;

    bytes_store_le16(bytes, regs->pm1->control);
    value = bytes_load_le(&bytes[offset], size);
    trace_acpi_register_read("pm1_control", (uint32_t)value);
    return value;
}

static void control_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct acpi_regs *regs = opaque;
    uint8_t bytes[CONTROL_BYTES];
    uint16_t control;

    trace_acpi_register_write("pm1_control", (uint32_t)value);
    bytes_store_le16(bytes, regs->pm1->control);
    bytes_store_le(&bytes[offset], value, size);
    control = bytes_load_le16(bytes);
    regs->pm1->control = (uint16_t)(control & ~ACPI_PM1_SLP_EN);
    if ((control & ACPI_PM1_SLP_EN) != 0) {
        regs->sleep(regs->opaque, ACPI_PM1_SLP_TYP(control));
    }
}

static const struct memory_region_ops control_ops = {
    .read = control_read, .write = control_write, .size_min = 1, .size_max = 2
};

void acpi_pm1_set_enabled(struct acpi_regs *regs, bool enabled)
{
    regs->pm1->control =
        (uint16_t)((regs->pm1->control & ~ACPI_PM1_SCI_EN) | (enabled ? ACPI_PM1_SCI_EN : 0));
    trace_acpi_mode_changed(enabled);
}

void acpi_pm1_power_button(struct acpi_regs *regs)
{
    acpi_pm1_sync(regs);
    regs->pm1->status |= ACPI_PM1_PWRBTN;
    trace_acpi_power_button_pressed();
    acpi_update_sci(regs);
}

/* ---- life ---- */

void acpi_pm1_reset(struct acpi_regs *regs)
{
    *regs->pm1 = (struct acpi_pm1_state){ .overflow_ticks = next_overflow(now_ticks(regs)) };
    acpi_pm1_sync(regs);
}

void acpi_pm1_init(struct acpi_regs *regs, struct memory_region *container)
{
    struct memory_system *memory = regs->board->memory;

    timer_init(&regs->overflow, regs->board->timers, on_overflow, regs);
    memory_region_init_io(&regs->pm1_event, memory, "acpi-evt", &event_ops, regs, EVENT_BYTES);
    memory_region_init_io(&regs->pm1_control, memory, "acpi-cnt", &control_ops, regs,
                          CONTROL_BYTES);
    memory_region_init_io(&regs->pm_timer, memory, "acpi-tmr", &timer_ops, regs, TIMER_BYTES);
    memory_region_add_subregion(container, 0, &regs->pm1_event);
    memory_region_add_subregion(container, 4, &regs->pm1_control);
    memory_region_add_subregion(container, 8, &regs->pm_timer);
}

void acpi_pm1_fini(struct acpi_regs *regs, struct memory_region *container)
{
    timer_cancel(&regs->overflow);
    memory_region_del_subregion(container, &regs->pm_timer);
    memory_region_del_subregion(container, &regs->pm1_control);
    memory_region_del_subregion(container, &regs->pm1_event);
    memory_region_fini(&regs->pm_timer);
    memory_region_fini(&regs->pm1_control);
    memory_region_fini(&regs->pm1_event);
}
