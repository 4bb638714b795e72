/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_recording.c - files that call themselves recordings. The first byte says whether the checksums
 * of frames are set right first, so that what is behind them is reached too.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "fuzz.h"
#include "replay/payload_fields.h"
#include "replay/recording.h"
#include "replay/recording_checkpoint.h"
#include "replay/recording_frame.h"
#include "replay/recording_reader.h"
#include "state/state_layout.h"

static void set_checksums(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; size - at > RECORDING_FRAME_HEADER_BYTES;) {
        uint8_t *frame = bytes + at;
        size_t left = size - at - RECORDING_FRAME_HEADER_BYTES;
        size_t stored = MIN(bytes_load_le32(frame + 8), left);

        bytes_store_le32(frame + 8, (uint32_t)stored);
        if (frame[5] == RECORDING_CODING_PLAIN) {
            bytes_store_le32(frame + 12, (uint32_t)stored);
        }
        bytes_store_le64(frame + 56, XXH3_64bits(frame + RECORDING_FRAME_HEADER_BYTES, stored));
        bytes_store_le64(frame + 64, XXH3_64bits(frame, 64));
        at += RECORDING_FRAME_HEADER_BYTES + stored;
    }
}

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        invariant(written > 0);
        bytes += written;
        size -= (size_t)written;
    }
}

/* Walks all runs of a change: they lie within it. */
static void check_runs(const struct recording_record *record)
{
    struct recording_run run;
    size_t at = 0;

    while (recording_run_next(record->payload, record->payload_bytes, &at, &run)) {
        invariant(run.bytes >= record->payload);
        invariant(run.bytes + run.size <= record->payload + record->payload_bytes);
    }
}

/* Texts of payloads, of what it differs in from the record before, and of state by a layout. */
static void check_texts(const struct recording_record *record, GByteArray *before)
{
    static const char *const labels[2] = { "a", "b" };
    struct payload payload = { record->group, record->kind, record->payload,
                               record->payload_bytes };
    struct payload other = { record->group, record->kind, before->data, before->len };
    g_autoptr(GBytes) bytes = g_bytes_new(record->payload, record->payload_bytes);
    g_autoptr(GBytes) bytes_before = g_bytes_new(before->data, before->len);
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned count;

    payload_print(&payload, text);
    payload_compare(&payload, &other, labels, text);
    g_string_truncate(text, 0);
    count = state_layout_compare(bytes, bytes, bytes_before, labels, 3, text);
    invariant(count > 0 || text->len == 0);
    g_byte_array_set_size(before, 0);
    g_byte_array_append(before, record->payload, (guint)record->payload_bytes);
}

static void read_checkpoints(struct recording_reader *reader)
{
    struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
    uint8_t sum = 0;

    for (uint32_t i = 0; i < recording_checkpoints_count(checkpoints); i++) {
        uint32_t parts = recording_checkpoints_at(checkpoints, i)->part_count;

        g_bytes_unref(recording_checkpoint_state(checkpoints, i, NULL));
        for (uint32_t part = 0; part < parts; part++) {
            const uint8_t *bytes;
            unsigned kind;
            size_t size;

            if (recording_checkpoint_load(checkpoints, i, part, &kind, &bytes, &size, NULL)) {
                sum ^= bytes[size - 1];
            }
        }
    }
    __asm__ volatile("" : : "r"(sum));
    recording_checkpoints_free(checkpoints);
}

static void read_records(const char *path, enum recording_reader_scan scan)
{
    struct recording_reader *reader = recording_reader_open(path, scan, NULL);
    struct recording_record record;
    struct recording_totals totals;
    g_autoptr(GByteArray) before = g_byte_array_new();
    uint64_t sequence = 0, turn = 0;
    uint8_t sum = 0;

    if (reader == NULL) {
        return;
    }
    while (recording_reader_next(reader, &record)) {
        invariant(record.sequence == sequence++);
        invariant(record.turn >= turn);
        turn = record.turn;
        for (size_t i = 0; i < record.payload_bytes; i++) {
            sum ^= record.payload[i];
        }
        check_texts(&record, before);
        if (record.group == RECORDING_GROUP_END) {
            check_runs(&record);
        }
    }
    __asm__ volatile("" : : "r"(sum));
    invariant(!recording_reader_next(reader, &record));
    recording_reader_totals(reader, &totals);
    invariant(totals.has_end || recording_reader_damage(reader) != NULL);
    if (recording_reader_seek(reader, turn / 2)) {
        invariant(recording_reader_next(reader, &record));
        invariant(record.group == RECORDING_GROUP_TURN);
        invariant(record.turn >= turn / 2);
    }
    read_checkpoints(reader);
    recording_reader_close(reader);
}

/* A turn once more, then on behind the first checkpoint, with nothing that fits. */
static void go_on(const char *path)
{
    struct recording *recording = recording_open(path, NULL);
    struct recording_turn turn;
    uint8_t input[4] = { 0 };

    if (recording == NULL) {
        return;
    }
    if (recording_revisit(recording, 0, &turn)) {
        recording_turn_begin(recording, &turn);
        recording_input(recording, RECORDING_INPUT_realtime, input, sizeof(input));
        g_bytes_unref(recording_input_bytes(recording, RECORDING_INPUT_file, NULL));
        recording_turn_end(recording, "", 0, NULL, NULL);
    }
    if (recording_checkpoints_count(recording_get_checkpoints(recording)) > 0) {
        struct recording_checkpoints *checkpoints = recording_get_checkpoints(recording);

        recording_go_on(recording, recording_checkpoints_at(checkpoints, 0)->turn, input, 4);
        while (recording_peek_turn(recording, &turn)) {
            recording_turn_begin(recording, &turn);
            recording_turn_end(recording, input, 4, NULL, NULL);
        }
        (void)recording_digest(recording);
    }
    recording_close(recording);
}

/* A machine that does what the recording says, as far as that goes. */
static void replay(const char *path)
{
    struct recording *recording = recording_open(path, NULL);
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_CHECKSUMS, NULL);
    const uint8_t *state = NULL;
    size_t state_bytes = 0;
    struct recording_record record;
    struct recording_turn turn;
    bool in_turn = false;

    invariant((recording == NULL) == (reader == NULL));
    while (recording != NULL && recording_reader_next(reader, &record)) {
        if (record.group == RECORDING_GROUP_TURN) {
            if (!recording_peek_turn(recording, &turn)) {
                break;
            }
            recording_turn_begin(recording, &turn);
            in_turn = true;
        } else if (record.group == RECORDING_GROUP_INPUT) {
            g_bytes_unref(
                recording_input_bytes(recording, (enum recording_input_kind)record.kind, NULL));
        } else if (record.group == RECORDING_GROUP_EFFECT) {
            recording_effect(recording, (enum recording_effect_kind)record.kind, record.payload,
                             record.payload_bytes);
        } else {
            invariant(recording_reader_state(reader, &state, &state_bytes));
            recording_turn_end(recording, state, state_bytes, NULL, NULL);
            in_turn = false;
        }
    }
    if (in_turn) {
        recording_turn_end(recording, NULL, 0, NULL, NULL);
    }
    recording_reader_close(reader);
    recording_close(recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(bytes, size);
    g_autofree char *path = NULL;
    int fd;

    if (size == 0) {
        return 0;
    }
    if (copy[0] % 2 == 1) {
        set_checksums(copy + 1, size - 1);
    }
    fd = memfd_create("recording", MFD_CLOEXEC);
    invariant(fd >= 0);
    write_all(fd, copy + 1, size - 1);
    path = g_strdup_printf("/proc/self/fd/%d", fd);
    read_records(path, RECORDING_SCAN_CHECKSUMS);
    read_records(path, RECORDING_SCAN_INDEX);
    replay(path);
    go_on(path);
    close(fd);
    return 0;
}
