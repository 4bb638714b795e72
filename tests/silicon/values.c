/* SPDX-License-Identifier: GPL-2.0-or-later */
/* values.c - random numbers and the states they make: much that is special, much that is not. */
#include <string.h>

#include "silicon.h"

/* SplitMix64. */
uint64_t silicon_random(struct silicon_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint64_t integer(struct silicon_random *random)
{
    static const uint64_t special[] = { 0,           1,          2,          0x7f,
                                        0x80,        0xff,       0x7fff,     0x8000,
                                        0xffff,      0x7fffffff, 0x80000000, 0xffffffff,
                                        0x100000000, INT64_MAX,  1ull << 63, UINT64_MAX };
    uint64_t value = silicon_random(random);

    switch (silicon_below(random, 4)) {
    case 0: return special[value % (sizeof(special) / sizeof(special[0]))];
    case 1: return value >> silicon_below(random, 64);
    case 2: return (uint64_t)(int64_t)(int8_t)value;
    default: return value;
    }
}

static uint32_t single(struct silicon_random *random)
{
    static const uint32_t special[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
        0x7fa00001, 0xffc12345, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff, 0x4b000001,
        0x3f000000, 0x4f000000, 0xcf000000, 0x5f000000, 0x40490fdb, 0x3fc00000
    };
    uint32_t value = (uint32_t)silicon_random(random);

    switch (silicon_below(random, 4)) {
    case 0: return special[value % (sizeof(special) / sizeof(special[0]))];
    case 1: return (value & 0x80ffffff) | (0x3c + silicon_below(random, 8)) << 24;
    case 2: return (value & 0x80ffffff) | (silicon_below(random, 2) != 0 ? 0x7e000000 : 0x01000000);
    default: return value;
    }
}

static uint64_t doubl(struct silicon_random *random)
{
    static const uint64_t special[] = { 0,
                                        0x8000000000000000,
                                        0x3ff0000000000000,
                                        0xbff0000000000000,
                                        0x7ff0000000000000,
                                        0xfff0000000000000,
                                        0x7ff8000000000000,
                                        0x7ff4000000000001,
                                        0xfff8123456789abc,
                                        0x0000000000000001,
                                        0x800fffffffffffff,
                                        0x0010000000000000,
                                        0x7fefffffffffffff,
                                        0x3fe0000000000000,
                                        0x41e0000000000000,
                                        0xc3e0000000000000,
                                        0x4330000000000001,
                                        0x3690000000000000,
                                        0x47efffffe0000000 };
    uint64_t value = silicon_random(random);

    switch (silicon_below(random, 4)) {
    case 0: return special[value % (sizeof(special) / sizeof(special[0]))];
    case 1:
        return (value & 0x800fffffffffffff) | (uint64_t)(0x3c0 + silicon_below(random, 128)) << 52;
    case 2:
        return (value & 0x801fffffffffffff) |
               (silicon_below(random, 2) != 0 ? 0x7fc0000000000000 : 0x0020000000000000);
    default: return value;
    }
}

static uint64_t element(struct silicon_random *random)
{
    switch (silicon_below(random, 3)) {
    case 0: return integer(random);
    case 1: return single(random) | (uint64_t)single(random) << 32;
    default: return doubl(random);
    }
}

/* Ten bytes. */
static void extended(struct silicon_random *random, uint8_t *bytes)
{
    static const uint16_t exponents[] = { 0,      0,      1,      2,      0x3ffe, 0x3fff, 0x4000,
                                          0x403d, 0x403e, 0x3f80, 0x3c00, 0x7ffe, 0x7fff, 0x7fff };
    static const uint64_t mantissas[] = { 0,
                                          1,
                                          0x8000000000000000,
                                          0xc000000000000000,
                                          0xffffffffffffffff,
                                          0x8000000000000001,
                                          0xa000000000000000,
                                          0x4000000000000000 };
    uint64_t mantissa = silicon_random(random);
    uint16_t exponent = (uint16_t)silicon_random(random);

    switch (silicon_below(random, 4)) {
    case 0: exponent = exponents[silicon_below(random, 14)] | (exponent & 0x8000); break;
    case 1: exponent = (uint16_t)((exponent & 0x8000) | (0x3ff0 + (exponent & 0x5f))); break;
    case 2: exponent = (uint16_t)((exponent & 0x8000) | (0x3ff0 + (exponent & 0x1f))); break;
    default: break;
    }
    switch (silicon_below(random, 4)) {
    case 0: mantissa = mantissas[silicon_below(random, 8)]; break;
    case 1:
        mantissa |= 1ull << 63;
        mantissa &= UINT64_MAX << (mantissa % 64);
        break;
    case 2: mantissa |= 1ull << 63; break;
    default: mantissa |= (exponent & 0x7fff) != 0 && silicon_below(random, 8) != 0 ? 1ull << 63 : 0;
    }
    memcpy(bytes, &mantissa, 8);
    memcpy(bytes + 8, &exponent, 2);
}

static void make_x87(struct silicon_random *random, uint8_t *area)
{
    uint16_t control = 0x37f, status = (uint16_t)(silicon_random(random) & 0x7800);
    uint8_t valid = silicon_below(random, 4) != 0 ? 0xff : (uint8_t)silicon_random(random);

    if (silicon_below(random, 2) == 0) {
        control = (uint16_t)(0x7f | (silicon_random(random) & 0xf00));
    }
    if (silicon_below(random, 8) == 0) {
        control = (uint16_t)(0x40 | (silicon_random(random) & 0xf3f));
    }
    if (silicon_below(random, 4) == 0) {
        status = (uint16_t)(silicon_random(random) & 0x7f7f);
    }
    if (silicon_below(random, 4) != 0) {
        status &= (uint16_t) ~(~control & 0x3f);
    }
    if (silicon_below(random, 2) == 0) {
        valid = (uint8_t)(0xf << silicon_below(random, 5));
    }
    memcpy(area, &control, 2);
    memcpy(area + 2, &status, 2);
    area[4] = valid;
    for (unsigned i = 0; i < 8; i++) {
        extended(random, area + 32 + (size_t)i * 16);
    }
}

static uint32_t make_mxcsr(struct silicon_random *random)
{
    uint32_t mxcsr = 0x1f80;

    if (silicon_below(random, 2) == 0) {
        mxcsr |= (uint32_t)silicon_random(random) & 0x603f;
    }
    if (silicon_below(random, 4) == 0) {
        mxcsr |= (uint32_t)silicon_random(random) & 0x8040;
    }
    if (silicon_below(random, 8) == 0) {
        mxcsr &= (uint32_t)silicon_random(random) | 0xe07f;
    }
    return mxcsr;
}

void silicon_make_state(struct silicon_random *random, struct silicon_state *state)
{
    uint32_t mxcsr = make_mxcsr(random), mask = 0xffff;

    memset(state, 0, sizeof(*state));
    for (unsigned i = 0; i < 16; i++) {
        state->gpr[i] = integer(random);
    }
    state->gpr[4] = SILICON_DATA + 4096 + (silicon_random(random) & 0x7f8);
    state->rflags = (silicon_random(random) & 0x8d5) | 0x202;
    if (silicon_below(random, 8) == 0) {
        state->rflags |= 0x400;
    }
    make_x87(random, state->xsave);
    memcpy(state->xsave + 24, &mxcsr, 4);
    memcpy(state->xsave + 28, &mask, 4);
    for (unsigned i = 0; i < 32; i++) {
        uint64_t low = element(random), high = element(random);

        memcpy(state->xsave + 160 + (size_t)i * 8, &low, 8);
        memcpy(state->xsave + 576 + (size_t)i * 8, &high, 8);
    }
    state->xsave[512] = 7;
}

void silicon_make_data(uint8_t *data, uint64_t seed)
{
    struct silicon_random random = { seed ^ 0xda7a };

    for (unsigned i = 0; i < SILICON_DATA_BYTES; i += 16) {
        uint64_t values[2] = { element(&random), element(&random) };

        memcpy(data + i, values, 16);
        if (silicon_below(&random, 8) == 0) {
            extended(&random, data + i);
        }
    }
    /* Indices for gathers. */
    for (unsigned i = 7168; i < 7680; i += 4) {
        int32_t index = (int32_t)silicon_below(&random, 64) - 32;

        memcpy(data + i, &index, 4);
    }
    for (unsigned i = 7680; i < 8192; i += 8) {
        int64_t index = (int64_t)silicon_below(&random, 64) - 32;

        memcpy(data + i, &index, 8);
    }
}
