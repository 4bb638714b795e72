/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sse.c - SSE to SSE4.2. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_sse = { NULL, 0 };
