/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_words.c - the arguments that matter to a hotplug by name, the others as bytes (KVM API). */
#include "tracedump/kvm_words.h"

#include <glib.h>
#include <string.h>

#include "base/bytes.h"
#include "replay/payload_fields.h"
#include "replay/payload_layout.h"
#include "tracedump/words.h"

/* Linux asm-generic/ioctl.h, bits 30 and 31. */
#define DIRECTION_READ 2u
#define TARGET_VCPU    2

/* What KVM only writes into says nothing before the call. (KVM_SET_IRQCHIP has the wrong direction.) */
static bool says_nothing(const char *name, uint32_t request)
{
    return name != NULL && request >> 30 == DIRECTION_READ && g_str_has_prefix(name, "KVM_GET_");
}

static void row_words(struct words *words, const struct payload_row *row, const uint8_t *bytes)
{
    uint64_t number;

    words_text(words, " ");
    words_text(words, row->name);
    words_text(words, "=");
    if (row->show == PAYLOAD_SHOW_BYTES) {
        words_bytes(words, bytes, row->size);
        return;
    }
    number = bytes_load_le(bytes, row->size);
    if (row->show == PAYLOAD_SHOW_HEX) {
        words_hex(words, number);
    } else {
        words_number(words, number);
    }
}

static void argument_words(struct words *words, const struct payload_row *rows, size_t count,
                           const uint8_t *bytes, size_t size)
{
    if (rows == NULL) {
        words_text(words, size > 0 ? " " : "");
        words_bytes(words, bytes, size);
        return;
    }
    if (count == 1 && rows[0].size == size && strcmp(rows[0].name, "number") == 0) {
        words_text(words, " ");
        words_hex(words, bytes_load_le64(bytes));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        row_words(words, &rows[i], bytes);
        bytes += rows[i].size;
    }
}

bool kvm_call_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_kvm_call *head = (const struct payload_kvm_call *)bytes;
    const struct payload_row *rows;
    const char *name;
    uint32_t request;
    size_t count = 0;

    if (size < sizeof(*head)) {
        return false;
    }
    bytes += sizeof(*head);
    size -= sizeof(*head);
    request = bytes_load_le32(head->request);
    name = payload_ioctl_name(request);
    if (name != NULL) {
        words_text(words, name);
    } else {
        words_text(words, "ioctl ");
        words_hex(words, request);
    }
    if (head->target[0] == TARGET_VCPU) {
        words_text(words, " vcpu ");
        words_number(words, head->vcpu[0]);
    }
    if (!says_nothing(name, request)) {
        rows = payload_ioctl_rows(request, size, &count);
        argument_words(words, rows, count, bytes, size);
    }
    return true;
}

bool kvm_result_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const struct payload_kvm_result *head = (const struct payload_kvm_result *)bytes;
    int32_t result;

    if (size < sizeof(*head)) {
        return false;
    }
    result = (int32_t)bytes_load_le32(head->result);
    if (result < 0 && result != INT32_MIN) {
        words_errno(words, -result);
    } else {
        words_number(words, (uint32_t)result);
    }
    if (size > sizeof(*head)) {
        words_text(words, ", ");
        words_bytes(words, bytes + sizeof(*head), size - sizeof(*head));
    }
    return true;
}
