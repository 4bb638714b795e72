/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz.h - what each target defines; called by libFuzzer, or by fuzz_main.c for files. */
#ifndef REPLUG_TESTS_FUZZ_FUZZ_H
#define REPLUG_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0. A finding aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
