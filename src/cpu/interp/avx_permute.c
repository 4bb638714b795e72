/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avx_permute.c - what VEX alone has within 128-bit lanes and across them: permutations, broadcasts,
 * inserts and extracts of halves, variable shifts, blends by a register.
 */
#include "cpu/interp/avx_internal.h"

/* ---- within lanes ---- */

static __m128i k_vpermilps(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };

    (void)imm;
    return _mm_set_epi32(x.sd[y.d[3] & 3], x.sd[y.d[2] & 3], x.sd[y.d[1] & 3], x.sd[y.d[0] & 3]);
}

static __m128i k_vpermilps_imm(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    return k_vpermilps(b, _mm_set_epi32((int)imm >> 6, (int)imm >> 4, (int)imm >> 2, (int)imm), 0);
}

static __m128i k_vpermilpd(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };

    (void)imm;
    return _mm_set_epi64x(x.sq[y.q[1] >> 1 & 1], x.sq[y.q[0] >> 1 & 1]);
}

static __m128i k_vpermilpd_imm(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes y = { .v = b };

    (void)a;
    return _mm_set_epi64x(y.sq[imm >> 1 & 1], y.sq[imm & 1]);
}

static __m128i k_vpblendd(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes r = { .v = a };
    union sse_lanes y = { .v = b };

    for (unsigned i = 0; i < 4; i++) {
        r.d[i] = (imm >> i & 1) != 0 ? y.d[i] : r.d[i];
    }
    return r.v;
}

AVX_DEFINE_FORM(vpermilps, NONE, 16, false, 0)
AVX_DEFINE_FORM(vpermilps_imm, NONE, 16, false, 0)
AVX_DEFINE_FORM(vpermilpd, NONE, 16, false, 0)
AVX_DEFINE_FORM(vpermilpd_imm, NONE, 16, false, 2)
AVX_DEFINE_FORM(vpblendd, AVX2, 16, false, 4)

#define VARIABLE_SHIFT(name, member, count, expression)         \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                           \
        union sse_lanes r = { .v = a };                         \
        union sse_lanes y = { .v = b };                         \
                                                                \
        (void)imm;                                              \
        for (unsigned i = 0; i < (count); i++) {                \
            r.member[i] = expression;                           \
        }                                                       \
        return r.v;                                             \
    }                                                           \
    AVX_DEFINE_FORM(name, AVX2, 16, false, 0)

VARIABLE_SHIFT(vpsllvd, d, 4, y.d[i] > 31 ? 0 : r.d[i] << y.d[i])
VARIABLE_SHIFT(vpsllvq, q, 2, y.q[i] > 63 ? 0 : r.q[i] << y.q[i])
VARIABLE_SHIFT(vpsrlvd, d, 4, y.d[i] > 31 ? 0 : r.d[i] >> y.d[i])
VARIABLE_SHIFT(vpsrlvq, q, 2, y.q[i] > 63 ? 0 : r.q[i] >> y.q[i])
VARIABLE_SHIFT(vpsravd, sd, 4, r.sd[i] >> MIN(y.d[i], 31u))

/* By a vector or by an immediate, under one mnemonic. */
struct two_forms {
    const struct sse_form *by_vector, *by_immediate;
};

static const struct two_forms permilps = { &form_vpermilps, &form_vpermilps_imm };
static const struct two_forms permilpd = { &form_vpermilpd, &form_vpermilpd_imm };

static void translate_permil(struct soft_translation *t)
{
    const struct two_forms *forms = t->table;

    t->table = soft_operand_is_immediate(t, 2) ? forms->by_immediate : forms->by_vector;
    avx_translate_form(t);
}

/* ---- across lanes: functions of whole registers ---- */

union whole {
    __m128i v[2];
    uint8_t b[32];
    uint16_t w[16];
    uint32_t d[8];
    uint64_t q[4];
};

typedef void (*whole_fn)(union whole *r, const union whole *a, const union whole *b, unsigned imm);

static void broadcast8(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    (void)imm;
    memset(r->b, b->b[0], sizeof(r->b));
}

static void broadcast16(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    (void)imm;
    for (unsigned i = 0; i < 16; i++) {
        r->w[i] = b->w[0];
    }
}

static void broadcast32(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    (void)imm;
    for (unsigned i = 0; i < 8; i++) {
        r->d[i] = b->d[0];
    }
}

static void broadcast64(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    (void)imm;
    for (unsigned i = 0; i < 4; i++) {
        r->q[i] = b->q[0];
    }
}

static void broadcast128(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    (void)imm;
    r->v[0] = r->v[1] = b->v[0];
}

static void insert128(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    *r = *a;
    r->v[imm & 1] = b->v[0];
}

static __m128i pick128(const union whole *a, const union whole *b, unsigned selector)
{
    if ((selector & 8) != 0) {
        return _mm_setzero_si128();
    }
    return ((selector & 2) != 0 ? b : a)->v[selector & 1];
}

static void permute128(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    r->v[0] = pick128(a, b, imm);
    r->v[1] = pick128(a, b, imm >> 4);
}

static void permute_quads(union whole *r, const union whole *a, const union whole *b, unsigned imm)
{
    (void)a;
    for (unsigned i = 0; i < 4; i++) {
        r->q[i] = b->q[imm >> (2 * i) & 3];
    }
}

static void permute_doubles(union whole *r, const union whole *a, const union whole *b,
                            unsigned imm)
{
    (void)imm;
    for (unsigned i = 0; i < 8; i++) {
        r->d[i] = b->d[a->d[i] & 7];
    }
}

/* detail: the immediate; operand_size: bytes of the memory operand, 0 = register. */
static const struct op *op_whole(struct soft_cpu *cpu, const struct op *op)
{
    whole_fn function = (whole_fn)(uintptr_t)op->imm;
    bool is_ymm = (op->prefix & SOFT_PREFIX_REP) == 0;
    union whole a, b, r;
    uint64_t linear;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    memset(&b, 0, sizeof(b));
    if (op->operand_size == 0) {
        memcpy(&b, cpu->state.vector.ymm[op->reg3].q, sizeof(b));
    } else if (!soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) ||
               !soft_load(cpu, linear, &b, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    memcpy(&a, cpu->state.vector.ymm[op->reg2].q, sizeof(a));
    function(&r, &a, &b, op->detail);
    sse_set_xmm(cpu, op->reg, r.v[0]);
    avx_set_high(cpu, op->reg, is_ymm ? r.v[1] : _mm_setzero_si128());
    return SOFT_NEXT(cpu, op);
}

struct whole_form {
    whole_fn function;
    uint8_t reg_feature; /* of the form with a register source */
};

static void translate_whole(struct soft_translation *t)
{
    const struct whole_form *form = t->table;
    struct op *op = t->op;
    unsigned count;

    if (!sse_is_vex(t) || (!t->has_memory && !sse_has_feature(t, form->reg_feature))) {
        return;
    }
    op->detail = sse_immediate(t, &count);
    op->imm = (uintptr_t)form->function;
    op->reg = soft_operand_register(t, 0);
    op->reg2 = count == 3 ? soft_operand_register(t, 1) : op->reg;
    op->operand_size = t->has_memory ? (uint8_t)soft_operand_bytes(t, count - 1) : 0;
    if (!t->has_memory) {
        op->reg3 = soft_operand_register(t, count - 1);
    }
    /* No VEX instruction has a REP prefix: the bit is free to say that the result has 128 bits. */
    op->prefix = (uint8_t)((op->prefix & SOFT_PREFIX_STACK) |
                           (sse_operand_is_ymm(t, 0) ? 0 : SOFT_PREFIX_REP));
    op->run = op_whole;
}

static const struct op *op_extract128(struct soft_cpu *cpu, const struct op *op)
{
    __m128i value = (op->detail & 1) != 0 ? avx_high(cpu, op->reg2) : sse_xmm(cpu, op->reg2);
    uint64_t linear;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        sse_set_xmm(cpu, op->reg, value);
        avx_set_high(cpu, op->reg, _mm_setzero_si128());
    } else if (!soft_operand(cpu, op, 16, SOFT_WRITE, &linear) ||
               !sse_store(cpu, linear, 16, value)) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_extract128(struct soft_translation *t)
{
    unsigned count;

    if (!sse_is_vex(t)) {
        return;
    }
    t->op->detail = sse_immediate(t, &count);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->operand_size = t->has_memory ? 16 : 0;
    if (!t->has_memory) {
        t->op->reg = soft_operand_register(t, 0);
    }
    t->op->run = op_extract128;
}

/* ---- blends by a fourth register ---- */

static const struct op *op_vblendv(struct soft_cpu *cpu, const struct op *op)
{
    sse_blend_fn blend = (sse_blend_fn)(uintptr_t)op->imm;
    unsigned halves = (op->detail & 0x10) != 0 ? 2 : 1;
    unsigned mask = op->detail & 15u;
    __m128i b[2], low, high = _mm_setzero_si128();

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        b[0] = sse_xmm(cpu, op->reg3);
        b[1] = avx_high(cpu, op->reg3);
    } else if (!avx_load_halves(cpu, op, halves, b)) {
        return soft_fault(cpu, op);
    }
    low = blend(sse_xmm(cpu, op->reg2), b[0], sse_xmm(cpu, mask));
    if (halves == 2) {
        high = blend(avx_high(cpu, op->reg2), b[1], avx_high(cpu, mask));
    }
    sse_set_xmm(cpu, op->reg, low);
    avx_set_high(cpu, op->reg, high);
    return SOFT_NEXT(cpu, op);
}

/* detail: number of the mask register, bit 4 for 256 bits. */
void avx_translate_blendv(struct soft_translation *t)
{
    const struct blend *blend = t->table;
    bool is_ymm = sse_operand_is_ymm(t, 0);

    if (!sse_is_vex(t) || (is_ymm && !sse_has_feature(t, blend->ymm_feature))) {
        return;
    }
    t->op->imm = (uintptr_t)blend->function;
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->operand_size = t->has_memory ? 16 : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 2);
    }
    t->op->detail = (uint8_t)(soft_operand_register(t, 3) | (is_ymm ? 0x10 : 0));
    t->op->run = op_vblendv;
}

#define WHOLE(name, reg_feature) \
    static const struct whole_form whole_##name = { name, SOFT_FEATURE_##reg_feature };

WHOLE(broadcast8, AVX2)
WHOLE(broadcast16, AVX2)
WHOLE(broadcast32, AVX2)
WHOLE(broadcast64, AVX2)
WHOLE(broadcast128, NONE)
WHOLE(insert128, NONE)
WHOLE(permute128, NONE)
WHOLE(permute_quads, NONE)
WHOLE(permute_doubles, NONE)

#define WHOLE_ROW(MNEMONIC, feature, name)                                                \
    {                                                                                     \
        ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate_whole, &whole_##name \
    }
#define FORM_ROW(MNEMONIC, feature, name)                                                   \
    {                                                                                       \
        ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, avx_translate_form, &form_##name \
    }

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_VPERMILPS, SOFT_FEATURE_AVX, translate_permil, &permilps },
    { ZYDIS_MNEMONIC_VPERMILPD, SOFT_FEATURE_AVX, translate_permil, &permilpd },
    FORM_ROW(VPBLENDD, AVX2, vpblendd),
    FORM_ROW(VPSLLVD, AVX2, vpsllvd),
    FORM_ROW(VPSLLVQ, AVX2, vpsllvq),
    FORM_ROW(VPSRLVD, AVX2, vpsrlvd),
    FORM_ROW(VPSRLVQ, AVX2, vpsrlvq),
    FORM_ROW(VPSRAVD, AVX2, vpsravd),
    WHOLE_ROW(VBROADCASTSS, AVX, broadcast32),
    WHOLE_ROW(VBROADCASTSD, AVX, broadcast64),
    WHOLE_ROW(VBROADCASTF128, AVX, broadcast128),
    WHOLE_ROW(VBROADCASTI128, AVX2, broadcast128),
    WHOLE_ROW(VPBROADCASTB, AVX2, broadcast8),
    WHOLE_ROW(VPBROADCASTW, AVX2, broadcast16),
    WHOLE_ROW(VPBROADCASTD, AVX2, broadcast32),
    WHOLE_ROW(VPBROADCASTQ, AVX2, broadcast64),
    WHOLE_ROW(VINSERTF128, AVX, insert128),
    WHOLE_ROW(VINSERTI128, AVX2, insert128),
    WHOLE_ROW(VPERM2F128, AVX, permute128),
    WHOLE_ROW(VPERM2I128, AVX2, permute128),
    WHOLE_ROW(VPERMQ, AVX2, permute_quads),
    WHOLE_ROW(VPERMPD, AVX2, permute_quads),
    WHOLE_ROW(VPERMD, AVX2, permute_doubles),
    WHOLE_ROW(VPERMPS, AVX2, permute_doubles),
    { ZYDIS_MNEMONIC_VEXTRACTF128, SOFT_FEATURE_AVX, translate_extract128, NULL },
    { ZYDIS_MNEMONIC_VEXTRACTI128, SOFT_FEATURE_AVX2, translate_extract128, NULL },
};
SOFT_DEFINE_GROUP(soft_group_avx_permute, rows);
