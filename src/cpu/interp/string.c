/* SPDX-License-Identifier: GPL-2.0-or-later */
/* string.c - to be. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_string = { NULL, 0 };
