/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_words.c - decodes payloads by the layouts of replay/payload_layout.h. Each decoder checks the
 * length first and says whether it understood the payload; numbers are little-endian.
 */
#include "tracedump/recording_words.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "replay/payload_accesses.h"
#include "replay/payload_layout.h"
#include "replay/recording_reader.h"
#include "tracedump/kvm_words.h"
#include "tracedump/words.h"

/* ---- turns ---- */

#define EXIT_DETAILS_MAX 16u
#define DETAIL_BYTES     8u
#define ACCESSES_SHOWN   4u

#define NAME(name)            #name,
#define EXIT_NAME(name, text) text,

static const char *const exit_names[] = { PAYLOAD_EXITS(EXIT_NAME) };

static void exit_access(struct words *words, const struct payload_exit *head, const uint8_t *data,
                        size_t data_bytes)
{
    bool is_write = head->flags[0] != 0, is_pio = head->kind[0] == PAYLOAD_EXIT_pio;
    uint32_t count = bytes_load_le32(head->count);

    words_text(words, is_pio ? (is_write ? " out " : " in ") : (is_write ? " write " : " read "));
    words_hex(words, bytes_load_le64(head->gpa));
    words_text(words, " ");
    if (count != 1) {
        words_number(words, count);
        words_text(words, " x ");
    }
    words_count(words, head->unit_bytes[0], "byte");
    if (is_write) {
        words_text(words, " = ");
        words_value(words, data, data_bytes);
    }
}

static bool exit_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_exit *head = (const struct payload_exit *)bytes;
    uint64_t data_bytes;

    if (size < sizeof(*head) || head->kind[0] >= PAYLOAD_EXIT_COUNT ||
        head->flags[0] > PAYLOAD_EXIT_FLAG_WRITE || head->detail_count[0] > EXIT_DETAILS_MAX) {
        return false;
    }
    data_bytes =
        head->flags[0] != 0 ? (uint64_t)head->unit_bytes[0] * bytes_load_le32(head->count) : 0;
    if (size != sizeof(*head) + data_bytes + head->detail_count[0] * DETAIL_BYTES) {
        return false;
    }
    words_text(words, exit_names[head->kind[0]]);
    bytes += sizeof(*head);
    if (head->kind[0] == PAYLOAD_EXIT_pio || head->kind[0] == PAYLOAD_EXIT_mmio) {
        exit_access(words, head, bytes, data_bytes);
    }
    for (unsigned i = 0; i < head->detail_count[0]; i++) {
        words_text(words, " ");
        words_hex(words, bytes_load_le64(bytes + data_bytes + i * DETAIL_BYTES));
    }
    return true;
}

static bool command_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_command *head = (const struct payload_command *)bytes;

    if (size < sizeof(*head)) {
        return false;
    }
    words_text(words, "client ");
    words_number(words, bytes_load_le32(head->client));
    words_text(words, " ");
    words_json(words, bytes + sizeof(*head), size - sizeof(*head));
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

static bool block_result_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;
    const struct payload_block_result *head;
    size_t left = end != NULL ? size - (size_t)(end + 1 - bytes) : 0;

    if (left < sizeof(*head)) {
        return false;
    }
    head = (const struct payload_block_result *)(end + 1);
    words_json(words, bytes, (size_t)(end - bytes));
    words_text(words, " tag ");
    words_number(words, bytes_load_le32(head->tag));
    words_text(words, " ");
    words_errno(words, (int32_t)bytes_load_le32(head->error));
    words_text(words, " ");
    words_count(words, left - sizeof(*head), "byte");
    return true;
}

/* network, 0, frame */
static bool frame_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;

    if (end == NULL) {
        return false;
    }
    words_json(words, bytes, (size_t)(end - bytes));
    words_text(words, " ");
    words_count(words, size - (size_t)(end + 1 - bytes), "byte");
    return true;
}

static bool packet_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;
    const struct payload_packet *packet;

    if (end == NULL || size - (size_t)(end + 1 - bytes) != sizeof(*packet)) {
        return false;
    }
    packet = (const struct payload_packet *)(end + 1);
    words_json(words, bytes, (size_t)(end - bytes));
    words_text(words, " ");
    words_count(words, bytes_load_le32(packet->count), "byte");
    words_text(words, " digest ");
    words_hex(words, bytes_load_le64(packet->digest));
    return true;
}

/* One for each access, where they are recorded. */
static void access_words(struct words *words, const uint8_t *bytes, size_t size)
{
    struct payload_access_context context = { 0 };
    struct payload_access access;
    g_autoptr(GString) text = g_string_new(NULL);
    size_t at = 0;

    for (unsigned i = 0; (i < ACCESSES_SHOWN || words->full) &&
                         payload_access_load(&context, bytes, size, &at, &access);
         i++) {
        g_string_append_printf(text, "; %" PRIu64 " ", access.icount);
        payload_access_print(&access, text);
    }
    words_text(words, text->str);
    if (at < size) {
        words_text(words, "; ...");
    }
}

static bool interval_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_interval *head = (const struct payload_interval *)bytes;

    if (size < sizeof(*head)) {
        return false;
    }
    words_text(words, "from instruction ");
    words_number(words, bytes_load_le64(head->from_icount));
    words_text(words, ": accesses and interrupts ");
    words_number(words, bytes_load_le64(head->count));
    words_text(words, " of digest ");
    words_hex(words, bytes_load_le64(head->digest));
    words_text(words, ", memory digest ");
    words_hex(words, bytes_load_le64(head->ram_digest));
    access_words(words, bytes + sizeof(*head), size - sizeof(*head));
    return true;
}

static bool turn_words(struct words *words, unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_TURN_command: return command_words(words, bytes, size);
    case RECORDING_TURN_exit: return exit_words(words, bytes, size);
    case RECORDING_TURN_console: return console_words(words, bytes, size);
    case RECORDING_TURN_block: return block_result_words(words, bytes, size);
    case RECORDING_TURN_interval: return interval_words(words, bytes, size);
    case RECORDING_TURN_packet: return frame_words(words, bytes, size);
    default: return size == 0;
    }
}

/* ---- inputs ---- */

static bool coalesced_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_coalesced *entry = (const struct payload_coalesced *)bytes;
    uint32_t length, is_pio;

    if (size == sizeof(struct payload_coalesced_look) && bytes[0] <= 1) {
        words_text(words, bytes[0] != 0 ? "one more" : "none");
        return true;
    }
    if (size != sizeof(*entry)) {
        return false;
    }
    length = bytes_load_le32(entry->length);
    is_pio = bytes_load_le32(entry->is_pio);
    if (length > sizeof(entry->data)) {
        return false;
    }
    words_text(words, is_pio != 0 ? "pio out " : "mmio write ");
    words_hex(words, bytes_load_le64(entry->gpa));
    words_text(words, " ");
    words_count(words, length, "byte");
    words_text(words, " = ");
    words_value(words, entry->data, length);
    return true;
}

static bool realtime_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_realtime *head = (const struct payload_realtime *)bytes;

    if (size != sizeof(*head)) {
        return false;
    }
    words_time(words, (int64_t)bytes_load_le64(head->us));
    return true;
}

static bool fact_words(struct words *words, unsigned fact, const uint8_t *bytes, size_t size)
{
    const struct payload_fact_fault *fault = (const struct payload_fact_fault *)bytes;

    switch (fact) {
    case PAYLOAD_FACT_thread_id:
    case PAYLOAD_FACT_has_kvm:
    case PAYLOAD_FACT_image_bytes:
    case PAYLOAD_FACT_seed:
        if (size != sizeof(struct payload_fact_number)) {
            return false;
        }
        words_number(words, bytes_load_le64(bytes));
        return true;
    case PAYLOAD_FACT_chardevs: words_json(words, bytes, size); return true;
    case PAYLOAD_FACT_claim:
        if (size == 0) {
            words_text(words, "ok");
            return true;
        }
        words_quoted(words, bytes + sizeof(struct payload_fact_error),
                     size - sizeof(struct payload_fact_error));
        return true;
    case PAYLOAD_FACT_outside:
        if (size < sizeof(struct payload_fact_outside)) {
            return false;
        }
        words_json(words, bytes + sizeof(struct payload_fact_outside),
                   size - sizeof(struct payload_fact_outside));
        return true;
    case PAYLOAD_FACT_write_fault:
        if (size != sizeof(*fault)) {
            return false;
        }
        words_errno(words, (int32_t)bytes_load_le32(fault->error));
        words_text(words, " at ");
        words_number(words, bytes_load_le64(fault->countdown));
        return true;
    default: return false;
    }
}

static bool host_fact_words(struct words *words, const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { PAYLOAD_FACTS(NAME) };
    const struct payload_host_fact *head = (const struct payload_host_fact *)bytes;

    if (size < sizeof(*head) || head->fact[0] >= PAYLOAD_FACT_COUNT) {
        return false;
    }
    words_text(words, names[head->fact[0]]);
    words_text(words, " ");
    if (!fact_words(words, head->fact[0], bytes + sizeof(*head), size - sizeof(*head))) {
        words_bytes(words, bytes + sizeof(*head), size - sizeof(*head));
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
    const struct payload_memory_answer *head = (const struct payload_memory_answer *)bytes;

    if (size != sizeof(*head)) {
        return false;
    }
    words_errno(words, (int32_t)bytes_load_le32(head->error));
    words_text(words, ", ");
    words_number(words, bytes_load_le64(head->number));
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

static bool dma_write_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_dma_write *head = (const struct payload_dma_write *)bytes;
    uint64_t count, memory;

    if (size < sizeof(*head)) {
        return false;
    }
    count = bytes_load_le64(head->count);
    memory = bytes_load_le64(head->memory_bytes);
    if (size != sizeof(*head) + (count <= PAYLOAD_DMA_BYTES_SHOWN ? count : 8)) {
        return false;
    }
    words_text(words, "gpa ");
    words_hex(words, bytes_load_le64(head->gpa));
    words_text(words, " ");
    words_count(words, count, "byte");
    words_text(words, count <= PAYLOAD_DMA_BYTES_SHOWN ? " = " : " of digest ");
    words_bytes(words, bytes + sizeof(*head), size - sizeof(*head));
    if (memory > count) {
        words_text(words, " and zeros up to ");
        words_count(words, memory, "byte");
    }
    return true;
}

static bool memory_call_words(struct words *words, const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { PAYLOAD_MEMORY_CALLS(NAME) };
    const struct payload_memory_call *head = (const struct payload_memory_call *)bytes;

    if (size < sizeof(*head) || head->what[0] >= G_N_ELEMENTS(names)) {
        return false;
    }
    words_text(words, names[head->what[0]]);
    words_text(words, " ");
    words_number(words, bytes_load_le64(head->first));
    words_text(words, " ");
    words_number(words, bytes_load_le64(head->second));
    if (size > sizeof(*head)) {
        words_text(words, " ");
        words_quoted(words, bytes + sizeof(*head), size - sizeof(*head));
    }
    return true;
}

static bool block_request_words(struct words *words, const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { PAYLOAD_BLOCK_OPERATIONS(NAME) };
    const struct payload_block_request *head = (const struct payload_block_request *)bytes;

    if (size != sizeof(*head) || head->operation[0] >= G_N_ELEMENTS(names)) {
        return false;
    }
    words_text(words, names[head->operation[0]]);
    words_text(words, " at ");
    words_number(words, bytes_load_le64(head->offset));
    words_text(words, " ");
    words_count(words, bytes_load_le64(head->count), "byte");
    words_text(words, " of digest ");
    words_hex(words, bytes_load_le64(head->digest));
    words_text(words, " tag ");
    words_number(words, bytes_load_le64(head->tag));
    return true;
}

static bool layout_words(struct words *words, const uint8_t *bytes, size_t size)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < size; i++) {
        lines += bytes[i] == '\n';
    }
    words_count(words, lines, "struct");
    words_text(words, " ");
    words_quoted(words, bytes, size);
    return true;
}

static bool effect_words(struct words *words, unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_EFFECT_kvm_call: return kvm_call_words(words, bytes, size);
    case RECORDING_EFFECT_console: return console_words(words, bytes, size);
    case RECORDING_EFFECT_dma_write: return dma_write_words(words, bytes, size);
    case RECORDING_EFFECT_block: return block_request_words(words, bytes, size);
    case RECORDING_EFFECT_packet: return packet_words(words, bytes, size);
    case RECORDING_EFFECT_memory_call: return memory_call_words(words, bytes, size);
    case RECORDING_EFFECT_exit_answer: words_value(words, bytes, size); return true;
    case RECORDING_EFFECT_reply:
    case RECORDING_EFFECT_event: words_json(words, bytes, size); return true;
    case RECORDING_EFFECT_end:
        if (size != sizeof(struct payload_end)) {
            return false;
        }
        words_text(words, "exit status ");
        words_number(words, bytes[0]);
        return true;
    case RECORDING_EFFECT_state_layout: return layout_words(words, bytes, size);
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
