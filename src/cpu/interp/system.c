/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system.c - control and debug registers, descriptor tables, cache and TLB control. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_system = { NULL, 0 };
