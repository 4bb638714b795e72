/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msr.c - RDMSR and WRMSR, the model-specific registers. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_msr = { NULL, 0 };
