/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_internal.h - the forms of results. */
#ifndef REPLUG_CHECK_RESULT_INTERNAL_H
#define REPLUG_CHECK_RESULT_INTERNAL_H

#include "check/result.h"

void result_print_json(struct output *output, const struct result *result);
void result_print_junit(struct output *output, const struct result *result);
void result_print_tap(struct output *output, const struct result *result);

#endif
