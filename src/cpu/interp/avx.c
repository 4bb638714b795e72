/* SPDX-License-Identifier: GPL-2.0-or-later */
/* avx.c - AVX and AVX2. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_avx = { NULL, 0 };
