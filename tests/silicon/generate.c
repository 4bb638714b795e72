/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate.c - random instruction sequences: random bytes that Zydis decodes as an instruction which soft
 * has and which may run in user mode, with moves before it that make its memory operands land in or near
 * the data pages.
 */
#include <cpuid.h>
#include <string.h>

#include "cpu/soft_translate.h"
#include "generate_filter.h"
#include "silicon.h"

#define INSTRUCTIONS_MAX 4u

/* ---- bytes ---- */

struct output {
    uint8_t *bytes;
    unsigned length, capacity;
    uint64_t address; /* of bytes[0] */
};

static void emit(struct output *out, const void *bytes, unsigned length)
{
    if (out->length + length <= out->capacity) {
        memcpy(out->bytes + out->length, bytes, length);
    }
    out->length += length;
}

/* mov reg, value */
static void emit_move(struct output *out, unsigned reg, uint64_t value)
{
    uint8_t bytes[10] = { (uint8_t)(0x48 | reg >> 3), (uint8_t)(0xb8 | (reg & 7)) };

    memcpy(bytes + 2, &value, 8);
    emit(out, bytes, sizeof(bytes));
}

/* vmovdqu ymm, [address] */
static void emit_load_vector(struct output *out, unsigned reg, uint32_t address)
{
    uint8_t bytes[9] = { 0xc5, (uint8_t)(reg < 8 ? 0xfe : 0x7e), 0x6f,
                         (uint8_t)(0x04 | (reg & 7) << 3), 0x25 };

    memcpy(bytes + 5, &address, 4);
    emit(out, bytes, sizeof(bytes));
}

/* cmp rsp, rsp: all flags defined. */
static void emit_compare(struct output *out)
{
    static const uint8_t bytes[3] = { 0x48, 0x39, 0xe4 };

    emit(out, bytes, sizeof(bytes));
}

/* ---- random encodings ---- */

static unsigned legacy_prefixes(struct silicon_random *random, uint8_t *bytes, bool may_repeat)
{
    unsigned n = 0;

    if (silicon_below(random, 4) == 0) {
        bytes[n++] = 0x66;
    }
    if (may_repeat && silicon_below(random, 3) == 0) {
        bytes[n++] = silicon_below(random, 2) != 0 ? 0xf2 : 0xf3;
    }
    if (silicon_below(random, 24) == 0) {
        bytes[n++] = 0xf0;
    }
    if (silicon_below(random, 24) == 0) {
        bytes[n++] = 0x67;
    }
    if (silicon_below(random, 2) == 0) {
        bytes[n++] = (uint8_t)(0x40 | silicon_below(random, 16));
    }
    return n;
}

static unsigned vex_prefix(struct silicon_random *random, uint8_t *bytes)
{
    unsigned map = 1 + silicon_below(random, 3);
    uint8_t last = (uint8_t)silicon_random(random);

    /* vvvv = 1111 is what instructions without that operand ask for. */
    if (silicon_below(random, 3) == 0) {
        last |= 0x78;
    }
    if (map == 1 && silicon_below(random, 2) == 0) {
        bytes[0] = 0xc5;
        bytes[1] = last;
        return 2;
    }
    bytes[0] = 0xc4;
    bytes[1] = (uint8_t)((silicon_random(random) & 0xe0) | map);
    bytes[2] = last;
    return 3;
}

static unsigned opcode(struct silicon_random *random, uint8_t *bytes)
{
    unsigned n;

    switch (silicon_below(random, 8)) {
    case 0:
    case 1:
        n = legacy_prefixes(random, bytes, true);
        return n; /* one-byte opcodes: what follows is random */
    case 2:
        n = legacy_prefixes(random, bytes, false);
        bytes[n++] = (uint8_t)(0xd8 | silicon_below(random, 8));
        return n;
    case 3:
    case 4:
        n = legacy_prefixes(random, bytes, true);
        bytes[n++] = 0x0f;
        return n;
    case 5:
        n = legacy_prefixes(random, bytes, true);
        bytes[n++] = 0x0f;
        bytes[n++] = silicon_below(random, 2) != 0 ? 0x38 : 0x3a;
        return n;
    default: return vex_prefix(random, bytes);
    }
}

/* ---- memory operands ---- */

static uint64_t random_target(struct silicon_random *random)
{
    unsigned choice = silicon_below(random, 64);

    if (choice == 0) {
        return SILICON_DATA - 40 + silicon_below(random, 80);
    }
    if (choice == 1) {
        return SILICON_DATA + SILICON_DATA_BYTES - 40 + silicon_below(random, 80);
    }
    if (choice == 2) {
        return SILICON_DATA + 4096 - 20 + silicon_below(random, 40);
    }
    if (choice < 16) {
        return SILICON_DATA + 256 + silicon_below(random, 6400);
    }
    return SILICON_DATA + 256 + (silicon_below(random, 6400) & ~63u);
}

struct wish {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint8_t bytes[24];
};

static uint64_t reg_number(ZydisRegister reg)
{
    return (uint64_t)ZydisRegisterGetId(reg);
}

/* Patches a displacement in the instruction's bytes. */
static bool patch(struct wish *w, int64_t value)
{
    unsigned bytes = w->instruction.raw.disp.size / 8;

    if (bytes < 4) {
        return false;
    }
    memcpy(w->bytes + w->instruction.raw.disp.offset, &value, bytes);
    return true;
}

/* A memory operand with a base register: moves that make it point to target. */
static bool aim_base(struct silicon_random *random, struct output *out,
                     const ZydisDecodedOperand *operand, uint64_t target)
{
    uint64_t base = reg_number(operand->mem.base);
    uint64_t index = 0, value;
    int64_t disp = operand->mem.disp.has_displacement ? operand->mem.disp.value : 0;

    value = target - (uint64_t)disp;
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB) {
        emit_load_vector(out, (unsigned)reg_number(operand->mem.index),
                         SILICON_DATA + 7168 + 512 * silicon_below(random, 2) +
                             32 * silicon_below(random, 15));
    } else if (operand->mem.index != ZYDIS_REGISTER_NONE) {
        if (reg_number(operand->mem.index) == base) {
            return false;
        }
        index = silicon_below(random, 256);
        index = silicon_below(random, 2) != 0 ? -index : index;
        emit_move(out, (unsigned)reg_number(operand->mem.index), index);
        value -= index * operand->mem.scale;
    }
    if (ZydisRegisterGetClass(operand->mem.base) == ZYDIS_REGCLASS_GPR32) {
        value = (uint32_t)value | silicon_random(random) << 32;
    }
    emit_move(out, (unsigned)base, value);
    return true;
}

static bool aim_index(struct output *out, struct wish *w, const ZydisDecodedOperand *operand,
                      uint64_t target)
{
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB) {
        return false;
    }
    emit_move(out, (unsigned)reg_number(operand->mem.index), 16);
    return patch(w, (int64_t)(target - 16ull * operand->mem.scale));
}

static bool aim(struct silicon_random *random, struct output *out, struct wish *w,
                const ZydisDecodedOperand *operand)
{
    uint64_t target = random_target(random);

    if (operand->mem.segment == ZYDIS_REGISTER_FS || operand->mem.segment == ZYDIS_REGISTER_GS) {
        return false;
    }
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
        return true;
    }
    if (operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP) {
        return patch(w, (int64_t)(target - (out->address + out->length + w->instruction.length)));
    }
    if (operand->mem.base == ZYDIS_REGISTER_NONE) {
        return operand->mem.index == ZYDIS_REGISTER_NONE ? patch(w, (int64_t)target)
                                                         : aim_index(out, w, operand, target);
    }
    if (operand->mem.base == ZYDIS_REGISTER_RSP &&
        operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN) {
        return true;
    }
    return aim_base(random, out, operand, target);
}

/* RIP-relative displacements count from where the instruction ends up: such operands come last. */
static bool aim_all(struct silicon_random *random, struct output *out, struct wish *w)
{
    for (unsigned rip = 0; rip < 2; rip++) {
        for (unsigned i = 0; i < w->instruction.operand_count; i++) {
            const ZydisDecodedOperand *operand = &w->operands[i];
            bool is_rip = operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
                          (operand->mem.base == ZYDIS_REGISTER_RIP ||
                           operand->mem.base == ZYDIS_REGISTER_EIP);

            if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && is_rip == (rip != 0) &&
                !aim(random, out, w, operand)) {
                return false;
            }
        }
    }
    return true;
}

/* Registers whose random values would hardly ever do. */
static bool prepare(struct silicon_random *random, struct output *out, const struct wish *w)
{
    const ZydisDecodedInstruction *instruction = &w->instruction;
    const uint64_t repeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;

    if ((instruction->attributes & repeats) != 0) {
        emit_move(out, 1, silicon_below(random, 6));
    }
    switch ((int)instruction->mnemonic) {
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS:
        if (w->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            w->operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER) {
            emit_move(out, (unsigned)reg_number(w->operands[1].reg.value),
                      (uint64_t)(int64_t)((int)silicon_below(random, 2000) - 1000));
        }
        break;
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
        if (silicon_below(random, 4) != 0) {
            emit_move(out, 2, silicon_below(random, 3));
        }
        break;
    default: break;
    }
    return true;
}

/* ---- one instruction ---- */

static bool decode(struct wish *w)
{
    ZydisDecoder decoder;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
    return ZYAN_SUCCESS(
        ZydisDecoderDecodeFull(&decoder, w->bytes, 15, &w->instruction, w->operands));
}

/* The moves and the instruction, at the end of out; false = out is as before. */
static bool try_instruction(struct silicon_random *random, struct output *out,
                            uint32_t *undefined_flags)
{
    unsigned before = out->length;
    struct wish w;
    unsigned n;

    for (unsigned i = 0; i < sizeof(w.bytes); i += 8) {
        uint64_t bytes = silicon_random(random);

        memcpy(w.bytes + i, &bytes, 8);
    }
    n = opcode(random, w.bytes);
    (void)n;
    if (!decode(&w) || !silicon_is_wanted(&w.instruction, w.operands)) {
        return false;
    }
    if (!prepare(random, out, &w) || !aim_all(random, out, &w)) {
        out->length = before;
        return false;
    }
    emit(out, w.bytes, w.instruction.length);
    if (out->length > out->capacity) {
        out->length = before;
        return false;
    }
    *undefined_flags = silicon_undefined_flags(&w.instruction, w.operands);
    return true;
}

void silicon_make_case(struct silicon_case *c, uint64_t seed, uint64_t number)
{
    struct silicon_random random = { number };
    struct output out = { .bytes = c->code,
                          .capacity = SILICON_SLOT_BYTES - 16,
                          .address = SILICON_CODE + number % SILICON_BATCH * SILICON_SLOT_BYTES };
    unsigned count;

    memset(c, 0, sizeof(*c));
    c->number = number;
    random.state = silicon_random(&random) ^ seed * 0xd1342543de82ef95ull;
    silicon_make_state(&random, &c->in);
    c->in.rip = out.address;
    count = 1 + silicon_below(&random, INSTRUCTIONS_MAX);
    for (unsigned i = 0; i < count; i++) {
        uint32_t undefined_flags = 0;
        unsigned tries = 0;
        bool skips = silicon_below(&random, 12) == 0;
        unsigned before = out.length;

        if (skips) {
            /* Jcc over what follows */
            uint8_t jump[2] = { (uint8_t)(0x70 | silicon_below(&random, 16)), 0 };

            emit(&out, jump, 2);
        }
        while (!try_instruction(&random, &out, &undefined_flags) && tries < 1000) {
            tries++;
        }
        if (undefined_flags != 0 && silicon_below(&random, 2) == 0) {
            emit_compare(&out);
            undefined_flags = 0;
        }
        if (skips) {
            unsigned over = out.length - before - 2;

            if (over > 127 || out.length > out.capacity) {
                out.length = before;
                break;
            }
            c->code[before + 1] = (uint8_t)over;
        }
        if (undefined_flags != 0) {
            c->undefined_flags = undefined_flags;
            break;
        }
    }
    c->length = (uint16_t)MIN(out.length, out.capacity);
}

void silicon_place(uint8_t *slot, const struct silicon_case *c)
{
    /* jmp *[SILICON_EXIT] */
    static const uint8_t way_out[7] = {
        0xff, 0x24, 0x25, SILICON_EXIT & 0xff, SILICON_EXIT >> 8 & 0xff, SILICON_EXIT >> 16 & 0xff,
        0
    };

    memcpy(slot, c->code, SILICON_SLOT_BYTES);
    memcpy(slot + c->length, way_out, sizeof(way_out));
}
