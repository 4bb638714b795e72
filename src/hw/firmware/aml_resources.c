/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aml_resources.c - resource descriptors (ACPI 6.5 §6.4) for ports, interrupts and the host
 * bridge's windows.
 */
#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/firmware/aml.h"

#define IO_DECODE_16BIT  0x01
#define IRQ_NO_FLAGS     0x22 /* two bytes: edge, active high, exclusive */
#define IO_DESCRIPTOR    0x47
#define END_TAG          0x79
#define MEMORY32_FIXED   0x86
#define DWORD_ADDRESS    0x87
#define WORD_ADDRESS     0x88
#define QWORD_ADDRESS    0x8a
#define RANGE_MEMORY     0
#define RANGE_IO         1
#define RANGE_BUS        2
#define FIXED_MIN_MAX    0x0c /* positive decode; the host bridge produces it */
#define IO_ENTIRE_RANGE  0x03
#define MEMORY_WRITABLE  0x01
#define MEMORY_CACHEABLE 0x02
#define FIELDS           5 /* granularity, minimum, maximum, translation, length */

static void append(GByteArray *resources, const uint8_t *bytes, unsigned count)
{
    g_byte_array_append(resources, bytes, count);
}

void resources_io(GByteArray *resources, uint16_t base, uint8_t count)
{
    uint8_t bytes[8] = { IO_DESCRIPTOR, IO_DECODE_16BIT, 0, 0, 0, 0, 1, count };

    bytes_store_le16(bytes + 2, base);
    bytes_store_le16(bytes + 4, base);
    append(resources, bytes, sizeof(bytes));
}

void resources_irq(GByteArray *resources, unsigned irq)
{
    uint8_t bytes[3] = { IRQ_NO_FLAGS };

    invariant(irq < 16);
    bytes_store_le16(bytes + 1, (uint16_t)(1u << irq));
    append(resources, bytes, sizeof(bytes));
}

void resources_memory32_fixed(GByteArray *resources, uint32_t base, uint32_t size)
{
    uint8_t bytes[12] = { MEMORY32_FIXED, 9, 0, MEMORY_WRITABLE };

    bytes_store_le32(bytes + 4, base);
    bytes_store_le32(bytes + 8, size);
    append(resources, bytes, sizeof(bytes));
}

/* An address space descriptor with fields of width bytes. */
static void address_space(GByteArray *resources, uint8_t tag, unsigned width, uint8_t range,
                          uint8_t flags, uint64_t first, uint64_t last)
{
    const uint64_t fields[FIELDS] = { 0, first, last, 0, last - first + 1 };
    uint8_t bytes[6 + FIELDS * 8] = { tag };

    invariant(last >= first);
    bytes_store_le16(bytes + 1, (uint16_t)(3 + FIELDS * width));
    bytes[3] = range;
    bytes[4] = FIXED_MIN_MAX;
    bytes[5] = flags;
    for (unsigned i = 0; i < FIELDS; i++) {
        bytes_store_le(bytes + 6 + (size_t)i * width, fields[i], width);
    }
    append(resources, bytes, 6 + FIELDS * width);
}

void resources_bus_window(GByteArray *resources, uint16_t first, uint16_t last)
{
    address_space(resources, WORD_ADDRESS, 2, RANGE_BUS, 0, first, last);
}

void resources_io_window(GByteArray *resources, uint16_t first, uint16_t last)
{
    address_space(resources, WORD_ADDRESS, 2, RANGE_IO, IO_ENTIRE_RANGE, first, last);
}

void resources_memory_window(GByteArray *resources, const struct aml_window *window)
{
    uint8_t flags = MEMORY_WRITABLE | (window->cacheable ? MEMORY_CACHEABLE : 0);
    uint64_t last = window->base + window->bytes - 1;
    bool wide = last > UINT32_MAX;

    address_space(resources, wide ? QWORD_ADDRESS : DWORD_ADDRESS, wide ? 8 : 4, RANGE_MEMORY,
                  flags, window->base, last);
}

void aml_resources(struct aml *aml, GByteArray *resources)
{
    const uint8_t end[2] = { END_TAG, 0 }; /* checksum 0: not computed */

    append(resources, end, sizeof(end));
    aml_buffer(aml, resources->data, resources->len);
}
