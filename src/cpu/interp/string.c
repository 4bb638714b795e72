/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * string.c - MOVS, STOS, LODS, CMPS, SCAS, alone or repeated.
 *
 * A repeated one is cut where the count left is a multiple of 4096: each piece counts as an instruction,
 * and where it is cut depends on the guest's registers alone. Registers are true after each iteration, so
 * a fault or a retry in the middle resumes there.
 */
#include "cpu/interp/operands.h"

#define PIECE 4096u

/* One string instruction under way. */
struct string_walk {
    uint64_t count; /* iterations left, of the whole instruction */
    uint64_t piece; /* of these, until the cut */
    int64_t step;   /* bytes, by DF */
};

static inline uint64_t by_address_size(const struct op *op, uint64_t value)
{
    return op->address_size == 8   ? value
           : op->address_size == 4 ? (uint32_t)value
                                   : (uint16_t)value;
}

static bool is_repeated(const struct op *op)
{
    return (op->prefix & (SOFT_PREFIX_REP | SOFT_PREFIX_REPNE)) != 0;
}

static struct string_walk begin(const struct soft_cpu *cpu, const struct op *op)
{
    struct string_walk walk = { .count = 1, .piece = 1, .step = op->operand_size };

    if (is_repeated(op)) {
        walk.count = by_address_size(op, cpu->state.gpr[X86_RCX]);
        walk.piece = walk.count == 0 ? 0 : (walk.count - 1) % PIECE + 1;
        if (cpu->stepping && walk.piece > 1) {
            walk.piece = 1;
        }
    }
    if ((cpu->state.rflags & SOFT_RFLAGS_DF) != 0) {
        walk.step = -walk.step;
    }
    return walk;
}

/* A register moves by count iterations. */
static inline void advance(struct soft_cpu *cpu, const struct op *op, unsigned reg, int64_t bytes)
{
    soft_put(cpu, reg, cpu->state.gpr[reg] + (uint64_t)bytes, op->address_size);
}

static inline void count_down(struct soft_cpu *cpu, const struct op *op, struct string_walk *walk,
                              uint64_t iterations)
{
    walk->count -= iterations;
    walk->piece -= iterations;
    if (is_repeated(op)) {
        soft_put(cpu, X86_RCX, walk->count, op->address_size);
    }
}

/* After the piece: the next instruction, or this one once more by way of the run loop. */
static const struct op *finish(struct soft_cpu *cpu, const struct op *op,
                               const struct string_walk *walk, bool done)
{
    if (soft_likely(done || walk->count == 0)) {
        return SOFT_NEXT(cpu, op);
    }
    return soft_repeat(cpu, op);
}

/* Source and destination addresses of the next iteration. */
static inline bool source(struct soft_cpu *cpu, const struct op *op, uint64_t *linear)
{
    uint64_t offset = by_address_size(op, cpu->state.gpr[X86_RSI]);

    if (soft_likely(op->segment == SOFT_SEGMENT_FLAT)) {
        *linear = offset;
        return true;
    }
    return soft_segment_linear(cpu, op->segment, offset, op->operand_size, SOFT_READ, linear);
}

static inline bool destination(struct soft_cpu *cpu, const struct op *op, enum soft_access access,
                               uint64_t *linear)
{
    uint64_t offset = by_address_size(op, cpu->state.gpr[X86_RDI]);

    if (soft_likely(cpu->is_64bit)) {
        *linear = offset;
        return true;
    }
    return soft_segment_linear(cpu, X86_ES, offset, op->operand_size, access, linear);
}

/* How many whole elements lie between linear and the end of its page. */
static inline uint64_t fit_in_page(uint64_t linear, unsigned size)
{
    return (SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE) / size;
}

/* ---- MOVS and STOS, many at once where both ends are plain RAM and go upwards ---- */

/* The count of iterations done: 0 where the way one by one must be taken. */
static uint64_t move_many(struct soft_cpu *cpu, const struct op *op, const struct string_walk *walk,
                          uint64_t from, uint64_t to)
{
    uint64_t count = MIN(
        walk->piece, MIN(fit_in_page(from, op->operand_size), fit_in_page(to, op->operand_size)));
    unsigned bytes = (unsigned)count * op->operand_size;
    const uint8_t *source_host;
    uint8_t *destination_host;

    if (walk->step < 0 || count < 2 || !cpu->is_64bit || op->address_size != 8) {
        return 0;
    }
    source_host = soft_host_read(cpu, from, bytes);
    destination_host = soft_host_write(cpu, to, bytes);
    if (source_host == NULL || destination_host == NULL ||
        (uintptr_t)destination_host - (uintptr_t)source_host < bytes) {
        return 0;
    }
    memmove(destination_host, source_host, bytes);
    return count;
}

static bool move_one(struct soft_cpu *cpu, const struct op *op, uint64_t from, uint64_t to)
{
    uint64_t value;

    return soft_load(cpu, from, &value, op->operand_size) &&
           soft_store(cpu, to, &value, op->operand_size);
}

static const struct op *movs(struct soft_cpu *cpu, const struct op *op)
{
    struct string_walk walk = begin(cpu, op);

    while (walk.piece > 0) {
        uint64_t from;
        uint64_t to;
        uint64_t done;

        if (!source(cpu, op, &from) || !destination(cpu, op, SOFT_WRITE, &to)) {
            return soft_fault(cpu, op);
        }
        done = move_many(cpu, op, &walk, from, to);
        if (done == 0) {
            if (!move_one(cpu, op, from, to)) {
                return soft_fault(cpu, op);
            }
            done = 1;
        }
        advance(cpu, op, X86_RSI, walk.step * (int64_t)done);
        advance(cpu, op, X86_RDI, walk.step * (int64_t)done);
        count_down(cpu, op, &walk, done);
    }
    return finish(cpu, op, &walk, false);
}

static void fill(uint8_t *host, uint64_t value, uint64_t count, unsigned size)
{
    if (size == 1) {
        memset(host, (int)(value & 0xff), count);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        memcpy(host + i * size, &value, size);
    }
}

static const struct op *stos(struct soft_cpu *cpu, const struct op *op)
{
    struct string_walk walk = begin(cpu, op);
    uint64_t value = cpu->state.gpr[X86_RAX];

    while (walk.piece > 0) {
        uint64_t to;
        uint64_t done = 1;
        uint8_t *host = NULL;

        if (!destination(cpu, op, SOFT_WRITE, &to)) {
            return soft_fault(cpu, op);
        }
        if (walk.step > 0 && cpu->is_64bit && op->address_size == 8) {
            done = MAX(1, MIN(walk.piece, fit_in_page(to, op->operand_size)));
            host = soft_host_write(cpu, to, (unsigned)done * op->operand_size);
        }
        if (host != NULL) {
            fill(host, value, done, op->operand_size);
        } else {
            done = 1;
            if (!soft_store(cpu, to, &value, op->operand_size)) {
                return soft_fault(cpu, op);
            }
        }
        advance(cpu, op, X86_RDI, walk.step * (int64_t)done);
        count_down(cpu, op, &walk, done);
    }
    return finish(cpu, op, &walk, false);
}

/* ---- LODS, CMPS, SCAS ---- */

static const struct op *lods(struct soft_cpu *cpu, const struct op *op)
{
    struct string_walk walk = begin(cpu, op);

    while (walk.piece > 0) {
        uint64_t value;
        uint64_t from;

        if (!source(cpu, op, &from) || !soft_load(cpu, from, &value, op->operand_size)) {
            return soft_fault(cpu, op);
        }
        soft_put(cpu, X86_RAX, value, op->operand_size);
        advance(cpu, op, X86_RSI, walk.step);
        count_down(cpu, op, &walk, 1);
    }
    return finish(cpu, op, &walk, false);
}

static void compare(struct soft_cpu *cpu, uint64_t a, uint64_t b, unsigned size)
{
    switch (size) {
    case 1: soft_flags_sub8(cpu, (uint8_t)a, (uint8_t)b, (uint8_t)(a - b)); break;
    case 2: soft_flags_sub16(cpu, (uint16_t)a, (uint16_t)b, (uint16_t)(a - b)); break;
    case 4: soft_flags_sub32(cpu, (uint32_t)a, (uint32_t)b, (uint32_t)(a - b)); break;
    default: soft_flags_sub64(cpu, a, b, a - b); break;
    }
}

/* REPE goes on while equal, REPNE while not. */
static inline bool comparison_ends(const struct op *op, bool equal)
{
    return is_repeated(op) && equal != ((op->prefix & SOFT_PREFIX_REPNE) == 0);
}

static bool load_element(struct soft_cpu *cpu, const struct op *op, uint64_t linear,
                         uint64_t *value)
{
    *value = 0;
    return soft_load(cpu, linear, value, op->operand_size);
}

/* CMPS and SCAS: the flags are those of the last comparison, kept until nothing can fail any more. */
static inline const struct op *compare_all(struct soft_cpu *cpu, const struct op *op, bool is_cmps)
{
    struct string_walk walk = begin(cpu, op);
    bool any = walk.piece > 0;
    bool ended = false;
    uint64_t a = soft_get(cpu, X86_RAX, op->operand_size);
    uint64_t b = 0;

    while (walk.piece > 0 && !ended) {
        uint64_t from;
        uint64_t to;

        if ((is_cmps && (!source(cpu, op, &from) || !load_element(cpu, op, from, &a))) ||
            !destination(cpu, op, SOFT_READ, &to) || !load_element(cpu, op, to, &b)) {
            return soft_fault(cpu, op);
        }
        if (is_cmps) {
            advance(cpu, op, X86_RSI, walk.step);
        }
        advance(cpu, op, X86_RDI, walk.step);
        count_down(cpu, op, &walk, 1);
        ended = comparison_ends(op, a == b);
    }
    if (any) {
        compare(cpu, a, b, op->operand_size);
    }
    return finish(cpu, op, &walk, ended);
}

static const struct op *cmps(struct soft_cpu *cpu, const struct op *op)
{
    return compare_all(cpu, op, true);
}

static const struct op *scas(struct soft_cpu *cpu, const struct op *op)
{
    return compare_all(cpu, op, false);
}

/* ---- translation ---- */

/* The source segment may be overridden, the destination's is ES. RSI's operand gives the segment. */
void soft_translate_string_operands(struct soft_translation *t)
{
    struct op *op = t->op;

    for (unsigned i = 0; i < t->instruction->operand_count; i++) {
        const ZydisDecodedOperand *operand = &t->operands[i];

        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        op->operand_size = (uint8_t)(operand->size / 8);
        if (soft_register(operand->mem.base) == X86_RSI) {
            soft_translate_memory(t, operand);
        }
    }
    /* Either prefix repeats, the last one counts. */
    op->prefix &= (uint8_t) ~(SOFT_PREFIX_REP | SOFT_PREFIX_REPNE);
    for (unsigned i = 0; i < t->instruction->raw.prefix_count; i++) {
        uint8_t value = t->instruction->raw.prefixes[i].value;

        if (value == 0xf2 || value == 0xf3) {
            op->prefix &= (uint8_t) ~(SOFT_PREFIX_REP | SOFT_PREFIX_REPNE);
            op->prefix |= value == 0xf2 ? SOFT_PREFIX_REPNE : SOFT_PREFIX_REP;
        }
    }
}

/* MOVSD and CMPSD are SSE's mnemonics too: those have a visible vector operand. */
static void translate_string(struct soft_translation *t)
{
    struct op *op = t->op;

    for (unsigned i = 0; i < t->instruction->operand_count; i++) {
        if (soft_operand_is_register(t, i) &&
            ZydisRegisterGetClass(t->operands[i].reg.value) == ZYDIS_REGCLASS_XMM) {
            if (t->instruction->mnemonic == ZYDIS_MNEMONIC_MOVSD) {
                sse_translate_movsd(t);
            } else {
                sse_translate_cmpsd(t);
            }
            return;
        }
    }
    soft_translate_string_operands(t);
    op->run = ((const struct soft_simple *)t->table)->run;
}

static const struct soft_simple simple_movs = { movs, false, false };
static const struct soft_simple simple_stos = { stos, false, false };
static const struct soft_simple simple_lods = { lods, false, false };
static const struct soft_simple simple_cmps = { cmps, false, false };
static const struct soft_simple simple_scas = { scas, false, false };

/* clang-format off */
#define ROWS(upper, name) \
    { ZYDIS_MNEMONIC_##upper##B, 0, translate_string, &simple_##name }, \
    { ZYDIS_MNEMONIC_##upper##W, 0, translate_string, &simple_##name }, \
    { ZYDIS_MNEMONIC_##upper##D, 0, translate_string, &simple_##name }, \
    { ZYDIS_MNEMONIC_##upper##Q, 0, translate_string, &simple_##name },
static const struct soft_row rows[] = {
    ROWS(MOVS, movs) ROWS(STOS, stos) ROWS(LODS, lods) ROWS(CMPS, cmps) ROWS(SCAS, scas)
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_string, rows);
