/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flat_memory.h - guest memory for tests: one buffer behind a dma_port; what lies beyond refuses.
 */
#ifndef REPLUG_TESTS_UNIT_HW_FIRMWARE_FLAT_MEMORY_H
#define REPLUG_TESTS_UNIT_HW_FIRMWARE_FLAT_MEMORY_H

#include <string.h>

#include "memory/address_space.h"
#include "unit.h"

struct flat_memory {
    uint8_t *bytes;
    uint64_t size;
    unsigned writes_left; /* the write after these is refused */
    struct dma_port port;
};

static inline bool flat_read(void *opaque, gpa_t gpa, void *buffer, uint64_t size)
{
    const struct flat_memory *memory = opaque;

    if (gpa > memory->size || size > memory->size - gpa) {
        memset(buffer, 0xff, size);
        return false;
    }
    memcpy(buffer, memory->bytes + gpa, size);
    return true;
}

static inline bool flat_write(void *opaque, gpa_t gpa, const void *buffer, uint64_t size)
{
    struct flat_memory *memory = opaque;

    if (memory->writes_left == 0 || gpa > memory->size || size > memory->size - gpa) {
        return false;
    }
    memory->writes_left--;
    memcpy(memory->bytes + gpa, buffer, size);
    return true;
}

static inline void flat_memory_init(struct flat_memory *memory, uint64_t size)
{
    memory->bytes = g_malloc0(size);
    memory->size = size;
    memory->writes_left = UINT32_MAX;
    memory->port = (struct dma_port){ .read = flat_read, .write = flat_write, .opaque = memory };
}

static inline void flat_memory_fini(struct flat_memory *memory)
{
    g_free(memory->bytes);
}

static inline bool flat_memory_is_zero(const struct flat_memory *memory)
{
    for (uint64_t i = 0; i < memory->size; i++) {
        if (memory->bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

#endif
