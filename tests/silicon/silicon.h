/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * silicon.h - random instruction sequences on the host's processor and on the software CPU: the cases,
 * who makes them, who runs them, who compares.
 *
 * Both sides see the same linear addresses:
 *   600000h  code: a slot for each case of a batch, not writable
 *   6ff000h  nothing
 *   700000h  data: two pages
 *   702000h  nothing
 */
#ifndef REPLUG_TESTS_SILICON_SILICON_H
#define REPLUG_TESTS_SILICON_SILICON_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/soft_state.h"

#define SILICON_CODE       0x600000u
#define SILICON_SLOT_BYTES 256u
#define SILICON_BATCH      256u
#define SILICON_DATA       0x700000u
#define SILICON_DATA_BYTES 8192u
#define SILICON_EXIT       0x9a3098u /* where the native side keeps the way out's target */
#define SILICON_XSAVE      832u      /* x87, SSE, header, AVX */

#define SILICON_FLAGS 0xcd5ull /* CF PF AF ZF SF DF OF */

/* No exception: the end of the sequence. */
#define SILICON_END 0xffu

struct silicon_state {
    uint64_t gpr[16];
    uint64_t rip, rflags;
    uint8_t xsave[SILICON_XSAVE];
};

struct silicon_result {
    struct silicon_state state;
    uint8_t vector; /* SILICON_END or an exception's */
    uint32_t error;
    uint64_t address; /* of a page fault */
    uint8_t data[SILICON_DATA_BYTES];
};

struct silicon_case {
    uint64_t number;
    struct silicon_state in;
    uint8_t code[SILICON_SLOT_BYTES];
    uint16_t length;          /* of the sequence; the ways out come behind it */
    uint32_t undefined_flags; /* of RFLAGS, after the last instruction */
};

/* ---- random numbers: the same on every host ---- */

struct silicon_random {
    uint64_t state;
};

uint64_t silicon_random(struct silicon_random *random);

/* 0 to limit - 1 */
static inline unsigned silicon_below(struct silicon_random *random, unsigned limit)
{
    return (unsigned)(silicon_random(random) % limit);
}

/* ---- generate.c, values.c ---- */

/* Which features of soft the host has too; what it lacks is not generated. */
void silicon_probe_host(void);
bool silicon_host_has_avx(void);
/* Its slot is number % SILICON_BATCH. */
void silicon_make_case(struct silicon_case *c, uint64_t seed, uint64_t number);
/* The sequence and its way out: the same bytes on both sides, for a sequence can read them. */
void silicon_place(uint8_t *slot, const struct silicon_case *c);
void silicon_make_data(uint8_t *data, uint64_t seed);
void silicon_make_state(struct silicon_random *random, struct silicon_state *state);
/* RFLAGS bits that the instruction leaves undefined (undefined.c). */

uint32_t silicon_undefined_flags(const ZydisDecodedInstruction *instruction,
                                 const ZydisDecodedOperand *operands);

/* ---- native.c: the host's side, in a child process ---- */

struct silicon_native;

/* NULL: the addresses are taken, or the like (said on stderr). */
struct silicon_native *silicon_native_create(void);
void silicon_native_destroy(struct silicon_native *native);
void silicon_native_start(struct silicon_native *native, const struct silicon_case *cases,
                          unsigned count, const uint8_t *data);
/* The results of the batch. One that killed the child has vector 0xfe. */
const struct silicon_result *silicon_native_finish(struct silicon_native *native);

#define SILICON_DIED 0xfeu

/* ---- soft_side.c ---- */

struct silicon_soft;

struct silicon_soft *silicon_soft_create(void);
void silicon_soft_destroy(struct silicon_soft *soft);
void silicon_soft_start(struct silicon_soft *soft, const struct silicon_case *cases,
                        unsigned count);
void silicon_soft_run(struct silicon_soft *soft, const struct silicon_case *c, const uint8_t *data,
                      struct silicon_result *result);

/* ---- compare.c ---- */

/* The XSAVE image as vector state; empty for what its header says is in its initial state. */
void silicon_decode_xsave(const uint8_t *area, struct soft_vector_state *v);
/* True: equal. Else, and if print, says what differs. */
bool silicon_compare(const struct silicon_case *c, const struct silicon_result *native,
                     const struct silicon_result *soft, bool print);
void silicon_print_case(const struct silicon_case *c);

#endif
