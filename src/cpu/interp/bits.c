/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bits.c - to be. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_bits = { NULL, 0 };
