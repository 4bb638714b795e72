/* SPDX-License-Identifier: GPL-2.0-or-later */
/* payload_accesses.c - accesses of devices to bytes, back, and to words. */
#include "replay/payload_accesses.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "replay/recording_frame.h"

#define TAG_KIND         0x07u
#define TAG_SAME_ADDRESS 0x08u
#define TAG_SIZE_SHIFT   4
#define TAG_SIZE_LONG    15u /* a byte with the size follows */

size_t payload_access_store(struct payload_access_context *context,
                            const struct payload_access *access, uint8_t *out)
{
    bool same = access->address == context->address;
    unsigned size = MIN(access->size, TAG_SIZE_LONG);
    uint8_t *at = out;

    invariant(access->size <= PAYLOAD_ACCESS_SIZE_MAX);
    *at++ = (uint8_t)(access->kind | (same ? TAG_SAME_ADDRESS : 0) | size << TAG_SIZE_SHIFT);
    if (size == TAG_SIZE_LONG) {
        *at++ = (uint8_t)access->size;
    }
    at = recording_varint_store(at, access->icount - context->icount);
    if (!same) {
        at = recording_varint_store(at, access->address);
    }
    if (access->size > 0) {
        memcpy(at, access->value, access->size);
    }
    context->icount = access->icount;
    context->address = access->address;
    return (size_t)(at - out) + access->size;
}

bool payload_access_load(struct payload_access_context *context, const uint8_t *bytes, size_t size,
                         size_t *at, struct payload_access *out_access)
{
    uint64_t icount, address = context->address;
    unsigned tag;

    if (*at >= size) {
        return false;
    }
    tag = bytes[(*at)++];
    out_access->kind = (enum payload_access_kind)(tag & TAG_KIND);
    out_access->size = tag >> TAG_SIZE_SHIFT;
    if (out_access->kind >= PAYLOAD_ACCESS_KINDS ||
        (out_access->size == TAG_SIZE_LONG && *at >= size)) {
        return false;
    }
    if (out_access->size == TAG_SIZE_LONG) {
        out_access->size = bytes[(*at)++];
        if (out_access->size < TAG_SIZE_LONG) {
            return false;
        }
    }
    if (!recording_varint_load(bytes, size, at, &icount) ||
        ((tag & TAG_SAME_ADDRESS) == 0 && !recording_varint_load(bytes, size, at, &address)) ||
        out_access->size > size - *at) {
        return false;
    }
    context->icount += icount;
    context->address = address;
    out_access->icount = context->icount;
    out_access->address = address;
    out_access->value = bytes + *at;
    *at += out_access->size;
    return true;
}

/* ---- words ---- */

static const struct {
    const char *name;
    const char *value; /* in front of it */
} words[PAYLOAD_ACCESS_KINDS] = {
    [PAYLOAD_ACCESS_IN] = { "in", " gave " },         [PAYLOAD_ACCESS_OUT] = { "out", ", " },
    [PAYLOAD_ACCESS_LOAD] = { "load", " gave " },     [PAYLOAD_ACCESS_STORE] = { "store", ", " },
    [PAYLOAD_ACCESS_RDMSR] = { "rdmsr", " gave " },   [PAYLOAD_ACCESS_WRMSR] = { "wrmsr", ", " },
    [PAYLOAD_ACCESS_INTERRUPT] = { "interrupt", "" },
};

/* A number where it is one, else bytes in the order of their addresses. */
static void print_value(const struct payload_access *access, GString *out)
{
    const uint8_t *bytes = access->value;

    if (access->size <= 8) {
        g_string_append_printf(out, "0x%0*" PRIx64, (int)access->size * 2,
                               bytes_load_le(bytes, access->size));
        return;
    }
    for (unsigned i = 0; i < access->size; i++) {
        g_string_append_printf(out, "%s%02x", i > 0 ? " " : "", bytes[i]);
    }
}

void payload_access_print(const struct payload_access *access, GString *out)
{
    g_string_append_printf(out, "%s 0x%" PRIx64 "%s", words[access->kind].name, access->address,
                           words[access->kind].value);
    if (access->size > 0) {
        print_value(access, out);
    }
}
