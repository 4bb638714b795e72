/* SPDX-License-Identifier: GPL-2.0-or-later */
/* payload_fields.c - splits payloads by the lists of payload_layout.h. */
#include "replay/payload_fields.h"

#include <string.h>

#include "base/bytes.h"
#include "replay/payload_layout.h"

#define DETAIL_BYTES 8u
#define DETAILS_MAX  16u

#define ROW(name, bytes, show) { #name, bytes, PAYLOAD_SHOW_##show },

static const struct payload_row exit_rows[] = { PAYLOAD_EXIT(ROW) };
static const struct payload_row command_rows[] = { PAYLOAD_COMMAND(ROW) };
static const struct payload_row interval_rows[] = { PAYLOAD_INTERVAL(ROW) };
static const struct payload_row block_result_rows[] = { PAYLOAD_BLOCK_RESULT(ROW) };
static const struct payload_row kvm_result_rows[] = { PAYLOAD_KVM_RESULT(ROW) };
static const struct payload_row coalesced_look_rows[] = { PAYLOAD_COALESCED_LOOK(ROW) };
static const struct payload_row coalesced_rows[] = { PAYLOAD_COALESCED(ROW) };
static const struct payload_row realtime_rows[] = { PAYLOAD_REALTIME(ROW) };
static const struct payload_row host_fact_rows[] = { PAYLOAD_HOST_FACT(ROW) };
static const struct payload_row fact_number_rows[] = { PAYLOAD_FACT_NUMBER(ROW) };
static const struct payload_row fact_error_rows[] = { PAYLOAD_FACT_ERROR(ROW) };
static const struct payload_row fact_outside_rows[] = { PAYLOAD_FACT_OUTSIDE(ROW) };
static const struct payload_row fact_fault_rows[] = { PAYLOAD_FACT_FAULT(ROW) };
static const struct payload_row memory_answer_rows[] = { PAYLOAD_MEMORY_ANSWER(ROW) };
static const struct payload_row kvm_call_rows[] = { PAYLOAD_KVM_CALL(ROW) };
static const struct payload_row dma_write_rows[] = { PAYLOAD_DMA_WRITE(ROW) };
static const struct payload_row memory_call_rows[] = { PAYLOAD_MEMORY_CALL(ROW) };
static const struct payload_row block_request_rows[] = { PAYLOAD_BLOCK_REQUEST(ROW) };
static const struct payload_row packet_rows[] = { PAYLOAD_PACKET(ROW) };
static const struct payload_row end_rows[] = { PAYLOAD_END(ROW) };

/* A payload that is being split: fields so far, bytes that are left. */
struct split {
    GArray *fields;
    const uint8_t *at;
    size_t left;
};

static void take(struct split *split, const char *name, enum payload_show show, size_t size)
{
    struct payload_field field = { .show = show, .bytes = split->at, .size = size };

    (void)g_strlcpy(field.name, name, sizeof(field.name));
    g_array_append_val(split->fields, field);
    split->at += size;
    split->left -= size;
}

static bool take_rows(struct split *split, const struct payload_row *rows, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += rows[i].size;
    }
    if (size > split->left) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        take(split, rows[i].name, (enum payload_show)rows[i].show, rows[i].size);
    }
    return true;
}

#define TAKE(split, rows) take_rows(split, rows, G_N_ELEMENTS(rows))

static bool take_rest(struct split *split, const char *name, enum payload_show show)
{
    if (split->left > 0) {
        take(split, name, show, split->left);
    }
    return true;
}

static bool take_end(const struct split *split)
{
    return split->left == 0;
}

/* ---- kinds with more than a list ---- */

static bool split_exit(struct split *split)
{
    const struct payload_exit *head = (const struct payload_exit *)split->at;
    uint64_t data_bytes;
    unsigned details;

    if (!TAKE(split, exit_rows) || head->detail_count[0] > DETAILS_MAX) {
        return false;
    }
    details = head->detail_count[0];
    data_bytes = (head->flags[0] & PAYLOAD_EXIT_FLAG_WRITE) != 0
                     ? (uint64_t)head->unit_bytes[0] * bytes_load_le32(head->count)
                     : 0;
    if (split->left != data_bytes + details * DETAIL_BYTES) {
        return false;
    }
    if (data_bytes > 0) {
        take(split, "data", PAYLOAD_SHOW_BYTES, (size_t)data_bytes);
    }
    for (unsigned i = 0; i < details; i++) {
        char name[24];

        (void)g_snprintf(name, sizeof(name), "detail[%u]", i);
        take(split, name, PAYLOAD_SHOW_HEX, DETAIL_BYTES);
    }
    return true;
}

/* A text with a zero behind it. */
static bool take_name(struct split *split, const char *name)
{
    const uint8_t *end = split->left > 0 ? memchr(split->at, 0, split->left) : NULL;

    if (end == NULL) {
        return false;
    }
    take(split, name, PAYLOAD_SHOW_TEXT, (size_t)(end - split->at));
    split->at++; /* the zero */
    split->left--;
    return true;
}

static bool split_console(struct split *split)
{
    return take_name(split, "label") && take_rest(split, "bytes", PAYLOAD_SHOW_TEXT);
}

static bool split_block_result(struct split *split)
{
    return take_name(split, "node") && TAKE(split, block_result_rows) &&
           take_rest(split, "bytes", PAYLOAD_SHOW_BYTES);
}

static bool split_fact(struct split *split)
{
    const struct payload_host_fact *head = (const struct payload_host_fact *)split->at;

    if (!TAKE(split, host_fact_rows)) {
        return false;
    }
    switch (head->fact[0]) {
    case PAYLOAD_FACT_thread_id:
    case PAYLOAD_FACT_has_kvm:
    case PAYLOAD_FACT_image_bytes:
    case PAYLOAD_FACT_seed: return TAKE(split, fact_number_rows) && take_end(split);
    case PAYLOAD_FACT_chardevs: return take_rest(split, "json", PAYLOAD_SHOW_TEXT);
    case PAYLOAD_FACT_claim:
        return split->left == 0 ||
               (TAKE(split, fact_error_rows) && take_rest(split, "text", PAYLOAD_SHOW_TEXT));
    case PAYLOAD_FACT_outside:
        return TAKE(split, fact_outside_rows) && take_rest(split, "text", PAYLOAD_SHOW_TEXT);
    case PAYLOAD_FACT_write_fault: return TAKE(split, fact_fault_rows) && take_end(split);
    default: return false;
    }
}

static bool split_kvm_call(struct split *split)
{
    const struct payload_kvm_call *head = (const struct payload_kvm_call *)split->at;
    const struct payload_row *rows;
    size_t count;

    if (!TAKE(split, kvm_call_rows)) {
        return false;
    }
    rows = payload_ioctl_rows(bytes_load_le32(head->request), split->left, &count);
    return rows != NULL ? take_rows(split, rows, count)
                        : take_rest(split, "argument", PAYLOAD_SHOW_BYTES);
}

static bool split_dma_write(struct split *split)
{
    const struct payload_dma_write *head = (const struct payload_dma_write *)split->at;
    uint64_t count;

    if (!TAKE(split, dma_write_rows)) {
        return false;
    }
    count = bytes_load_le64(head->count);
    if (count > PAYLOAD_DMA_BYTES_SHOWN) {
        return split->left == 8 && take_rest(split, "digest", PAYLOAD_SHOW_HEX);
    }
    return split->left == count && take_rest(split, "data", PAYLOAD_SHOW_BYTES);
}

/* ---- kinds ---- */

static bool split_turn(struct split *split, unsigned kind)
{
    switch (kind) {
    case RECORDING_TURN_command:
        return TAKE(split, command_rows) && take_rest(split, "json", PAYLOAD_SHOW_TEXT);
    case RECORDING_TURN_exit: return split_exit(split);
    case RECORDING_TURN_console: return split_console(split);
    case RECORDING_TURN_block: return split_block_result(split);
    case RECORDING_TURN_interval:
        return TAKE(split, interval_rows) && take_rest(split, "accesses", PAYLOAD_SHOW_BYTES);
    case RECORDING_TURN_packet:
        return take_name(split, "network") && take_rest(split, "frame", PAYLOAD_SHOW_BYTES);
    default: return split->left == 0;
    }
}

static bool split_input(struct split *split, unsigned kind)
{
    switch (kind) {
    case RECORDING_INPUT_kvm_call:
        return TAKE(split, kvm_result_rows) && take_rest(split, "argument", PAYLOAD_SHOW_BYTES);
    case RECORDING_INPUT_coalesced:
        return split->left == sizeof(struct payload_coalesced_look)
                   ? TAKE(split, coalesced_look_rows)
                   : TAKE(split, coalesced_rows) && take_end(split);
    case RECORDING_INPUT_realtime: return TAKE(split, realtime_rows) && take_end(split);
    case RECORDING_INPUT_host_fact: return split_fact(split);
    case RECORDING_INPUT_memory_call: return TAKE(split, memory_answer_rows) && take_end(split);
    default: return take_rest(split, "bytes", PAYLOAD_SHOW_BYTES);
    }
}

static bool split_effect(struct split *split, unsigned kind)
{
    switch (kind) {
    case RECORDING_EFFECT_kvm_call: return split_kvm_call(split);
    case RECORDING_EFFECT_console: return split_console(split);
    case RECORDING_EFFECT_reply:
    case RECORDING_EFFECT_event: return take_rest(split, "json", PAYLOAD_SHOW_TEXT);
    case RECORDING_EFFECT_dma_write: return split_dma_write(split);
    case RECORDING_EFFECT_memory_call:
        return TAKE(split, memory_call_rows) && take_rest(split, "name", PAYLOAD_SHOW_TEXT);
    case RECORDING_EFFECT_block: return TAKE(split, block_request_rows) && take_end(split);
    case RECORDING_EFFECT_packet:
        return take_name(split, "network") && TAKE(split, packet_rows) && take_end(split);
    case RECORDING_EFFECT_end: return TAKE(split, end_rows) && take_end(split);
    case RECORDING_EFFECT_state_layout: return take_rest(split, "layout", PAYLOAD_SHOW_TEXT);
    default: return take_rest(split, "bytes", PAYLOAD_SHOW_BYTES);
    }
}

static bool split_payload(struct split *split, const struct payload *payload)
{
    switch (payload->group) {
    case RECORDING_GROUP_TURN: return split_turn(split, payload->kind);
    case RECORDING_GROUP_INPUT: return split_input(split, payload->kind);
    case RECORDING_GROUP_EFFECT: return split_effect(split, payload->kind);
    case RECORDING_GROUP_END:
    case RECORDING_GROUP_COUNT: break;
    }
    return false;
}

GArray *payload_fields(const struct payload *payload)
{
    const uint8_t *bytes = payload->bytes != NULL ? payload->bytes : (const uint8_t *)"";
    struct split split = { g_array_new(FALSE, FALSE, sizeof(struct payload_field)), bytes,
                           payload->size };

    if (!split_payload(&split, payload)) {
        g_array_set_size(split.fields, 0);
        split.at = bytes;
        split.left = payload->size;
        (void)take_rest(&split, "bytes", PAYLOAD_SHOW_BYTES); /* it is all right with anything */
    }
    return split.fields;
}
