/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_state.c - finds what a turn changed in some kilobytes of state, and makes the change. */
#include "replay/recording_state.h"

#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "replay/recording_format.h"
#include "replay/recording_frame.h"
#include "replay/recording_reader.h"

#define CHUNK_BYTES 512u
/* Equal bytes between two changed ones that end a run: two numbers cost about as much. */
#define GAP_BYTES_MIN 4u

void recording_state_fini(struct recording_state *state)
{
    g_free(state->bytes);
    state->bytes = NULL;
    state->size = 0;
}

/* memcmp() compares 32 bytes a cycle, which a loop here does not; that is what a turn costs. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t from, size_t size)
{
    while (size - from >= CHUNK_BYTES && memcmp(a + from, b + from, CHUNK_BYTES) == 0) {
        from += CHUNK_BYTES;
    }
    while (size - from >= 8 && bytes_load_le64(a + from) == bytes_load_le64(b + from)) {
        from += 8;
    }
    while (from < size && a[from] == b[from]) {
        from++;
    }
    return from;
}

static size_t run_end(const uint8_t *a, const uint8_t *b, size_t from, size_t size)
{
    size_t end = from + 1;

    for (size_t at = end; at < size && at - end < GAP_BYTES_MIN; at++) {
        if (a[at] != b[at]) {
            end = at + 1;
        }
    }
    return end;
}

static void append_number(GByteArray *out, uint64_t number)
{
    uint8_t bytes[RECORDING_VARINT_BYTES_MAX];

    g_byte_array_append(out, bytes, (guint)(recording_varint_store(bytes, number) - bytes));
}

static void append_run(GByteArray *out, size_t gap, const uint8_t *bytes, size_t size)
{
    append_number(out, gap);
    append_number(out, size);
    g_byte_array_append(out, bytes, (guint)size);
}

static void diff_runs(const uint8_t *before, const uint8_t *after, size_t size, GByteArray *out)
{
    size_t done = 0;

    for (;;) {
        size_t begin = first_difference(before, after, done, size);
        size_t end;

        if (begin == size) {
            return;
        }
        if (out->len == 0) {
            append_number(out, size);
        }
        end = run_end(before, after, begin, size);
        append_run(out, begin - done, after + begin, end - begin);
        done = end;
    }
}

void recording_state_diff(const struct recording_state *before, const uint8_t *after, size_t size,
                          GByteArray *out_change)
{
    invariant(size <= RECORDING_STATE_BYTES_MAX);
    g_byte_array_set_size(out_change, 0);
    if (before->size == size) {
        diff_runs(before->bytes, after, size, out_change);
    } else {
        append_number(out_change, size);
        if (size > 0) {
            append_run(out_change, 0, after, size);
        }
    }
}

bool recording_run_next(const uint8_t *change, size_t size, size_t *at, struct recording_run *run)
{
    uint64_t gap, length, whole;

    if (*at == 0) {
        run->offset = 0;
        run->size = 0;
        if (!recording_varint_load(change, size, at, &whole)) {
            return false;
        }
    }
    if (!recording_varint_load(change, size, at, &gap) ||
        !recording_varint_load(change, size, at, &length) || length == 0 || length > size - *at ||
        gap > RECORDING_STATE_BYTES_MAX) {
        return false;
    }
    run->offset += run->size + gap;
    run->bytes = change + *at;
    run->size = length;
    *at += length;
    return true;
}

/* A new size needs all its bytes, so that the work is no more than the change is long. */
static bool replace(struct recording_state *state, const uint8_t *change, size_t size, size_t at,
                    size_t whole)
{
    struct recording_run run = { 0, NULL, 0 };

    if (whole > 0 &&
        (!recording_run_next(change, size, &at, &run) || run.offset != 0 || run.size != whole)) {
        return false;
    }
    g_free(state->bytes);
    state->bytes = g_memdup2(run.bytes, whole);
    state->size = whole;
    return at == size;
}

bool recording_state_apply(struct recording_state *state, const uint8_t *change, size_t size)
{
    struct recording_run run = { 0, NULL, 0 };
    uint64_t whole;
    size_t at = 0;

    if (size == 0) {
        return true;
    }
    if (!recording_varint_load(change, size, &at, &whole) || whole > RECORDING_STATE_BYTES_MAX) {
        return false;
    }
    if (whole != state->size) {
        return replace(state, change, size, at, whole);
    }
    while (at < size) {
        if (!recording_run_next(change, size, &at, &run) || run.offset > whole ||
            run.size > whole - run.offset) {
            return false;
        }
        memcpy(state->bytes + run.offset, run.bytes, run.size);
    }
    return true;
}

uint64_t recording_state_digest(const struct recording_state *state)
{
    return XXH3_64bits(state->size > 0 ? state->bytes : (const uint8_t *)"", state->size);
}
