/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fpu.c - x87. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_fpu = { NULL, 0 };
