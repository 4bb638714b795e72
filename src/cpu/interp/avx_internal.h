/* SPDX-License-Identifier: GPL-2.0-or-later */
/* avx_internal.h - what the VEX groups share beside the forms: halves and where they come from. */
#ifndef REPLUG_CPU_AVX_INTERNAL_H
#define REPLUG_CPU_AVX_INTERNAL_H

#include "cpu/interp/sse_internal.h"

/* One half of op->operand_size bytes, or 32 bytes; no alignment is asked for. */
bool avx_load_halves(struct soft_cpu *cpu, const struct op *op, unsigned halves, __m128i *value);

/* As sse_float(), for one or two halves. */
bool avx_float(struct soft_cpu *cpu, sse_kernel kernel, const __m128i *a, const __m128i *b,
               unsigned halves, unsigned imm, __m128i *result);

#endif
