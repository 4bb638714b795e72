/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_load.c - x87 loads, constants, stores, conversions to integers and BCD, moves in the stack.
 */
#include "cpu/interp/fpu_internal.h"

/* ---- loads ---- */

#define DEFINE_LOAD(name, instruction, type)                                                     \
    static uint16_t name(struct soft_f80 *dst, const void *src, uint16_t control)                \
    {                                                                                            \
        uint16_t status;                                                                         \
                                                                                                 \
        __asm__ volatile(                                                                        \
            FPU_HOST_BEGIN instruction " %[src]\n\t" FPU_HOST_END "fstpt %[dst]"                 \
            : [dst] "=m"(FPU_TEN(dst)), [status] "=&a"(status)                                   \
            : [src] "m"(*(const type *)src), [control] "m"(control), [usual] "m"(fpu_host_usual) \
            : "st");                                                                             \
        return status;                                                                           \
    }

#define DEFINE_CONSTANT(name, instruction)                                             \
    static uint16_t name(struct soft_f80 *dst, const void *src, uint16_t control)      \
    {                                                                                  \
        uint16_t status;                                                               \
                                                                                       \
        (void)src;                                                                     \
        __asm__ volatile(FPU_HOST_BEGIN instruction "\n\t" FPU_HOST_END "fstpt %[dst]" \
                         : [dst] "=m"(FPU_TEN(dst)), [status] "=&a"(status)            \
                         : [control] "m"(control), [usual] "m"(fpu_host_usual)         \
                         : "st");                                                      \
        return status & (uint16_t)~FPU_C1;                                             \
    }

DEFINE_LOAD(load_m32, "flds", uint32_t)
DEFINE_LOAD(load_m64, "fldl", uint64_t)
DEFINE_LOAD(load_m80, "fldt", struct fpu_ten)
DEFINE_LOAD(load_i16, "filds", uint16_t)
DEFINE_LOAD(load_i32, "fildl", uint32_t)
DEFINE_LOAD(load_i64, "fildll", uint64_t)
DEFINE_CONSTANT(constant_1, "fld1")
DEFINE_CONSTANT(constant_l2t, "fldl2t")
DEFINE_CONSTANT(constant_l2e, "fldl2e")
DEFINE_CONSTANT(constant_pi, "fldpi")
DEFINE_CONSTANT(constant_lg2, "fldlg2")
DEFINE_CONSTANT(constant_ln2, "fldln2")
DEFINE_CONSTANT(constant_z, "fldz")

/* Digits above 9 count as their value. */
static uint16_t load_bcd(struct soft_f80 *dst, const void *src, uint16_t control)
{
    const uint8_t *bytes = src;
    uint64_t value = 0;
    uint16_t status;

    for (int i = 8; i >= 0; i--) {
        value = value * 100 + (uint64_t)(bytes[i] >> 4) * 10 + (bytes[i] & 15);
    }
    status = load_i64(dst, &value, control);
    dst->sign_exponent |= (uint16_t)((bytes[9] & 0x80) << 8);
    return status;
}

static void push_loaded(struct soft_cpu *cpu, const struct op *op, const void *source)
{
    fpu_host_fn function = (fpu_host_fn)(uintptr_t)op->imm;
    struct soft_f80 value = { 0 };
    unsigned status;

    if (fpu_is_valid(cpu, 7)) {
        if (fpu_stack_fault(cpu, true)) {
            fpu_push(cpu, &fpu_indefinite);
        }
        return;
    }
    /* A denormal is loaded even if that exception is not masked. */
    status = function(&value, source, fpu_host_control(cpu));
    if (fpu_report(cpu, status) || (status & FPU_IE) == 0) {
        fpu_push(cpu, &value);
    }
}

static const struct op *op_load_mem(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t source[16];

    if (!fpu_begin(cpu) || !fpu_load(cpu, op, source)) {
        return soft_fault(cpu, op);
    }
    fpu_note_memory(cpu, op);
    push_loaded(cpu, op, source);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_constant(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    push_loaded(cpu, op, NULL);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_load_st(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_f80 value;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    value = *fpu_st(cpu, op->reg);
    if (fpu_is_valid(cpu, 7) || !fpu_is_valid(cpu, op->reg)) {
        if (fpu_stack_fault(cpu, fpu_is_valid(cpu, op->reg))) {
            fpu_push(cpu, &fpu_indefinite);
        }
    } else {
        (void)fpu_report(cpu, 0);
        fpu_push(cpu, &value);
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_fld(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    if (!t->has_memory) {
        t->op->reg = fpu_operand(t, 0);
        t->op->run = op_load_st;
        return;
    }
    t->op->imm = (uintptr_t)(t->op->operand_size == 4   ? load_m32
                             : t->op->operand_size == 8 ? load_m64
                                                        : load_m80);
    t->op->run = op_load_mem;
}

static void translate_fild(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->imm = (uintptr_t)(t->op->operand_size == 2   ? load_i16
                             : t->op->operand_size == 4 ? load_i32
                                                        : load_i64);
    t->op->run = op_load_mem;
}

static void translate_fbld(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->imm = (uintptr_t)load_bcd;
    t->op->run = op_load_mem;
}

struct constant {
    fpu_host_fn function;
};

static void translate_constant(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->imm = (uintptr_t)((const struct constant *)t->table)->function;
    t->op->run = op_constant;
}

/* ---- stores: to memory, status word = name(bytes, ST(0), control) ---- */

typedef uint16_t (*store_fn)(void *bytes, const struct soft_f80 *value, uint16_t control);

#define DEFINE_STORE(name, instruction, type)                                                      \
    static uint16_t name(void *bytes, const struct soft_f80 *value, uint16_t control)              \
    {                                                                                              \
        uint16_t status;                                                                           \
                                                                                                   \
        __asm__ volatile(FPU_HOST_BEGIN "fldt %[value]\n\t" instruction " %[dst]\n\t" FPU_HOST_END \
                                        "fstp %%st(0)"                                             \
                         : [dst] "+m"(*(type *)bytes), [status] "=&a"(status)                      \
                         : [value] "m"(FPU_TEN_CONST(value)), [control] "m"(control),              \
                           [usual] "m"(fpu_host_usual)                                             \
                         : "st");                                                                  \
        return status;                                                                             \
    }

#define DEFINE_STORE_POP(name, instruction, type)                                                  \
    static uint16_t name(void *bytes, const struct soft_f80 *value, uint16_t control)              \
    {                                                                                              \
        uint16_t status;                                                                           \
                                                                                                   \
        __asm__ volatile(FPU_HOST_BEGIN "fldt %[value]\n\t" instruction " %[dst]\n\t" FPU_HOST_END \
                         : [dst] "+m"(*(type *)bytes), [status] "=&a"(status)                      \
                         : [value] "m"(FPU_TEN_CONST(value)), [control] "m"(control),              \
                           [usual] "m"(fpu_host_usual)                                             \
                         : "st");                                                                  \
        return status;                                                                             \
    }

DEFINE_STORE(store_m32, "fsts", uint32_t)
DEFINE_STORE(store_m64, "fstl", uint64_t)
DEFINE_STORE_POP(store_m80, "fstpt", struct fpu_ten)
DEFINE_STORE(store_i16, "fists", uint16_t)
DEFINE_STORE(store_i32, "fistl", uint32_t)
DEFINE_STORE_POP(store_i64, "fistpll", uint64_t)
DEFINE_STORE_POP(store_bcd, "fbstp", struct fpu_ten)

/* FISTTP: truncation whatever RC says, C1 clear. */
#define DEFINE_TRUNCATE(name, store)                                                  \
    static uint16_t name(void *bytes, const struct soft_f80 *value, uint16_t control) \
    {                                                                                 \
        return store(bytes, value, control | FPU_RC) & (uint16_t)~FPU_C1;             \
    }

DEFINE_TRUNCATE(truncate_i16, store_i16)
DEFINE_TRUNCATE(truncate_i32, store_i32)
DEFINE_TRUNCATE(truncate_i64, store_i64)

/* What a masked stack underflow stores. */
static void indefinite_value(store_fn function, void *bytes)
{
    static const uint8_t bcd[10] = { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff };
    const bool is_bcd = function == store_bcd;

    if (is_bcd) {
        memcpy(bytes, bcd, sizeof(bcd));
    } else {
        (void)function(bytes, &fpu_indefinite, FPU_CONTROL_INIT);
    }
}

/* The bytes reach memory before any flag changes; an unmasked OE or UE keeps them back too. */
static const struct op *op_store_mem(struct soft_cpu *cpu, const struct op *op)
{
    store_fn function = (store_fn)(uintptr_t)op->imm;
    unsigned kept_back = FPU_IE | FPU_DE | FPU_ZE | FPU_OE | FPU_UE;
    unsigned unmasked = ~cpu->state.vector.control & kept_back;
    bool is_valid = fpu_is_valid(cpu, 0);
    uint8_t bytes[16] = { 0 };
    unsigned status = FPU_IE;
    uint64_t linear;

    if (!fpu_begin(cpu) || !soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear)) {
        return soft_fault(cpu, op);
    }
    if (is_valid) {
        status = function(bytes, fpu_st(cpu, 0), fpu_host_control(cpu));
    } else {
        indefinite_value(function, bytes);
    }
    if ((status & unmasked) == 0 ? !soft_store(cpu, linear, bytes, op->operand_size)
                                 : !soft_probe_store(cpu, linear, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    fpu_note_memory(cpu, op);
    if (is_valid) {
        (void)fpu_report(cpu, status);
    } else {
        (void)fpu_stack_fault(cpu, false);
    }
    if ((status & unmasked) == 0) {
        fpu_pops(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_store_st(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (fpu_needs(cpu, op, 0, 0, op->reg)) {
        (void)fpu_report(cpu, 0);
        *fpu_st(cpu, op->reg) = *fpu_st(cpu, 0);
        fpu_set_valid(cpu, op->reg);
        fpu_pops(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

/* FSTPNCE: of an empty register nothing is copied, and nothing reported. */
static const struct op *op_fstpnce(struct soft_cpu *cpu, const struct op *op)
{
    if (fpu_is_valid(cpu, 0)) {
        return op_store_st(cpu, op);
    }
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    (void)fpu_report(cpu, 0);
    fpu_pops(cpu, op);
    return SOFT_NEXT(cpu, op);
}

static void translate_fstpnce(struct soft_translation *t)
{
    fpu_translate_common(t, 1);
    t->op->reg = fpu_operand(t, 0);
    t->op->run = op_fstpnce;
}

/* table: [0] for 2 or 4 bytes ... by size, pops. */
struct store {
    store_fn two, four, eight, ten;
    uint8_t pops;
};

static const struct store store_fst = { NULL, store_m32, store_m64, store_m80, 0 };
static const struct store store_fstp = { NULL, store_m32, store_m64, store_m80, 1 };
static const struct store store_fist = { store_i16, store_i32, NULL, NULL, 0 };
static const struct store store_fistp = { store_i16, store_i32, store_i64, NULL, 1 };
static const struct store store_fisttp = { truncate_i16, truncate_i32, truncate_i64, NULL, 1 };
static const struct store store_fbstp = { NULL, NULL, NULL, store_bcd, 1 };

static void translate_store(struct soft_translation *t)
{
    const struct store *s = t->table;

    fpu_translate_common(t, s->pops);
    if (!t->has_memory) {
        t->op->reg = fpu_operand(t, 0);
        t->op->run = op_store_st;
        return;
    }
    t->op->imm = (uintptr_t)(t->op->operand_size == 2   ? s->two
                             : t->op->operand_size == 4 ? s->four
                             : t->op->operand_size == 8 ? s->eight
                                                        : s->ten);
    t->op->run = t->op->imm != 0 ? op_store_mem : NULL;
}

/* ---- in the stack ---- */

/* Masked, an empty register takes the indefinite value along (SDM 2A FXCH). */
static const struct op *op_fxch(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_f80 value;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_is_valid(cpu, 0) || !fpu_is_valid(cpu, op->reg)) {
        if (!fpu_stack_fault(cpu, false)) {
            return SOFT_NEXT(cpu, op);
        }
        if (!fpu_is_valid(cpu, 0)) {
            *fpu_st(cpu, 0) = fpu_indefinite;
        }
        if (!fpu_is_valid(cpu, op->reg)) {
            *fpu_st(cpu, op->reg) = fpu_indefinite;
        }
        fpu_set_valid(cpu, 0);
        fpu_set_valid(cpu, op->reg);
    } else {
        (void)fpu_report(cpu, 0);
    }
    value = *fpu_st(cpu, 0);
    *fpu_st(cpu, 0) = *fpu_st(cpu, op->reg);
    *fpu_st(cpu, op->reg) = value;
    return SOFT_NEXT(cpu, op);
}

static void translate_fxch(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->reg = fpu_operand(t, t->instruction->operand_count_visible - 1u);
    t->op->run = op_fxch;
}

/* detail: the condition (bits 5-6: CF, ZF, CF or ZF, PF), bit 7: negated. */
static const struct op *op_fcmov(struct soft_cpu *cpu, const struct op *op)
{
    bool condition = false;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    switch (op->detail >> 5 & 3) {
    case 0: condition = soft_cf(cpu); break;
    case 1: condition = soft_zf(cpu); break;
    case 2: condition = soft_cf(cpu) || soft_zf(cpu); break;
    default: condition = soft_pf(cpu); break;
    }
    fpu_note(cpu, op);
    if (!fpu_needs(cpu, op, 0, op->reg3, 0)) {
        return SOFT_NEXT(cpu, op);
    }
    if (condition != ((op->detail & 0x80) != 0)) {
        *fpu_st(cpu, 0) = *fpu_st(cpu, op->reg3);
    }
    return SOFT_NEXT(cpu, op);
}

/* DA C0..DF: B, E, BE, U; DB the negated ones. */
static void translate_fcmov(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->reg3 = fpu_operand(t, 1);
    t->op->detail |= (uint8_t)((t->instruction->raw.modrm.reg & 3) << 5 |
                               (t->instruction->opcode == 0xdb ? 0x80 : 0));
    t->op->run = op_fcmov;
}

static const struct op *op_ffree(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    (void)fpu_report(cpu, 0);
    cpu->state.vector.valid &= (uint8_t) ~(1u << fpu_physical(cpu, op->reg));
    fpu_pops(cpu, op);
    return SOFT_NEXT(cpu, op);
}

static void translate_ffree(struct soft_translation *t)
{
    fpu_translate_common(t, t->instruction->mnemonic == ZYDIS_MNEMONIC_FFREEP ? 1 : 0);
    t->op->reg = fpu_operand(t, 0);
    t->op->run = op_ffree;
}

static const struct op *rotate(struct soft_cpu *cpu, const struct op *op, unsigned change)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    cpu->state.vector.top = (uint8_t)fpu_physical(cpu, change);
    cpu->state.vector.status &= (uint16_t)~FPU_C1;
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_fincstp(struct soft_cpu *cpu, const struct op *op)
{
    return rotate(cpu, op, 1);
}

static const struct op *op_fdecstp(struct soft_cpu *cpu, const struct op *op)
{
    return rotate(cpu, op, 7);
}

static const struct op *op_fnop(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    return SOFT_NEXT(cpu, op);
}

static const struct soft_simple fincstp = { op_fincstp, false, false };
static const struct soft_simple fdecstp = { op_fdecstp, false, false };
static const struct soft_simple fnop = { op_fnop, false, false };
static const struct constant one = { constant_1 }, l2t = { constant_l2t }, l2e = { constant_l2e },
                             pi = { constant_pi }, lg2 = { constant_lg2 }, ln2 = { constant_ln2 },
                             zero = { constant_z };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_FLD, SOFT_FEATURE_FPU, translate_fld, NULL },
    { ZYDIS_MNEMONIC_FILD, SOFT_FEATURE_FPU, translate_fild, NULL },
    { ZYDIS_MNEMONIC_FBLD, SOFT_FEATURE_FPU, translate_fbld, NULL },
    { ZYDIS_MNEMONIC_FLD1, SOFT_FEATURE_FPU, translate_constant, &one },
    { ZYDIS_MNEMONIC_FLDL2T, SOFT_FEATURE_FPU, translate_constant, &l2t },
    { ZYDIS_MNEMONIC_FLDL2E, SOFT_FEATURE_FPU, translate_constant, &l2e },
    { ZYDIS_MNEMONIC_FLDPI, SOFT_FEATURE_FPU, translate_constant, &pi },
    { ZYDIS_MNEMONIC_FLDLG2, SOFT_FEATURE_FPU, translate_constant, &lg2 },
    { ZYDIS_MNEMONIC_FLDLN2, SOFT_FEATURE_FPU, translate_constant, &ln2 },
    { ZYDIS_MNEMONIC_FLDZ, SOFT_FEATURE_FPU, translate_constant, &zero },
    { ZYDIS_MNEMONIC_FST, SOFT_FEATURE_FPU, translate_store, &store_fst },
    { ZYDIS_MNEMONIC_FSTP, SOFT_FEATURE_FPU, translate_store, &store_fstp },
    { ZYDIS_MNEMONIC_FSTPNCE, SOFT_FEATURE_FPU, translate_fstpnce, NULL },
    { ZYDIS_MNEMONIC_FIST, SOFT_FEATURE_FPU, translate_store, &store_fist },
    { ZYDIS_MNEMONIC_FISTP, SOFT_FEATURE_FPU, translate_store, &store_fistp },
    { ZYDIS_MNEMONIC_FISTTP, SOFT_FEATURE_SSE3, translate_store, &store_fisttp },
    { ZYDIS_MNEMONIC_FBSTP, SOFT_FEATURE_FPU, translate_store, &store_fbstp },
    { ZYDIS_MNEMONIC_FXCH, SOFT_FEATURE_FPU, translate_fxch, NULL },
    { ZYDIS_MNEMONIC_FCMOVB, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVE, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVBE, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVU, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVNB, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVNE, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVNBE, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FCMOVNU, SOFT_FEATURE_CMOV, translate_fcmov, NULL },
    { ZYDIS_MNEMONIC_FFREE, SOFT_FEATURE_FPU, translate_ffree, NULL },
    { ZYDIS_MNEMONIC_FFREEP, SOFT_FEATURE_FPU, translate_ffree, NULL },
    { ZYDIS_MNEMONIC_FINCSTP, SOFT_FEATURE_FPU, fpu_translate_simple, &fincstp },
    { ZYDIS_MNEMONIC_FDECSTP, SOFT_FEATURE_FPU, fpu_translate_simple, &fdecstp },
    { ZYDIS_MNEMONIC_FNOP, SOFT_FEATURE_FPU, fpu_translate_simple, &fnop },
};
SOFT_DEFINE_GROUP(soft_group_fpu_load, rows);
