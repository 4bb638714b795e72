/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aml.c - opcodes, names and package lengths of AML (ACPI 6.5 §20.2). */
#include "hw/firmware/aml.h"

#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"

enum aml_opcode {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE_PREFIX = 0x0a,
    AML_WORD_PREFIX = 0x0b,
    AML_DWORD_PREFIX = 0x0c,
    AML_STRING_PREFIX = 0x0d,
    AML_QWORD_PREFIX = 0x0e,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_METHOD = 0x14,
    AML_DUAL_NAME = 0x2e,
    AML_MULTI_NAME = 0x2f,
    AML_EXTENDED = 0x5b,
    AML_ARGUMENT_0 = 0x68,
    AML_NOTIFY = 0x86,
    AML_EQUAL = 0x93,
    AML_IF = 0xa0,
    AML_RETURN = 0xa4,
    AML_EXTENDED_DEVICE = 0x82,
};

#define METHOD_SERIALIZED 0x08
#define SEGMENT_BYTES     4u
#define SEGMENTS_MAX      16u
#define ARGUMENTS_MAX     7u

static void put_byte(struct aml *aml, unsigned byte)
{
    uint8_t value = (uint8_t)byte;

    g_byte_array_append(aml->bytes, &value, 1);
}

static void put_le(struct aml *aml, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    bytes_store_le(bytes, value, size);
    g_byte_array_append(aml->bytes, bytes, size);
}

/* One segment, filled up with '_' to its four characters; gives where it ends. */
static const char *put_segment(struct aml *aml, const char *path)
{
    for (unsigned i = 0; i < SEGMENT_BYTES; i++) {
        char letter = *path;

        if (letter == '\0' || letter == '.') {
            invariant(i > 0);
            put_byte(aml, '_');
            continue;
        }
        invariant(letter == '_' || g_ascii_isupper(letter) || (i > 0 && g_ascii_isdigit(letter)));
        put_byte(aml, (unsigned char)letter);
        path++;
    }
    invariant(*path == '\0' || *path == '.');
    return path;
}

static void put_path(struct aml *aml, const char *path)
{
    unsigned segments = 1;

    if (*path == '\\') {
        put_byte(aml, '\\');
        path++;
    }
    for (const char *at = path; *at != '\0'; at++) {
        segments += *at == '.';
    }
    invariant(segments <= SEGMENTS_MAX);
    if (*path == '\0') {
        put_byte(aml, 0); /* the root alone */
        return;
    }
    if (segments == 2) {
        put_byte(aml, AML_DUAL_NAME);
    } else if (segments > 2) {
        put_byte(aml, AML_MULTI_NAME);
        put_byte(aml, segments);
    }
    while (segments-- > 0) {
        path = put_segment(aml, path);
        path += *path == '.';
    }
}

/* ---- package lengths ---- */

static void open_package(struct aml *aml)
{
    invariant(aml->depth < AML_DEPTH_MAX);
    aml->open[aml->depth++] = aml->bytes->len;
}

/* The length counts its own bytes: 1 of 6 bits, or 2 to 4 with 4 bits in the first. */
static unsigned encode_length(uint32_t content, uint8_t out[4])
{
    uint32_t length = content + 1;
    unsigned more = 1;

    if (length < 1u << 6) {
        out[0] = (uint8_t)length;
        return 1;
    }
    while (content + 1 + more >= 1u << (4 + 8 * more)) {
        more++;
    }
    invariant(more <= 3);
    length = content + 1 + more;
    out[0] = (uint8_t)(more << 6 | (length & 0x0f));
    for (unsigned i = 0; i < more; i++) {
        out[1 + i] = (uint8_t)(length >> (4 + 8 * i));
    }
    return 1 + more;
}

/* The blocks around it are open still, so nothing points behind the place of insertion. */
void aml_end(struct aml *aml)
{
    uint8_t encoded[4];
    guint at, content;
    unsigned count;

    invariant(aml->depth > 0);
    at = aml->open[--aml->depth];
    content = aml->bytes->len - at;
    count = encode_length(content, encoded);
    g_byte_array_set_size(aml->bytes, aml->bytes->len + count);
    memmove(aml->bytes->data + at + count, aml->bytes->data + at, content);
    memcpy(aml->bytes->data + at, encoded, count);
}

/* ---- blocks ---- */

void aml_init(struct aml *aml)
{
    aml->bytes = g_byte_array_new();
    aml->depth = 0;
}

GByteArray *aml_finish(struct aml *aml)
{
    GByteArray *bytes = aml->bytes;

    invariant(aml->depth == 0);
    aml->bytes = NULL;
    return bytes;
}

void aml_begin_scope(struct aml *aml, const char *path)
{
    put_byte(aml, AML_SCOPE);
    open_package(aml);
    put_path(aml, path);
}

void aml_begin_device(struct aml *aml, const char *path)
{
    put_byte(aml, AML_EXTENDED);
    put_byte(aml, AML_EXTENDED_DEVICE);
    open_package(aml);
    put_path(aml, path);
}

void aml_begin_method(struct aml *aml, const char *path, unsigned argument_count, bool serialized)
{
    invariant(argument_count <= ARGUMENTS_MAX);
    put_byte(aml, AML_METHOD);
    open_package(aml);
    put_path(aml, path);
    put_byte(aml, argument_count | (serialized ? METHOD_SERIALIZED : 0));
}

void aml_begin_if_argument_equals(struct aml *aml, unsigned argument, uint64_t value)
{
    put_byte(aml, AML_IF);
    open_package(aml);
    put_byte(aml, AML_EQUAL);
    aml_argument(aml, argument);
    aml_integer(aml, value);
}

/* ---- statements and terms ---- */

void aml_name(struct aml *aml, const char *path)
{
    put_byte(aml, AML_NAME);
    put_path(aml, path);
}

void aml_return(struct aml *aml)
{
    put_byte(aml, AML_RETURN);
}

void aml_call(struct aml *aml, const char *path)
{
    put_path(aml, path);
}

void aml_notify(struct aml *aml, const char *path)
{
    put_byte(aml, AML_NOTIFY);
    put_path(aml, path);
}

void aml_integer(struct aml *aml, uint64_t value)
{
    if (value <= 1) {
        put_byte(aml, value == 0 ? AML_ZERO : AML_ONE);
    } else if (value <= UINT8_MAX) {
        put_byte(aml, AML_BYTE_PREFIX);
        put_le(aml, value, 1);
    } else if (value <= UINT16_MAX) {
        put_byte(aml, AML_WORD_PREFIX);
        put_le(aml, value, 2);
    } else if (value <= UINT32_MAX) {
        put_byte(aml, AML_DWORD_PREFIX);
        put_le(aml, value, 4);
    } else {
        put_byte(aml, AML_QWORD_PREFIX);
        put_le(aml, value, 8);
    }
}

void aml_string(struct aml *aml, const char *text)
{
    put_byte(aml, AML_STRING_PREFIX);
    g_byte_array_append(aml->bytes, (const guint8 *)text, (guint)strlen(text) + 1);
}

/* Three letters of 5 bits, four hexadecimal digits, big-endian (ACPI 6.5 §6.1.5). */
void aml_eisa_id(struct aml *aml, const char *id)
{
    uint32_t packed = 0;

    invariant(strlen(id) == 7);
    for (unsigned i = 0; i < 3; i++) {
        invariant(g_ascii_isupper(id[i]));
        packed = packed << 5 | (uint32_t)(id[i] - 'A' + 1);
    }
    for (unsigned i = 3; i < 7; i++) {
        invariant(g_ascii_isxdigit(id[i]));
        packed = packed << 4 | (uint32_t)g_ascii_xdigit_value(id[i]);
    }
    put_byte(aml, AML_DWORD_PREFIX);
    put_le(aml, GUINT32_SWAP_LE_BE(packed), 4);
}

void aml_argument(struct aml *aml, unsigned argument)
{
    invariant(argument < ARGUMENTS_MAX);
    put_byte(aml, AML_ARGUMENT_0 + argument);
}

void aml_buffer(struct aml *aml, const void *bytes, size_t size)
{
    put_byte(aml, AML_BUFFER);
    open_package(aml);
    aml_integer(aml, size);
    g_byte_array_append(aml->bytes, bytes, (guint)size);
    aml_end(aml);
}
