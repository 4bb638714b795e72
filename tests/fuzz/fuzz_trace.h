/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_trace.h - tracedump on any bytes, for libFuzzer and for damage_trace.c. */
#ifndef REPLUG_TESTS_FUZZ_TRACE_H
#define REPLUG_TESTS_FUZZ_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* Runs each command; aborts when one ends with another status than 0, 1 or 2. */
void fuzz_trace(const uint8_t *data, size_t size);

/* Makes all checksums right that can be found. */
void fuzz_trace_mend(uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
