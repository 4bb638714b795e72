/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bmi.c - BMI1, BMI2, ADX. */
#include "cpu/soft_translate.h"

const struct soft_group soft_group_bmi = { NULL, 0 };
