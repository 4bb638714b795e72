/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.c - IN, OUT, INS, OUTS: always alone in their block. */
#include "cpu/interp/operands.h"

#define PIECE 4096u

static void tell(struct soft_cpu *cpu, uint16_t port, const uint32_t *value, unsigned size,
                 bool is_write)
{
    soft_tell_access(
        cpu,
        &(struct soft_device_access){
            .address = port, .bytes = value, .size = size, .is_port = true, .is_write = is_write });
}

static uint32_t port_read(struct soft_cpu *cpu, const struct op *op, uint16_t port, unsigned size)
{
    struct address_space *io = cpu->cluster->options.io;
    uint32_t value = UINT32_MAX;

    soft_sync_time(cpu, op);
    if (io != NULL) {
        value = (uint32_t)address_space_load(io, port, size);
    }
    tell(cpu, port, &value, size, false);
    return value;
}

static void port_write(struct soft_cpu *cpu, const struct op *op, uint16_t port, uint32_t value,
                       unsigned size)
{
    struct address_space *io = cpu->cluster->options.io;

    soft_sync_time(cpu, op);
    if (io != NULL) {
        address_space_store(io, port, value, size);
    }
    tell(cpu, port, &value, size, true);
}

/* detail: the port is DX, else imm. */
static uint16_t port_of(const struct soft_cpu *cpu, const struct op *op)
{
    return (uint16_t)(op->detail != 0 ? cpu->state.gpr[X86_RDX] : op->imm);
}

static const struct op *in(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t port = port_of(cpu, op);

    if (!soft_port_permitted(cpu, port, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    soft_put(cpu, X86_RAX, port_read(cpu, op, port, op->operand_size), op->operand_size);
    return SOFT_NEXT(cpu, op);
}

static const struct op *out(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t port = port_of(cpu, op);

    if (!soft_port_permitted(cpu, port, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    port_write(cpu, op, port, (uint32_t)soft_get(cpu, X86_RAX, op->operand_size), op->operand_size);
    return SOFT_NEXT(cpu, op);
}

/* ---- INS and OUTS: cut into pieces as the other string instructions are ---- */

static uint64_t by_address_size(const struct op *op, uint64_t value)
{
    return op->address_size == 8   ? value
           : op->address_size == 4 ? (uint32_t)value
                                   : (uint16_t)value;
}

static bool input_one(struct soft_cpu *cpu, const struct op *op, uint16_t port)
{
    uint64_t offset = by_address_size(op, cpu->state.gpr[X86_RDI]);
    uint64_t linear;
    uint32_t value;

    /* The port is read only when nothing can fail any more. */
    if (!soft_segment_linear(cpu, X86_ES, offset, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_probe_store(cpu, linear, op->operand_size)) {
        return false;
    }
    value = port_read(cpu, op, port, op->operand_size);
    return soft_store(cpu, linear, &value, op->operand_size);
}

static bool output_one(struct soft_cpu *cpu, const struct op *op, uint16_t port)
{
    uint64_t offset = by_address_size(op, cpu->state.gpr[X86_RSI]);
    unsigned segment = op->segment == SOFT_SEGMENT_FLAT ? X86_DS : op->segment;
    uint64_t linear;
    uint32_t value = 0;

    if (!soft_segment_linear(cpu, segment, offset, op->operand_size, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, &value, op->operand_size)) {
        return false;
    }
    port_write(cpu, op, port, value, op->operand_size);
    return true;
}

static const struct op *transfer(struct soft_cpu *cpu, const struct op *op, bool is_input)
{
    bool repeated = (op->prefix & (SOFT_PREFIX_REP | SOFT_PREFIX_REPNE)) != 0;
    unsigned index = is_input ? X86_RDI : X86_RSI;
    uint64_t count = repeated ? by_address_size(op, cpu->state.gpr[X86_RCX]) : 1;
    uint64_t piece = count == 0 ? 0 : cpu->stepping ? 1 : (count - 1) % PIECE + 1;
    int64_t step = (cpu->state.rflags & SOFT_RFLAGS_DF) != 0 ? -op->operand_size : op->operand_size;
    uint16_t port = (uint16_t)cpu->state.gpr[X86_RDX];

    if (!soft_port_permitted(cpu, port, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    for (; piece > 0; piece--) {
        if (!(is_input ? input_one(cpu, op, port) : output_one(cpu, op, port))) {
            return soft_fault(cpu, op);
        }
        soft_put(cpu, index, cpu->state.gpr[index] + (uint64_t)step, op->address_size);
        count--;
        if (repeated) {
            soft_put(cpu, X86_RCX, count, op->address_size);
        }
    }
    return count == 0 ? SOFT_NEXT(cpu, op) : soft_repeat(cpu, op);
}

static const struct op *ins(struct soft_cpu *cpu, const struct op *op)
{
    return transfer(cpu, op, true);
}

static const struct op *outs(struct soft_cpu *cpu, const struct op *op)
{
    return transfer(cpu, op, false);
}

/* ---- translation ---- */

static void translate_port(struct soft_translation *t)
{
    bool is_input = t->instruction->mnemonic == ZYDIS_MNEMONIC_IN;
    unsigned port = is_input ? 1 : 0;

    t->op->detail = soft_operand_is_register(t, port);
    t->op->imm = t->op->detail != 0 ? 0 : soft_operand_immediate(t, port) & 0xff;
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 1 - port);
    t->op->run = is_input ? in : out;
    t->alone = true;
}

static void translate_transfer(struct soft_translation *t)
{
    soft_translate_string_operands(t);
    t->op->run = ((const struct soft_simple *)t->table)->run;
    t->alone = true;
}

static const struct soft_simple simple_ins = { ins, false, true };
static const struct soft_simple simple_outs = { outs, false, true };

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_IN,    0, translate_port, NULL },
    { ZYDIS_MNEMONIC_OUT,   0, translate_port, NULL },
    { ZYDIS_MNEMONIC_INSB,  0, translate_transfer, &simple_ins },
    { ZYDIS_MNEMONIC_INSW,  0, translate_transfer, &simple_ins },
    { ZYDIS_MNEMONIC_INSD,  0, translate_transfer, &simple_ins },
    { ZYDIS_MNEMONIC_OUTSB, 0, translate_transfer, &simple_outs },
    { ZYDIS_MNEMONIC_OUTSW, 0, translate_transfer, &simple_outs },
    { ZYDIS_MNEMONIC_OUTSD, 0, translate_transfer, &simple_outs },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_io, rows);
