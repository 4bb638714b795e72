/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * payload_fields.h - a payload as named fields, for texts: the report of a divergence, tracedump.
 * Bytes may come from a damaged file, or from a newer version: any size, any content.
 */
#ifndef REPLUG_REPLAY_PAYLOAD_FIELDS_H
#define REPLUG_REPLAY_PAYLOAD_FIELDS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/recording_format.h"

enum payload_show {
    PAYLOAD_SHOW_NUMBER,
    PAYLOAD_SHOW_HEX,
    PAYLOAD_SHOW_ERRNO,  /* positive or 0 */
    PAYLOAD_SHOW_RESULT, /* of an ioctl: a number, or -errno */
    PAYLOAD_SHOW_TIME,   /* µs since 1970 */
    PAYLOAD_SHOW_EXIT,   /* names of payload_layout.h */
    PAYLOAD_SHOW_TARGET,
    PAYLOAD_SHOW_FACT,
    PAYLOAD_SHOW_MEMORY,
    PAYLOAD_SHOW_BLOCK,
    PAYLOAD_SHOW_IOCTL,
    PAYLOAD_SHOW_BYTES,
    PAYLOAD_SHOW_TEXT,
};

/* What a list of payload_layout.h says of a field. */
struct payload_row {
    const char *name;
    uint16_t size;
    uint8_t show; /* enum payload_show */
};

struct payload {
    enum recording_group group;
    unsigned kind;
    const void *bytes;
    size_t size;
};

struct payload_field {
    char name[24];
    enum payload_show show;
    const uint8_t *bytes; /* the payload's */
    size_t size;          /* at most 8 unless it is shown as bytes or text */
};

/* Of struct payload_field, in order; no byte is left out. What has another layout than its kind's
 * is one field "bytes". Free with g_array_unref(). */
GArray *payload_fields(const struct payload *payload);

/* "3", "0x3f8", "ENOMEM", "KVM_IRQ_LINE", "00 01 ff": long bytes and texts are cut. */
void payload_field_print(const struct payload_field *field, GString *out);

/* "slot=1 flags=0x0 gpa=0x100000000": all fields in a line. */
void payload_print(const struct payload *payload, GString *out);

/*
 * Appends a line for each field that differs, "level: expected 1, got 0", labels being the words
 * for the two sides. Of long fields only what stands around the first difference, "data from byte 7
 * on: ...".
 */
void payload_compare(const struct payload *a, const struct payload *b, const char *const labels[2],
                     GString *out);

/* "KVM_IRQ_LINE" by its number on x86, NULL = not known. */
const char *payload_ioctl_name(uint32_t request);

/* The fields of an ioctl's argument of that size, NULL = only bytes. (What KVM only writes into has
 * none.) */
const struct payload_row *payload_ioctl_rows(uint32_t request, size_t size, size_t *out_count);

#endif
