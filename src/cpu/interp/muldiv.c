/* SPDX-License-Identifier: GPL-2.0-or-later */
/* muldiv.c - to be. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_muldiv = { NULL, 0 };
