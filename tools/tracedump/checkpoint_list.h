/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint_list.h - a recording's checkpoints, as info lists them and verify looks into them. */
#ifndef REPLUG_TRACEDUMP_CHECKPOINT_LIST_H
#define REPLUG_TRACEDUMP_CHECKPOINT_LIST_H

#include <stdbool.h>

#include "tracedump/output.h"

struct recording_reader;

/* Nothing where there are none. */
void checkpoint_list_print(struct output *output, struct recording_reader *reader);

/* Reads all parts of all of them; prints how many are whole, and of the others what is wrong. False: some are not. */
bool checkpoint_list_verify(struct output *output, struct recording_reader *reader);

#endif
