/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turn_payload.c - what starts a turn as bytes, and back: exits, commands, console bytes, as
 * replay/payload_layout.h has them.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/bytes.h"
#include "cpu/vm_exit.h"
#include "machine/inputs.h"
#include "replay/payload_layout.h"

#define COMMAND_DEPTH_MAX 1032 /* deeper than what a monitor lets in */
#define DETAIL_BYTES      8u

/* A recording's kinds of exits are the accelerators'. */
_Static_assert((int)VM_EXIT_PIO == PAYLOAD_EXIT_pio, "the number is in recordings");
_Static_assert((int)VM_EXIT_MMIO == PAYLOAD_EXIT_mmio, "the number is in recordings");
_Static_assert((int)VM_EXIT_UNKNOWN == PAYLOAD_EXIT_unknown, "the number is in recordings");
_Static_assert(VM_EXIT_LAST + 1 == PAYLOAD_EXIT_COUNT, "a recording can hold each of them");

static size_t data_bytes(const struct vm_exit *exit)
{
    return (size_t)exit->count * exit->size;
}

/* ---- exits ---- */

void exit_payload_store(const struct vm_exit *exit, GByteArray *out)
{
    size_t written = exit->is_write && exit->data != NULL ? data_bytes(exit) : 0;
    guint before = out->len;
    struct payload_exit *head;
    uint8_t *to;

    g_byte_array_set_size(
        out, before + (guint)(sizeof(*head) + written + (size_t)exit->detail_count * DETAIL_BYTES));
    head = (struct payload_exit *)(out->data + before);
    head->kind[0] = (uint8_t)exit->kind;
    head->flags[0] = exit->is_write ? PAYLOAD_EXIT_FLAG_WRITE : 0;
    head->unit_bytes[0] = exit->size;
    head->detail_count[0] = (uint8_t)exit->detail_count;
    bytes_store_le32(head->count, exit->count);
    bytes_store_le64(head->gpa, exit->gpa);
    to = (uint8_t *)(head + 1);
    if (written > 0) {
        memcpy(to, exit->data, written);
        to += written;
    }
    for (uint32_t i = 0; i < exit->detail_count; i++, to += DETAIL_BYTES) {
        bytes_store_le64(to, exit->detail[i]);
    }
}

/* What a KVM could have given (kvm_exit.c). */
static bool exit_is_possible(const struct vm_exit *exit)
{
    bool has_data = exit->kind == VM_EXIT_PIO || exit->kind == VM_EXIT_MMIO;

    if (!has_data) {
        return exit->size == 0 && exit->count == 0 && !exit->is_write;
    }
    return exit->count > 0 && exit->count <= EXIT_DATA_BYTES_MAX && exit->size > 0 &&
           exit->size <= 8 && data_bytes(exit) <= EXIT_DATA_BYTES_MAX &&
           (exit->kind == VM_EXIT_PIO || exit->count == 1);
}

bool exit_payload_load(const uint8_t *bytes, size_t size, GByteArray *scratch,
                       struct vm_exit *out_exit)
{
    const struct payload_exit *head = (const struct payload_exit *)bytes;
    struct vm_exit exit = { 0 };
    size_t written;

    if (size < sizeof(*head) || head->kind[0] > VM_EXIT_LAST ||
        head->flags[0] > PAYLOAD_EXIT_FLAG_WRITE || head->detail_count[0] > VM_EXIT_DETAIL_MAX) {
        return false;
    }
    exit.kind = (enum vm_exit_kind)head->kind[0];
    exit.is_write = (head->flags[0] & PAYLOAD_EXIT_FLAG_WRITE) != 0;
    exit.size = head->unit_bytes[0];
    exit.detail_count = head->detail_count[0];
    exit.count = bytes_load_le32(head->count);
    exit.gpa = bytes_load_le64(head->gpa);
    if (!exit_is_possible(&exit)) {
        return false;
    }
    written = exit.is_write ? data_bytes(&exit) : 0;
    if (size != sizeof(*head) + written + exit.detail_count * DETAIL_BYTES) {
        return false;
    }
    if (exit.count > 0) {
        g_byte_array_set_size(scratch, (guint)data_bytes(&exit));
        memset(scratch->data, 0, scratch->len);
        memcpy(scratch->data, bytes + sizeof(*head), written);
        exit.data = scratch->data;
    }
    for (uint32_t i = 0; i < exit.detail_count; i++) {
        exit.detail[i] = bytes_load_le64(bytes + sizeof(*head) + written + i * DETAIL_BYTES);
    }
    *out_exit = exit;
    return true;
}

/* ---- commands ---- */

void command_payload_store(unsigned client, const char *text, size_t length, GByteArray *out)
{
    struct payload_command head;

    bytes_store_le32(head.client, client);
    g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(out, (const guint8 *)text, (guint)length);
}

const char *command_payload_load(const uint8_t *bytes, size_t size, unsigned *out_client,
                                 size_t *out_length)
{
    const struct payload_command *head = (const struct payload_command *)bytes;

    if (size < sizeof(*head) || size > G_MAXINT) {
        return NULL;
    }
    *out_client = bytes_load_le32(head->client);
    *out_length = size - sizeof(*head);
    return (const char *)bytes + sizeof(*head);
}

/* A text that is no JSON stands for a command without a name. */
struct json_object *command_parse(const char *text, size_t length)
{
    struct json_tokener *tokener = json_tokener_new_ex(COMMAND_DEPTH_MAX);
    struct json_object *command = json_tokener_parse_ex(tokener, text, (int)length);

    json_tokener_free(tokener);
    if (!json_object_is_type(command, json_type_object)) {
        json_object_put(command);
        command = json_object_new_object();
    }
    return command;
}

/* ---- console bytes ---- */

void console_payload_store(const char *label, const uint8_t *bytes, size_t count, GByteArray *out)
{
    g_byte_array_append(out, (const guint8 *)label, (guint)strlen(label) + 1);
    g_byte_array_append(out, bytes, (guint)count);
}

const uint8_t *console_payload_load(const uint8_t *bytes, size_t size, size_t *out_count)
{
    const uint8_t *end = size > 0 ? memchr(bytes, 0, size) : NULL;

    if (end == NULL) {
        return NULL;
    }
    *out_count = size - (size_t)(end + 1 - bytes);
    return end + 1;
}
