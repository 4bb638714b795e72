/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_words.c - the arguments that matter to a hotplug by name, the others as bytes (KVM API). */
#include "tracedump/kvm_words.h"

#include <glib.h>
#include <string.h>

#include "base/bytes.h"
#include "tracedump/words.h"

#define HEAD_BYTES   6u
#define RESULT_BYTES 4u
#define TARGET_VCPU  2

/* Linux asm-generic/ioctl.h, bits 30 and 31; an ioctl without a direction takes a number. */
#define DIRECTION_NONE 0u
#define DIRECTION_READ 2u

enum shape { SHAPE_BYTES, SHAPE_NOTHING, SHAPE_NUMBER, SHAPE_REGION, SHAPE_LINE, SHAPE_ZONE };

static enum shape shape_of(const char *name, uint32_t request, size_t size)
{
    static const struct {
        const char *name;
        enum shape shape;
        size_t size;
    } rows[] = {
        { "KVM_SET_USER_MEMORY_REGION", SHAPE_REGION, 32 },
        { "KVM_IRQ_LINE", SHAPE_LINE, 8 },
        { "KVM_IRQ_LINE_STATUS", SHAPE_LINE, 8 },
        { "KVM_REGISTER_COALESCED_MMIO", SHAPE_ZONE, 16 },
        { "KVM_UNREGISTER_COALESCED_MMIO", SHAPE_ZONE, 16 },
    };

    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0 && rows[i].size == size) {
            return rows[i].shape;
        }
    }
    /* What KVM only writes into says nothing before the call. (KVM_SET_IRQCHIP has the wrong direction.) */
    if (name != NULL && request >> 30 == DIRECTION_READ && g_str_has_prefix(name, "KVM_GET_")) {
        return SHAPE_NOTHING;
    }
    return request >> 30 == DIRECTION_NONE && size == 8 ? SHAPE_NUMBER : SHAPE_BYTES;
}

static void put(struct words *words, const char *name, uint64_t number)
{
    words_text(words, name);
    words_number(words, number);
}

static void put_hex(struct words *words, const char *name, uint64_t number)
{
    words_text(words, name);
    words_hex(words, number);
}

static void argument_words(struct words *words, enum shape shape, const uint8_t *bytes, size_t size)
{
    switch (shape) {
    case SHAPE_REGION:
        put(words, " slot=", bytes_load_le32(bytes));
        put_hex(words, " flags=", bytes_load_le32(bytes + 4));
        put_hex(words, " gpa=", bytes_load_le64(bytes + 8));
        put_hex(words, " size_bytes=", bytes_load_le64(bytes + 16));
        break;
    case SHAPE_LINE:
        put(words, " gsi=", bytes_load_le32(bytes));
        put(words, " level=", bytes_load_le32(bytes + 4));
        break;
    case SHAPE_ZONE:
        put_hex(words, " gpa=", bytes_load_le64(bytes));
        put_hex(words, " size_bytes=", bytes_load_le32(bytes + 8));
        put(words, " pio=", bytes_load_le32(bytes + 12));
        break;
    case SHAPE_NOTHING: break;
    case SHAPE_NUMBER: put_hex(words, " ", bytes_load_le64(bytes)); break;
    case SHAPE_BYTES:
        if (size > 0) {
            words_text(words, " ");
            words_bytes(words, bytes, size);
        }
        break;
    }
}

bool kvm_call_words(struct words *words, const uint8_t *bytes, size_t size)
{
    const char *name;
    uint32_t request;

    if (size < HEAD_BYTES) {
        return false;
    }
    request = bytes_load_le32(bytes + 2);
    name = kvm_ioctl_name(request);
    if (name != NULL) {
        words_text(words, name);
    } else {
        put_hex(words, "ioctl ", request);
    }
    if (bytes[0] == TARGET_VCPU) {
        put(words, " vcpu ", bytes[1]);
    }
    argument_words(words, shape_of(name, request, size - HEAD_BYTES), bytes + HEAD_BYTES,
                   size - HEAD_BYTES);
    return true;
}

bool kvm_result_words(struct words *words, const uint8_t *bytes, size_t size)
{
    int32_t result;

    if (size < RESULT_BYTES) {
        return false;
    }
    result = (int32_t)bytes_load_le32(bytes);
    if (result < 0 && result != INT32_MIN) {
        words_errno(words, -result);
    } else {
        words_number(words, (uint32_t)result);
    }
    if (size > RESULT_BYTES) {
        words_text(words, ", ");
        words_bytes(words, bytes + RESULT_BYTES, size - RESULT_BYTES);
    }
    return true;
}
