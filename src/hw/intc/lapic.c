/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lapic.c - the LAPIC as its CPU sees it: interrupts to take, CR8, IA32_APIC_BASE; reset and life.
 *
 * Registers: lapic_registers.c. Priorities: lapic_priority.c. Own sources and pins: lapic_lvt.c.
 * Messages: lapic_ipi.c. Timer: lapic_timer.c.
 */
#include "hw/intc/lapic.h"

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define SVR_AT_RESET 0xffu
#define EXTINT_ENTRY (APIC_DELIVERY_EXTINT << 8)

/* clang-format off */
#define LAPIC_FIELDS(FIELD, NESTED, T) \
    FIELD(T, base) FIELD(T, timer_origin_ns) FIELD(T, timer_deadline_ns) FIELD(T, tsc_deadline) \
    FIELD(T, id) FIELD(T, ldr) FIELD(T, dfr) FIELD(T, svr) FIELD(T, isr) FIELD(T, tmr) \
    FIELD(T, irr) FIELD(T, icr) FIELD(T, lvt) FIELD(T, initial_count) FIELD(T, timer_count) \
    FIELD(T, divide) FIELD(T, esr) FIELD(T, errors) FIELD(T, tpr) FIELD(T, lint_level) \
    FIELD(T, extint_pending)
/* clang-format on */
STATE_DESCRIBE(lapic_desc, struct lapic_state, LAPIC_FIELDS);

struct lapic *lapic_of(struct device *apic)
{
    return (struct lapic *)(void *)apic;
}

void lapic_connect(struct device *apic, struct apic_bus *bus, const struct lapic_cpu_ops *ops,
                   void *cpu)
{
    struct lapic *lapic = lapic_of(apic);

    lapic->bus = bus;
    lapic->ops = ops;
    lapic->cpu = cpu;
}

/* ---- interrupts to the CPU ---- */

static void tell_cpu(struct lapic *lapic, bool intr)
{
    lapic->intr = intr;
    trace_apic_intr_changed(lapic->initial_id, intr);
    lapic->ops->set_intr(lapic->cpu, intr);
}

static bool has_interrupt(const struct lapic *lapic)
{
    return lapic_has_extint(lapic) || (lapic_is_enabled(lapic) && lapic_deliverable(lapic) >= 0);
}

void lapic_update(struct lapic *lapic)
{
    bool intr = has_interrupt(lapic);

    if (intr != lapic->intr) {
        tell_cpu(lapic, intr);
    }
}

bool lapic_intr(const struct lapic *lapic)
{
    return lapic->intr;
}

/* SDM 10.8: an ExtINT bypasses IRR, ISR and priorities. */
static int take_vector(struct lapic *lapic)
{
    int vector;

    if (lapic_has_extint(lapic) && lapic->bus->pic_acknowledge != NULL) {
        lapic->state.extint_pending = false;
        return lapic->bus->pic_acknowledge(lapic->bus->pic);
    }
    if (!lapic_is_enabled(lapic)) {
        return -1;
    }
    vector = lapic_deliverable(lapic);
    if (vector >= 0) {
        lapic_start_service(lapic, (uint8_t)vector);
    }
    return vector;
}

int lapic_acknowledge(struct lapic *lapic)
{
    int vector = take_vector(lapic);

    if (vector >= 0) {
        trace_apic_acknowledged(lapic->initial_id, (uint8_t)vector);
    }
    lapic_update(lapic);
    return vector;
}

uint8_t lapic_cr8(const struct lapic *lapic)
{
    return lapic->state.tpr >> 4;
}

void lapic_set_cr8(struct lapic *lapic, uint8_t value)
{
    lapic->state.tpr = (uint8_t)(value << 4);
    lapic_update(lapic);
}

/* ---- IA32_APIC_BASE ---- */

uint64_t lapic_base(const struct lapic *lapic)
{
    return lapic->state.base;
}

/* SDM figure 10-27: from the x2APIC mode only to disabled, to it only from xAPIC. */
static bool transition_exists(uint64_t from, uint64_t to)
{
    const uint64_t modes = LAPIC_BASE_ENABLED | LAPIC_BASE_X2APIC;

    from &= modes;
    to &= modes;
    if (to == LAPIC_BASE_X2APIC) {
        return false;
    }
    if (from == modes) {
        return to == modes || to == 0;
    }
    return to != modes || from == LAPIC_BASE_ENABLED;
}

bool lapic_set_base(struct lapic *lapic, uint64_t value)
{
    uint64_t writable = LAPIC_BASE_ADDRESS | LAPIC_BASE_ENABLED | LAPIC_BASE_BSP;
    uint64_t before = lapic->state.base;

    writable |= lapic->x2apic_offered ? LAPIC_BASE_X2APIC : 0;
    if ((value & ~writable) != 0 || !transition_exists(before, value)) {
        return false;
    }
    lapic->state.base = value;
    trace_apic_base_changed(lapic->initial_id, value);
    if ((before & ~value & LAPIC_BASE_ENABLED) != 0) {
        lapic_reset_registers(lapic, false); /* SDM 10.4.3: back on, it is as after power-up */
    }
    if ((value & ~before & LAPIC_BASE_X2APIC) != 0) {
        lapic->state.icr[1] = 0;
    }
    lapic_update(lapic);
    return true;
}

/* ---- life ---- */

static bool is_bootstrap(const struct lapic *lapic)
{
    return lapic->initial_id == 0;
}

void lapic_reset_registers(struct lapic *lapic, bool by_init)
{
    struct lapic_state *state = &lapic->state;
    struct lapic_state fresh = {
        .base = state->base,
        .timer_deadline_ns = UINT64_MAX,
        .id = by_init ? state->id : lapic->initial_id & 0xff,
        .dfr = UINT32_MAX,
        .svr = SVR_AT_RESET,
        .lint_level = { state->lint_level[0], state->lint_level[1] },
    };

    for (unsigned which = 0; which < LAPIC_LVT_COUNT; which++) {
        fresh.lvt[which] = LAPIC_LVT_MASKED;
    }
    if (is_bootstrap(lapic)) {
        /* The virtual wire that firmware leaves behind (MultiProcessor Specification 3.6.2.2). */
        fresh.lvt[LAPIC_LVT_LINT0] = EXTINT_ENTRY;
    }
    *state = fresh;
    lapic_timer_load(lapic);
    lapic_update(lapic);
}

static void lapic_reset(struct device *device)
{
    struct lapic *lapic = lapic_of(device);

    lapic->state.base =
        APIC_WINDOW_GPA | LAPIC_BASE_ENABLED | (is_bootstrap(lapic) ? LAPIC_BASE_BSP : 0);
    lapic_reset_registers(lapic, false);
}

static bool lapic_realize(struct device *device, GError **error)
{
    struct lapic *lapic = lapic_of(device);

    invariant(lapic->bus != NULL);
    invariant(lapic->ops != NULL);
    if (lapic->bus->lapic_count == APIC_BUS_LAPICS_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE, "there can be at most %d APICs",
                    APIC_BUS_LAPICS_MAX);
        return false;
    }
    timer_init(&lapic->timer, device->board->timers, lapic_timer_fired, lapic);
    apic_bus_add_lapic(lapic->bus, lapic);
    lapic_reset(device);
    return true;
}

static void lapic_unrealize(struct device *device)
{
    struct lapic *lapic = lapic_of(device);

    timer_cancel(&lapic->timer);
    apic_bus_remove_lapic(lapic->bus, lapic);
}

static void lapic_after_load(struct device *device)
{
    struct lapic *lapic = lapic_of(device);

    lapic_timer_load(lapic);
    tell_cpu(lapic, has_interrupt(lapic));
}

/* ---- type ---- */

static const struct property_info lapic_properties[] = {
    { .name = "id",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct lapic, initial_id),
      .default_text = "0",
      .fixed_once_realized = true },
    { .name = "x2apic",
      .kind = PROPERTY_BOOL,
      .offset = offsetof(struct lapic, x2apic_offered),
      .default_text = "on",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class lapic_class = {
    .description = "local APIC of a processor",
    .bus_type = "System",
    .realize = lapic_realize,
    .unrealize = lapic_unrealize,
    .reset = lapic_reset,
    .state = &lapic_desc,
    .state_offset = offsetof(struct lapic, state),
    .after_load = lapic_after_load,
};

const struct type_info lapic_type_info = {
    .name = TYPE_APIC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct lapic),
    .properties = lapic_properties,
    .class_methods = &lapic_class,
};
