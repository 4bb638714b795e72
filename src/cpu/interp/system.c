/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system.c - control and debug registers, TLB and cache control, SMAP's AC flag. */
#include "cpu/soft_system.h"

static const struct op *refuse(struct soft_cpu *cpu, const struct op *op)
{
    return soft_raise_code(cpu, op, SOFT_GP, 0);
}

/* After a change of what code means or may do. */
static const struct op *leave(struct soft_cpu *cpu, const struct op *op)
{
    const struct op *next = soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);

    soft_cpu_update_mode(cpu);
    return next;
}

static void put_register(struct soft_cpu *cpu, unsigned reg, uint64_t value, unsigned size)
{
    uint64_t *gpr = &cpu->state.gpr[reg];

    *gpr = size == 2 ? (*gpr & ~0xffffull) | (uint16_t)value : size == 4 ? (uint32_t)value : value;
}

/* ---- control registers: reg is the control register, reg2 the general one ---- */

static uint64_t read_cr8(struct soft_cpu *cpu)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    return callbacks->read_cr8 != NULL ? callbacks->read_cr8(callbacks->opaque)
                                       : cpu->state.system.cr8;
}

static bool write_cr8(struct soft_cpu *cpu, uint64_t value)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    if (value > 15) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    cpu->state.system.cr8 = value;
    if (callbacks->write_cr8 != NULL) {
        callbacks->write_cr8(callbacks->opaque, value);
    }
    return true;
}

static const struct op *mov_from_control(struct soft_cpu *cpu, const struct op *op)
{
    const struct soft_system_state *system = &cpu->state.system;
    uint64_t value = 0;

    if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    switch (op->reg) {
    case 0: value = system->cr0; break;
    case 2: value = system->cr2; break;
    case 3: value = system->cr3; break;
    case 4: value = system->cr4; break;
    case 8:
        soft_sync_time(cpu, op);
        value = read_cr8(cpu);
        break;
    default: break;
    }
    put_register(cpu, op->reg2, value, cpu->is_64bit ? 8 : 4);
    return SOFT_NEXT(cpu, op);
}

static const struct op *mov_to_control(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = cpu->state.gpr[op->reg2];
    bool ok = true;

    if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    value = cpu->is_64bit ? value : (uint32_t)value;
    switch (op->reg) {
    case 0: ok = soft_write_cr0(cpu, value); break;
    case 2: cpu->state.system.cr2 = value; break;
    case 3: ok = soft_write_cr3(cpu, value); break;
    case 4: ok = soft_write_cr4(cpu, value); break;
    case 8:
        soft_sync_time(cpu, op);
        ok = write_cr8(cpu, value);
        break;
    default: break;
    }
    return ok ? leave(cpu, op) : soft_fault(cpu, op);
}

/* ---- debug registers ---- */

#define DR6_WRITABLE 0xe00full
#define DR7_WRITABLE 0xffff23ffull
#define DR7_ONE      0x400ull

/* DR4 and DR5 stand for DR6 and DR7 unless debugging extensions are on. False: an exception is set. */
static bool may_use_debug(struct soft_cpu *cpu, const struct op *op, unsigned *number)
{
    struct soft_system_state *system = &cpu->state.system;

    *number = op->reg;
    if (op->reg == 4 || op->reg == 5) {
        if ((system->cr4 & SOFT_CR4_DE) != 0) {
            return soft_fail(cpu, SOFT_UD);
        }
        *number = op->reg + 2u;
    }
    if (cpu->cpl != 0) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if ((system->dr[7] & SOFT_DR7_GD) != 0) {
        (void)soft_fail(cpu, SOFT_DB);
        cpu->exception.address = SOFT_DR6_BD;
        return false;
    }
    return true;
}

static const struct op *mov_from_debug(struct soft_cpu *cpu, const struct op *op)
{
    unsigned number;

    if (!may_use_debug(cpu, op, &number)) {
        return soft_fault(cpu, op);
    }
    put_register(cpu, op->reg2, cpu->state.system.dr[number], cpu->is_64bit ? 8 : 4);
    return SOFT_NEXT(cpu, op);
}

static const struct op *mov_to_debug(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_system_state *system = &cpu->state.system;
    uint64_t value = cpu->is_64bit ? cpu->state.gpr[op->reg2] : (uint32_t)cpu->state.gpr[op->reg2];
    bool was_enabled = (system->dr[7] & 0xff) != 0;
    unsigned number;

    if (!may_use_debug(cpu, op, &number)) {
        return soft_fault(cpu, op);
    }
    if (number >= 6 && value >> 32 != 0) {
        return refuse(cpu, op);
    }
    system->dr[number] = number == 6   ? (value & DR6_WRITABLE) | SOFT_DR6_FIXED
                         : number == 7 ? (value & DR7_WRITABLE) | DR7_ONE
                                       : value;
    /* TLB entries know which pages are watched. */
    if (was_enabled || (system->dr[7] & 0xff) != 0) {
        soft_tlb_flush(cpu, true);
    }
    return leave(cpu, op);
}

static void translate_mov(struct soft_translation *t)
{
    static const op_fn runs[2][2] = { { mov_from_control, mov_to_control },
                                      { mov_from_debug, mov_to_debug } };

    if (t->has_memory || !soft_operand_is_register(t, 0) || !soft_operand_is_register(t, 1)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        ZydisRegisterClass class = ZydisRegisterGetClass(t->operands[i].reg.value);

        if (class == ZYDIS_REGCLASS_CONTROL || class == ZYDIS_REGCLASS_DEBUG) {
            t->op->reg = soft_operand_register(t, i);
            t->op->reg2 = soft_operand_register(t, 1 - i);
            t->op->run = runs[class == ZYDIS_REGCLASS_DEBUG][i == 0];
            t->ends_block = i == 0;
            t->alone = i == 0 || t->op->reg == 8;
        }
    }
}

/* ---- the machine status word ---- */

static const struct op *smsw(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t cr0 = cpu->state.system.cr0;
    uint64_t linear;

    if (cpu->cpl > 0 && (cpu->state.system.cr4 & SOFT_CR4_UMIP) != 0) {
        return refuse(cpu, op);
    }
    if (op->detail == 0) {
        put_register(cpu, op->reg2, cr0, op->operand_size);
        return SOFT_NEXT(cpu, op);
    }
    return soft_operand(cpu, op, 2, SOFT_WRITE, &linear) && soft_store16(cpu, linear, (uint16_t)cr0)
               ? SOFT_NEXT(cpu, op)
               : soft_fault(cpu, op);
}

/* PE can be set but not cleared. */
static const struct op *lmsw(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t word = (uint16_t)cpu->state.gpr[op->reg2];
    uint64_t linear;

    if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    if (op->detail != 0 &&
        (!soft_operand(cpu, op, 2, SOFT_READ, &linear) || !soft_load16(cpu, linear, &word))) {
        return soft_fault(cpu, op);
    }
    if (!soft_write_cr0(cpu, (cpu->state.system.cr0 & ~0xeull) | (word & 0xf))) {
        return soft_fault(cpu, op);
    }
    return leave(cpu, op);
}

static void translate_msw(struct soft_translation *t)
{
    t->op->run = t->table == NULL ? smsw : lmsw;
    t->op->detail = t->has_memory;
    if (!t->has_memory) {
        t->op->reg2 = soft_operand_register(t, 0);
        t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    }
    t->ends_block = t->alone = t->table != NULL;
}

static const struct op *clts(struct soft_cpu *cpu, const struct op *op)
{
    if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    cpu->state.system.cr0 &= ~SOFT_CR0_TS;
    return SOFT_NEXT(cpu, op);
}

/* ---- TLB and caches ---- */

static const struct op *invlpg(struct soft_cpu *cpu, const struct op *op)
{
    unsigned segment = op->segment == SOFT_SEGMENT_FLAT ? X86_DS : op->segment;
    uint64_t base = cpu->state.segments[segment].base;
    uint64_t linear = soft_effective(cpu, op);

    if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    linear = op->address_size == 8   ? linear
             : op->address_size == 4 ? (uint32_t)linear
                                     : (uint16_t)linear;
    if (!cpu->is_64bit) {
        linear = (uint32_t)(linear + base);
    } else if (segment >= X86_FS) {
        linear += base;
    }
    soft_tlb_flush_page(cpu, linear);
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

enum invpcid_type { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_NOT_GLOBAL };

static bool invpcid_is_valid(const struct soft_cpu *cpu, uint64_t type, const uint64_t *descriptor)
{
    bool has_pcids = (cpu->state.system.cr4 & SOFT_CR4_PCIDE) != 0;

    if (type > INVPCID_NOT_GLOBAL || descriptor[0] >> 12 != 0) {
        return false;
    }
    return type >= INVPCID_ALL || ((has_pcids || descriptor[0] == 0) &&
                                   (type != INVPCID_ADDRESS || soft_is_canonical(descriptor[1])));
}

/* The TLB holds the current PCID's entries alone: whatever concerns another needs nothing. */
static const struct op *invpcid(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t type =
        op->operand_size == 8 ? cpu->state.gpr[op->reg2] : (uint32_t)cpu->state.gpr[op->reg2];
    uint64_t current = cpu->state.system.cr3 & 0xfff;
    uint64_t descriptor[2];
    uint64_t linear;

    if (!soft_is_protected(cpu)) {
        current = 0;
    } else if (cpu->cpl != 0) {
        return refuse(cpu, op);
    }
    if (!soft_operand(cpu, op, 16, SOFT_READ, &linear) || !soft_load(cpu, linear, descriptor, 16)) {
        return soft_fault(cpu, op);
    }
    if (!invpcid_is_valid(cpu, type, descriptor)) {
        return refuse(cpu, op);
    }
    if ((cpu->state.system.cr4 & SOFT_CR4_PCIDE) == 0) {
        current = 0;
    }
    if (type == INVPCID_ADDRESS && descriptor[0] == current) {
        soft_tlb_flush_page(cpu, descriptor[1]);
    } else if ((type == INVPCID_CONTEXT && descriptor[0] == current) || type >= INVPCID_ALL) {
        soft_tlb_flush(cpu, type == INVPCID_ALL);
    }
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

static void translate_invpcid(struct soft_translation *t)
{
    t->op->reg2 = soft_operand_register(t, 0);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = invpcid;
    t->ends_block = true;
}

/* INVD, WBINVD: there is no cache. */
static const struct op *cache_control(struct soft_cpu *cpu, const struct op *op)
{
    return cpu->cpl != 0 ? refuse(cpu, op) : SOFT_NEXT(cpu, op);
}

/* No counters: no number is valid. */
static const struct op *rdpmc(struct soft_cpu *cpu, const struct op *op)
{
    return refuse(cpu, op);
}

/* ---- AC under SMAP ---- */

static const struct op *set_ac(struct soft_cpu *cpu, const struct op *op, uint64_t ac)
{
    if (cpu->cpl != 0) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    cpu->state.rflags = (cpu->state.rflags & ~SOFT_RFLAGS_AC) | ac;
    soft_cpu_update_mode(cpu);
    return SOFT_NEXT(cpu, op);
}

static const struct op *clac(struct soft_cpu *cpu, const struct op *op)
{
    return set_ac(cpu, op, 0);
}

static const struct op *stac(struct soft_cpu *cpu, const struct op *op)
{
    return set_ac(cpu, op, SOFT_RFLAGS_AC);
}

/* ---- FS and GS bases ---- */

struct base_row {
    op_fn run;
    uint8_t segment;
};

static void translate_base(struct soft_translation *t)
{
    const struct base_row *row = t->table;

    t->op->reg = row->segment;
    t->op->reg2 = soft_operand_register(t, 0);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = row->run;
}

/* ---- rows ---- */

static const char is_lmsw = 1;
static const struct base_row rdfsbase = { soft_op_read_base, X86_FS };
static const struct base_row rdgsbase = { soft_op_read_base, X86_GS };
static const struct base_row wrfsbase = { soft_op_write_base, X86_FS };
static const struct base_row wrgsbase = { soft_op_write_base, X86_GS };

#define SIMPLE(name, run, ends) static const struct soft_simple simple_##name = { run, ends, ends }
SIMPLE(clts, clts, false);
SIMPLE(invlpg, invlpg, true);
SIMPLE(cache, cache_control, false);
SIMPLE(rdpmc, rdpmc, false);
SIMPLE(clac, clac, false);
SIMPLE(stac, stac, false);
SIMPLE(swapgs, soft_op_swapgs, false);
SIMPLE(syscall, soft_op_syscall, true);
SIMPLE(sysret, soft_op_sysret, true);
SIMPLE(sysenter, soft_op_sysenter, true);
SIMPLE(sysexit, soft_op_sysexit, true);

/* clang-format off */
#define ROW(upper, feature, name) { ZYDIS_MNEMONIC_##upper, feature, soft_translate_simple, &simple_##name }
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_MOV, SOFT_FEATURE_NONE, translate_mov, NULL },
    { ZYDIS_MNEMONIC_SMSW, SOFT_FEATURE_NONE, translate_msw, NULL },
    { ZYDIS_MNEMONIC_LMSW, SOFT_FEATURE_NONE, translate_msw, &is_lmsw },
    ROW(CLTS, SOFT_FEATURE_NONE, clts),
    ROW(INVLPG, SOFT_FEATURE_NONE, invlpg),
    { ZYDIS_MNEMONIC_INVPCID, SOFT_FEATURE_INVPCID, translate_invpcid, NULL },
    ROW(INVD, SOFT_FEATURE_NONE, cache), ROW(WBINVD, SOFT_FEATURE_NONE, cache),
    ROW(RDPMC, SOFT_FEATURE_NONE, rdpmc),
    ROW(CLAC, SOFT_FEATURE_SMAP, clac), ROW(STAC, SOFT_FEATURE_SMAP, stac),
    ROW(SWAPGS, SOFT_FEATURE_LM, swapgs),
    ROW(SYSCALL, SOFT_FEATURE_SYSCALL, syscall), ROW(SYSRET, SOFT_FEATURE_SYSCALL, sysret),
    ROW(SYSENTER, SOFT_FEATURE_SEP, sysenter), ROW(SYSEXIT, SOFT_FEATURE_SEP, sysexit),
    { ZYDIS_MNEMONIC_RDFSBASE, SOFT_FEATURE_FSGSBASE, translate_base, &rdfsbase },
    { ZYDIS_MNEMONIC_RDGSBASE, SOFT_FEATURE_FSGSBASE, translate_base, &rdgsbase },
    { ZYDIS_MNEMONIC_WRFSBASE, SOFT_FEATURE_FSGSBASE, translate_base, &wrfsbase },
    { ZYDIS_MNEMONIC_WRGSBASE, SOFT_FEATURE_FSGSBASE, translate_base, &wrgsbase },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_system, rows);
