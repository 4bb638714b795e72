/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shift.c - to be. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_shift = { NULL, 0 };
