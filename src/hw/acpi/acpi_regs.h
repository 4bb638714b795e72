/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_regs.h - the fixed ACPI hardware (ACPI 6.5 §4.8): PM1 block, PM timer, GPE0, and the SCI that
 * they share.
 *
 *   PM1   +0 status (w1c)  +2 enable  +4 control  +8 timer, 24 bits at 3.579545 MHz
 *   GPE0  +0 status, 2 bytes (w1c)  +2 enable, 2 bytes
 */
#ifndef REPLUG_HW_ACPI_ACPI_REGS_H
#define REPLUG_HW_ACPI_ACPI_REGS_H

#include "clock/timer_queue.h"
#include "hw/core/irq_line.h"
#include "memory/region.h"
#include "state/state.h"

struct board;

#define ACPI_PM_TIMER_HZ 3579545u

#define ACPI_PM1_TMROF      0x0001u
#define ACPI_PM1_GBL        0x0020u
#define ACPI_PM1_PWRBTN     0x0100u
#define ACPI_PM1_RTC        0x0400u
#define ACPI_PM1_SCI_EN     0x0001u /* in control */
#define ACPI_PM1_SLP_EN     0x2000u
#define ACPI_PM1_SLP_TYP(c) ((uint8_t)((c) >> 10 & 7))

struct acpi_pm1_state {
    uint64_t overflow_ticks; /* the count at which TMROF is set next */
    uint16_t status, enable, control;
    uint16_t pad;
};

#define ACPI_PM1_FIELDS(FIELD, NESTED, T) \
    FIELD(T, overflow_ticks) FIELD(T, status) FIELD(T, enable) FIELD(T, control) FIELD(T, pad)
STATE_DECLARE(acpi_pm1_desc, struct acpi_pm1_state);

struct acpi_gpe_state {
    uint16_t status, enable;
};

#define ACPI_GPE_FIELDS(FIELD, NESTED, T) FIELD(T, status) FIELD(T, enable)
STATE_DECLARE(acpi_gpe_desc, struct acpi_gpe_state);

struct acpi_regs {
    struct acpi_pm1_state *pm1; /* these two live in the owner's state struct */
    struct acpi_gpe_state *gpe;
    struct board *board;
    struct irq_line sci;
    struct timer overflow;
    struct memory_region pm1_event, pm1_control, pm_timer, gpe0;
    /* SLP_EN was written; the register reads without it. */
    void (*sleep)(void *opaque, uint8_t type);
    /* The guest has taken events off GPE0, by writing their bits. */
    void (*gpe_taken)(void *opaque, uint16_t events);
    void *opaque;
};

/* ---- acpi_pm1.c ---- */

/* Makes the PM1 regions and maps them into container at their offsets. */
void acpi_pm1_init(struct acpi_regs *regs, struct memory_region *container);
void acpi_pm1_fini(struct acpi_regs *regs, struct memory_region *container);
/* State as at power-up; leaves the SCI to the caller. */
void acpi_pm1_reset(struct acpi_regs *regs);
/* Brings TMROF up to date with the clock and arms the timer for the next overflow. */
void acpi_pm1_sync(struct acpi_regs *regs);
void acpi_pm1_power_button(struct acpi_regs *regs);
void acpi_pm1_set_enabled(struct acpi_regs *regs, bool enabled); /* SCI_EN, as SMI_CMD does */

/* ---- acpi_gpe.c ---- */

void acpi_gpe_init(struct acpi_regs *regs, struct memory_region *ports, uint16_t port);
void acpi_gpe_fini(struct acpi_regs *regs, struct memory_region *ports);

/* Spans, named as the field names the stages. */
void acpi_send_gpe_event(struct acpi_regs *regs, uint16_t status);
/* Sets the line in any case: high while an enabled status bit is set, whatever SCI_EN says. */
void acpi_update_sci(struct acpi_regs *regs);

#endif
