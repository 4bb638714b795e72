/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.h - pieces of a line that says what a payload means. */
#ifndef REPLUG_TRACEDUMP_WORDS_H
#define REPLUG_TRACEDUMP_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracedump/output.h"

struct words {
    struct output *output;
    bool full; /* long texts and bytes are not cut */
};

void words_text(struct words *words, const char *text);
void words_number(struct words *words, uint64_t number);
void words_hex(struct words *words, uint64_t number);

/* "1 byte", "2 bytes" */
void words_count(struct words *words, uint64_t count, const char *noun);

/* Up to 8 bytes as one number: 0xf1; more as bytes. */
void words_value(struct words *words, const uint8_t *bytes, size_t size);

/* 00ff01, cut behind 32 bytes. */
void words_bytes(struct words *words, const uint8_t *bytes, size_t size);

/* A text that has its own quotes, cut behind 1024 bytes; or one that gets them. */
void words_json(struct words *words, const uint8_t *bytes, size_t size);
void words_quoted(struct words *words, const uint8_t *bytes, size_t size);

/* "ok", "EINVAL"; number is positive or 0. */
void words_errno(struct words *words, int32_t number);

/* "2024-01-31 12:00:00.000000 UTC" from µs since 1970. */
void words_time(struct words *words, int64_t micros);

#endif
