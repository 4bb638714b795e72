/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multiboot_image.h - what a multiboot-1 kernel file asks for (Multiboot Specification 0.6.96, section 3.1): pieces of
 * the file, where they go, and where to start. The file is not trusted.
 */
#ifndef REPLUG_MACHINE_MULTIBOOT_IMAGE_H
#define REPLUG_MACHINE_MULTIBOOT_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MULTIBOOT_SEGMENTS_MAX 64

struct multiboot_segment {
    uint32_t gpa;
    uint32_t memory_bytes; /* at least file_bytes; the rest is zero */
    size_t file_offset;
    uint32_t file_bytes;
};

struct multiboot_image {
    uint32_t flags; /* of the header */
    uint32_t entry; /* physical */
    unsigned segment_count;
    struct multiboot_segment segments[MULTIBOOT_SEGMENTS_MAX];
};

/*
 * Errors (REPLUG_ERROR_CORRUPT, or UNSUPPORTED for what is another format): they say which field is
 * wrong and how. What *out_image names lies within the file and below 4 GiB.
 */
bool multiboot_image_parse(const uint8_t *bytes, size_t size, struct multiboot_image *out_image,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
