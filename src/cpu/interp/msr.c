/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msr.c - RDMSR and WRMSR (Intel SDM volume 4; AMD APM 2 appendix A).
 *
 * Unknown numbers are #GP, and so are those of a feature that the model lacks. A few of AMD's read as zero and take nothing: kernels look there without
 * asking CPUID.
 */
#include "cpu/soft_system.h"

enum msr_number {
    MSR_TSC = 0x10,
    MSR_APIC_BASE = 0x1b,
    MSR_TSC_ADJUST = 0x3b,
    MSR_MICROCODE = 0x8b,
    MSR_MTRR_CAP = 0xfe,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_MCG_CAP = 0x179,
    MSR_MCG_STATUS = 0x17a,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_DEBUGCTL = 0x1d9,
    MSR_MTRR_BASE_0 = 0x200,
    MSR_PAT = 0x277,
    MSR_MTRR_DEF_TYPE = 0x2ff,
    MSR_TSC_DEADLINE = 0x6e0,
    MSR_X2APIC_FIRST = 0x800,
    MSR_X2APIC_LAST = 0x8ff,
};

#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_FMASK          0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u
#define MSR_DE_CFG         0xc0011029u

#define MTRR_CAP          (0x500u | SOFT_MTRR_VARIABLE_COUNT) /* fixed ranges, write combining */
#define MTRR_DEF_WRITABLE 0xcffull
#define DEBUGCTL_WRITABLE 3ull /* LBR, BTF: kept, without effect */
#define MISC_ENABLE_FIXED 1ull /* fast strings */
#define APIC_BASE_EXTD    0x400ull
#define DE_CFG_SERIALIZES 2ull /* LFENCE waits for all before it: nothing here runs out of order */

/* ---- features ---- */

static bool is_there(const struct soft_cpu *cpu, uint32_t number)
{
    static const struct {
        uint32_t first, last;
        uint8_t feature;
    } rows[] = {
        { MSR_APIC_BASE, MSR_APIC_BASE, SOFT_FEATURE_APIC },
        { MSR_TSC_ADJUST, MSR_TSC_ADJUST, SOFT_FEATURE_TSC_ADJUST },
        { MSR_MTRR_CAP, MSR_MTRR_CAP, SOFT_FEATURE_MTRR },
        { MSR_SYSENTER_CS, MSR_SYSENTER_EIP, SOFT_FEATURE_SEP },
        { MSR_MCG_CAP, MSR_MCG_STATUS, SOFT_FEATURE_MCA },
        { MSR_MTRR_BASE_0, MSR_PAT - 1, SOFT_FEATURE_MTRR },
        { MSR_PAT, MSR_PAT, SOFT_FEATURE_PAT },
        { MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, SOFT_FEATURE_MTRR },
        { MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, SOFT_FEATURE_TSC_DEADLINE },
        { MSR_X2APIC_FIRST, MSR_X2APIC_LAST, SOFT_FEATURE_X2APIC },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (number >= rows[i].first && number <= rows[i].last) {
            return soft_has_feature(cpu, rows[i].feature);
        }
    }
    return true;
}

/* ---- fixed-range MTRRs ---- */

/* Index in mtrr_fixed, or -1. */
static int fixed_mtrr(uint32_t number)
{
    static const uint16_t numbers[11] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                          0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

    for (int i = 0; i < 11; i++) {
        if (numbers[i] == number) {
            return i;
        }
    }
    return -1;
}

/* Each byte is a memory type; PAT knows one more (7: UC-). */
static bool are_types(uint64_t value, bool is_pat)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t type = (uint8_t)(value >> (i * 8));

        if (type > 7 || type == 2 || type == 3 || (type == 7 && !is_pat)) {
            return false;
        }
    }
    return true;
}

/* ---- what AMD's kernels look at: zero, writes are dropped ---- */

static bool is_null_msr(uint32_t number)
{
    static const uint32_t numbers[] = {
        0xc0010010, /* SYSCFG */
        0xc0010015, /* HWCR */
        0xc001001f, /* NB_CFG */
        0xc0010055, /* interrupt pending message: no C1E */
        0xc0010112, /* TSEG base */
        0xc0010113, /* TSEG mask */
        0xc0011022, /* DC_CFG */
        0xc0011023, /* BU_CFG */
        0xc001102a, /* BU_CFG2 */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

/* ---- plain registers ---- */

static bool has_long_mode(const struct soft_cpu *cpu)
{
    return soft_has_feature(cpu, SOFT_FEATURE_LM);
}

/* Storage of a register without side effects, and what may be written to it: a mask, or an
 * address. NULL: none such. */
static uint64_t *plain_msr(struct soft_cpu *cpu, uint32_t number, uint64_t *writable,
                           bool *is_address)
{
    struct soft_system_state *system = &cpu->state.system;

    *writable = UINT64_MAX;
    *is_address = false;
    if (number >= MSR_MTRR_BASE_0 && number < MSR_MTRR_BASE_0 + 2 * SOFT_MTRR_VARIABLE_COUNT) {
        unsigned index = (number - MSR_MTRR_BASE_0) / 2;
        bool is_mask = (number & 1) != 0;

        *writable = (SOFT_PHYSICAL_MASK & ~0xfffull) | (is_mask ? 0x800 : 0xff);
        return is_mask ? &system->mtrr_mask[index] : &system->mtrr_base[index];
    }
    switch (number) {
    case MSR_SYSENTER_CS: *writable = UINT32_MAX; return &system->sysenter_cs;
    case MSR_MCG_STATUS: *writable = 7; return &system->mcg_status;
    case MSR_DEBUGCTL: *writable = DEBUGCTL_WRITABLE; return &system->debugctl;
    case MSR_MTRR_DEF_TYPE: *writable = MTRR_DEF_WRITABLE; return &system->mtrr_def_type;
    case MSR_TSC_AUX:
        *writable = UINT32_MAX;
        return soft_has_feature(cpu, SOFT_FEATURE_RDTSCP) ||
                       soft_has_feature(cpu, SOFT_FEATURE_RDPID)
                   ? &system->tsc_aux
                   : NULL;
    default: break;
    }
    if (number == MSR_STAR) {
        return &system->star;
    }
    if (number == MSR_FMASK && has_long_mode(cpu)) {
        *writable = UINT32_MAX;
        return &system->fmask;
    }
    *is_address = true;
    switch (number) {
    case MSR_SYSENTER_ESP: return &system->sysenter_esp;
    case MSR_SYSENTER_EIP: return &system->sysenter_eip;
    case MSR_LSTAR: return has_long_mode(cpu) ? &system->lstar : NULL;
    case MSR_CSTAR: return has_long_mode(cpu) ? &system->cstar : NULL;
    case MSR_FS_BASE: return has_long_mode(cpu) ? &cpu->state.segments[X86_FS].base : NULL;
    case MSR_GS_BASE: return has_long_mode(cpu) ? &cpu->state.segments[X86_GS].base : NULL;
    case MSR_KERNEL_GS_BASE: return has_long_mode(cpu) ? &system->kernel_gs_base : NULL;
    default: return NULL;
    }
}

/* ---- the local APIC's ---- */

static bool is_apic_msr(uint32_t number)
{
    return number == MSR_APIC_BASE || number == MSR_TSC_DEADLINE ||
           (number >= MSR_X2APIC_FIRST && number <= MSR_X2APIC_LAST);
}

static bool read_apic(struct soft_cpu *cpu, uint32_t number, uint64_t *value)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    if (callbacks->read_apic_msr != NULL) {
        return callbacks->read_apic_msr(callbacks->opaque, number, value);
    }
    *value = cpu->state.system.apic_base;
    return number == MSR_APIC_BASE;
}

static bool write_apic(struct soft_cpu *cpu, uint32_t number, uint64_t value)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    if (number == MSR_APIC_BASE && (value & APIC_BASE_EXTD) != 0 &&
        !soft_has_feature(cpu, SOFT_FEATURE_X2APIC)) {
        return false;
    }
    if (callbacks->write_apic_msr != NULL) {
        return callbacks->write_apic_msr(callbacks->opaque, number, value);
    }
    cpu->state.system.apic_base = value;
    return number == MSR_APIC_BASE;
}

/* ---- reading ---- */

static uint64_t read_tsc(struct soft_cpu *cpu)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    return (callbacks->read_tsc != NULL ? callbacks->read_tsc(callbacks->opaque) : 0) +
           cpu->state.system.tsc_offset;
}

static bool read_msr(struct soft_cpu *cpu, uint32_t number, uint64_t *value)
{
    const struct soft_system_state *system = &cpu->state.system;
    uint64_t writable;
    bool is_address;
    const uint64_t *plain = plain_msr(cpu, number, &writable, &is_address);
    int fixed = fixed_mtrr(number);

    if (plain != NULL || fixed >= 0) {
        *value = plain != NULL ? *plain : system->mtrr_fixed[fixed];
        return true;
    }
    if (is_apic_msr(number)) {
        return read_apic(cpu, number, value);
    }
    switch (number) {
    case MSR_TSC: *value = read_tsc(cpu); return true;
    case MSR_TSC_ADJUST: *value = system->tsc_adjust; return true;
    case MSR_MICROCODE: *value = system->microcode_version; return true;
    case MSR_MTRR_CAP: *value = MTRR_CAP; return true;
    case MSR_MCG_CAP: *value = 0; return true; /* no banks */
    case MSR_MISC_ENABLE: *value = system->misc_enable; return true;
    case MSR_PAT: *value = system->pat; return true;
    case MSR_EFER: *value = system->efer; return true;
    case MSR_DE_CFG: *value = DE_CFG_SERIALIZES; return true;
    default: *value = 0; return is_null_msr(number);
    }
}

/* ---- writing ---- */

static void move_tsc(struct soft_cpu *cpu, uint64_t by)
{
    cpu->state.system.tsc_offset += by;
    cpu->state.system.tsc_adjust += by;
}

static bool write_pat(struct soft_cpu *cpu, uint64_t value)
{
    if (!are_types(value, true)) {
        return false;
    }
    cpu->state.system.pat = value;
    return true;
}

static bool write_fixed(struct soft_cpu *cpu, int index, uint64_t value)
{
    if (!are_types(value, false)) {
        return false;
    }
    cpu->state.system.mtrr_fixed[index] = value;
    return true;
}

/* False: #GP. */
static bool write_msr(struct soft_cpu *cpu, uint32_t number, uint64_t value)
{
    uint64_t writable;
    bool is_address;
    uint64_t *plain = plain_msr(cpu, number, &writable, &is_address);
    int fixed = fixed_mtrr(number);

    if (plain != NULL) {
        if ((value & ~writable) != 0 || (is_address && !soft_is_canonical(value))) {
            return false;
        }
        *plain = value;
        return true;
    }
    if (fixed >= 0) {
        return write_fixed(cpu, fixed, value);
    }
    if (is_apic_msr(number)) {
        return write_apic(cpu, number, value);
    }
    switch (number) {
    case MSR_TSC: move_tsc(cpu, value - read_tsc(cpu)); return true;
    case MSR_TSC_ADJUST: move_tsc(cpu, value - cpu->state.system.tsc_adjust); return true;
    case MSR_MICROCODE: return true; /* Intel's way to ask for the version */
    case MSR_MISC_ENABLE: return (value & ~MISC_ENABLE_FIXED) == 0;
    case MSR_PAT: return write_pat(cpu, value);
    case MSR_EFER: return soft_write_efer(cpu, value);
    case MSR_DE_CFG: return true; /* kernels set the bit without looking */
    default: return is_null_msr(number);
    }
}

/* ---- instructions ---- */

static const struct op *rdmsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t *gpr = cpu->state.gpr;
    uint64_t value = 0;

    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    soft_sync_time(cpu, op);
    if (!is_there(cpu, (uint32_t)gpr[X86_RCX]) || !read_msr(cpu, (uint32_t)gpr[X86_RCX], &value)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    gpr[X86_RAX] = (uint32_t)value;
    gpr[X86_RDX] = value >> 32;
    return SOFT_NEXT(cpu, op);
}

static const struct op *wrmsr(struct soft_cpu *cpu, const struct op *op)
{
    const uint64_t *gpr = cpu->state.gpr;
    uint64_t value = gpr[X86_RDX] << 32 | (uint32_t)gpr[X86_RAX];

    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    soft_sync_time(cpu, op);
    if (!is_there(cpu, (uint32_t)gpr[X86_RCX]) || !write_msr(cpu, (uint32_t)gpr[X86_RCX], value)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    soft_cpu_update_mode(cpu);
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

static const struct soft_simple simple_rdmsr = { rdmsr, false, true };
static const struct soft_simple simple_wrmsr = { wrmsr, true, true };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_RDMSR, SOFT_FEATURE_MSR, soft_translate_simple, &simple_rdmsr },
    { ZYDIS_MNEMONIC_WRMSR, SOFT_FEATURE_MSR, soft_translate_simple, &simple_wrmsr },
};
SOFT_DEFINE_GROUP(soft_group_msr, rows);
