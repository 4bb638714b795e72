/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmx.c - MMX. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_mmx = { NULL, 0 };
