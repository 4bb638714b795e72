/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bytes.h - explicit little-endian loads and stores at any alignment; every file and device
 * register goes through these. */
#ifndef REPLUG_BASE_BYTES_H
#define REPLUG_BASE_BYTES_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_load_le16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT16_FROM_LE(value);
}

static inline uint32_t bytes_load_le32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static inline uint64_t bytes_load_le64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT64_FROM_LE(value);
}

static inline void bytes_store_le16(void *at, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void bytes_store_le32(void *at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void bytes_store_le64(void *at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

/* The low size bytes (1 to 8) at an address as a little-endian number. */
static inline uint64_t bytes_load_le(const void *at, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, at, size);
    return GUINT64_FROM_LE(value);
}

static inline void bytes_store_le(void *at, uint64_t value, unsigned size)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, size);
}

#endif
