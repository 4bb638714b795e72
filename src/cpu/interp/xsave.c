/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xsave.c - FXSAVE, XSAVE and their kind. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_xsave = { NULL, 0 };
