/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_header.c - encodes and decodes the session's header. Everything up to the build id reads
 * alike in all versions of the format, so that any reader can say who wrote a file.
 */
#include "replay/recording_header.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "replay/recording_format.h"
#include "replay/recording_frame.h"

static bool refuse(GError **error, const char *text)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "its header is malformed: %s", text);
    return false;
}

static void append_u32(GByteArray *out, uint32_t value)
{
    uint8_t bytes[4];

    bytes_store_le32(bytes, value);
    g_byte_array_append(out, bytes, sizeof(bytes));
}

static void append_u64(GByteArray *out, uint64_t value)
{
    uint8_t bytes[8];

    bytes_store_le64(bytes, value);
    g_byte_array_append(out, bytes, sizeof(bytes));
}

static bool append_text(GByteArray *out, const char *text, size_t bytes_max, const char *what,
                        GError **error)
{
    size_t size = strlen(text);

    if (size > bytes_max) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Can't record: the %s is %zu bytes long, the limit is %zu", what, size,
                    bytes_max);
        return false;
    }
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Can't record: the %s is not UTF-8",
                    what);
        return false;
    }
    append_u32(out, (uint32_t)size);
    g_byte_array_append(out, (const guint8 *)text, (guint)size);
    return true;
}

static bool append_arguments(GByteArray *out, char *const *arguments, GError **error)
{
    size_t count = arguments != NULL ? g_strv_length((char **)arguments) : 0;

    if (count > RECORDING_ARGUMENTS_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Can't record: %zu arguments, the limit is %u", count, RECORDING_ARGUMENTS_MAX);
        return false;
    }
    append_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *what = g_strdup_printf("argument %zu", i + 1);

        if (!append_text(out, arguments[i], RECORDING_ARGUMENT_BYTES_MAX, what, error)) {
            return false;
        }
    }
    return true;
}

bool recording_header_encode(const struct recording_header *header, GByteArray *out, GError **error)
{
    append_u32(out, RECORDING_FORMAT_MAJOR | (uint32_t)RECORDING_FORMAT_MINOR << 16);
    if (!append_text(out, header->program, RECORDING_IDENTITY_BYTES_MAX, "program", error) ||
        !append_text(out, header->build_id, RECORDING_IDENTITY_BYTES_MAX, "build id", error) ||
        !append_arguments(out, header->arguments, error)) {
        return false;
    }
    append_u64(out, header->schema);
    append_u64(out, (uint64_t)header->realtime_us);
    if (out->len > RECORDING_FRAME_RAW_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Can't record: the arguments take %u bytes, the limit is %u", out->len,
                    RECORDING_FRAME_RAW_MAX);
        return false;
    }
    return true;
}

struct cursor {
    const uint8_t *at;
    size_t left;
};

static bool take(struct cursor *from, void *out, size_t size)
{
    if (from->left < size) {
        return false;
    }
    memcpy(out, from->at, size);
    from->at += size;
    from->left -= size;
    return true;
}

static bool take_u32(struct cursor *from, uint32_t *out)
{
    uint8_t bytes[4];

    if (!take(from, bytes, sizeof(bytes))) {
        return false;
    }
    *out = bytes_load_le32(bytes);
    return true;
}

static bool take_u64(struct cursor *from, uint64_t *out)
{
    uint8_t bytes[8];

    if (!take(from, bytes, sizeof(bytes))) {
        return false;
    }
    *out = bytes_load_le64(bytes);
    return true;
}

static bool take_text(struct cursor *from, size_t bytes_max, char **out)
{
    uint32_t size;

    if (!take_u32(from, &size) || size > bytes_max || size > from->left ||
        !g_utf8_validate_len((const char *)from->at, size, NULL)) {
        return false;
    }
    *out = g_strndup((const char *)from->at, size);
    from->at += size;
    from->left -= size;
    return true;
}

static bool take_arguments(struct cursor *from, struct recording_header *header)
{
    uint32_t count;

    /* Each takes four bytes at least, which bounds the table. */
    if (!take_u32(from, &count) || count > RECORDING_ARGUMENTS_MAX || count > from->left / 4) {
        return false;
    }
    header->arguments = g_new0(char *, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (!take_text(from, RECORDING_ARGUMENT_BYTES_MAX, &header->arguments[i])) {
            return false;
        }
    }
    return true;
}

static bool decode(struct cursor *from, struct recording_header *header, unsigned *out_minor,
                   GError **error)
{
    uint32_t version;
    uint64_t realtime;

    if (!take_u32(from, &version) ||
        !take_text(from, RECORDING_IDENTITY_BYTES_MAX, &header->program) ||
        !take_text(from, RECORDING_IDENTITY_BYTES_MAX, &header->build_id)) {
        return refuse(error, "no version, program and build id");
    }
    if ((version & 0xffff) != RECORDING_FORMAT_MAJOR) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "its format is %u.%u, this program reads %d.x; %s (build %s) wrote it",
                    version & 0xffff, version >> 16, RECORDING_FORMAT_MAJOR, header->program,
                    header->build_id[0] != '\0' ? header->build_id : "unknown");
        return false;
    }
    if (!take_arguments(from, header)) {
        return refuse(error, "arguments");
    }
    if (!take_u64(from, &header->schema) || !take_u64(from, &realtime)) {
        return refuse(error, "it is cut");
    }
    header->realtime_us = (int64_t)realtime;
    *out_minor = version >> 16;
    /* A higher minor version may add something behind. */
    return *out_minor > RECORDING_FORMAT_MINOR || from->left == 0 ||
           refuse(error, "something is behind it");
}

bool recording_header_decode(const uint8_t *bytes, size_t size, struct recording_header *out_header,
                             unsigned *out_minor, GError **error)
{
    struct cursor from = { bytes, size };
    struct recording_header header = { NULL, NULL, NULL, 0, 0 };

    if (!decode(&from, &header, out_minor, error)) {
        recording_header_fini(&header);
        return false;
    }
    *out_header = header;
    return true;
}

void recording_header_fini(struct recording_header *header)
{
    g_free(header->program);
    g_free(header->build_id);
    g_strfreev(header->arguments);
    *header = (struct recording_header){ NULL, NULL, NULL, 0, 0 };
}
