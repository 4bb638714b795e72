/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vector_state.h - x87, MMX, SSE and AVX registers of the software CPU.
 *
 * x87 registers are physical: R0 to R7, ST(i) is R[(top + i) & 7]. MMX register i is the mantissa
 * of physical register i. The low half of vector register i is XMM i.
 */
#ifndef REPLUG_CPU_VECTOR_STATE_H
#define REPLUG_CPU_VECTOR_STATE_H

#include "state/state.h"

struct soft_f80 {
    uint64_t mantissa;      /* with the explicit integer bit */
    uint16_t sign_exponent; /* bit 15 sign */
    uint8_t pad[6];
};

#define SOFT_F80_FIELDS(FIELD, NESTED, T) FIELD(T, mantissa) FIELD(T, sign_exponent) FIELD(T, pad)
STATE_DECLARE(soft_f80_desc, struct soft_f80);

struct soft_vector {
    uint64_t q[4]; /* q[0] holds bits 0-63 */
};

#define SOFT_VECTOR_FIELDS(FIELD, NESTED, T) FIELD(T, q)
STATE_DECLARE(soft_vector_desc, struct soft_vector);

struct soft_vector_state {
    struct soft_vector ymm[16];
    struct soft_f80 r[8];
    uint64_t ip, dp; /* of the last x87 instruction */
    uint64_t xcr0;
    uint64_t xss;
    uint32_t mxcsr;
    uint16_t control, status; /* status: TOP bits are zero here */
    uint16_t cs, ds, opcode;
    uint8_t top;
    uint8_t valid; /* bit i: R[i] is not empty (the abridged tag word of FXSAVE) */
};

/* clang-format off */
#define SOFT_VECTOR_STATE_FIELDS(FIELD, NESTED, T) \
    NESTED(T, ymm, soft_vector_desc) NESTED(T, r, soft_f80_desc) FIELD(T, ip) FIELD(T, dp) \
    FIELD(T, xcr0) FIELD(T, xss) FIELD(T, mxcsr) FIELD(T, control) FIELD(T, status) \
    FIELD(T, cs) FIELD(T, ds) FIELD(T, opcode) FIELD(T, top) FIELD(T, valid)
/* clang-format on */
STATE_DECLARE(soft_vector_state_desc, struct soft_vector_state);

#endif
