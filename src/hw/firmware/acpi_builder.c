/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_builder.c - appends tables, keeps where addresses and checksums belong, and settles both. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/invariant.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/firmware_internal.h"
#include "memory/address_space.h"
#include "trace/trace.h"

#define SIGNATURE_BYTES 4u
#define OEM_REVISION    1u
#define TABLE_ALIGN     8u

void acpi_put(GByteArray *bytes, uint64_t value, unsigned size)
{
    uint8_t stored[8];

    bytes_store_le(stored, value, size);
    g_byte_array_append(bytes, stored, size);
}

GByteArray *acpi_blob_bytes(const struct acpi_tables *tables, enum acpi_blob blob)
{
    return blob == ACPI_BLOB_RSDP ? tables->rsdp : tables->tables;
}

static uint32_t start_table(struct acpi_tables *tables)
{
    uint32_t start;

    while (tables->tables->len % TABLE_ALIGN != 0) {
        acpi_put(tables->tables, 0, 1);
    }
    start = tables->tables->len;
    g_array_append_val(tables->starts, start);
    return start;
}

uint32_t acpi_begin_table(struct acpi_tables *tables, const char *signature, unsigned revision)
{
    uint32_t start = start_table(tables);
    GByteArray *bytes = tables->tables;

    invariant(strlen(signature) == SIGNATURE_BYTES);
    g_byte_array_append(bytes, (const guint8 *)signature, SIGNATURE_BYTES);
    acpi_put(bytes, 0, 4); /* length */
    acpi_put(bytes, revision, 1);
    acpi_put(bytes, 0, 1); /* checksum */
    g_byte_array_append(bytes, (const guint8 *)"REPLUGPC      ", 14);
    acpi_put(bytes, OEM_REVISION, 4);
    g_byte_array_append(bytes, (const guint8 *)"RPLG", 4);
    acpi_put(bytes, OEM_REVISION, 4);
    invariant(bytes->len - start == ACPI_HEADER_BYTES);
    return start;
}

void acpi_end_table(struct acpi_tables *tables, uint32_t start, bool listed)
{
    uint32_t size = tables->tables->len - start;

    bytes_store_le32(tables->tables->data + start + ACPI_OFFSET_LENGTH, size);
    acpi_add_checksum(tables, ACPI_BLOB_TABLES, start + ACPI_OFFSET_CHECKSUM, start, size);
    if (listed) {
        g_array_append_val(tables->roots, start);
    }
}

uint32_t acpi_add_compiled(struct acpi_tables *tables, const uint8_t *table, bool listed)
{
    uint32_t start = start_table(tables);

    g_byte_array_append(tables->tables, table, bytes_load_le32(table + ACPI_OFFSET_LENGTH));
    acpi_end_table(tables, start, listed);
    return start;
}

void acpi_set_pointer(struct acpi_tables *tables, enum acpi_blob blob, uint32_t offset,
                      uint32_t size, uint32_t target)
{
    struct acpi_pointer pointer = { .blob = blob, .offset = offset, .size = size };

    bytes_store_le(acpi_blob_bytes(tables, blob)->data + offset, target, size);
    g_array_append_val(tables->pointers, pointer);
}

void acpi_add_checksum(struct acpi_tables *tables, enum acpi_blob blob, uint32_t offset,
                       uint32_t start, uint32_t bytes)
{
    struct acpi_checksum checksum = {
        .blob = blob, .offset = offset, .start = start, .bytes = bytes
    };

    acpi_blob_bytes(tables, blob)->data[offset] = 0;
    g_array_append_val(tables->checksums, checksum);
}

/* ---- settling ---- */

uint64_t acpi_tables_bytes(const struct acpi_tables *tables)
{
    return ((uint64_t)tables->tables->len + BOOT_PAGE_BYTES - 1) & ~(uint64_t)(BOOT_PAGE_BYTES - 1);
}

static void settle_pointer(struct acpi_tables *tables, const struct acpi_pointer *pointer)
{
    uint8_t *at = acpi_blob_bytes(tables, pointer->blob)->data + pointer->offset;
    uint64_t value = bytes_load_le(at, pointer->size) + tables->gpa;

    invariant(pointer->size == 8 || value <= UINT32_MAX);
    bytes_store_le(at, value, pointer->size);
}

static void settle_checksum(struct acpi_tables *tables, const struct acpi_checksum *checksum)
{
    uint8_t *bytes = acpi_blob_bytes(tables, checksum->blob)->data;
    uint8_t sum = 0;

    for (uint32_t i = 0; i < checksum->bytes; i++) {
        sum = (uint8_t)(sum + bytes[checksum->start + i]);
    }
    bytes[checksum->offset] = (uint8_t)(bytes[checksum->offset] - sum);
}

uint64_t acpi_tables_place(struct acpi_tables *tables, uint64_t end_gpa)
{
    invariant(tables->gpa == 0);
    invariant(end_gpa % BOOT_PAGE_BYTES == 0);
    invariant(end_gpa > acpi_tables_bytes(tables));
    tables->gpa = end_gpa - acpi_tables_bytes(tables);
    for (guint i = 0; i < tables->pointers->len; i++) {
        settle_pointer(tables, &g_array_index(tables->pointers, struct acpi_pointer, i));
    }
    for (guint i = 0; i < tables->checksums->len; i++) {
        settle_checksum(tables, &g_array_index(tables->checksums, struct acpi_checksum, i));
    }
    return tables->gpa;
}

static void trace_tables(const struct acpi_tables *tables)
{
    for (guint i = 0; i < tables->starts->len; i++) {
        uint32_t start = g_array_index(tables->starts, uint32_t, i);
        const uint8_t *table = tables->tables->data + start;
        char signature[SIGNATURE_BYTES + 1] = "";

        memcpy(signature, table, SIGNATURE_BYTES);
        trace_acpi_table_placed(signature, tables->gpa + start,
                                bytes_load_le32(table + ACPI_OFFSET_LENGTH));
    }
}

bool acpi_tables_write(const struct acpi_tables *tables, struct dma_port *memory, GError **error)
{
    invariant(tables->gpa != 0);
    if (!memory->write(memory->opaque, tables->gpa, tables->tables->data, tables->tables->len) ||
        !memory->write(memory->opaque, BOOT_RSDP_GPA, tables->rsdp->data, tables->rsdp->len)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "the ACPI tables, 0x%x bytes at 0x%llx and 0x%x at 0x%x, can't be written to "
                    "guest memory",
                    tables->tables->len, (unsigned long long)tables->gpa, tables->rsdp->len,
                    BOOT_RSDP_GPA);
        return false;
    }
    trace_tables(tables);
    return true;
}

const uint8_t *acpi_tables_find(const struct acpi_tables *tables, const char *signature,
                                unsigned index, uint32_t *out_bytes)
{
    for (guint i = 0; i < tables->starts->len; i++) {
        const uint8_t *table = tables->tables->data + g_array_index(tables->starts, uint32_t, i);

        if (memcmp(table, signature, SIGNATURE_BYTES) == 0 && index-- == 0) {
            *out_bytes = bytes_load_le32(table + ACPI_OFFSET_LENGTH);
            return table;
        }
    }
    return NULL;
}

const uint8_t *acpi_tables_rsdp(const struct acpi_tables *tables)
{
    return tables->rsdp->data;
}
