/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lapic_registers.c - the LAPIC's registers as its page and as the MSRs of x2APIC (Intel SDM 3A tables
 * 10-1 and 10-6). A register's number is its offset / 16, and its MSR is 0x800 + the number.
 */
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

enum lapic_register {
    REGISTER_ID = 0x02,
    REGISTER_VERSION = 0x03,
    REGISTER_TPR = 0x08,
    REGISTER_APR = 0x09,
    REGISTER_PPR = 0x0a,
    REGISTER_EOI = 0x0b,
    REGISTER_RRD = 0x0c,
    REGISTER_LDR = 0x0d,
    REGISTER_DFR = 0x0e,
    REGISTER_SVR = 0x0f,
    REGISTER_ISR = 0x10, /* 8 of them */
    REGISTER_TMR = 0x18,
    REGISTER_IRR = 0x20,
    REGISTER_ESR = 0x28,
    REGISTER_ICR_LOW = 0x30,
    REGISTER_ICR_HIGH = 0x31,
    REGISTER_LVT = 0x32, /* LAPIC_LVT_COUNT of them */
    REGISTER_LVT_LAST = REGISTER_LVT + LAPIC_LVT_COUNT - 1,
    REGISTER_INITIAL_COUNT = 0x38,
    REGISTER_CURRENT_COUNT = 0x39,
    REGISTER_DIVIDE = 0x3e,
    REGISTER_SELF_IPI = 0x3f, /* x2APIC's */
};

/* Version 0x14, six LVTs, EOI broadcasts can be switched off. */
#define VERSION         (0x14u | (LAPIC_LVT_COUNT - 1) << 16 | 1u << 24)
#define SVR_BITS        0x000011ffu
#define ICR_LOW_BITS    0x000ccfffu /* without delivery status, bit 12 */
#define ICR_HIGH_BITS   0xff000000u
#define LDR_BITS        0xff000000u
#define DFR_RESERVED    0x0fffffffu
#define LVT_STATUS_BITS (LAPIC_LVT_STATUS | LAPIC_LVT_REMOTE_IRR)
#define DIVIDE_BITS     0xbu

/* ---- what both forms share ---- */

/* false = there is no such register, or it can't be read. */
static bool register_read(const struct lapic *lapic, unsigned index, uint32_t *out_value)
{
    const struct lapic_state *state = &lapic->state;

    if (index >= REGISTER_ISR && index < REGISTER_ESR) {
        const uint32_t *const bits[] = { state->isr, state->tmr, state->irr };

        *out_value = bits[(index - REGISTER_ISR) / 8][index % 8];
        return true;
    }
    if (index >= REGISTER_LVT && index <= REGISTER_LVT_LAST) {
        *out_value = state->lvt[index - REGISTER_LVT];
        return true;
    }
    switch (index) {
    case REGISTER_VERSION: *out_value = VERSION; return true;
    case REGISTER_TPR: *out_value = state->tpr; return true;
    case REGISTER_PPR: *out_value = lapic_ppr(lapic); return true;
    case REGISTER_SVR: *out_value = state->svr; return true;
    case REGISTER_ESR: *out_value = state->esr; return true;
    case REGISTER_ICR_LOW: *out_value = state->icr[0]; return true;
    case REGISTER_INITIAL_COUNT: *out_value = state->initial_count; return true;
    case REGISTER_CURRENT_COUNT: *out_value = lapic_timer_current(lapic); return true;
    case REGISTER_DIVIDE: *out_value = state->divide; return true;
    default: return false;
    }
}

void lapic_write_svr(struct lapic *lapic, uint32_t value)
{
    bool was_enabled = lapic_is_software_enabled(lapic);

    lapic->state.svr = value & SVR_BITS;
    if (was_enabled && !lapic_is_software_enabled(lapic)) {
        lapic_mask_lvts(lapic);
    }
}

/* false = there is no such register, or it can't be written. */
static bool register_write(struct lapic *lapic, unsigned index, uint32_t value)
{
    struct lapic_state *state = &lapic->state;

    if (index >= REGISTER_LVT && index <= REGISTER_LVT_LAST) {
        lapic_write_lvt(lapic, (enum lapic_lvt)(index - REGISTER_LVT), value);
        return true;
    }
    switch (index) {
    case REGISTER_TPR:
        state->tpr = (uint8_t)value;
        lapic_update(lapic);
        return true;
    case REGISTER_EOI: lapic_eoi(lapic); return true;
    case REGISTER_SVR: lapic_write_svr(lapic, value); return true;
    case REGISTER_ESR:
        state->esr = state->errors;
        state->errors = 0;
        return true;
    case REGISTER_ICR_LOW:
        state->icr[0] = value & ICR_LOW_BITS;
        lapic_send_icr(lapic);
        return true;
    case REGISTER_INITIAL_COUNT: lapic_timer_write_initial(lapic, value); return true;
    case REGISTER_DIVIDE: lapic_timer_write_divide(lapic, value); return true;
    default: return false;
    }
}

/* ---- the page of xAPIC ---- */

static void wrong_register(struct lapic *lapic, uint32_t offset, uint32_t value, const char *what)
{
    trace_guest_error(device_label(&lapic->device), offset, value, what);
    lapic_record_error(lapic, LAPIC_ERROR_REGISTER);
}

static bool page_is_there(const struct lapic *lapic, uint32_t offset)
{
    return lapic_is_enabled(lapic) && !lapic_is_x2apic(lapic) && offset % 16 == 0 &&
           offset < 0x1000;
}

uint32_t lapic_mmio_read(struct lapic *lapic, uint32_t offset)
{
    uint32_t value = 0;

    if (!page_is_there(lapic, offset)) {
        trace_guest_error(device_label(&lapic->device), offset, 0, "no register there: zero");
        return 0;
    }
    switch (offset / 16) {
    case REGISTER_ID: return lapic->state.id << 24;
    case REGISTER_APR: return lapic_apr(lapic);
    case REGISTER_EOI:
    case REGISTER_RRD: return 0;
    case REGISTER_LDR: return lapic->state.ldr;
    case REGISTER_DFR: return lapic->state.dfr;
    case REGISTER_ICR_HIGH: return lapic->state.icr[1];
    default:
        if (!register_read(lapic, offset / 16, &value)) {
            wrong_register(lapic, offset, 0, "no register there: zero");
        }
        return value;
    }
}

void lapic_mmio_write(struct lapic *lapic, uint32_t offset, uint32_t value)
{
    if (!page_is_there(lapic, offset)) {
        trace_guest_error(device_label(&lapic->device), offset, value,
                          "no register there: dropped");
        return;
    }
    switch (offset / 16) {
    case REGISTER_ID: lapic->state.id = value >> 24; return;
    case REGISTER_LDR: lapic->state.ldr = value & LDR_BITS; return;
    case REGISTER_DFR: lapic->state.dfr = value | DFR_RESERVED; return;
    case REGISTER_ICR_HIGH: lapic->state.icr[1] = value & ICR_HIGH_BITS; return;
    default:
        if (!register_write(lapic, offset / 16, value)) {
            wrong_register(lapic, offset, value, "no register to write there: dropped");
        }
    }
}

/* ---- the MSRs of x2APIC ---- */

static bool read_x2apic(const struct lapic *lapic, unsigned index, uint64_t *out_value)
{
    uint32_t value;

    if (!lapic_is_x2apic(lapic)) {
        return false;
    }
    switch (index) {
    case REGISTER_ID: *out_value = lapic->initial_id; return true;
    case REGISTER_LDR: *out_value = lapic_x2apic_ldr(lapic); return true;
    case REGISTER_ICR_LOW:
        *out_value = (uint64_t)lapic->state.icr[1] << 32 | lapic->state.icr[0];
        return true;
    default:
        if (!register_read(lapic, index, &value)) {
            return false;
        }
        *out_value = value;
        return true;
    }
}

/* Bits that may be 1 in a write; the others are reserved (SDM 10.12.1.3). */
static uint64_t msr_bits(const struct lapic *lapic, unsigned index)
{
    if (index >= REGISTER_LVT && index <= REGISTER_LVT_LAST) {
        return lapic_lvt_writable(lapic, (enum lapic_lvt)(index - REGISTER_LVT)) | LVT_STATUS_BITS;
    }
    switch (index) {
    case REGISTER_TPR:
    case REGISTER_SELF_IPI: return 0xff;
    case REGISTER_SVR: return SVR_BITS;
    case REGISTER_ICR_LOW: return 0xffffffffull << 32 | ICR_LOW_BITS;
    case REGISTER_INITIAL_COUNT: return 0xffffffff;
    case REGISTER_DIVIDE: return DIVIDE_BITS;
    default: return 0; /* EOI and ESR take zero alone */
    }
}

static bool write_x2apic(struct lapic *lapic, unsigned index, uint64_t value)
{
    if (!lapic_is_x2apic(lapic) || (value & ~msr_bits(lapic, index)) != 0) {
        return false;
    }
    switch (index) {
    case REGISTER_ICR_LOW:
        lapic->state.icr[1] = (uint32_t)(value >> 32);
        return register_write(lapic, index, (uint32_t)value);
    case REGISTER_SELF_IPI: lapic_send_self(lapic, (uint8_t)value); return true;
    default: return register_write(lapic, index, (uint32_t)value);
    }
}

/* ---- all MSRs ---- */

static bool has_deadline(const struct lapic *lapic)
{
    return lapic->ops->tsc_to_ns != NULL;
}

bool lapic_read_msr(struct lapic *lapic, uint32_t msr, uint64_t *out_value)
{
    if (msr == LAPIC_MSR_BASE) {
        *out_value = lapic_base(lapic);
        return true;
    }
    if (msr == LAPIC_MSR_DEADLINE && has_deadline(lapic)) {
        *out_value = lapic_tsc_deadline(lapic);
        return true;
    }
    return msr >= LAPIC_MSR_X2_FIRST && read_x2apic(lapic, msr - LAPIC_MSR_X2_FIRST, out_value);
}

bool lapic_write_msr(struct lapic *lapic, uint32_t msr, uint64_t value)
{
    if (msr == LAPIC_MSR_BASE) {
        return lapic_set_base(lapic, value);
    }
    if (msr == LAPIC_MSR_DEADLINE && has_deadline(lapic)) {
        lapic_set_tsc_deadline(lapic, value);
        return true;
    }
    return msr >= LAPIC_MSR_X2_FIRST && write_x2apic(lapic, msr - LAPIC_MSR_X2_FIRST, value);
}
