/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_print.h - a recording's records as lines. */
#ifndef REPLUG_TRACEDUMP_RECORDING_PRINT_H
#define REPLUG_TRACEDUMP_RECORDING_PRINT_H

#include <stdbool.h>

#include "tracedump/output.h"

struct recording_record;

/*
 * A turn's begin:   "turn       12       1500 ns vcpu 0 exit: pio out 0xb2 1 byte = 0xf1"
 * anything else:    "    effect kvm_call: KVM_IRQ_LINE gsi=9 level=1"
 *
 * Without the end of the line. Long payloads are cut unless full.
 */
void recording_print(struct output *output, const struct recording_record *record, bool full);

/* "exit", "kvm_call"; "kind 31" for one that this version does not know. */
void recording_print_kind(struct output *output, const struct recording_record *record);

#endif
