/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups.c - all groups of instructions, in one visible array. */
#include "cpu/soft_translate.h"

/* clang-format off */
const struct soft_group *const soft_groups[] = {
    &soft_group_alu, &soft_group_move, &soft_group_conditional, &soft_group_shift, &soft_group_muldiv, &soft_group_bits,
    &soft_group_branch, &soft_group_stack, &soft_group_string, &soft_group_flagops, &soft_group_io,
    &soft_group_bcd, &soft_group_time,
    &soft_group_segment, &soft_group_system, &soft_group_msr, &soft_group_cpuid,
    &soft_group_fpu, &soft_group_fpu_load, &soft_group_fpu_compare, &soft_group_fpu_control,
    &soft_group_fpu_math,
    &soft_group_mmx,
    &soft_group_sse, &soft_group_sse_arith, &soft_group_sse_integer, &soft_group_sse_shuffle,
    &soft_group_sse_convert, &soft_group_sse_move, &soft_group_sse_mask, &soft_group_sse_ssse3,
    &soft_group_sse_blend, &soft_group_sse_string, &soft_group_crypto,
    &soft_group_avx, &soft_group_avx_permute, &soft_group_avx_masked, &soft_group_avx_fma,
    &soft_group_bmi, &soft_group_xsave,
};
/* clang-format on */
const unsigned soft_group_count = sizeof(soft_groups) / sizeof(soft_groups[0]);
