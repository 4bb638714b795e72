/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_words.h - a recording's payloads in words (docs/determinism.md). What has another layout
 * than its kind's is shown as bytes: a file may come from a newer version, or from anybody.
 */
#ifndef REPLUG_TRACEDUMP_RECORDING_WORDS_H
#define REPLUG_TRACEDUMP_RECORDING_WORDS_H

#include <stdbool.h>

#include "tracedump/output.h"

struct recording_record;

/* A turn's, an input's, an effect's or (group end) a change of state; one line, without its end. Long
 * ones are cut unless full. */
void recording_words(struct output *output, const struct recording_record *record, bool full);

#endif
