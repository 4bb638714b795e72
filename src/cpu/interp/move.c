/* SPDX-License-Identifier: GPL-2.0-or-later */
/* move.c - to be. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_move = { NULL, 0 };
