/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operands.h - for the integer groups: registers of each size, flags of each operation, a memory
 * operand that is read and written back.
 */
#ifndef REPLUG_CPU_INTERP_OPERANDS_H
#define REPLUG_CPU_INTERP_OPERANDS_H

#include "cpu/soft_translate.h"

/* A 32-bit write clears the upper half, smaller ones keep the rest. */
static inline uint8_t soft_get8(struct soft_cpu *cpu, unsigned reg)
{
    return *soft_gpr8(cpu, reg);
}

static inline uint16_t soft_get16(struct soft_cpu *cpu, unsigned reg)
{
    return (uint16_t)cpu->state.gpr[reg];
}

static inline uint32_t soft_get32(struct soft_cpu *cpu, unsigned reg)
{
    return (uint32_t)cpu->state.gpr[reg];
}

static inline uint64_t soft_get64(struct soft_cpu *cpu, unsigned reg)
{
    return cpu->state.gpr[reg];
}

static inline void soft_put8(struct soft_cpu *cpu, unsigned reg, uint8_t value)
{
    *soft_gpr8(cpu, reg) = value;
}

static inline void soft_put16(struct soft_cpu *cpu, unsigned reg, uint16_t value)
{
    memcpy(&cpu->state.gpr[reg], &value, sizeof(value));
}

static inline void soft_put32(struct soft_cpu *cpu, unsigned reg, uint32_t value)
{
    cpu->state.gpr[reg] = value;
}

static inline void soft_put64(struct soft_cpu *cpu, unsigned reg, uint64_t value)
{
    cpu->state.gpr[reg] = value;
}

/* Of any size in bytes, for operations that are not worth a form of each. */
static inline uint64_t soft_get(struct soft_cpu *cpu, unsigned reg, unsigned bytes)
{
    return bytes == 8   ? soft_get64(cpu, reg)
           : bytes == 4 ? soft_get32(cpu, reg)
           : bytes == 2 ? soft_get16(cpu, reg)
                        : soft_get8(cpu, reg);
}

static inline void soft_put(struct soft_cpu *cpu, unsigned reg, uint64_t value, unsigned bytes)
{
    if (bytes == 8) {
        soft_put64(cpu, reg, value);
    } else if (bytes == 4) {
        soft_put32(cpu, reg, (uint32_t)value);
    } else if (bytes == 2) {
        soft_put16(cpu, reg, (uint16_t)value);
    } else {
        soft_put8(cpu, reg, (uint8_t)value);
    }
}

/*
 * Flags by size. The carry word is the vector of carries (or borrows) out of each bit; its top bit
 * is CF and bit 3 AF.
 */
#define SOFT_DEFINE_FLAGS(bits)                                                                    \
    static inline uint64_t soft_extend##bits(uint64_t value)                                       \
    {                                                                                              \
        return (uint64_t)(int64_t)(int##bits##_t)value;                                            \
    }                                                                                              \
    static inline void soft_flags_add##bits(struct soft_cpu *cpu, uint##bits##_t a,                \
                                            uint##bits##_t b, uint##bits##_t result)               \
    {                                                                                              \
        cpu->flags.zero = cpu->flags.sign = soft_extend##bits(result);                             \
        cpu->flags.carry = soft_extend##bits((uint64_t)((a & b) | ((a | b) & ~result)));           \
        cpu->flags.overflow = soft_extend##bits((uint64_t)((a ^ result) & (b ^ result)));          \
    }                                                                                              \
    static inline void soft_flags_sub##bits(struct soft_cpu *cpu, uint##bits##_t a,                \
                                            uint##bits##_t b, uint##bits##_t result)               \
    {                                                                                              \
        cpu->flags.zero = cpu->flags.sign = soft_extend##bits(result);                             \
        cpu->flags.carry = soft_extend##bits((uint64_t)((~a & b) | ((~a | b) & result)));          \
        cpu->flags.overflow = soft_extend##bits((uint64_t)((a ^ b) & (a ^ result)));               \
    }                                                                                              \
    static inline void soft_flags_logic##bits(struct soft_cpu *cpu, uint##bits##_t result)         \
    {                                                                                              \
        cpu->flags.zero = cpu->flags.sign = soft_extend##bits(result);                             \
        cpu->flags.carry = cpu->flags.overflow = 0;                                                \
    }                                                                                              \
    /* Memory that is read, then written: faults as a write. host stays NULL off the fast path. */ \
    static inline bool soft_modify_begin##bits(struct soft_cpu *cpu, const struct op *op,          \
                                               uint64_t *linear, void **host,                      \
                                               uint##bits##_t *value)                              \
    {                                                                                              \
        if (!soft_operand(cpu, op, bits / 8, SOFT_WRITE, linear)) {                                \
            return false;                                                                          \
        }                                                                                          \
        *host = soft_host_write(cpu, *linear, bits / 8);                                           \
        if (soft_likely(*host != NULL)) {                                                          \
            memcpy(value, *host, bits / 8);                                                        \
            return true;                                                                           \
        }                                                                                          \
        return soft_probe_store(cpu, *linear, bits / 8) &&                                         \
               soft_load_slow(cpu, *linear, value, bits / 8);                                      \
    }                                                                                              \
    static inline bool soft_modify_end##bits(struct soft_cpu *cpu, uint64_t linear, void *host,    \
                                             uint##bits##_t value)                                 \
    {                                                                                              \
        if (soft_likely(host != NULL)) {                                                           \
            memcpy(host, &value, bits / 8);                                                        \
            return true;                                                                           \
        }                                                                                          \
        return soft_store_slow(cpu, linear, &value, bits / 8);                                     \
    }                                                                                              \
    static inline bool soft_operand_load##bits(struct soft_cpu *cpu, const struct op *op,          \
                                               uint##bits##_t *value)                              \
    {                                                                                              \
        uint64_t linear;                                                                           \
                                                                                                   \
        return soft_operand(cpu, op, bits / 8, SOFT_READ, &linear) &&                              \
               soft_load##bits(cpu, linear, value);                                                \
    }                                                                                              \
    static inline bool soft_operand_store##bits(struct soft_cpu *cpu, const struct op *op,         \
                                                uint##bits##_t value)                              \
    {                                                                                              \
        uint64_t linear;                                                                           \
                                                                                                   \
        return soft_operand(cpu, op, bits / 8, SOFT_WRITE, &linear) &&                             \
               soft_store##bits(cpu, linear, value);                                               \
    }
SOFT_DEFINE_FLAGS(8)
SOFT_DEFINE_FLAGS(16)
SOFT_DEFINE_FLAGS(32)
SOFT_DEFINE_FLAGS(64)

static inline void soft_set_cf(struct soft_cpu *cpu, bool set)
{
    cpu->flags.carry = (cpu->flags.carry & ~(1ull << 63)) | (uint64_t)set << 63;
}

static inline void soft_set_of(struct soft_cpu *cpu, bool set)
{
    cpu->flags.overflow = (uint64_t)set << 63;
}

/* The condition of Jcc, SETcc, CMOVcc by the low four bits of the opcode. */
static inline bool soft_condition(const struct soft_cpu *cpu, unsigned code)
{
    bool holds = false;

    switch (code >> 1) {
    case 0: holds = soft_of(cpu); break;
    case 1: holds = soft_cf(cpu); break;
    case 2: holds = soft_zf(cpu); break;
    case 3: holds = soft_cf(cpu) || soft_zf(cpu); break;
    case 4: holds = soft_sf(cpu); break;
    case 5: holds = soft_pf(cpu); break;
    case 6: holds = soft_sf(cpu) != soft_of(cpu); break;
    case 7: holds = soft_zf(cpu) || soft_sf(cpu) != soft_of(cpu); break;
    }
    return holds != ((code & 1) != 0);
}

/* The sixteen conditions as M(name, code). */
/* clang-format off */
#define SOFT_CONDITIONS(M) \
    M(o, 0) M(no, 1) M(b, 2) M(nb, 3) M(z, 4) M(nz, 5) M(be, 6) M(nbe, 7) \
    M(s, 8) M(ns, 9) M(p, 10) M(np, 11) M(l, 12) M(nl, 13) M(le, 14) M(nle, 15)

/* clang-format on */

/* Forms of an instruction with two operands, by size index. */
struct soft_forms {
    op_fn rr[4], ri[4], rm[4], mr[4], mi[4];
};

/* Picks the form; table is a struct soft_forms. Sizes are the first operand's. */
void soft_translate_forms(struct soft_translation *t);

/* Forms with one operand, register or memory. */
struct soft_unary {
    op_fn r[4], m[4];
};

void soft_translate_unary(struct soft_translation *t);

#define SOFT_SIZES(prefix)                            \
    {                                                 \
        prefix##8, prefix##16, prefix##32, prefix##64 \
    }

#endif
