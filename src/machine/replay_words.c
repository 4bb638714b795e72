/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_words.c - payloads of a recording in words, for the report of a divergence. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "cpu/vm_exit.h"
#include "machine/machine_internal.h"
#include "machine/recorded_kvm.h"

#define TEXT_BYTES_MAX 400u

/* Quoted, one line, bytes beyond ASCII as escapes. */
static char *quoted(const char *bytes, size_t size)
{
    GString *out = g_string_new("\"");

    for (size_t i = 0; i < MIN(size, (size_t)TEXT_BYTES_MAX); i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c >= 0x20 && c < 0x7f) {
            g_string_append_c(out, (gchar)c);
        } else {
            g_string_append_printf(out, "\\x%02x", c);
        }
    }
    g_string_append(out, size > TEXT_BYTES_MAX ? "\" ..." : "\"");
    return g_string_free(out, FALSE);
}

static char *console_words(const uint8_t *bytes, size_t size)
{
    size_t count;
    const uint8_t *data = console_payload_load(bytes, size, &count);
    g_autofree char *label = NULL;
    g_autofree char *text = NULL;

    if (data == NULL) {
        return NULL;
    }
    label = quoted((const char *)bytes, strlen((const char *)bytes));
    text = quoted((const char *)data, count);
    return g_strdup_printf("%s: %s", label, text);
}

/* operation, offset, bytes, digest, tag: block_drives.c */
static char *block_words(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { "read", "write", "flush" };

    if (size != 33 || bytes[0] >= G_N_ELEMENTS(names)) {
        return NULL;
    }
    return g_strdup_printf("%s at %" PRIu64 ", %" PRIu64 " bytes, digest %016" PRIx64
                           ", tag %" PRIu64,
                           names[bytes[0]], bytes_load_le64(bytes + 1), bytes_load_le64(bytes + 9),
                           bytes_load_le64(bytes + 17), bytes_load_le64(bytes + 25));
}

static char *loaded_words(const uint8_t *bytes, size_t size)
{
    if (size < 24) {
        return NULL;
    }
    return g_strdup_printf("gpa=0x%" PRIx64 ", %" PRIu64 " bytes, memory up to %" PRIu64,
                           bytes_load_le64(bytes), bytes_load_le64(bytes + 8),
                           bytes_load_le64(bytes + 16));
}

static char *effect_words(unsigned kind, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case RECORDING_EFFECT_kvm_call: return recorded_kvm_words(bytes, size);
    case RECORDING_EFFECT_console: return console_words(bytes, size);
    case RECORDING_EFFECT_reply:
    case RECORDING_EFFECT_event: return quoted((const char *)bytes, size);
    case RECORDING_EFFECT_block: return block_words(bytes, size);
    case RECORDING_EFFECT_dma_write: return loaded_words(bytes, size);
    case RECORDING_EFFECT_exit_answer:
        return size >= 1 && size <= 8 ? g_strdup_printf("0x%0*" PRIx64, (int)size * 2,
                                                        bytes_load_le(bytes, (unsigned)size))
                                      : NULL;
    default: return NULL;
    }
}

char *replay_words(enum recording_group group, unsigned kind, const void *bytes, size_t size)
{
    if (group != RECORDING_GROUP_EFFECT || (bytes == NULL && size > 0)) {
        return NULL;
    }
    return effect_words(kind, bytes != NULL ? bytes : (const uint8_t *)"", size);
}
