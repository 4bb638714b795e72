/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segment_ops.c - MOV of segment registers, LDS and its kind, LAR, LSL, VERR, VERW, ARPL, and the
 * descriptor-table registers.
 */
#include "cpu/soft_segment.h"
#include "cpu/soft_translate.h"

static bool has_descriptors(const struct soft_cpu *cpu)
{
    return soft_is_protected(cpu) && !soft_is_v86(cpu);
}

static void put_register(struct soft_cpu *cpu, unsigned reg, uint64_t value, unsigned size)
{
    uint64_t *gpr = &cpu->state.gpr[reg];

    *gpr = size == 2 ? (*gpr & ~0xffffull) | (uint16_t)value : size == 4 ? (uint32_t)value : value;
}

/* A 16-bit register or memory source: reg2, or memory where detail is set. */
static bool load_word(struct soft_cpu *cpu, const struct op *op, uint16_t *value)
{
    uint64_t linear;

    if (op->detail == 0) {
        *value = (uint16_t)cpu->state.gpr[op->reg2];
        return true;
    }
    return soft_operand(cpu, op, 2, SOFT_READ, &linear) && soft_load16(cpu, linear, value);
}

/* To reg2 with its whole width, to memory as 16 bits. */
static bool store_word(struct soft_cpu *cpu, const struct op *op, uint64_t value)
{
    uint64_t linear;

    if (op->detail == 0) {
        put_register(cpu, op->reg2, value, op->operand_size);
        return true;
    }
    return soft_operand(cpu, op, 2, SOFT_WRITE, &linear) &&
           soft_store16(cpu, linear, (uint16_t)value);
}

static const struct op *done_if(struct soft_cpu *cpu, const struct op *op, bool ok)
{
    return ok ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static void set_zf(struct soft_cpu *cpu, bool value)
{
    uint64_t flags = soft_rflags(cpu) & ~SOFT_RFLAGS_ZF;

    soft_set_arithmetic_flags(cpu, flags | (value ? SOFT_RFLAGS_ZF : 0));
}

/* ---- MOV, LDS ---- */

static const struct op *mov_from_segment(struct soft_cpu *cpu, const struct op *op)
{
    return done_if(cpu, op, store_word(cpu, op, cpu->state.segments[op->reg].selector));
}

static const struct op *mov_to_segment(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t selector;

    return done_if(cpu, op,
                   load_word(cpu, op, &selector) && soft_load_segment(cpu, op->reg, selector));
}

static const struct op *mov_to_ss(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t selector;

    if (!load_word(cpu, op, &selector) || !soft_load_segment(cpu, X86_SS, selector)) {
        return soft_fault(cpu, op);
    }
    cpu->state.shadow = SOFT_SHADOW_SS;
    soft_cpu_update_mode(cpu);
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

/* reg2: the general register, reg: the segment register. */
static bool load_far_pointer(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t bytes[10];
    unsigned size = op->operand_size;
    uint64_t offset = 0;
    uint16_t selector;
    uint64_t linear;

    if (!soft_operand(cpu, op, size + 2, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, bytes, size + 2)) {
        return false;
    }
    memcpy(&offset, bytes, size);
    memcpy(&selector, bytes + size, 2);
    if (!soft_load_segment(cpu, op->reg, selector)) {
        return false;
    }
    put_register(cpu, op->reg2, offset, size);
    return true;
}

static const struct op *load_far(struct soft_cpu *cpu, const struct op *op)
{
    return done_if(cpu, op, load_far_pointer(cpu, op));
}

static const struct op *load_far_ss(struct soft_cpu *cpu, const struct op *op)
{
    if (!load_far_pointer(cpu, op)) {
        return soft_fault(cpu, op);
    }
    soft_cpu_update_mode(cpu);
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

static bool is_segment_operand(const struct soft_translation *t, unsigned index)
{
    return soft_operand_is_register(t, index) &&
           ZydisRegisterGetClass(t->operands[index].reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

static void translate_mov(struct soft_translation *t)
{
    bool is_load = is_segment_operand(t, 0);
    unsigned other = is_load ? 1 : 0;

    if (!is_load && !is_segment_operand(t, 1)) {
        return;
    }
    t->op->reg = soft_operand_register(t, 1 - other);
    t->op->detail = t->has_memory;
    if (!t->has_memory) {
        t->op->reg2 = soft_operand_register(t, other);
        t->op->operand_size = (uint8_t)soft_operand_bytes(t, other);
    }
    if (!is_load) {
        t->op->run = mov_from_segment;
    } else if (t->op->reg == X86_SS) {
        t->op->run = mov_to_ss;
        t->ends_block = true;
        t->alone = true;
    } else if (t->op->reg != X86_CS) {
        t->op->run = mov_to_segment;
    }
}

static void translate_load_far(struct soft_translation *t)
{
    const uint8_t *segment = t->table;

    t->op->reg = *segment;
    t->op->reg2 = soft_operand_register(t, 0);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = *segment == X86_SS ? load_far_ss : load_far;
    t->ends_block = t->alone = *segment == X86_SS;
}

/* ---- LAR, LSL, VERR, VERW, ARPL ---- */

enum look { LOOK_NO, LOOK_YES, LOOK_FAULT };

/* System types that LAR and LSL know (bit n: type n). */
#define LAR_TYPES      0x1a3eu
#define LAR_TYPES_LONG 0x1a04u
#define LSL_TYPES      0x0a0eu
#define LSL_TYPES_LONG 0x0a04u

/* The descriptor, if the selector may be used for it; a selector beyond its table is no fault. */
static enum look look_at(struct soft_cpu *cpu, uint16_t selector, unsigned system_types,
                         struct soft_descriptor *d)
{
    unsigned type;

    if (soft_selector_is_null(selector)) {
        return LOOK_NO;
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, d)) {
        if (cpu->leave == SOFT_LEAVE_RETRY || cpu->exception.vector == SOFT_PF) {
            return LOOK_FAULT;
        }
        cpu->leave = SOFT_LEAVE_LOOKUP;
        return LOOK_NO;
    }
    type = soft_descriptor_type(d);
    if ((type & SOFT_SEGMENT_S) == 0 && ((system_types >> type) & 1) == 0) {
        return LOOK_NO;
    }
    return soft_descriptor_is_conforming(d) ||
                   soft_descriptor_dpl(d) >= MAX(cpu->cpl, selector & 3u)
               ? LOOK_YES
               : LOOK_NO;
}

static const struct op *load_about(struct soft_cpu *cpu, const struct op *op, bool is_limit)
{
    unsigned types = is_limit ? (cpu->long_mode ? LSL_TYPES_LONG : LSL_TYPES)
                              : (cpu->long_mode ? LAR_TYPES_LONG : LAR_TYPES);
    struct soft_descriptor d;
    uint16_t selector;
    enum look look;

    if (!has_descriptors(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (!load_word(cpu, op, &selector)) {
        return soft_fault(cpu, op);
    }
    look = look_at(cpu, selector, types, &d);
    if (look == LOOK_FAULT) {
        return soft_fault(cpu, op);
    }
    set_zf(cpu, look == LOOK_YES);
    if (look == LOOK_YES) {
        put_register(cpu, op->reg,
                     is_limit ? soft_descriptor_limit(&d) : (d.bits >> 32) & 0x00f0ff00,
                     op->operand_size);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *lar(struct soft_cpu *cpu, const struct op *op)
{
    return load_about(cpu, op, false);
}

static const struct op *lsl(struct soft_cpu *cpu, const struct op *op)
{
    return load_about(cpu, op, true);
}

static const struct op *verify(struct soft_cpu *cpu, const struct op *op, bool is_write)
{
    struct soft_descriptor d;
    uint16_t selector;
    enum look look;

    if (!has_descriptors(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (!load_word(cpu, op, &selector)) {
        return soft_fault(cpu, op);
    }
    look = look_at(cpu, selector, 0, &d);
    if (look == LOOK_FAULT) {
        return soft_fault(cpu, op);
    }
    if (look == LOOK_YES) {
        bool second = (soft_descriptor_type(&d) & SOFT_SEGMENT_SECOND) != 0;
        bool is_code = soft_descriptor_is_code(&d);

        look = (is_write ? !is_code && second : !is_code || second) ? LOOK_YES : LOOK_NO;
    }
    set_zf(cpu, look == LOOK_YES);
    return SOFT_NEXT(cpu, op);
}

static const struct op *verr(struct soft_cpu *cpu, const struct op *op)
{
    return verify(cpu, op, false);
}

static const struct op *verw(struct soft_cpu *cpu, const struct op *op)
{
    return verify(cpu, op, true);
}

/* Memory is written only where RPL grows. */
static const struct op *arpl(struct soft_cpu *cpu, const struct op *op)
{
    unsigned rpl = (unsigned)cpu->state.gpr[op->reg] & 3;
    uint16_t selector;
    bool grows;

    if (!has_descriptors(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (!load_word(cpu, op, &selector)) {
        return soft_fault(cpu, op);
    }
    grows = (selector & 3u) < rpl;
    if (grows && !store_word(cpu, op, (selector & ~3u) | rpl)) {
        return soft_fault(cpu, op);
    }
    set_zf(cpu, grows);
    return SOFT_NEXT(cpu, op);
}

/* Two operands, the second a word; or (table: one_operand) one alone. */
static void translate_look(struct soft_translation *t)
{
    static const op_fn runs[] = { lar, lsl, verr, verw };
    unsigned index = *(const uint8_t *)t->table;
    unsigned source = index < 2 ? 1 : 0;

    if (index < 2) {
        t->op->reg = soft_operand_register(t, 0);
        t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    }
    t->op->detail = t->has_memory;
    if (!t->has_memory) {
        t->op->reg2 = soft_operand_register(t, source);
    }
    t->op->run = runs[index];
}

static void translate_arpl(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 1);
    t->op->detail = t->has_memory;
    t->op->operand_size = 2;
    if (!t->has_memory) {
        t->op->reg2 = soft_operand_register(t, 0);
    }
    t->op->run = arpl;
}

/* ---- LDTR, TR ---- */

static bool is_hidden(const struct soft_cpu *cpu)
{
    return cpu->cpl > 0 && (cpu->state.system.cr4 & SOFT_CR4_UMIP) != 0;
}

static const struct op *store_selector(struct soft_cpu *cpu, const struct op *op)
{
    if (!has_descriptors(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (is_hidden(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    return done_if(cpu, op, store_word(cpu, op, cpu->state.segments[op->reg].selector));
}

static bool load_tr(struct soft_cpu *cpu, uint16_t selector, struct x86_segment *segment)
{
    struct soft_descriptor d;
    unsigned type;

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if ((selector & 4) != 0) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, &d)) {
        return false;
    }
    type = soft_descriptor_type(&d);
    if (type != SOFT_TYPE_TSS32 && (type != SOFT_TYPE_TSS16 || cpu->long_mode)) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    if (!soft_descriptor_set_type_bits(cpu, &d, SOFT_TYPE_BUSY)) {
        return false;
    }
    soft_descriptor_unpack(&d, selector, segment);
    return true;
}

static const struct op *load_selector(struct soft_cpu *cpu, const struct op *op)
{
    struct x86_segment segment;
    uint16_t selector;

    if (!has_descriptors(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (!load_word(cpu, op, &selector) ||
        !(op->reg == X86_TR ? load_tr(cpu, selector, &segment)
                            : soft_check_ldt(cpu, selector, SOFT_GP, &segment))) {
        return soft_fault(cpu, op);
    }
    if (!soft_is_canonical(segment.base)) {
        return soft_raise_code(cpu, op, SOFT_GP, selector & 0xfffcu);
    }
    cpu->state.segments[op->reg] = segment;
    return SOFT_NEXT(cpu, op);
}

struct selector_row {
    op_fn run;
    uint8_t segment;
};

static void translate_selector(struct soft_translation *t)
{
    const struct selector_row *row = t->table;

    t->op->reg = row->segment;
    t->op->detail = t->has_memory;
    if (!t->has_memory) {
        t->op->reg2 = soft_operand_register(t, 0);
        t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    }
    t->op->run = row->run;
}

/* ---- GDTR, IDTR: detail is set for the latter ---- */

static const struct op *store_table(struct soft_cpu *cpu, const struct op *op)
{
    const struct soft_system_state *system = &cpu->state.system;
    uint64_t base = op->detail != 0 ? system->idt_base : system->gdt_base;
    uint16_t limit = (uint16_t)(op->detail != 0 ? system->idt_limit : system->gdt_limit);
    unsigned size = cpu->is_64bit ? 10 : 6;
    uint8_t bytes[10];
    uint64_t linear;

    if (is_hidden(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    memcpy(bytes, &limit, 2);
    memcpy(bytes + 2, &base, 8);
    return done_if(cpu, op,
                   soft_operand(cpu, op, size, SOFT_WRITE, &linear) &&
                       soft_store(cpu, linear, bytes, size));
}

static const struct op *load_table(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_system_state *system = &cpu->state.system;
    unsigned size = cpu->is_64bit ? 10 : 6;
    uint8_t bytes[10];
    uint64_t base = 0;
    uint16_t limit;
    uint64_t linear;

    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (!soft_operand(cpu, op, size, SOFT_READ, &linear) || !soft_load(cpu, linear, bytes, size)) {
        return soft_fault(cpu, op);
    }
    memcpy(&limit, bytes, 2);
    memcpy(&base, bytes + 2, size - 2);
    if (!cpu->is_64bit && op->operand_size == 2) {
        base &= 0xffffff;
    }
    if (!soft_is_canonical(base)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (op->detail != 0) {
        system->idt_base = base;
        system->idt_limit = limit;
    } else {
        system->gdt_base = base;
        system->gdt_limit = limit;
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_table(struct soft_translation *t)
{
    const struct selector_row *row = t->table;

    t->op->detail = row->segment;
    t->op->run = row->run;
}

/* ---- rows ---- */

static const uint8_t segment_numbers[] = { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS };
static const uint8_t look_numbers[] = { 0, 1, 2, 3 };
static const struct selector_row sldt_row = { store_selector, X86_LDTR };
static const struct selector_row str_row = { store_selector, X86_TR };
static const struct selector_row lldt_row = { load_selector, X86_LDTR };
static const struct selector_row ltr_row = { load_selector, X86_TR };
static const struct selector_row sgdt_row = { store_table, 0 };
static const struct selector_row sidt_row = { store_table, 1 };
static const struct selector_row lgdt_row = { load_table, 0 };
static const struct selector_row lidt_row = { load_table, 1 };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_MOV, SOFT_FEATURE_NONE, translate_mov, NULL },
    { ZYDIS_MNEMONIC_LES, SOFT_FEATURE_NONE, translate_load_far, &segment_numbers[X86_ES] },
    { ZYDIS_MNEMONIC_LDS, SOFT_FEATURE_NONE, translate_load_far, &segment_numbers[X86_DS] },
    { ZYDIS_MNEMONIC_LSS, SOFT_FEATURE_NONE, translate_load_far, &segment_numbers[X86_SS] },
    { ZYDIS_MNEMONIC_LFS, SOFT_FEATURE_NONE, translate_load_far, &segment_numbers[X86_FS] },
    { ZYDIS_MNEMONIC_LGS, SOFT_FEATURE_NONE, translate_load_far, &segment_numbers[X86_GS] },
    { ZYDIS_MNEMONIC_LAR, SOFT_FEATURE_NONE, translate_look, &look_numbers[0] },
    { ZYDIS_MNEMONIC_LSL, SOFT_FEATURE_NONE, translate_look, &look_numbers[1] },
    { ZYDIS_MNEMONIC_VERR, SOFT_FEATURE_NONE, translate_look, &look_numbers[2] },
    { ZYDIS_MNEMONIC_VERW, SOFT_FEATURE_NONE, translate_look, &look_numbers[3] },
    { ZYDIS_MNEMONIC_ARPL, SOFT_FEATURE_NONE, translate_arpl, NULL },
    { ZYDIS_MNEMONIC_SLDT, SOFT_FEATURE_NONE, translate_selector, &sldt_row },
    { ZYDIS_MNEMONIC_STR, SOFT_FEATURE_NONE, translate_selector, &str_row },
    { ZYDIS_MNEMONIC_LLDT, SOFT_FEATURE_NONE, translate_selector, &lldt_row },
    { ZYDIS_MNEMONIC_LTR, SOFT_FEATURE_NONE, translate_selector, &ltr_row },
    { ZYDIS_MNEMONIC_SGDT, SOFT_FEATURE_NONE, translate_table, &sgdt_row },
    { ZYDIS_MNEMONIC_SIDT, SOFT_FEATURE_NONE, translate_table, &sidt_row },
    { ZYDIS_MNEMONIC_LGDT, SOFT_FEATURE_NONE, translate_table, &lgdt_row },
    { ZYDIS_MNEMONIC_LIDT, SOFT_FEATURE_NONE, translate_table, &lidt_row },
};
SOFT_DEFINE_GROUP(soft_group_segment, rows);
