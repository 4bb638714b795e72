/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit.h - what every unit test includes: cmocka with the headers that it needs before it. */
#ifndef REPLUG_TESTS_UNIT_UNIT_H
#define REPLUG_TESTS_UNIT_UNIT_H

/* clang-format off */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
