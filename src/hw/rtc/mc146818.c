/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mc146818.c - the real-time clock and CMOS RAM of a PC (Motorola MC146818A datasheet).
 *
 *   port iobase      w: bits 0-6 index, bit 7 masks NMI     r: all-ones
 *   port iobase + 1  the register
 *
 *   00-09  time and alarm    0a  A: UIP, divider, rate      0b  B: SET PIE AIE UIE SQWE DM 24/12 DSE
 *   32     century           0c  C: IRQF PF AF UF (r clears)   0d  D: VRT       the rest: RAM
 *
 * While the clock updates, its time follows from the virtual clock; while it stands (SET, divider
 * held), the registers are the time. Flags of C are brought up to date when somebody looks, and a
 * timer is armed only for an interrupt that is enabled and not raised yet. Its deadline follows
 * from the state, so it is not kept there.
 */
#include "hw/rtc/mc146818.h"

#include "base/error.h"
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "hw/core/board.h"
#include "hw/rtc/rtc_internal.h"
#include "memory/region.h"
#include "state/state.h"
#include "trace/trace.h"

#define A_UIP          0x80
#define A_DIVIDER      0x70
#define A_DIVIDER_LAST 0x20 /* 0x00 to 0x20 divide, 0x60 and 0x70 hold the divider in reset */
#define A_RATE         0x0f
#define A_AT_POWER_UP  0x26 /* 32.768 kHz, 1024 Hz */
#define B_SQWE         0x08
#define B_AT_POWER_UP  RTC_B_24H
#define C_IRQF         0x80
#define C_PF           0x40
#define C_AF           0x20
#define C_UF           0x10
#define C_SOURCES      (C_PF | C_AF | C_UF) /* in the places of PIE, AIE, UIE in B */
#define D_VRT          0x80

#define NS_PER_SECOND   1000000000ll
#define CRYSTAL_HZ      32768
#define UIP_NS          244140 /* how long UIP announces an update (datasheet: tBUC, 244 us) */
#define FIRST_UPDATE_NS (NS_PER_SECOND / 2) /* after the divider is let go */
#define NMI_MASK        0x80
#define ISA_IRQ_MAX     15

struct mc146818_state {
    int64_t base_seconds; /* since 1970, at origin_ns; while the clock updates */
    int64_t origin_ns;    /* where the divider's seconds begin */
    uint64_t seen_ns;     /* register C is up to date until here */
    uint8_t cmos[CMOS_BYTES];
    uint8_t index;
    uint8_t weekday_offset;
    bool nmi_masked;
    bool irq_raised;
    uint8_t pad[4];
};

/* clang-format off */
#define MC146818_FIELDS(FIELD, NESTED, T) \
    FIELD(T, base_seconds) FIELD(T, origin_ns) FIELD(T, seen_ns) FIELD(T, cmos) FIELD(T, index) \
    FIELD(T, weekday_offset) FIELD(T, nmi_masked) FIELD(T, irq_raised) FIELD(T, pad)
/* clang-format on */
STATE_DESCRIBE(mc146818_desc, struct mc146818_state, MC146818_FIELDS);

struct mc146818 {
    struct device device;
    struct mc146818_state state;
    uint16_t iobase; /* properties */
    uint8_t irq;
    struct irq_line line;
    struct memory_region io;
    struct timer timer;
};

static struct mc146818 *as_rtc(struct device *device)
{
    return (struct mc146818 *)(void *)device;
}

/* ---- pure helpers on state; all times are virtual ---- */

static bool is_dividing(const struct mc146818_state *state)
{
    return (state->cmos[RTC_A] & A_DIVIDER) <= A_DIVIDER_LAST;
}

static bool is_updating(const struct mc146818_state *state)
{
    return is_dividing(state) && (state->cmos[RTC_B] & RTC_B_SET) == 0;
}

/* What the clock shows at a time while it updates. */
static int64_t shown_seconds(const struct mc146818_state *state, uint64_t at_ns)
{
    return state->base_seconds + ((int64_t)at_ns - state->origin_ns) / NS_PER_SECOND;
}

/* When it begins to show it. */
static int64_t ns_of_second(const struct mc146818_state *state, int64_t seconds)
{
    return state->origin_ns + (seconds - state->base_seconds) * NS_PER_SECOND;
}

/* Crystal ticks between two periodic interrupts, 0 = none (datasheet table 5). */
static int64_t period_ticks(const struct mc146818_state *state)
{
    unsigned rate = state->cmos[RTC_A] & A_RATE;

    if (rate == 0 || !is_dividing(state)) {
        return 0;
    }
    return 1 << (rate <= 2 ? rate + 6 : rate - 1);
}

/* Periods since the divider's origin. */
static int64_t period_count(const struct mc146818_state *state, uint64_t at_ns)
{
    int64_t since_ns = (int64_t)at_ns - state->origin_ns;
    int64_t ticks = since_ns / NS_PER_SECOND * CRYSTAL_HZ +
                    since_ns % NS_PER_SECOND * CRYSTAL_HZ / NS_PER_SECOND;

    return ticks / period_ticks(state);
}

/* When the count-th period ends, rounded up. */
static int64_t ns_of_period(const struct mc146818_state *state, int64_t count)
{
    int64_t ticks = count * period_ticks(state);
    int64_t part = ticks % CRYSTAL_HZ * NS_PER_SECOND;

    return state->origin_ns + ticks / CRYSTAL_HZ * NS_PER_SECOND +
           (part + CRYSTAL_HZ - 1) / CRYSTAL_HZ;
}

/* Registers take the time over from the virtual clock... */
static void time_to_registers(struct mc146818_state *state, uint64_t now_ns)
{
    rtc_time_store(state->cmos, shown_seconds(state, now_ns), state->weekday_offset);
}

/* ...and give it back, in the divider's phase. */
static void time_from_registers(struct mc146818_state *state, uint64_t now_ns)
{
    int64_t seconds = rtc_time_load(state->cmos, &state->weekday_offset);

    state->base_seconds += seconds - shown_seconds(state, now_ns);
    trace_rtc_time_set(seconds);
}

static bool update_is_near(const struct mc146818_state *state, uint64_t now_ns)
{
    int64_t next = shown_seconds(state, now_ns) + 1;

    return is_updating(state) && ns_of_second(state, next) - (int64_t)now_ns <= UIP_NS;
}

/* Sets the flags for what has happened since they were looked at last. */
static void update_flags(struct mc146818_state *state, uint64_t now_ns)
{
    uint64_t seen_ns = state->seen_ns;
    int64_t alarm;

    state->seen_ns = now_ns;
    if (period_ticks(state) != 0 && period_count(state, now_ns) != period_count(state, seen_ns)) {
        state->cmos[RTC_C] |= C_PF;
    }
    if (!is_updating(state) || shown_seconds(state, now_ns) == shown_seconds(state, seen_ns)) {
        return;
    }
    state->cmos[RTC_C] |= C_UF;
    if (rtc_alarm_next(state->cmos, shown_seconds(state, seen_ns), &alarm) &&
        alarm <= shown_seconds(state, now_ns)) {
        state->cmos[RTC_C] |= C_AF;
    }
}

/* Register C: IRQF stands for an enabled flag. */
static uint8_t flags_with_irqf(const struct mc146818_state *state)
{
    uint8_t flags = state->cmos[RTC_C] & C_SOURCES;

    return (flags & state->cmos[RTC_B]) != 0 ? flags | C_IRQF : flags;
}

/* The time of the next event that has to interrupt; INT64_MAX = none. */
static int64_t next_interrupt_ns(const struct mc146818_state *state)
{
    unsigned wanted = state->cmos[RTC_B] & C_SOURCES & ~(unsigned)state->cmos[RTC_C];
    int64_t shown = shown_seconds(state, state->seen_ns);
    int64_t next_ns = INT64_MAX;
    int64_t alarm;

    if ((wanted & C_PF) != 0 && period_ticks(state) != 0) {
        next_ns = ns_of_period(state, period_count(state, state->seen_ns) + 1);
    }
    if ((wanted & C_UF) != 0 && is_updating(state)) {
        next_ns = MIN(next_ns, ns_of_second(state, shown + 1));
    }
    if ((wanted & C_AF) != 0 && is_updating(state) && rtc_alarm_next(state->cmos, shown, &alarm)) {
        next_ns = MIN(next_ns, ns_of_second(state, alarm));
    }
    return next_ns;
}

/* ---- interrupt ---- */

static uint64_t now_ns_of(const struct mc146818 *rtc)
{
    return virtual_clock_now_ns(rtc->device.board->clock);
}

static void arm_timer(struct mc146818 *rtc)
{
    int64_t next_ns = next_interrupt_ns(&rtc->state);

    if (next_ns == INT64_MAX) {
        timer_cancel(&rtc->timer);
    } else {
        timer_arm(&rtc->timer, (uint64_t)next_ns);
    }
}

/* After flags or enable bits have changed: IRQF, the line, the timer. */
static void update_irq(struct mc146818 *rtc)
{
    struct mc146818_state *state = &rtc->state;
    bool raise;

    state->cmos[RTC_C] = flags_with_irqf(state);
    raise = (state->cmos[RTC_C] & C_IRQF) != 0;
    if (raise != state->irq_raised) {
        state->irq_raised = raise;
        if (raise) {
            trace_rtc_interrupt_raised(state->cmos[RTC_C]);
        }
        irq_line_set(&rtc->line, raise);
    }
    arm_timer(rtc);
}

static void timer_fired(void *opaque)
{
    struct mc146818 *rtc = opaque;

    update_flags(&rtc->state, now_ns_of(rtc));
    update_irq(rtc);
}

/* ---- registers ---- */

static bool is_time_register(unsigned index)
{
    switch (index) {
    case RTC_SECONDS:
    case RTC_MINUTES:
    case RTC_HOURS:
    case RTC_WEEKDAY:
    case RTC_DAY:
    case RTC_MONTH:
    case RTC_YEAR:
    case RTC_CENTURY: return true;
    default: return false;
    }
}

static uint8_t read_register(struct mc146818 *rtc, unsigned index)
{
    struct mc146818_state *state = &rtc->state;
    uint64_t now_ns = now_ns_of(rtc);
    uint8_t value;

    if (is_time_register(index) && is_updating(state)) {
        time_to_registers(state, now_ns);
    }
    value = state->cmos[index];
    if (index == RTC_A && update_is_near(state, now_ns)) {
        value |= A_UIP;
    }
    if (index == RTC_C) {
        update_flags(state, now_ns);
        value = flags_with_irqf(state);
        state->cmos[RTC_C] = 0;
        update_irq(rtc);
    }
    return value;
}

/* A or B changes, and with it perhaps whether the divider divides and the clock updates. */
static void write_control(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    struct mc146818_state *state = &rtc->state;
    uint64_t now_ns = now_ns_of(rtc);
    bool divided = is_dividing(state), updated = is_updating(state);

    if (updated) {
        time_to_registers(state, now_ns);
    }
    state->cmos[index] = value;
    if (!divided && is_dividing(state)) {
        state->origin_ns = (int64_t)now_ns - FIRST_UPDATE_NS;
    }
    if (!updated && is_updating(state)) {
        time_from_registers(state, now_ns);
    }
}

static void write_register(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    struct mc146818_state *state = &rtc->state;
    uint64_t now_ns = now_ns_of(rtc);

    update_flags(state, now_ns);
    switch (index) {
    case RTC_A: write_control(rtc, RTC_A, value & (uint8_t)~A_UIP); break;
    case RTC_B:
        /* Setting the time disables the update interrupt (datasheet, register B, UIE). */
        write_control(rtc, RTC_B, value & RTC_B_SET ? value & (uint8_t)~RTC_B_UIE : value);
        break;
    case RTC_C:
    case RTC_D:
        trace_guest_error(device_label(&rtc->device), index, value,
                          "write to a read-only register: dropped");
        return;
    default:
        if (is_time_register(index) && is_updating(state)) {
            time_to_registers(state, now_ns);
            state->cmos[index] = value;
            time_from_registers(state, now_ns);
        } else {
            state->cmos[index] = value;
        }
    }
    update_irq(rtc);
}

/* ---- ports ---- */

static uint64_t mc146818_read(void *opaque, uint64_t offset, unsigned size)
{
    struct mc146818 *rtc = opaque;

    (void)size;
    return offset == 0 ? 0xff : read_register(rtc, rtc->state.index);
}

static void mc146818_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct mc146818 *rtc = opaque;

    (void)size;
    if (offset != 0) {
        write_register(rtc, rtc->state.index, (uint8_t)value);
        return;
    }
    rtc->state.index = (uint8_t)(value & ~(uint64_t)NMI_MASK);
    rtc->state.nmi_masked = (value & NMI_MASK) != 0;
    if (rtc->state.index == RTC_CENTURY_PS2) {
        rtc->state.index = RTC_CENTURY; /* PS/2 software looks for the century there */
    }
}

static const struct memory_region_ops mc146818_ops = {
    .read = mc146818_read,
    .write = mc146818_write,
    .size_min = 1,
    .size_max = 1,
    .reach = MEMORY_REACH_OWNER,
};

/* ---- for the machine ---- */

void mc146818_set_cmos(struct device *device, uint8_t index, uint8_t value)
{
    as_rtc(device)->state.cmos[index % CMOS_BYTES] = value;
}

void mc146818_set_base(struct device *device, int64_t seconds)
{
    struct mc146818_state *state = &as_rtc(device)->state;

    state->base_seconds = seconds;
    state->origin_ns = 0;
    rtc_time_store(state->cmos, seconds, 0);
}

void mc146818_connect_irq(struct device *device, struct irq_line line)
{
    as_rtc(device)->line = line;
}

static void set_le16(struct device *device, uint8_t index, uint64_t value)
{
    value = MIN(value, 0xffff);
    mc146818_set_cmos(device, index, (uint8_t)value);
    mc146818_set_cmos(device, index + 1, (uint8_t)(value >> 8));
}

void mc146818_set_memory_sizes(struct device *device, uint64_t below_4g_bytes,
                               uint64_t above_4g_bytes)
{
    const uint64_t kib = 1024, mib = 1024 * kib;
    uint64_t above_1m = below_4g_bytes > mib ? below_4g_bytes - mib : 0;
    uint64_t above_16m = below_4g_bytes > 16 * mib ? below_4g_bytes - 16 * mib : 0;
    uint64_t high_units = MIN(above_4g_bytes / (64 * kib), 0xffffff);

    set_le16(device, 0x15, MIN(below_4g_bytes / kib, 640));
    set_le16(device, 0x17, above_1m / kib);
    set_le16(device, 0x30, above_1m / kib);
    set_le16(device, 0x34, above_16m / (64 * kib));
    set_le16(device, 0x5b, high_units & 0xffff);
    mc146818_set_cmos(device, 0x5d, (uint8_t)(high_units >> 16));
}

/* ---- life ---- */

/* A battery keeps the time, the RAM, the divider: only interrupts end (datasheet, RESET pin). */
static void mc146818_reset(struct device *device)
{
    struct mc146818 *rtc = as_rtc(device);

    update_flags(&rtc->state, now_ns_of(rtc));
    rtc->state.cmos[RTC_B] &= (uint8_t) ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | B_SQWE);
    rtc->state.cmos[RTC_C] = 0;
    update_irq(rtc);
}

static bool mc146818_realize(struct device *device, GError **error)
{
    struct mc146818 *rtc = as_rtc(device);
    const struct board *board = device->board;

    if (rtc->irq > ISA_IRQ_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Maximum value for \"irq\" is: %d",
                    ISA_IRQ_MAX);
        return false;
    }
    if (rtc->iobase == UINT16_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'iobase' is 0xffff; expected a port up to 0xfffe");
        return false;
    }
    timer_init(&rtc->timer, board->timers, timer_fired, rtc);
    memory_region_init_io(&rtc->io, board->memory, "rtc", &mc146818_ops, rtc, 2);
    memory_region_add_subregion(board->system_io, rtc->iobase, &rtc->io);
    return true;
}

static void mc146818_unrealize(struct device *device)
{
    struct mc146818 *rtc = as_rtc(device);

    memory_region_del_subregion(device->board->system_io, &rtc->io);
    memory_region_fini(&rtc->io);
    timer_cancel(&rtc->timer);
}

static void mc146818_after_load(struct device *device)
{
    arm_timer(as_rtc(device));
}

static void mc146818_init(struct object *object)
{
    struct mc146818 *rtc = (struct mc146818 *)(void *)object;

    rtc->state.cmos[RTC_A] = A_AT_POWER_UP;
    rtc->state.cmos[RTC_B] = B_AT_POWER_UP;
    rtc->state.cmos[RTC_D] = D_VRT;
    mc146818_set_base(&rtc->device, 0);
}

/* ---- type ---- */

static const struct property_info mc146818_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT16,
      .offset = offsetof(struct mc146818, iobase),
      .default_text = "0x70",
      .fixed_once_realized = true },
    { .name = "irq",
      .kind = PROPERTY_UINT8,
      .offset = offsetof(struct mc146818, irq),
      .default_text = "8",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class mc146818_class = {
    .description = "real-time clock and CMOS RAM",
    .bus_type = "ISA",
    .realize = mc146818_realize,
    .unrealize = mc146818_unrealize,
    .reset = mc146818_reset,
    .state = &mc146818_desc,
    .state_offset = offsetof(struct mc146818, state),
    .after_load = mc146818_after_load,
};

const struct type_info mc146818_type_info = {
    .name = "mc146818rtc",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct mc146818),
    .properties = mc146818_properties,
    .instance_init = mc146818_init,
    .class_methods = &mc146818_class,
};
