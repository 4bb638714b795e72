/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hpet.c - the high precision event timers (IA-PC HPET Specification 1.0a, chapter 2).
 *
 *   000  capabilities and id   010  configuration   020  interrupt status (w1c)   0f0  main counter
 *   100 + 20n  configuration of timer n   108 + 20n  comparator   110 + 20n  FSB route
 *
 * The counter follows from the virtual clock. A timer has looked at it until seen; a match in
 * (seen, now] is served when somebody looks, and a virtual timer is armed for the next one that has
 * to interrupt. An edge-triggered output stays high until its next edge.
 */
#include "hw/timer/hpet.h"

#include "base/invariant.h"
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "hw/core/board.h"
#include "memory/address_space.h"
#include "memory/region.h"
#include "state/state.h"
#include "trace/trace.h"

enum hpet_register {
    REGISTER_CAPABILITIES = 0x000,
    REGISTER_CONFIG = 0x010,
    REGISTER_STATUS = 0x020,
    REGISTER_COUNTER = 0x0f0,
    REGISTER_TIMERS = 0x100,
    REGISTER_TIMER_CONFIG = 0x00, /* of a timer's 0x20 bytes */
    REGISTER_TIMER_COMPARATOR = 0x08,
    REGISTER_TIMER_FSB = 0x10,
};

#define TIMER_STRIDE      0x20u
#define FEMTOSECONDS      (HPET_TICK_NS * 1000000ull)
#define CAPABILITIES      (FEMTOSECONDS << 32 | HPET_EVENT_TIMER_BLOCK_ID)
#define CONFIG_ENABLED    0x1u
#define CONFIG_LEGACY     0x2u
#define TIMER_LEVEL       0x2ull
#define TIMER_INTERRUPTS  0x4ull
#define TIMER_PERIODIC    0x8ull
#define TIMER_PERIODIC_OK 0x10ull
#define TIMER_64_BIT_OK   0x20ull
#define TIMER_VALUE_SET   0x40ull
#define TIMER_32_BIT      0x100ull
#define TIMER_ROUTE       0x3e00ull
#define TIMER_FSB         0x4000ull
#define TIMER_FSB_OK      0x8000ull
#define ROUTE(config)     ((unsigned)((config) >> 9 & 0x1f))
#define LEGACY_GSI_TIMER0 0u
#define LEGACY_GSI_RTC    8u
#define NEVER             UINT64_MAX

struct hpet_timer_state {
    uint64_t config;
    uint64_t comparator;
    uint64_t period; /* what software wrote to the comparator last, in periodic mode */
    uint64_t fsb;    /* data, address */
    uint64_t seen;
    uint64_t deadline_ns;
    bool raised;
    uint8_t raised_gsi;
    uint8_t pad[6];
};

/* clang-format off */
#define HPET_TIMER_FIELDS(FIELD, NESTED, T) \
    FIELD(T, config) FIELD(T, comparator) FIELD(T, period) FIELD(T, fsb) FIELD(T, seen) \
    FIELD(T, deadline_ns) FIELD(T, raised) FIELD(T, raised_gsi) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(hpet_timer_desc, struct hpet_timer_state);
STATE_DESCRIBE(hpet_timer_desc, struct hpet_timer_state, HPET_TIMER_FIELDS);

struct hpet_state {
    struct hpet_timer_state timers[HPET_TIMER_COUNT];
    uint64_t counter;   /* at origin_ns; while halted, for good */
    uint64_t origin_ns; /* when it was enabled */
    uint32_t config;
    uint32_t status;
    bool rtc_level;
    uint8_t pad[7];
};

/* clang-format off */
#define HPET_FIELDS(FIELD, NESTED, T) \
    NESTED(T, timers, hpet_timer_desc) FIELD(T, counter) FIELD(T, origin_ns) FIELD(T, config) \
    FIELD(T, status) FIELD(T, rtc_level) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(hpet_desc, struct hpet_state);
STATE_DESCRIBE(hpet_desc, struct hpet_state, HPET_FIELDS);

struct hpet;

struct hpet_timer {
    struct hpet *hpet;
    unsigned index;
    struct timer timer;
};

struct hpet {
    struct device device;
    struct hpet_state state;
    uint32_t routes; /* properties */
    bool fsb_offered;
    struct irq_line gsi[HPET_GSI_COUNT];
    struct irq_line pit_control;
    struct memory_region mmio;
    struct hpet_timer timers[HPET_TIMER_COUNT];
};

static struct hpet *as_hpet(struct device *device)
{
    return (struct hpet *)(void *)device;
}

/* ---- pure helpers on state ---- */

static bool is_enabled(const struct hpet_state *state)
{
    return (state->config & CONFIG_ENABLED) != 0;
}

static bool is_legacy(const struct hpet_state *state)
{
    return (state->config & (CONFIG_ENABLED | CONFIG_LEGACY)) == (CONFIG_ENABLED | CONFIG_LEGACY);
}

static uint64_t counter_at(const struct hpet_state *state, uint64_t now_ns)
{
    return is_enabled(state) ? state->counter + (now_ns - state->origin_ns) / HPET_TICK_NS
                             : state->counter;
}

static uint64_t width_mask(const struct hpet_timer_state *timer)
{
    return (timer->config & TIMER_32_BIT) != 0 ? UINT32_MAX : UINT64_MAX;
}

static bool is_periodic(const struct hpet_timer_state *timer)
{
    return (timer->config & TIMER_PERIODIC) != 0 && timer->period != 0;
}

/* Ticks from seen to the next match, 1 to 2^width; 0 = 2^64. */
static uint64_t ticks_to_match(const struct hpet_timer_state *timer)
{
    uint64_t ticks = (timer->comparator - timer->seen) & width_mask(timer);

    return ticks == 0 ? width_mask(timer) + 1 : ticks;
}

/* Looks at the counter: has it passed the comparator since? A periodic one goes ahead. */
static bool has_matched(struct hpet_timer_state *timer, uint64_t counter)
{
    uint64_t elapsed = counter - timer->seen, ticks = ticks_to_match(timer);

    timer->seen = counter;
    if (ticks == 0 || elapsed < ticks) {
        return false;
    }
    if (is_periodic(timer)) {
        timer->comparator += ((elapsed - ticks) / timer->period + 1) * timer->period;
        timer->comparator &= width_mask(timer);
    }
    return true;
}

static uint64_t merge(uint64_t old, uint64_t value, uint64_t mask)
{
    return (old & ~mask) | (value & mask);
}

/* ---- outputs ---- */

static unsigned gsi_of(const struct hpet *hpet, unsigned index)
{
    if (is_legacy(&hpet->state) && index == 0) {
        return LEGACY_GSI_TIMER0;
    }
    if (is_legacy(&hpet->state) && index == 1) {
        return LEGACY_GSI_RTC;
    }
    return ROUTE(hpet->state.timers[index].config);
}

static void lower(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    if (timer->raised) {
        timer->raised = false;
        irq_line_lower(&hpet->gsi[timer->raised_gsi]);
    }
}

static void raise_gsi(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    timer->raised = true;
    timer->raised_gsi = (uint8_t)gsi_of(hpet, index);
    irq_line_raise(&hpet->gsi[timer->raised_gsi]);
}

static void interrupt(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    if ((timer->config & TIMER_INTERRUPTS) == 0) {
        return;
    }
    trace_hpet_timer_matched(index, timer->comparator);
    if ((timer->config & TIMER_FSB) != 0) {
        address_space_store(hpet->device.board->memory_space, timer->fsb >> 32,
                            (uint32_t)timer->fsb, 4);
    } else if ((timer->config & TIMER_LEVEL) != 0) {
        hpet->state.status |= 1u << index;
        if (!timer->raised) {
            raise_gsi(hpet, index);
        }
    } else {
        lower(hpet, index);
        raise_gsi(hpet, index);
    }
}

/* ---- time ---- */

static uint64_t now_ns_of(const struct hpet *hpet)
{
    return virtual_clock_now_ns(hpet->device.board->clock);
}

static uint64_t next_deadline_ns(const struct hpet_state *state,
                                 const struct hpet_timer_state *timer)
{
    uint64_t ticks = ticks_to_match(timer);
    /* seen may be a tick before the counter's origin: the sum wraps to what is meant. */
    uint64_t since_origin = timer->seen - state->counter + ticks;

    if (!is_enabled(state) || (timer->config & TIMER_INTERRUPTS) == 0 || ticks == 0 ||
        ticks > NEVER / HPET_TICK_NS / 4 || since_origin > NEVER / HPET_TICK_NS / 2) {
        return NEVER;
    }
    return state->origin_ns + since_origin * HPET_TICK_NS;
}

static void arm(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    if (timer->deadline_ns == NEVER) {
        timer_cancel(&hpet->timers[index].timer);
    } else {
        timer_arm(&hpet->timers[index].timer, timer->deadline_ns);
    }
}

static void rearm(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    timer->deadline_ns = next_deadline_ns(&hpet->state, timer);
    arm(hpet, index);
}

/* Serves what has matched until now: before a register is read or changed. */
static void catch_up(struct hpet *hpet, unsigned index)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    if (is_enabled(&hpet->state) && has_matched(timer, counter_at(&hpet->state, now_ns_of(hpet)))) {
        interrupt(hpet, index);
    }
}

static void timer_fired(void *opaque)
{
    struct hpet_timer *timer = opaque;

    catch_up(timer->hpet, timer->index);
    rearm(timer->hpet, timer->index);
}

/* A comparator or the counter was set: one that equals the counter matches at once. */
static void look_afresh(struct hpet *hpet, unsigned index)
{
    hpet->state.timers[index].seen = counter_at(&hpet->state, now_ns_of(hpet)) - 1;
}

/* ---- registers: 64 bits, of which mask is accessed ---- */

static void write_config(struct hpet *hpet, uint64_t value, uint64_t mask)
{
    struct hpet_state *state = &hpet->state;
    uint64_t now_ns = now_ns_of(hpet);
    bool was_legacy = is_legacy(state);
    uint64_t counter = counter_at(state, now_ns);
    uint32_t config =
        (uint32_t)merge(state->config, value, mask & (CONFIG_ENABLED | CONFIG_LEGACY));

    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        catch_up(hpet, i);
        if (((state->config ^ config) & CONFIG_LEGACY) != 0 || (config & CONFIG_ENABLED) == 0) {
            lower(hpet, i); /* before it means another GSI */
        }
    }
    state->counter = counter;
    state->origin_ns = now_ns;
    state->config = config;
    trace_hpet_configured(config, counter);
    if (was_legacy != is_legacy(state)) {
        irq_line_set(&hpet->pit_control, is_legacy(state));
        irq_line_set(&hpet->gsi[LEGACY_GSI_RTC], !is_legacy(state) && state->rtc_level);
    }
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        if (is_enabled(state) && (state->status >> i & 1) != 0 && !state->timers[i].raised) {
            raise_gsi(hpet, i);
        }
        rearm(hpet, i);
    }
}

static void write_status(struct hpet *hpet, uint64_t value)
{
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        if ((value & hpet->state.status >> i << i & 1ull << i) != 0) {
            hpet->state.status &= ~(1u << i);
            lower(hpet, i);
        }
    }
}

static void write_counter(struct hpet *hpet, uint64_t value, uint64_t mask)
{
    if (is_enabled(&hpet->state)) {
        trace_guest_error(TYPE_HPET, REGISTER_COUNTER, value, "the counter is running: dropped");
        return;
    }
    hpet->state.counter = merge(hpet->state.counter, value, mask);
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        look_afresh(hpet, i);
    }
}

static uint64_t timer_writable(const struct hpet *hpet)
{
    return TIMER_LEVEL | TIMER_INTERRUPTS | TIMER_PERIODIC | TIMER_VALUE_SET | TIMER_32_BIT |
           TIMER_ROUTE | (hpet->fsb_offered ? TIMER_FSB : 0);
}

static void write_timer_config(struct hpet *hpet, unsigned index, uint64_t value, uint64_t mask)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];
    uint64_t config = merge(timer->config, value, mask & timer_writable(hpet));

    if ((hpet->routes >> ROUTE(config) & 1) == 0) {
        config = merge(config, timer->config, TIMER_ROUTE); /* a route that is none: reads back */
    }
    if (((timer->config ^ config) & (TIMER_LEVEL | TIMER_INTERRUPTS | TIMER_ROUTE | TIMER_FSB)) !=
        0) {
        lower(hpet, index);
        hpet->state.status &= ~(1u << index);
    }
    timer->config = config;
    timer->comparator &= width_mask(timer);
    timer->period &= width_mask(timer);
}

/* Spec 2.3.9.2.2: in periodic mode a write is the period, and with VAL_SET the next match too. */
static void write_comparator(struct hpet *hpet, unsigned index, uint64_t value, uint64_t mask)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    mask &= width_mask(timer);
    if ((timer->config & TIMER_PERIODIC) == 0 || (timer->config & TIMER_VALUE_SET) != 0) {
        timer->comparator = merge(timer->comparator, value, mask);
        look_afresh(hpet, index);
    }
    if ((timer->config & TIMER_PERIODIC) != 0) {
        timer->period = merge(timer->period, value, mask);
    }
    timer->config &= ~TIMER_VALUE_SET;
}

static void write_timer(struct hpet *hpet, unsigned index, uint64_t at, uint64_t value,
                        uint64_t mask)
{
    struct hpet_timer_state *timer = &hpet->state.timers[index];

    catch_up(hpet, index);
    switch (at) {
    case REGISTER_TIMER_CONFIG: write_timer_config(hpet, index, value, mask); break;
    case REGISTER_TIMER_COMPARATOR: write_comparator(hpet, index, value, mask); break;
    case REGISTER_TIMER_FSB: timer->fsb = merge(timer->fsb, value, mask); break;
    default: trace_guest_error(TYPE_HPET, at, value, "no register there: dropped"); return;
    }
    rearm(hpet, index);
}

static uint64_t read_timer(struct hpet *hpet, unsigned index, uint64_t at)
{
    const struct hpet_timer_state *timer = &hpet->state.timers[index];

    switch (at) {
    case REGISTER_TIMER_CONFIG:
        return timer->config | TIMER_PERIODIC_OK | TIMER_64_BIT_OK |
               (hpet->fsb_offered ? TIMER_FSB_OK : 0) | (uint64_t)hpet->routes << 32;
    case REGISTER_TIMER_COMPARATOR:
        catch_up(hpet, index);
        rearm(hpet, index);
        return timer->comparator;
    case REGISTER_TIMER_FSB: return timer->fsb;
    default: trace_guest_error(TYPE_HPET, at, 0, "no register there: zero"); return 0;
    }
}

static uint64_t read_register(struct hpet *hpet, uint64_t at)
{
    if (at >= REGISTER_TIMERS && at < REGISTER_TIMERS + HPET_TIMER_COUNT * TIMER_STRIDE) {
        return read_timer(hpet, (unsigned)((at - REGISTER_TIMERS) / TIMER_STRIDE),
                          at % TIMER_STRIDE);
    }
    switch (at) {
    case REGISTER_CAPABILITIES: return CAPABILITIES;
    case REGISTER_CONFIG: return hpet->state.config;
    case REGISTER_STATUS: return hpet->state.status;
    case REGISTER_COUNTER: return counter_at(&hpet->state, now_ns_of(hpet));
    default: trace_guest_error(TYPE_HPET, at, 0, "no register there: zero"); return 0;
    }
}

static void write_register(struct hpet *hpet, uint64_t at, uint64_t value, uint64_t mask)
{
    if (at >= REGISTER_TIMERS && at < REGISTER_TIMERS + HPET_TIMER_COUNT * TIMER_STRIDE) {
        write_timer(hpet, (unsigned)((at - REGISTER_TIMERS) / TIMER_STRIDE), at % TIMER_STRIDE,
                    value, mask);
        return;
    }
    switch (at) {
    case REGISTER_CONFIG: write_config(hpet, value, mask); break;
    case REGISTER_STATUS: write_status(hpet, value & mask); break;
    case REGISTER_COUNTER: write_counter(hpet, value, mask); break;
    default: trace_guest_error(TYPE_HPET, at, value, "no register to write there: dropped"); break;
    }
}

static uint64_t hpet_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)size; /* the dispatcher takes the low size bytes */
    return read_register(opaque, offset & ~7ull) >> (offset & 4) * 8;
}

static void hpet_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    unsigned shift = (unsigned)(offset & 4) * 8;
    uint64_t mask = size == 8 ? UINT64_MAX : 0xffffffffull << shift;

    write_register(opaque, offset & ~7ull, value << shift, mask);
}

static const struct memory_region_ops hpet_ops = {
    .read = hpet_read,
    .write = hpet_write,
    .size_min = 4,
    .size_max = 8,
};

/* ---- wiring ---- */

static void rtc_input(void *sink, unsigned pin, int level)
{
    struct hpet *hpet = sink;

    (void)pin;
    hpet->state.rtc_level = level != 0;
    if (!is_legacy(&hpet->state)) {
        irq_line_set(&hpet->gsi[LEGACY_GSI_RTC], level);
    }
}

struct irq_line hpet_rtc_input(struct device *device)
{
    return (struct irq_line){ .set = rtc_input, .sink = as_hpet(device), .pin = 0 };
}

void hpet_connect(struct device *device, const struct irq_line *gsi, unsigned count,
                  struct irq_line pit_control)
{
    struct hpet *hpet = as_hpet(device);

    invariant(count <= HPET_GSI_COUNT);
    for (unsigned i = 0; i < count; i++) {
        hpet->gsi[i] = gsi[i];
    }
    hpet->pit_control = pit_control;
}

/* ---- life ---- */

static void hpet_reset(struct device *device)
{
    struct hpet *hpet = as_hpet(device);

    write_config(hpet, 0, UINT64_MAX); /* lets the lines and the 8254 go */
    hpet->state = (struct hpet_state){ .rtc_level = hpet->state.rtc_level };
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        hpet->state.timers[i] =
            (struct hpet_timer_state){ .comparator = UINT64_MAX, .deadline_ns = NEVER };
    }
}

static bool hpet_realize(struct device *device, GError **error)
{
    struct hpet *hpet = as_hpet(device);
    const struct board *board = device->board;

    (void)error; /* nothing of it can fail */
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        hpet->timers[i].hpet = hpet;
        hpet->timers[i].index = i;
        timer_init(&hpet->timers[i].timer, board->timers, timer_fired, &hpet->timers[i]);
    }
    memory_region_init_io(&hpet->mmio, board->memory, TYPE_HPET, &hpet_ops, hpet, HPET_BYTES);
    memory_region_add_subregion(board->system_memory, HPET_BASE_GPA, &hpet->mmio);
    hpet_reset(device);
    return true;
}

static void hpet_unrealize(struct device *device)
{
    struct hpet *hpet = as_hpet(device);

    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        timer_cancel(&hpet->timers[i].timer);
    }
    memory_region_del_subregion(device->board->system_memory, &hpet->mmio);
    memory_region_fini(&hpet->mmio);
}

static void hpet_after_load(struct device *device)
{
    for (unsigned i = 0; i < HPET_TIMER_COUNT; i++) {
        arm(as_hpet(device), i);
    }
}

/* ---- type ---- */

static const struct property_info hpet_properties[] = {
    { .name = "hpet-intcap",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct hpet, routes),
      .default_text = "0x4",
      .fixed_once_realized = true },
    { .name = "msi",
      .kind = PROPERTY_BOOL,
      .offset = offsetof(struct hpet, fsb_offered),
      .default_text = "off",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class hpet_class = {
    .description = "high precision event timers",
    .bus_type = "System",
    .realize = hpet_realize,
    .unrealize = hpet_unrealize,
    .reset = hpet_reset,
    .state = &hpet_desc,
    .state_offset = offsetof(struct hpet, state),
    .after_load = hpet_after_load,
};

const struct type_info hpet_type_info = {
    .name = TYPE_HPET,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct hpet),
    .properties = hpet_properties,
    .class_methods = &hpet_class,
};
