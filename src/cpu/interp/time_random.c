/* SPDX-License-Identifier: GPL-2.0-or-later */
/* time_random.c - RDTSC, RDTSCP, RDPID, RDRAND, RDSEED: what the surroundings answer. */
#include "cpu/interp/operands.h"

#define CR4_TSD 4u

uint64_t soft_read_tsc(struct soft_cpu *cpu, const struct op *op)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;

    soft_sync_time(cpu, op);
    return (callbacks->read_tsc != NULL ? callbacks->read_tsc(callbacks->opaque) : 0) +
           cpu->state.system.tsc_offset;
}

static bool may_read_tsc(const struct soft_cpu *cpu)
{
    return cpu->cpl == 0 || (cpu->state.system.cr4 & CR4_TSD) == 0;
}

static void put_tsc(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t tsc = soft_read_tsc(cpu, op);

    soft_put32(cpu, X86_RAX, (uint32_t)tsc);
    soft_put32(cpu, X86_RDX, (uint32_t)(tsc >> 32));
}

static const struct op *rdtsc(struct soft_cpu *cpu, const struct op *op)
{
    if (!may_read_tsc(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    put_tsc(cpu, op);
    return SOFT_NEXT(cpu, op);
}

static const struct op *rdtscp(struct soft_cpu *cpu, const struct op *op)
{
    if (!may_read_tsc(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    put_tsc(cpu, op);
    soft_put32(cpu, X86_RCX, (uint32_t)cpu->state.system.tsc_aux);
    return SOFT_NEXT(cpu, op);
}

static const struct op *rdpid(struct soft_cpu *cpu, const struct op *op)
{
    cpu->state.gpr[op->reg] = (uint32_t)cpu->state.system.tsc_aux;
    return SOFT_NEXT(cpu, op);
}

/* Always succeeds: CF is 1, the other flags 0. */
static const struct op *rdrand(struct soft_cpu *cpu, const struct op *op)
{
    const struct soft_cpu_callbacks *callbacks = &cpu->options.callbacks;
    uint64_t value = 0;

    if (callbacks->random != NULL) {
        soft_sync_time(cpu, op);
        callbacks->random(callbacks->opaque, &value, op->operand_size);
    }
    soft_put(cpu, op->reg, value, op->operand_size);
    soft_set_arithmetic_flags(cpu, SOFT_RFLAGS_CF);
    return SOFT_NEXT(cpu, op);
}

static void translate_register(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 0);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = ((const struct soft_simple *)t->table)->run;
}

static const struct soft_simple simple_rdtsc = { rdtsc, false, false };
static const struct soft_simple simple_rdtscp = { rdtscp, false, false };
static const struct soft_simple simple_rdpid = { rdpid, false, false };
static const struct soft_simple simple_rdrand = { rdrand, false, false };

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_RDTSC,  SOFT_FEATURE_TSC, soft_translate_simple, &simple_rdtsc },
    { ZYDIS_MNEMONIC_RDTSCP, SOFT_FEATURE_RDTSCP, soft_translate_simple, &simple_rdtscp },
    { ZYDIS_MNEMONIC_RDPID,  SOFT_FEATURE_RDPID, translate_register, &simple_rdpid },
    { ZYDIS_MNEMONIC_RDRAND, SOFT_FEATURE_RDRAND, translate_register, &simple_rdrand },
    { ZYDIS_MNEMONIC_RDSEED, SOFT_FEATURE_RDSEED, translate_register, &simple_rdrand },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_time, rows);
