/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intc_internal.h - what the files of src/hw/intc share: the LAPIC's inside, ends of the APIC bus,
 * counting of interrupts. */
#ifndef REPLUG_HW_INTC_INTC_INTERNAL_H
#define REPLUG_HW_INTC_INTC_INTERNAL_H

#include "clock/timer_queue.h"
#include "hw/intc/apic_bus.h"
#include "hw/intc/kvm_irqchip.h"
#include "hw/intc/lapic.h"
#include "state/state.h"

/* Index in lapic_state.lvt: registers 0x320 to 0x370. */
enum lapic_lvt {
    LAPIC_LVT_TIMER,
    LAPIC_LVT_THERMAL,
    LAPIC_LVT_PERFORMANCE,
    LAPIC_LVT_LINT0,
    LAPIC_LVT_LINT1,
    LAPIC_LVT_ERROR,
    LAPIC_LVT_COUNT,
};

#define LAPIC_LVT_VECTOR         0x000000ffu
#define LAPIC_LVT_MODE(entry)    ((entry) >> 8 & 7)
#define LAPIC_LVT_STATUS         0x00001000u
#define LAPIC_LVT_REMOTE_IRR     0x00004000u
#define LAPIC_LVT_LEVEL          0x00008000u
#define LAPIC_LVT_MASKED         0x00010000u
#define LAPIC_TIMER_PERIODIC     0x00020000u
#define LAPIC_TIMER_TSC_DEADLINE 0x00040000u
#define LAPIC_SVR_ENABLED        0x100u
#define LAPIC_SVR_NO_BROADCAST   0x1000u /* EOIs of level interrupts don't go to the IOAPICs */

#define LAPIC_ERROR_SEND_VECTOR    0x20u
#define LAPIC_ERROR_RECEIVE_VECTOR 0x40u
#define LAPIC_ERROR_REGISTER       0x80u
#define LAPIC_VECTOR_MIN           16

struct lapic_state {
    uint64_t base;
    uint64_t timer_origin_ns;   /* when the counter was at timer_count */
    uint64_t timer_deadline_ns; /* UINT64_MAX = nothing to come */
    uint64_t tsc_deadline;
    uint32_t id; /* of xAPIC, 8 bits; x2APIC has the one it was built with */
    uint32_t ldr, dfr, svr;
    uint32_t isr[8], tmr[8], irr[8];
    uint32_t icr[2]; /* low, high */
    uint32_t lvt[LAPIC_LVT_COUNT];
    uint32_t initial_count, timer_count, divide;
    uint32_t esr;
    uint32_t errors; /* since ESR was written */
    uint8_t tpr;
    uint8_t lint_level[2];
    bool extint_pending; /* by message, not by pin */
};

STATE_DECLARE(lapic_desc, struct lapic_state);

struct lapic {
    struct device device;
    struct lapic_state state;
    uint32_t initial_id; /* property */
    bool x2apic_offered; /* property */
    struct apic_bus *bus;
    const struct lapic_cpu_ops *ops;
    void *cpu;
    struct timer timer;
    bool intr; /* what the CPU was told; derived */
};

/* ---- lapic.c ---- */
static inline bool lapic_is_enabled(const struct lapic *lapic)
{
    return (lapic->state.base & LAPIC_BASE_ENABLED) != 0;
}

static inline bool lapic_is_x2apic(const struct lapic *lapic)
{
    return (lapic->state.base & LAPIC_BASE_X2APIC) != 0;
}

static inline bool lapic_is_software_enabled(const struct lapic *lapic)
{
    return (lapic->state.svr & LAPIC_SVR_ENABLED) != 0;
}

/* Tells the CPU whether there is something for it, if that has changed. */
void lapic_update(struct lapic *lapic);
/* Power-up values of all but the base, the pins and (by_init: an INIT) the id. */
void lapic_reset_registers(struct lapic *lapic, bool by_init);

/* ---- lapic_priority.c ---- */
/* A fixed interrupt comes in; false = not accepted. */
bool lapic_set_irq(struct lapic *lapic, uint8_t vector, bool level_triggered);
/* The vector that may interrupt now, -1 = none. */
int lapic_deliverable(const struct lapic *lapic);
uint8_t lapic_ppr(const struct lapic *lapic);
uint8_t lapic_apr(const struct lapic *lapic);
void lapic_start_service(struct lapic *lapic, uint8_t vector);
void lapic_eoi(struct lapic *lapic);

/* ---- lapic_lvt.c ---- */
bool lapic_has_extint(const struct lapic *lapic);
void lapic_deliver_lvt(struct lapic *lapic, enum lapic_lvt which);
void lapic_write_lvt(struct lapic *lapic, enum lapic_lvt which, uint32_t value);
uint32_t lapic_lvt_writable(const struct lapic *lapic, enum lapic_lvt which);
void lapic_mask_lvts(struct lapic *lapic);
/* Level-triggered pins may interrupt again. */
void lapic_lint_eoi(struct lapic *lapic, uint8_t vector);
void lapic_record_error(struct lapic *lapic, uint32_t error);

/* ---- lapic_ipi.c ---- */
void lapic_send_icr(struct lapic *lapic);
void lapic_send_self(struct lapic *lapic, uint8_t vector);
bool lapic_is_destination(const struct lapic *lapic, const struct apic_message *message);
/* A message that names it comes in; false = not accepted. */
bool lapic_receive(struct lapic *lapic, const struct apic_message *message);
uint32_t lapic_x2apic_ldr(const struct lapic *lapic);

/* ---- lapic_registers.c ---- */
void lapic_write_svr(struct lapic *lapic, uint32_t value);

/* ---- lapic_timer.c ---- */
void lapic_timer_fired(void *opaque);
uint32_t lapic_timer_current(const struct lapic *lapic);
void lapic_timer_write_initial(struct lapic *lapic, uint32_t value);
void lapic_timer_write_divide(struct lapic *lapic, uint32_t value);
void lapic_timer_write_lvt(struct lapic *lapic, uint32_t value);
void lapic_timer_load(struct lapic *lapic);

/* ---- apic_bus.c ---- */
void apic_bus_add_lapic(struct apic_bus *bus, struct lapic *lapic);
void apic_bus_remove_lapic(struct apic_bus *bus, struct lapic *lapic);
void apic_bus_add_ioapic(struct apic_bus *bus, struct ioapic *ioapic);
void apic_bus_remove_ioapic(struct apic_bus *bus, struct ioapic *ioapic);

/* ---- ioapic.c ---- */
void ioapic_eoi_broadcast(struct ioapic *ioapic, uint8_t vector);

/* Keeps a pin's level and counts when it rises; gives its count. */
static inline uint64_t irq_statistics_count(struct irq_statistics *statistics, unsigned pin,
                                            int level)
{
    uint32_t bit = 1u << pin;

    if (level != 0 && (statistics->level & bit) == 0) {
        statistics->raised[pin]++;
    }
    statistics->level = level != 0 ? statistics->level | bit : statistics->level & ~bit;
    return statistics->raised[pin];
}

#endif
