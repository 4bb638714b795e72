/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_internal.h - what the groups of vector instructions share: kernels, forms and the operations
 * made of them.
 *
 * A kernel is one instruction's semantics on 128 bits, in one place for MMX, SSE and AVX. A form is a
 * kernel with its operations for the legacy encodings (inlined) and what the others need to run it by
 * pointer. A floating-point kernel runs under the guest's MXCSR and may use the host's own SSE2
 * instructions, whose results IEEE 754 and the SDM define to the bit; one in plain C asks and tells
 * MXCSR by sse_host_mxcsr() and sse_host_raise().
 */
#ifndef REPLUG_CPU_SSE_INTERNAL_H
#define REPLUG_CPU_SSE_INTERNAL_H

#include <emmintrin.h>

#include "cpu/soft_translate.h"

__extension__ typedef unsigned __int128 soft_uint128;

#define SSE_INLINE static inline __attribute__((always_inline))

typedef __m128i (*sse_kernel)(__m128i a, __m128i b, unsigned imm);

/* For kernels in plain C. */
union sse_lanes {
    __m128i v;
    uint8_t b[16];
    int8_t sb[16];
    uint16_t w[8];
    int16_t sw[8];
    uint32_t d[4];
    int32_t sd[4];
    uint64_t q[2];
    int64_t sq[2];
};

#define SSE_MXCSR_IE      0x01u
#define SSE_MXCSR_DE      0x02u
#define SSE_MXCSR_ZE      0x04u
#define SSE_MXCSR_OE      0x08u
#define SSE_MXCSR_UE      0x10u
#define SSE_MXCSR_PE      0x20u
#define SSE_MXCSR_FLAGS   0x3fu
#define SSE_MXCSR_DAZ     0x40u
#define SSE_MXCSR_UM      0x800u
#define SSE_MXCSR_FTZ     0x8000u
#define SSE_MXCSR_DEFAULT 0x1f80u
#define SSE_MXCSR_VALID   0xffffu

#define SSE_CR0_EM      0x4ull
#define SSE_CR0_TS      0x8ull
#define SSE_CR4_OSFXSR  0x200ull
#define SSE_CR4_OSXMM   0x400ull
#define SSE_CR4_OSXSAVE 0x40000ull

/* ---- MXCSR of the host: always SSE_MXCSR_DEFAULT with some flags, but within a kernel ---- */

static inline uint32_t sse_host_mxcsr(void)
{
    uint32_t mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr;
}

static inline void sse_host_set_mxcsr(uint32_t mxcsr)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static inline void sse_host_raise(uint32_t flags)
{
    sse_host_set_mxcsr(sse_host_mxcsr() | flags);
}

/*
 * count kernels (1 or 2 halves) under the guest's MXCSR. False = an unmasked exception is set (the
 * flags in MXCSR too) and result means nothing.
 */
bool sse_float_slow(struct soft_cpu *cpu, sse_kernel kernel, const __m128i *a, const __m128i *b,
                    unsigned count, unsigned imm, __m128i *result);

/*
 * The same for one half. Under the usual MXCSR the kernel just runs: where the host has no flag
 * afterwards that the guest had not before, neither changes.
 */
SSE_INLINE bool sse_float(struct soft_cpu *cpu, sse_kernel kernel, __m128i a, __m128i b,
                          unsigned imm, __m128i *result)
{
    uint32_t guest = cpu->state.vector.mxcsr;
    uint32_t host;

    if (soft_likely((guest & ~SSE_MXCSR_FLAGS) == SSE_MXCSR_DEFAULT)) {
        *result = kernel(a, b, imm);
        __asm__ volatile("stmxcsr %0" : "=m"(host) : "x"(*result));
        if (soft_likely((host & ~guest) == 0)) {
            return true;
        }
    }
    return sse_float_slow(cpu, kernel, &a, &b, 1, imm, result);
}

/* ---- may the instruction run at all? ---- */

/* CR0.EM, CR0.TS, CR4.OSFXSR. */
SSE_INLINE bool sse_is_usable(const struct soft_cpu *cpu)
{
    return ((cpu->state.system.cr0 & (SSE_CR0_EM | SSE_CR0_TS)) |
            (~cpu->state.system.cr4 & SSE_CR4_OSFXSR)) == 0;
}

/* #UD or #NM. */
const struct op *sse_refuse(struct soft_cpu *cpu, const struct op *op);

#define SSE_XCR0_AVX 6ull

SSE_INLINE bool avx_is_usable(const struct soft_cpu *cpu)
{
    return ((cpu->state.system.cr0 & SSE_CR0_TS) | (~cpu->state.system.cr4 & SSE_CR4_OSXSAVE) |
            (~cpu->state.vector.xcr0 & SSE_XCR0_AVX)) == 0 &&
           soft_is_protected(cpu) && (cpu->state.rflags & SOFT_RFLAGS_VM) == 0;
}

const struct op *avx_refuse(struct soft_cpu *cpu, const struct op *op);

/* ---- registers ---- */

SSE_INLINE __m128i sse_xmm(const struct soft_cpu *cpu, unsigned i)
{
    return _mm_loadu_si128((const __m128i *)cpu->state.vector.ymm[i].q);
}

SSE_INLINE __m128i avx_high(const struct soft_cpu *cpu, unsigned i)
{
    return _mm_loadu_si128((const __m128i *)(cpu->state.vector.ymm[i].q + 2));
}

/* The upper half stays. */
SSE_INLINE void sse_set_xmm(struct soft_cpu *cpu, unsigned i, __m128i value)
{
    _mm_storeu_si128((__m128i *)cpu->state.vector.ymm[i].q, value);
}

SSE_INLINE void avx_set_high(struct soft_cpu *cpu, unsigned i, __m128i value)
{
    _mm_storeu_si128((__m128i *)(cpu->state.vector.ymm[i].q + 2), value);
}

/* ---- memory operands ---- */

/* bytes at most 16, the rest of *value is zero. */
SSE_INLINE bool sse_load(struct soft_cpu *cpu, uint64_t linear, unsigned bytes, __m128i *value)
{
    const void *host = soft_host_read(cpu, linear, bytes);
    uint64_t low = 0;

    if (soft_likely(host != NULL)) {
        if (bytes == 16) {
            *value = _mm_loadu_si128(host);
        } else {
            memcpy(&low, host, bytes);
            *value = _mm_cvtsi64_si128((int64_t)low);
        }
        return true;
    }
    *value = _mm_setzero_si128();
    return soft_load_slow(cpu, linear, value, bytes);
}

SSE_INLINE bool sse_store(struct soft_cpu *cpu, uint64_t linear, unsigned bytes, __m128i value)
{
    void *host = soft_host_write(cpu, linear, bytes);

    if (soft_likely(host != NULL)) {
        memcpy(host, &value, bytes);
        return true;
    }
    return soft_store_slow(cpu, linear, &value, bytes);
}

/* #GP(0) where an operand that has to be aligned is not. */
SSE_INLINE bool sse_operand_aligned(struct soft_cpu *cpu, const struct op *op, unsigned bytes,
                                    enum soft_access access, uint64_t *linear)
{
    if (!soft_operand(cpu, op, bytes, access, linear)) {
        return false;
    }
    return soft_likely((*linear & (bytes - 1)) == 0) || soft_fail_code(cpu, SOFT_GP, 0);
}

/* Legacy: 16 bytes are aligned, less need not be. */
SSE_INLINE bool sse_operand_value(struct soft_cpu *cpu, const struct op *op, unsigned bytes,
                                  __m128i *value)
{
    uint64_t linear;

    if (bytes == 16) {
        return sse_operand_aligned(cpu, op, 16, SOFT_READ, &linear) &&
               sse_load(cpu, linear, 16, value);
    }
    return soft_operand(cpu, op, bytes, SOFT_READ, &linear) && sse_load(cpu, linear, bytes, value);
}

/* ---- forms: dst = kernel(src1, src2, imm); legacy src1 is dst ---- */

struct sse_form {
    op_fn reg, mem; /* legacy, on XMM registers */
    sse_kernel kernel;
    sse_kernel mmx;      /* on the low 64 bits; NULL: no MMX form */
    uint8_t bytes;       /* of a memory operand, legacy or 128 bits */
    uint8_t feature;     /* enum soft_feature of the legacy form */
    uint8_t ymm_feature; /* of the 256-bit form */
    uint8_t vex_feature; /* beside AVX */
    bool is_float;
    uint8_t upper_shift; /* of the immediate, for the upper half of 256 bits */
};

SSE_INLINE const struct op *sse_run_reg(struct soft_cpu *cpu, const struct op *op,
                                        sse_kernel kernel, bool is_float)
{
    __m128i a, b, result;

    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    a = sse_xmm(cpu, op->reg);
    b = sse_xmm(cpu, op->reg3);
    if (!is_float) {
        result = kernel(a, b, op->detail);
    } else if (soft_unlikely(!sse_float(cpu, kernel, a, b, op->detail, &result))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result);
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *sse_run_mem(struct soft_cpu *cpu, const struct op *op,
                                        sse_kernel kernel, bool is_float, unsigned bytes)
{
    __m128i a, b, result;

    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    if (soft_unlikely(!sse_operand_value(cpu, op, bytes, &b))) {
        return soft_fault(cpu, op);
    }
    a = sse_xmm(cpu, op->reg);
    if (!is_float) {
        result = kernel(a, b, op->detail);
    } else if (soft_unlikely(!sse_float(cpu, kernel, a, b, op->detail, &result))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result);
    return SOFT_NEXT(cpu, op);
}

#define SSE_DEFINE_FORM_SHIFTED(name, feature_, ymm_feature_, bytes_, is_float_, mmx_, shift_) \
    static const struct op *reg_##name(struct soft_cpu *cpu, const struct op *op)              \
    {                                                                                          \
        return sse_run_reg(cpu, op, k_##name, is_float_);                                      \
    }                                                                                          \
    static const struct op *mem_##name(struct soft_cpu *cpu, const struct op *op)              \
    {                                                                                          \
        return sse_run_mem(cpu, op, k_##name, is_float_, bytes_);                              \
    }                                                                                          \
    static const struct sse_form form_##name = { reg_##name,                                   \
                                                 mem_##name,                                   \
                                                 k_##name,                                     \
                                                 mmx_,                                         \
                                                 bytes_,                                       \
                                                 SOFT_FEATURE_##feature_,                      \
                                                 SOFT_FEATURE_##ymm_feature_,                  \
                                                 SOFT_FEATURE_NONE,                            \
                                                 is_float_,                                    \
                                                 shift_ };
#define SSE_DEFINE_FORM(name, feature_, ymm_feature_, bytes_, is_float_, mmx_) \
    SSE_DEFINE_FORM_SHIFTED(name, feature_, ymm_feature_, bytes_, is_float_, mmx_, 0)

/* Of VEX alone. */
#define AVX_DEFINE_FORM(name, feature_, bytes_, is_float_, shift_)                       \
    static const struct sse_form form_##name = { .kernel = k_##name,                     \
                                                 .bytes = bytes_,                        \
                                                 .vex_feature = SOFT_FEATURE_##feature_, \
                                                 .ymm_feature = SOFT_FEATURE_##feature_, \
                                                 .is_float = is_float_,                  \
                                                 .upper_shift = shift_ };

/* A kernel that is one SSE2 instruction of the host. */
#define SSE_DEFINE_HOST_KERNEL(name)                                \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        (void)imm;                                                  \
        __asm__(#name " %1, %0" : "+x"(a) : "x"(b));                \
        return a;                                                   \
    }
/* The same, where the old value of the destination plays no part. */
#define SSE_DEFINE_HOST_UNARY(name)                                 \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        (void)imm;                                                  \
        __asm__(#name " %1, %0" : "=x"(a) : "x"(b));                \
        return a;                                                   \
    }

/* Rows of a form: legacy and VEX, legacy alone. The first feature is that of the legacy form or, if
 * there is one, of the MMX form. */
#define SSE_ROWS(mnemonic, feature, name)                                                    \
    { ZYDIS_MNEMONIC_##mnemonic, SOFT_FEATURE_##feature, sse_translate_form, &form_##name }, \
    {                                                                                        \
        ZYDIS_MNEMONIC_V##mnemonic, SOFT_FEATURE_AVX, avx_translate_form, &form_##name       \
    }
#define SSE_ROW(mnemonic, feature, name)                                                    \
    {                                                                                       \
        ZYDIS_MNEMONIC_##mnemonic, SOFT_FEATURE_##feature, sse_translate_form, &form_##name \
    }

/* table is a struct sse_form. */
void sse_translate_form(struct soft_translation *t);
void avx_translate_form(struct soft_translation *t);
/* The same, but b is one count for both halves: (dst, src, xmm/m128). */
void avx_translate_count_form(struct soft_translation *t);
/* (dst, xmm/m): the kernel's operand for the upper half follows that of the lower one. */
void avx_translate_widening(struct soft_translation *t);
/* (xmm, ymm/m256 or xmm/m128): the halves' results side by side. */
void avx_translate_narrowing(struct soft_translation *t);
/* (dst, src, imm): kernel(src, -, imm). */
void avx_translate_by_immediate(struct soft_translation *t);
void mmx_translate_form(struct soft_translation *t, const struct sse_form *form);
void mmx_translate_movd(struct soft_translation *t, uint8_t bytes);

/* Blends by the mask's sign bits: of bytes, doublewords, quadwords (sse_blend.c). */
typedef __m128i (*sse_blend_fn)(__m128i a, __m128i b, __m128i mask);

__m128i sse_blendv8(__m128i a, __m128i b, __m128i mask);
__m128i sse_blendv32(__m128i a, __m128i b, __m128i mask);
__m128i sse_blendv64(__m128i a, __m128i b, __m128i mask);

struct blend {
    sse_blend_fn function;
    uint8_t ymm_feature;
};

/* (dst, src1, src2, mask); table is a struct blend. */
void avx_translate_blendv(struct soft_translation *t);

/* ---- for translate functions ---- */

static inline ZydisRegisterClass sse_operand_class(const struct soft_translation *t, unsigned index)
{
    return soft_operand_is_register(t, index) ? ZydisRegisterGetClass(t->operands[index].reg.value)
                                              : ZYDIS_REGCLASS_INVALID;
}

static inline bool sse_operand_is_xmm(const struct soft_translation *t, unsigned index)
{
    return sse_operand_class(t, index) == ZYDIS_REGCLASS_XMM;
}

static inline bool sse_operand_is_ymm(const struct soft_translation *t, unsigned index)
{
    return sse_operand_class(t, index) == ZYDIS_REGCLASS_YMM;
}

static inline bool sse_operand_is_mmx(const struct soft_translation *t, unsigned index)
{
    return sse_operand_class(t, index) == ZYDIS_REGCLASS_MMX;
}

static inline bool sse_is_vex(const struct soft_translation *t)
{
    return t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}

static inline bool sse_has_feature(const struct soft_translation *t, unsigned feature)
{
    return feature == SOFT_FEATURE_NONE ||
           soft_features_has(&t->cluster->features, (enum soft_feature)feature);
}

/* The immediate operand's byte, 0 if there is none, and the number of operands before it. */
uint8_t sse_immediate(const struct soft_translation *t, unsigned *operand_count);

/* ---- MMX and x87 (mmx.c, fpu.c) ---- */

/* #UD, #NM or #MF before an MMX instruction; true = go on. */
bool mmx_begin(struct soft_cpu *cpu);

/* TOP 0, all registers valid: what each MMX instruction but EMMS does. */
static inline void mmx_enter(struct soft_cpu *cpu)
{
    cpu->state.vector.top = 0;
    cpu->state.vector.valid = 0xff;
}

static inline __m128i mmx_register(const struct soft_cpu *cpu, unsigned i)
{
    return _mm_cvtsi64_si128((int64_t)cpu->state.vector.r[i].mantissa);
}

static inline void mmx_set_register(struct soft_cpu *cpu, unsigned i, __m128i value)
{
    cpu->state.vector.r[i].mantissa = (uint64_t)_mm_cvtsi128_si64(value);
    cpu->state.vector.r[i].sign_exponent = 0xffff;
}

#endif
