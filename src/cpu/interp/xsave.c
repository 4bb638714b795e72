/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xsave.c - FXSAVE, FXRSTOR and the XSAVE family for x87, SSE and AVX state (SDM 1 10.5 and 13),
 * XGETBV and XSETBV.
 *
 *   0    x87: control, status, tags, opcode, pointers, MXCSR; 32: ST(i), 16 bytes each
 *   160  XMM0 to XMM15
 *   512  header: XSTATE_BV, XCOMP_BV, reserved
 *   576  the upper halves of YMM0 to YMM15, 16 bytes each
 */
#include "cpu/interp/fpu_internal.h"
#include "cpu/interp/sse_internal.h"

#define LEGACY_BYTES 512u
#define HEADER_BYTES 64u
#define AVX_OFFSET   (LEGACY_BYTES + HEADER_BYTES)
#define AREA_BYTES   (AVX_OFFSET + 256u)
#define MXCSR_OFFSET 24u
#define XMM_OFFSET   160u

#define STATE_X87 1u
#define STATE_SSE 2u
#define STATE_AVX 4u
#define STATE_ALL (STATE_X87 | STATE_SSE | STATE_AVX)
#define COMPACTED (1ull << 63)

/* ---- the legacy area ---- */

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    memcpy(at, &value, bytes);
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    memcpy(&value, at, bytes);
    return value;
}

/* XMM8 and above exist in 64-bit mode alone. */
static unsigned xmm_count(const struct soft_cpu *cpu)
{
    return cpu->is_64bit ? 16 : 8;
}

/* has_rex_w: pointers of 64 bits, else selector and offset. */
static void encode_x87(struct soft_cpu *cpu, bool has_rex_w, uint8_t *area)
{
    const struct soft_vector_state *v = &cpu->state.vector;

    put(area, v->control, 2);
    put(area + 2, fpu_status_word(cpu), 2);
    put(area + 4, v->valid, 2);
    put(area + 6, v->opcode, 2);
    if (has_rex_w) {
        put(area + 8, v->ip, 8);
        put(area + 16, v->dp, 8);
    } else {
        put(area + 8, (uint32_t)v->ip, 4);
        put(area + 12, v->cs, 4);
        put(area + 16, (uint32_t)v->dp, 4);
        put(area + 20, v->ds, 4);
    }
    for (unsigned i = 0; i < 8; i++) {
        const struct soft_f80 *value = fpu_st(cpu, i);

        put(area + 32 + (size_t)i * 16, value->mantissa, 8);
        put(area + 40 + (size_t)i * 16, value->sign_exponent, 8);
    }
}

static void decode_x87(struct soft_cpu *cpu, bool has_rex_w, const uint8_t *area)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->control = (uint16_t)((get(area, 2) & FPU_CONTROL_VALID) | 0x40u);
    fpu_set_status_word(cpu, (uint16_t)get(area + 2, 2));
    v->valid = (uint8_t)get(area + 4, 1);
    v->opcode = get(area + 6, 2) & 0x7ff;
    if (has_rex_w) {
        v->ip = get(area + 8, 8);
        v->dp = get(area + 16, 8);
        v->cs = v->ds = 0;
    } else {
        v->ip = get(area + 8, 4);
        v->cs = (uint16_t)get(area + 12, 2);
        v->dp = get(area + 16, 4);
        v->ds = (uint16_t)get(area + 20, 2);
    }
    for (unsigned i = 0; i < 8; i++) {
        fpu_st(cpu, i)->mantissa = get(area + 32 + (size_t)i * 16, 8);
        fpu_st(cpu, i)->sign_exponent = (uint16_t)get(area + 40 + (size_t)i * 16, 2);
    }
}

static void encode_mxcsr(const struct soft_cpu *cpu, uint8_t *area)
{
    put(area + MXCSR_OFFSET, cpu->state.vector.mxcsr, 4);
    put(area + MXCSR_OFFSET + 4, SSE_MXCSR_VALID, 4);
}

static void encode_xmm(const struct soft_cpu *cpu, uint8_t *area)
{
    for (unsigned i = 0; i < xmm_count(cpu); i++) {
        memcpy(area + XMM_OFFSET + (size_t)i * 16, cpu->state.vector.ymm[i].q, 16);
    }
}

static void decode_xmm(struct soft_cpu *cpu, const uint8_t *area)
{
    for (unsigned i = 0; i < xmm_count(cpu); i++) {
        memcpy(cpu->state.vector.ymm[i].q, area + XMM_OFFSET + (size_t)i * 16, 16);
    }
}

static void encode_avx(const struct soft_cpu *cpu, uint8_t *component)
{
    for (unsigned i = 0; i < xmm_count(cpu); i++) {
        memcpy(component + (size_t)i * 16, cpu->state.vector.ymm[i].q + 2, 16);
    }
}

static void decode_avx(struct soft_cpu *cpu, const uint8_t *component)
{
    for (unsigned i = 0; i < xmm_count(cpu); i++) {
        memcpy(cpu->state.vector.ymm[i].q + 2, component + (size_t)i * 16, 16);
    }
}

/* ---- FXSAVE, FXRSTOR ---- */

static bool fxsave_begin(struct soft_cpu *cpu)
{
    if ((cpu->state.system.cr0 & (SSE_CR0_EM | SSE_CR0_TS)) != 0) {
        return soft_fail(cpu, SOFT_NM);
    }
    return true;
}

/* Bytes 464 to 511 are the program's: read, and written back as they are. */
static const struct op *op_fxsave(struct soft_cpu *cpu, const struct op *op)
{
    bool has_sse = (cpu->state.system.cr4 & SSE_CR4_OSFXSR) != 0;
    uint8_t area[LEGACY_BYTES] = { 0 };
    uint64_t linear;

    if (!fxsave_begin(cpu) || !sse_operand_aligned(cpu, op, 16, SOFT_WRITE, &linear) ||
        !soft_operand(cpu, op, LEGACY_BYTES, SOFT_WRITE, &linear) ||
        !soft_probe_store(cpu, linear, LEGACY_BYTES) ||
        !soft_load(cpu, linear, area, LEGACY_BYTES)) {
        return soft_fault(cpu, op);
    }
    encode_x87(cpu, op->operand_size == 8, area);
    encode_mxcsr(cpu, area);
    if (has_sse) {
        encode_xmm(cpu, area);
    }
    return soft_store(cpu, linear, area, LEGACY_BYTES) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_fxrstor(struct soft_cpu *cpu, const struct op *op)
{
    bool has_sse = (cpu->state.system.cr4 & SSE_CR4_OSFXSR) != 0;
    uint8_t area[LEGACY_BYTES];
    uint64_t linear, mxcsr;

    if (!fxsave_begin(cpu) || !sse_operand_aligned(cpu, op, 16, SOFT_READ, &linear) ||
        !soft_operand(cpu, op, LEGACY_BYTES, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, area, LEGACY_BYTES)) {
        return soft_fault(cpu, op);
    }
    mxcsr = get(area + MXCSR_OFFSET, 4);
    if (has_sse && (mxcsr & ~(uint64_t)SSE_MXCSR_VALID) != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    decode_x87(cpu, op->operand_size == 8, area);
    if (has_sse) {
        cpu->state.vector.mxcsr = (uint32_t)mxcsr;
        decode_xmm(cpu, area);
    }
    return SOFT_NEXT(cpu, op);
}

/* ---- the XSAVE family ---- */

static bool xsave_begin(struct soft_cpu *cpu)
{
    if ((cpu->state.system.cr4 & SSE_CR4_OSXSAVE) == 0) {
        return soft_fail(cpu, SOFT_UD);
    }
    if ((cpu->state.system.cr0 & SSE_CR0_TS) != 0) {
        return soft_fail(cpu, SOFT_NM);
    }
    return true;
}

/* EDX:EAX of the components that XCR0 has. */
static uint64_t requested(const struct soft_cpu *cpu)
{
    uint64_t mask = (uint32_t)cpu->state.gpr[X86_RAX] | cpu->state.gpr[X86_RDX] << 32;

    return mask & cpu->state.vector.xcr0;
}

static bool is_zero(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;

    for (size_t i = 0; i < size; i++) {
        if (b[i] != 0) {
            return false;
        }
    }
    return true;
}

/* XINUSE: which components differ from their initial state (SDM 1 13.6). */
static uint64_t in_use(const struct soft_cpu *cpu)
{
    const struct soft_vector_state *v = &cpu->state.vector;
    uint64_t used = 0;

    if (v->control != FPU_CONTROL_INIT || v->status != 0 || v->top != 0 || v->valid != 0 ||
        v->ip != 0 || v->dp != 0 || v->cs != 0 || v->ds != 0 || v->opcode != 0 ||
        !is_zero(v->r, sizeof(v->r))) {
        used |= STATE_X87;
    }
    for (unsigned i = 0; i < 16; i++) {
        used |= (v->ymm[i].q[0] | v->ymm[i].q[1]) != 0 ? STATE_SSE : 0;
        used |= (v->ymm[i].q[2] | v->ymm[i].q[3]) != 0 ? STATE_AVX : 0;
    }
    return used;
}

enum save_kind { SAVE_PLAIN, SAVE_OPTIMISED, SAVE_COMPACTED };

/* The bytes that the standard format of the components takes. */
static unsigned area_bytes(uint64_t components)
{
    return (components & STATE_AVX) != 0 ? AREA_BYTES : AVX_OFFSET;
}

/* SDM 1 13.7, 13.9, 13.10: old bytes stay where a component is not written. */
static void encode_area(struct soft_cpu *cpu, const struct op *op, enum save_kind kind,
                        uint8_t *area)
{
    uint64_t components = requested(cpu);
    uint64_t used = in_use(cpu);
    uint64_t written = kind == SAVE_PLAIN ? components : components & used;
    uint64_t bv = get(area + LEGACY_BYTES, 8);

    /* MXCSR is no part of XINUSE's SSE bit for XSAVEC (13.6), but is saved with it. */
    if (kind == SAVE_COMPACTED && (components & STATE_SSE) != 0 &&
        cpu->state.vector.mxcsr != SSE_MXCSR_DEFAULT) {
        written |= STATE_SSE;
        used |= STATE_SSE;
    }
    if ((written & STATE_X87) != 0) {
        encode_x87(cpu, op->operand_size == 8, area);
    }
    if (((kind == SAVE_COMPACTED ? written : components) & STATE_SSE) != 0 ||
        (kind != SAVE_COMPACTED && (components & STATE_AVX) != 0)) {
        encode_mxcsr(cpu, area);
    }
    if ((written & STATE_SSE) != 0) {
        encode_xmm(cpu, area);
    }
    if ((written & STATE_AVX) != 0) {
        encode_avx(cpu, area + AVX_OFFSET);
    }
    if (kind == SAVE_COMPACTED) {
        put(area + LEGACY_BYTES, components & used, 8);
        put(area + LEGACY_BYTES + 8, components | COMPACTED, 8);
    } else {
        put(area + LEGACY_BYTES, (bv & ~components) | (components & used), 8);
    }
}

static const struct op *save(struct soft_cpu *cpu, const struct op *op, enum save_kind kind)
{
    unsigned size = area_bytes(requested(cpu));
    uint8_t area[AREA_BYTES];
    uint64_t linear;

    if (!xsave_begin(cpu) || !sse_operand_aligned(cpu, op, 64, SOFT_WRITE, &linear) ||
        !soft_operand(cpu, op, size, SOFT_WRITE, &linear) || !soft_probe_store(cpu, linear, size) ||
        !soft_load(cpu, linear, area, size)) {
        return soft_fault(cpu, op);
    }
    encode_area(cpu, op, kind, area);
    return soft_store(cpu, linear, area, size) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_xsave(struct soft_cpu *cpu, const struct op *op)
{
    return save(cpu, op, SAVE_PLAIN);
}

static const struct op *op_xsaveopt(struct soft_cpu *cpu, const struct op *op)
{
    return save(cpu, op, SAVE_OPTIMISED);
}

static const struct op *op_xsavec(struct soft_cpu *cpu, const struct op *op)
{
    return save(cpu, op, SAVE_COMPACTED);
}

/* SDM 1 13.8: what makes XRSTOR fault. */
static bool header_is_valid(const struct soft_cpu *cpu, const uint8_t *header)
{
    uint64_t bv = get(header, 8);
    uint64_t xcomp = get(header + 8, 8);

    if ((xcomp & COMPACTED) == 0) {
        return (bv & ~cpu->state.vector.xcr0) == 0 && xcomp == 0 && is_zero(header + 16, 8);
    }
    return (xcomp & ~COMPACTED & ~cpu->state.vector.xcr0) == 0 && (bv & ~xcomp) == 0 &&
           is_zero(header + 16, 48);
}

static void reset_x87(struct soft_cpu *cpu)
{
    fpu_init(cpu);
    memset(cpu->state.vector.r, 0, sizeof(cpu->state.vector.r));
}

static void decode_area(struct soft_cpu *cpu, const struct op *op, const uint8_t *area)
{
    static const uint8_t zero[LEGACY_BYTES];
    uint64_t components = requested(cpu);
    uint64_t bv = get(area + LEGACY_BYTES, 8);
    bool compacted = (get(area + LEGACY_BYTES + 8, 8) & COMPACTED) != 0;

    if ((components & STATE_X87) != 0) {
        if ((bv & STATE_X87) != 0) {
            decode_x87(cpu, op->operand_size == 8, area);
        } else {
            reset_x87(cpu);
        }
    }
    if ((components & STATE_SSE) != 0) {
        if ((bv & STATE_SSE) != 0) {
            decode_xmm(cpu, area);
        } else {
            decode_xmm(cpu, zero);
        }
    }
    if ((components & STATE_AVX) != 0) {
        decode_avx(cpu, (bv & STATE_AVX) != 0 ? area + AVX_OFFSET : zero);
    }
    /* The compacted form takes MXCSR with SSE alone; the standard one with SSE or AVX. */
    if (compacted) {
        if ((components & STATE_SSE) != 0) {
            cpu->state.vector.mxcsr =
                (bv & STATE_SSE) != 0 ? (uint32_t)get(area + MXCSR_OFFSET, 4) : SSE_MXCSR_DEFAULT;
        }
    } else if ((components & (STATE_SSE | STATE_AVX)) != 0) {
        cpu->state.vector.mxcsr = (uint32_t)get(area + MXCSR_OFFSET, 4);
    }
}

/* Is MXCSR loaded, and wrong? */
static bool mxcsr_is_valid(const struct soft_cpu *cpu, const uint8_t *area)
{
    uint64_t components = requested(cpu);
    bool compacted = (get(area + LEGACY_BYTES + 8, 8) & COMPACTED) != 0;
    bool loaded = compacted ? (components & get(area + LEGACY_BYTES, 8) & STATE_SSE) != 0
                            : (components & (STATE_SSE | STATE_AVX)) != 0;

    return !loaded || (get(area + MXCSR_OFFSET, 4) & ~(uint64_t)SSE_MXCSR_VALID) == 0;
}

static const struct op *op_xrstor(struct soft_cpu *cpu, const struct op *op)
{
    unsigned size = area_bytes(requested(cpu));
    uint8_t area[AREA_BYTES];
    uint64_t linear;

    if (!xsave_begin(cpu) || !sse_operand_aligned(cpu, op, 64, SOFT_READ, &linear) ||
        !soft_operand(cpu, op, size, SOFT_READ, &linear) || !soft_load(cpu, linear, area, size)) {
        return soft_fault(cpu, op);
    }
    if (!header_is_valid(cpu, area + LEGACY_BYTES) || !mxcsr_is_valid(cpu, area)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    decode_area(cpu, op, area);
    return SOFT_NEXT(cpu, op);
}

/* ---- XGETBV, XSETBV ---- */

static const struct op *op_xgetbv(struct soft_cpu *cpu, const struct op *op)
{
    uint32_t index = (uint32_t)cpu->state.gpr[X86_RCX];
    uint64_t value = cpu->state.vector.xcr0;

    if ((cpu->state.system.cr4 & SSE_CR4_OSXSAVE) == 0) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (index == 1 && soft_features_has(&cpu->cluster->features, SOFT_FEATURE_XGETBV1)) {
        value &= in_use(cpu);
    } else if (index != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    cpu->state.gpr[X86_RAX] = (uint32_t)value;
    cpu->state.gpr[X86_RDX] = value >> 32;
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_xsetbv(struct soft_cpu *cpu, const struct op *op)
{
    bool has_avx = soft_features_has(&cpu->cluster->features, SOFT_FEATURE_AVX);
    uint64_t value = (uint32_t)cpu->state.gpr[X86_RAX] | cpu->state.gpr[X86_RDX] << 32;
    uint64_t permitted = has_avx ? STATE_ALL : STATE_X87 | STATE_SSE;

    if ((cpu->state.system.cr4 & SSE_CR4_OSXSAVE) == 0) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (cpu->cpl != 0 || (uint32_t)cpu->state.gpr[X86_RCX] != 0 || (value & ~permitted) != 0 ||
        (value & STATE_X87) == 0 || (value & (STATE_SSE | STATE_AVX)) == STATE_AVX) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    cpu->state.vector.xcr0 = value;
    return SOFT_NEXT(cpu, op);
}

/* ---- translation ---- */

static void translate_save(struct soft_translation *t)
{
    const struct soft_simple *simple = t->table;

    t->op->operand_size =
        (t->instruction->attributes & ZYDIS_ATTRIB_HAS_REX) != 0 && t->instruction->raw.rex.W != 0
            ? 8
            : 4;
    t->op->run = simple->run;
}

static const struct soft_simple fxsave = { op_fxsave, false, false };
static const struct soft_simple fxrstor = { op_fxrstor, false, false };
static const struct soft_simple xsave = { op_xsave, false, false };
static const struct soft_simple xsaveopt = { op_xsaveopt, false, false };
static const struct soft_simple xsavec = { op_xsavec, false, false };
static const struct soft_simple xrstor = { op_xrstor, false, false };
static const struct soft_simple xgetbv = { op_xgetbv, false, false };
static const struct soft_simple xsetbv = { op_xsetbv, false, false };

static const struct soft_row rows[] = {
#define SAVE_ROWS(MNEMONIC, feature, name)                                             \
    { ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate_save, &(name) },    \
    {                                                                                  \
        ZYDIS_MNEMONIC_##MNEMONIC##64, SOFT_FEATURE_##feature, translate_save, &(name) \
    }
    SAVE_ROWS(FXSAVE, FXSR, fxsave),
    SAVE_ROWS(FXRSTOR, FXSR, fxrstor),
    SAVE_ROWS(XSAVE, XSAVE, xsave),
    SAVE_ROWS(XSAVEOPT, XSAVEOPT, xsaveopt),
    SAVE_ROWS(XSAVEC, XSAVEC, xsavec),
    SAVE_ROWS(XRSTOR, XSAVE, xrstor),
    { ZYDIS_MNEMONIC_XGETBV, SOFT_FEATURE_XSAVE, soft_translate_simple, &xgetbv },
    { ZYDIS_MNEMONIC_XSETBV, SOFT_FEATURE_XSAVE, soft_translate_simple, &xsetbv },
};
SOFT_DEFINE_GROUP(soft_group_xsave, rows);
