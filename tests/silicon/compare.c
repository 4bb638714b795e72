/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.c - the two results of a case. All state is compared but for what this file names: the x87
 * instruction and operand pointers, the opcode and the selectors.
 */
#include <Zydis/Zydis.h>
#include <cpuid.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "silicon.h"

_Static_assert(sizeof(struct soft_vector_state) <= SILICON_XSAVE, "soft's result has room for it");

void silicon_decode_xsave(const uint8_t *area, struct soft_vector_state *v)
{
    uint16_t status;
    uint64_t components;

    memset(v, 0, sizeof(*v));
    memcpy(&components, area + 512, 8);
    memcpy(&v->mxcsr, area + 24, 4);
    v->control = 0x37f;
    if ((components & 1) != 0) {
        memcpy(&v->control, area, 2);
        memcpy(&status, area + 2, 2);
        v->top = status >> 11 & 7;
        v->status = status & 0xc7ff;
        v->valid = area[4];
        for (unsigned i = 0; i < 8; i++) {
            struct soft_f80 *r = &v->r[(v->top + i) & 7];

            memcpy(&r->mantissa, area + 32 + (size_t)i * 16, 8);
            memcpy(&r->sign_exponent, area + 40 + (size_t)i * 16, 2);
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        if ((components & 2) != 0) {
            memcpy(v->ymm[i].q, area + 160 + (size_t)i * 16, 16);
        }
        if ((components & 4) != 0) {
            memcpy(v->ymm[i].q + 2, area + 576 + (size_t)i * 16, 16);
        }
    }
    /* XRSTOR derives ES and B as every load of the status word does. */
    v->status &= 0x7f7f;
    if ((v->status & ~v->control & 0x3f) != 0) {
        v->status |= 0x8080;
    }
}

struct report {
    bool print, equal;
};

static void differ(struct report *report, const char *what, unsigned index, uint64_t native,
                   uint64_t soft)
{
    if (native == soft) {
        return;
    }
    report->equal = false;
    if (report->print) {
        printf("  %s%u: host %016" PRIx64 ", soft %016" PRIx64 "\n", what, index, native, soft);
    }
}

static void compare_vectors(struct report *report, const struct soft_vector_state *native,
                            const struct soft_vector_state *soft)
{
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned k = 0; k < 4; k++) {
            differ(report,
                   k == 0   ? "ymm[63:0] "
                   : k == 1 ? "ymm[127:64] "
                   : k == 2 ? "ymm[191:128] "
                            : "ymm[255:192] ",
                   i, native->ymm[i].q[k], soft->ymm[i].q[k]);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        differ(report, "R.mantissa ", i, native->r[i].mantissa, soft->r[i].mantissa);
        differ(report, "R.exponent ", i, native->r[i].sign_exponent, soft->r[i].sign_exponent);
    }
    differ(report, "x87 control ", 0, native->control, soft->control);
    differ(report, "x87 status ", 0, native->status, soft->status);
    differ(report, "x87 top ", 0, native->top, soft->top);
    differ(report, "x87 valid ", 0, native->valid, soft->valid);
}

static ZydisMnemonic mnemonic_at(const struct silicon_case *c, uint64_t rip)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    uint64_t offset = rip - c->in.rip;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return offset < c->length &&
                   ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, c->code + offset,
                                                              c->length - offset, &instruction))
               ? instruction.mnemonic
               : ZYDIS_MNEMONIC_INVALID;
}

/* Where an image of many bytes reaches into a missing page, or one of two operands is read first, the
 * byte that faults is up to the processor. */
static uint64_t address_mask(const struct silicon_case *c, const struct silicon_result *native)
{
    switch ((int)mnemonic_at(c, native->state.rip)) {
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64: return ~(uint64_t)4095;
    case ZYDIS_MNEMONIC_CMPSB:
    case ZYDIS_MNEMONIC_CMPSW:
    case ZYDIS_MNEMONIC_CMPSD:
    case ZYDIS_MNEMONIC_CMPSQ: return 0;
    default: return UINT64_MAX;
    }
}

/*
 * Flags of MXCSR that are not compared, after an unmasked exception alone: PE beside UE (soft takes it from
 * the denormal result, a processor from the one before), all those of dot products (a processor stops
 * at the first step that raises one).
 */
static uint32_t mxcsr_mask(const struct silicon_case *c, const struct silicon_result *native)
{
    if (native->vector != 19) {
        return UINT32_MAX;
    }
    switch ((int)mnemonic_at(c, native->state.rip)) {
    case ZYDIS_MNEMONIC_DPPS:
    case ZYDIS_MNEMONIC_DPPD:
    case ZYDIS_MNEMONIC_VDPPS:
    case ZYDIS_MNEMONIC_VDPPD: return ~0x3fu;
    default: return ~0x20u;
    }
}

/* MXCSR bit 17 is MM, for misaligned operands, on AMD's processors with MisAlignSse (APM 1, 4.2.2), which soft has not: #GP
 * there, none on such a host. The rest of the sequence can't be compared. */
static bool host_took_mxcsr_mm(const struct silicon_case *c, const struct silicon_result *native,
                               const struct silicon_result *soft)
{
    ZydisMnemonic mnemonic;
    unsigned a, b, features, d;

    if (soft->vector != 13 || (native->vector == 13 && native->state.rip == soft->state.rip) ||
        __get_cpuid(0x80000001, &a, &b, &features, &d) == 0 || (features & 1u << 7) == 0) {
        return false;
    }
    mnemonic = mnemonic_at(c, soft->state.rip);
    return mnemonic == ZYDIS_MNEMONIC_LDMXCSR || mnemonic == ZYDIS_MNEMONIC_VLDMXCSR;
}

bool silicon_compare(const struct silicon_case *c, const struct silicon_result *native,
                     const struct silicon_result *soft, bool print)
{
    struct report report = { .print = print, .equal = true };
    struct soft_vector_state native_vectors, soft_vectors;
    uint64_t flags = SILICON_FLAGS & ~(uint64_t)c->undefined_flags;

    if (host_took_mxcsr_mm(c, native, soft)) {
        return true;
    }
    if (native->vector != SILICON_END) {
        flags = SILICON_FLAGS & ~0x8d5ull;
    }
    silicon_decode_xsave(native->state.xsave, &native_vectors);
    memcpy(&soft_vectors, soft->state.xsave, sizeof(soft_vectors));
    differ(&report, "vector ", 0, native->vector, soft->vector);
    if (native->vector != SILICON_END && native->vector == soft->vector) {
        differ(&report, "rip ", 0, native->state.rip, soft->state.rip);
        if (native->vector == 14 || native->vector == 13) {
            /* Far away the host may have pages that soft has not: the present bit. */
            uint32_t mask = native->vector == 14 && (native->address < SILICON_DATA - 4096 ||
                                                     native->address >= SILICON_DATA + 3 * 4096)
                                ? ~1u
                                : ~0u;

            differ(&report, "error ", 0, native->error & mask, soft->error & mask);
        }
        if (native->vector == 14) {
            differ(&report, "address ", 0, native->address & address_mask(c, native),
                   soft->address & address_mask(c, native));
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        differ(&report, "gpr ", i, native->state.gpr[i], soft->state.gpr[i]);
    }
    differ(&report, "rflags ", 0, native->state.rflags & flags, soft->state.rflags & flags);
    compare_vectors(&report, &native_vectors, &soft_vectors);
    differ(&report, "mxcsr ", 0, native_vectors.mxcsr & mxcsr_mask(c, native),
           soft_vectors.mxcsr & mxcsr_mask(c, native));
    if (memcmp(native->data, soft->data, SILICON_DATA_BYTES) != 0) {
        for (unsigned i = 0; i < SILICON_DATA_BYTES; i++) {
            differ(&report, "data ", i, native->data[i], soft->data[i]);
        }
    }
    return report.equal;
}

void silicon_print_case(const struct silicon_case *c)
{
    uint64_t address = c->in.rip;
    ZydisDecoder decoder;
    ZydisFormatter formatter;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (unsigned done = 0; done < c->length;) {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        char text[128];

        if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, c->code + done, c->length - done,
                                               &instruction, operands))) {
            break;
        }
        ZydisFormatterFormatInstruction(&formatter, &instruction, operands,
                                        instruction.operand_count_visible, text, sizeof(text),
                                        address + done, NULL);
        printf("  %06" PRIx64 "  ", address + done);
        for (unsigned i = 0; i < instruction.length; i++) {
            printf("%02x", c->code[done + i]);
        }
        printf("  %s\n", text);
        done += instruction.length;
    }
}
