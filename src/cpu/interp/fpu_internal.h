/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_internal.h - what the groups of x87 instructions share: the stack, exceptions, operands.
 *
 * An operation first asks fpu_begin(), then loads its operand, then calls fpu_note(); from there on it
 * can't fail any more, but an unmasked exception may keep its result back (fpu_report()).
 * In op: detail bits 0-2 and reg2 are the opcode (for FOP), detail bits 3-4 how often to pop; reg and
 * reg3 are i of ST(i).
 */
#ifndef REPLUG_CPU_FPU_INTERNAL_H
#define REPLUG_CPU_FPU_INTERNAL_H

#include "cpu/soft_translate.h"

__extension__ typedef unsigned __int128 soft_uint128;

#define FPU_IE 0x01u
#define FPU_DE 0x02u
#define FPU_ZE 0x04u
#define FPU_OE 0x08u
#define FPU_UE 0x10u
#define FPU_PE 0x20u
#define FPU_SF 0x40u
#define FPU_ES 0x80u
#define FPU_C0 0x100u
#define FPU_C1 0x200u
#define FPU_C2 0x400u
#define FPU_C3 0x4000u
#define FPU_B  0x8000u

#define FPU_FLAGS      0x3fu
#define FPU_CONDITIONS (FPU_C0 | FPU_C1 | FPU_C2 | FPU_C3)
#define FPU_TOP_SHIFT  11

#define FPU_CONTROL_INIT  0x37fu
#define FPU_CONTROL_VALID 0x1f3fu /* bit 6 reads as one */
#define FPU_RC            0xc00u

/* ---- before an instruction ---- */

/* An unmasked exception waits: #MF where CR0.NE is set. */
bool fpu_check_pending(struct soft_cpu *cpu);
/* CR0.EM, CR0.TS, then what waits. */
bool fpu_begin(struct soft_cpu *cpu);
/* The same for FNxxx: nothing can wait. */
bool fpu_begin_no_wait(struct soft_cpu *cpu);
/* FIP, FCS, FOP; and FDP, FDS with a memory operand. */
void fpu_note(struct soft_cpu *cpu, const struct op *op);
void fpu_note_memory(struct soft_cpu *cpu, const struct op *op);

/* ---- the stack ---- */

static inline unsigned fpu_physical(const struct soft_cpu *cpu, unsigned i)
{
    return (cpu->state.vector.top + i) & 7;
}

static inline struct soft_f80 *fpu_st(struct soft_cpu *cpu, unsigned i)
{
    return &cpu->state.vector.r[fpu_physical(cpu, i)];
}

static inline bool fpu_is_valid(const struct soft_cpu *cpu, unsigned i)
{
    return (cpu->state.vector.valid >> fpu_physical(cpu, i) & 1) != 0;
}

static inline void fpu_set_valid(struct soft_cpu *cpu, unsigned i)
{
    cpu->state.vector.valid |= (uint8_t)(1u << fpu_physical(cpu, i));
}

static inline void fpu_pop(struct soft_cpu *cpu)
{
    cpu->state.vector.valid &= (uint8_t) ~(1u << cpu->state.vector.top);
    cpu->state.vector.top = (cpu->state.vector.top + 1) & 7;
}

static inline void fpu_pops(struct soft_cpu *cpu, const struct op *op)
{
    for (unsigned i = 0; i < (op->detail >> 3 & 3u); i++) {
        fpu_pop(cpu);
    }
}

/* The value becomes ST(0); room is not checked. */
void fpu_push(struct soft_cpu *cpu, const struct soft_f80 *value);

extern const struct soft_f80 fpu_indefinite;

/* ---- exceptions ---- */

/* ES and B from flags and masks. */
void fpu_update_summary(struct soft_cpu *cpu);
/* Takes flags and C1 from a status word. False = an unmasked IE, DE or ZE: no result, no pop. */
bool fpu_report(struct soft_cpu *cpu, unsigned status);
/* IE and SF, C1 as given. True = masked: the response is to be given. */
bool fpu_stack_fault(struct soft_cpu *cpu, bool overflow);
/* All of ST(0)... valid? If not: underflow; masked, ST(i) becomes indefinite and the pops are done. */
bool fpu_needs(struct soft_cpu *cpu, const struct op *op, unsigned a, unsigned b, unsigned target);

static inline void fpu_set_conditions(struct soft_cpu *cpu, unsigned conditions)
{
    cpu->state.vector.status =
        (uint16_t)((cpu->state.vector.status & ~FPU_CONDITIONS) | conditions);
}

/* ---- the host's x87, under the guest's precision and rounding ----
 *
 * IE, DE, ZE and PE are masked there: what they would keep back is fpu_report()'s matter. OE and UE are
 * the guest's, since unmasked they change the result's exponent. The host's own control word is
 * FPU_CONTROL_INIT and its stack empty before and after.
 */

static inline uint16_t fpu_host_control(const struct soft_cpu *cpu)
{
    return (uint16_t)((cpu->state.vector.control & 0x0f18u) | 0x67u);
}

#define FPU_HOST_BEGIN "fnclex\n\tfldcw %[control]\n\t"
#define FPU_HOST_END   "fnstsw %[status]\n\tfnclex\n\tfldcw %[usual]\n\t"

static const uint16_t fpu_host_usual = FPU_CONTROL_INIT;

/* Ten bytes for the constraints of inline assembly. */
struct fpu_ten {
    uint8_t bytes[10];
};

#define FPU_TEN(f80)       (*(struct fpu_ten *)(void *)(f80))
#define FPU_TEN_CONST(f80) (*(const struct fpu_ten *)(const void *)(f80))

/* status word = name(dst, control): *dst = instruction(*dst). */
#define FPU_HOST_UNARY(name, instruction)                                                 \
    static inline uint16_t name(struct soft_f80 *dst, uint16_t control)                   \
    {                                                                                     \
        uint16_t status;                                                                  \
                                                                                          \
        __asm__ volatile(FPU_HOST_BEGIN "fldt %[dst]\n\t" instruction "\n\t" FPU_HOST_END \
                                        "fstpt %[dst]"                                    \
                         : [dst] "+m"(FPU_TEN(dst)), [status] "=&a"(status)               \
                         : [control] "m"(control), [usual] "m"(fpu_host_usual)            \
                         : "st");                                                         \
        return status;                                                                    \
    }

/* status word = name(dst, src, control): ST(0) is *dst, ST(1) is *src. */
#define FPU_HOST_BINARY(name, instruction)                                                       \
    static uint16_t name(struct soft_f80 *dst, const void *src, uint16_t control)                \
    {                                                                                            \
        uint16_t status;                                                                         \
                                                                                                 \
        __asm__ volatile(                                                                        \
            FPU_HOST_BEGIN "fldt %[src]\n\tfldt %[dst]\n\t" instruction "\n\t" FPU_HOST_END      \
                           "fstpt %[dst]\n\tfstp %%st(0)"                                        \
            : [dst] "+m"(FPU_TEN(dst)), [status] "=&a"(status)                                   \
            : [src] "m"(FPU_TEN_CONST(src)), [control] "m"(control), [usual] "m"(fpu_host_usual) \
            : "st", "st(1)");                                                                    \
        return status;                                                                           \
    }

/* The same with an operand in memory of the instruction's own type. */
#define FPU_HOST_MEMORY(name, instruction, type)                                                   \
    static uint16_t name(struct soft_f80 *dst, const void *src, uint16_t control)                  \
    {                                                                                              \
        uint16_t status;                                                                           \
                                                                                                   \
        __asm__ volatile(                                                                          \
            FPU_HOST_BEGIN "fldt %[dst]\n\t" instruction " %[src]\n\t" FPU_HOST_END "fstpt %[dst]" \
            : [dst] "+m"(FPU_TEN(dst)), [status] "=&a"(status)                                     \
            : [src] "m"(*(const type *)src), [control] "m"(control), [usual] "m"(fpu_host_usual)   \
            : "st");                                                                               \
        return status;                                                                             \
    }

typedef uint16_t (*fpu_host_fn)(struct soft_f80 *dst, const void *src, uint16_t control);

/* ---- translation ---- */

/* Opcode, pops (0-3) and the length of the memory operand. */
void fpu_translate_common(struct soft_translation *t, unsigned pops);
/* table = struct soft_simple. */
void fpu_translate_simple(struct soft_translation *t);

/* i of the n-th visible ST operand. */
static inline uint8_t fpu_operand(const struct soft_translation *t, unsigned index)
{
    return (uint8_t)(t->operands[index].reg.value - ZYDIS_REGISTER_ST0);
}

/* Loads the memory operand, operand_size bytes. */
bool fpu_load(struct soft_cpu *cpu, const struct op *op, void *bytes);

/* ---- FNINIT, and the x87 part of FXSAVE and XSAVE ---- */

void fpu_init(struct soft_cpu *cpu);
uint16_t fpu_status_word(const struct soft_cpu *cpu);
void fpu_set_status_word(struct soft_cpu *cpu, uint16_t status);

#endif
