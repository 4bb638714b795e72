/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_words.c - decodes payloads by the layouts of docs/determinism.md. Each decoder checks the
 * length first and says whether it understood the payload; numbers are little-endian.
 */
#include "tracedump/recording_words.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "replay/recording_reader.h"
#include "tracedump/kvm_words.h"
#include "tracedump/words.h"

/* ---- turns ---- */

#define EXIT_HEAD_BYTES  16u
#define EXIT_DETAILS_MAX 16u

enum { EXIT_PIO = 1, EXIT_MMIO = 2 };

static const char *const exit_names[] = {
    "interrupted",  "pio",        "mmio",           "halt",       "shutdown",
    "system-event", "fail-entry", "internal-error", "run-failed", "unknown exit",
};

static bool exit_access(struct words *words, const uint8_t *bytes, size_t data_bytes)
{
    bool is_write = (bytes[1] & 1) != 0, is_pio = bytes[0] == EXIT_PIO;
    uint32_t count = bytes_load_le32(bytes + 4);
    unsigned size = bytes[2];

    words_text(words, is_pio ? (is_write ? " out " : " in ") : (is_write ? " write " : " read "));
    words_hex(words, bytes_load_le64(bytes + 8));
    words_text(words, " ");
    if (count != 1) {
        words_number(words, count);
        words_text(words, " x ");
    }
    words_count(words, size, "byte");
    if (is_write) {
        words_text(words, " = ");
        words_value(words, bytes + EXIT_HEAD_BYTES, data_bytes);
    }
    return true;
}

static bool exit_words(struct words *words, const uint8_t *bytes, size_t size)
{
    uint64_t data_bytes;

    if (size < EXIT_HEAD_BYTES || bytes[0] >= G_N_ELEMENTS(exit_names) || bytes[1] > 1 ||
        bytes[3] > EXIT_DETAILS_MAX) {
        return false;
    }
    data_bytes = bytes[1] != 0 ? (uint64_t)bytes[2] * bytes_load_le32(bytes + 4) : 0;
    if (size != EXIT_HEAD_BYTES + data_bytes + bytes[3] * 8u) {
        return false;
    }
    words_text(words, exit_names[bytes[0]]);
    if (bytes[0] == EXIT_PIO || bytes[0] == EXIT_MMIO) {
        exit_access(words, bytes, data_bytes);
    }
    for (unsigned i = 0; i < bytes[3]; i++) {
        words_text(words, " ");
        words_hex(words, bytes_load_le64(bytes + EXIT_HEAD_BYTES + data_bytes + i * 8u));
    }
    return true;
}

static bool command_words(struct words *words, const uint8_t *bytes, size_t size)
{
    if (size < 4) {
        return false;
    }
    words_text(words, "client ");
    words_number(words, bytes_load_le32(bytes));
    words_text(words, " ");
    words_json(words, bytes + 4, size - 4);
    return true;
}

static bool console_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;

    if (end == NULL) {
        return false;
    }
    words_json(words, bytes, (size_t)(end - bytes));
    words_text(words, " ");
    words_quoted(words, end + 1, size - (size_t)(end + 1 - bytes));
    return true;
}

static bool turn_words(struct words *words, unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_TURN_command: return command_words(words, bytes, size);
    case RECORDING_TURN_exit: return exit_words(words, bytes, size);
    case RECORDING_TURN_console: return console_words(words, bytes, size);
    default: return size == 0;
    }
}

/* ---- inputs ---- */

#define COALESCED_BYTES   24u
#define COALESCED_MAX     8u
#define MEMORY_ANSWER     12u
#define MICROS_PER_SECOND 1000000

static bool coalesced_words(struct words *words, const uint8_t *bytes, size_t size)
{
    uint32_t length, is_pio;

    if (size == 1 && bytes[0] <= 1) {
        words_text(words, bytes[0] != 0 ? "one more" : "none");
        return true;
    }
    if (size != COALESCED_BYTES) {
        return false;
    }
    length = bytes_load_le32(bytes + 8);
    is_pio = bytes_load_le32(bytes + 12);
    if (length > COALESCED_MAX) {
        return false;
    }
    words_text(words, is_pio != 0 ? "pio out " : "mmio write ");
    words_hex(words, bytes_load_le64(bytes));
    words_text(words, " ");
    words_count(words, length, "byte");
    words_text(words, " = ");
    words_value(words, bytes + 16, length);
    return true;
}

static bool realtime_words(struct words *words, const uint8_t *bytes, size_t size)
{
    int64_t micros;

    if (size != 8) {
        return false;
    }
    micros = (int64_t)bytes_load_le64(bytes);
    words_time(words, micros);
    return true;
}

/* A number, JSON or an error's text: a reply's handler knows which. */
static bool host_fact_words(struct words *words, const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        words_text(words, "ok");
    } else if (size == 8) {
        words_number(words, bytes_load_le64(bytes));
    } else if (bytes[0] == '[' || bytes[0] == '{') {
        words_json(words, bytes, size);
    } else {
        words_quoted(words, bytes, size);
    }
    return true;
}

static bool file_words(struct words *words, const uint8_t *bytes, size_t size)
{
    char digest[40];

    words_count(words, size, "byte");
    (void)snprintf(digest, sizeof(digest), ", digest %016llx",
                   (unsigned long long)XXH3_64bits(bytes, size));
    words_text(words, digest);
    return true;
}

static bool memory_answer_words(struct words *words, const uint8_t *bytes, size_t size)
{
    if (size != MEMORY_ANSWER) {
        return false;
    }
    words_errno(words, (int32_t)bytes_load_le32(bytes));
    words_text(words, ", ");
    words_number(words, bytes_load_le64(bytes + 4));
    return true;
}

static bool input_words(struct words *words, unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_INPUT_kvm_call: return kvm_result_words(words, bytes, size);
    case RECORDING_INPUT_coalesced: return coalesced_words(words, bytes, size);
    case RECORDING_INPUT_realtime: return realtime_words(words, bytes, size);
    case RECORDING_INPUT_host_fact: return host_fact_words(words, bytes, size);
    case RECORDING_INPUT_file: return file_words(words, bytes, size);
    case RECORDING_INPUT_memory_call: return memory_answer_words(words, bytes, size);
    default: return false; /* dma_read: bytes are bytes */
    }
}

/* ---- effects ---- */

#define DMA_HEAD_BYTES     24u
#define DMA_BYTES_SHOWN    256u
#define MEMORY_CALL_BYTES  17u
#define EXIT_ANSWER_AS_ONE 8u

static bool dma_write_words(struct words *words, const uint8_t *bytes, size_t size)
{
    uint64_t count, memory;

    if (size < DMA_HEAD_BYTES) {
        return false;
    }
    count = bytes_load_le64(bytes + 8);
    memory = bytes_load_le64(bytes + 16);
    if (size != DMA_HEAD_BYTES + (count <= DMA_BYTES_SHOWN ? count : 8)) {
        return false;
    }
    words_text(words, "gpa ");
    words_hex(words, bytes_load_le64(bytes));
    words_text(words, " ");
    words_count(words, count, "byte");
    words_text(words, count <= DMA_BYTES_SHOWN ? " = " : " of digest ");
    words_bytes(words, bytes + DMA_HEAD_BYTES, size - DMA_HEAD_BYTES);
    if (memory > count) {
        words_text(words, " and zeros up to ");
        words_count(words, memory, "byte");
    }
    return true;
}

static bool memory_call_words(struct words *words, const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { "create_memfd", "open_file", "file_size", "set_file_size",
                                         "page_size",    "map",       "populate" };

    if (size < MEMORY_CALL_BYTES || bytes[0] >= G_N_ELEMENTS(names)) {
        return false;
    }
    words_text(words, names[bytes[0]]);
    for (unsigned at = 1; at < MEMORY_CALL_BYTES; at += 8) {
        words_text(words, " ");
        words_number(words, bytes_load_le64(bytes + at));
    }
    if (size > MEMORY_CALL_BYTES) {
        words_text(words, " ");
        words_quoted(words, bytes + MEMORY_CALL_BYTES, size - MEMORY_CALL_BYTES);
    }
    return true;
}

static bool effect_words(struct words *words, unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_EFFECT_kvm_call: return kvm_call_words(words, bytes, size);
    case RECORDING_EFFECT_console: return console_words(words, bytes, size);
    case RECORDING_EFFECT_dma_write: return dma_write_words(words, bytes, size);
    case RECORDING_EFFECT_memory_call: return memory_call_words(words, bytes, size);
    case RECORDING_EFFECT_exit_answer: words_value(words, bytes, size); return true;
    case RECORDING_EFFECT_reply:
    case RECORDING_EFFECT_event: words_json(words, bytes, size); return true;
    case RECORDING_EFFECT_end:
        if (size != 1) {
            return false;
        }
        words_text(words, "exit status ");
        words_number(words, bytes[0]);
        return true;
    default: return false;
    }
}

/* ---- changes of state ---- */

static bool change_words(struct words *words, const uint8_t *bytes, size_t size)
{
    struct recording_run run;
    uint64_t changed = 0, runs = 0, first = 0;
    size_t at = 0;

    if (size == 0) {
        words_text(words, "state unchanged");
        return true;
    }
    while (recording_run_next(bytes, size, &at, &run)) {
        first = runs++ == 0 ? run.offset : first;
        changed += run.size;
    }
    if (runs == 0) {
        words_text(words, "state is empty from here on");
        return true;
    }
    words_text(words, "state changed: ");
    words_count(words, changed, "byte");
    words_text(words, " in ");
    words_count(words, runs, "place");
    words_text(words, ", the first at ");
    words_number(words, first);
    return true;
}

void recording_words(struct output *output, const struct recording_record *record, bool full)
{
    struct words words = { .output = output, .full = full };
    const uint8_t *bytes = record->payload_bytes > 0 ? record->payload : (const uint8_t *)"";
    size_t size = record->payload_bytes;
    bool understood = false;

    switch (record->group) {
    case RECORDING_GROUP_TURN: understood = turn_words(&words, record->kind, bytes, size); break;
    case RECORDING_GROUP_INPUT: understood = input_words(&words, record->kind, bytes, size); break;
    case RECORDING_GROUP_EFFECT:
        understood = effect_words(&words, record->kind, bytes, size);
        break;
    case RECORDING_GROUP_END: understood = change_words(&words, bytes, size); break;
    case RECORDING_GROUP_COUNT: break;
    }
    if (!understood) {
        words_count(&words, size, "byte");
        words_text(&words, size > 0 ? ": " : "");
        words_bytes(&words, bytes, size);
    }
}
