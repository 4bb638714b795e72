/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_script.c - the tables for firmware: two files, and the script by which it gives them a place
 * (QEMU's "etc/table-loader").
 *
 *   command, 128 bytes: number, 4 bytes, then
 *     1 allocate      file name 56, alignment 4, zone 1 (1 high memory, 2 below 1 MiB where a scan finds it)
 *     2 add pointer   file 56 in which, file 56 to whose address, offset 4, size 1
 *     3 add checksum  file 56, offset 4, start 4, length 4
 */
#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/firmware/firmware_internal.h"
#include "hw/firmware/fw_cfg.h"

#define COMMAND_BYTES 128u
#define NAME_BYTES    56u
#define TABLES_ALIGN  64u /* the FACS's */
#define RSDP_ALIGN    16u

enum command { COMMAND_ALLOCATE = 1, COMMAND_ADD_POINTER = 2, COMMAND_ADD_CHECKSUM = 3 };

enum zone { ZONE_HIGH = 1, ZONE_LOW_SCANNED = 2 };

static const char *file_name(enum acpi_blob blob)
{
    return blob == ACPI_BLOB_RSDP ? "etc/acpi/rsdp" : "etc/acpi/tables";
}

static void put_name(uint8_t *at, enum acpi_blob blob)
{
    memcpy(at, file_name(blob), strlen(file_name(blob)));
}

/* Appends an empty command; gives its place behind the number. */
static uint8_t *begin_command(GByteArray *script, enum command command)
{
    guint at = script->len;

    g_byte_array_set_size(script, at + COMMAND_BYTES);
    memset(script->data + at, 0, COMMAND_BYTES);
    bytes_store_le32(script->data + at, command);
    return script->data + at + 4;
}

static void allocate(GByteArray *script, enum acpi_blob blob, uint32_t align, enum zone zone)
{
    uint8_t *at = begin_command(script, COMMAND_ALLOCATE);

    put_name(at, blob);
    bytes_store_le32(at + NAME_BYTES, align);
    at[NAME_BYTES + 4] = (uint8_t)zone;
}

static void add_pointer(GByteArray *script, const struct acpi_pointer *pointer)
{
    uint8_t *at = begin_command(script, COMMAND_ADD_POINTER);

    put_name(at, pointer->blob);
    put_name(at + NAME_BYTES, ACPI_BLOB_TABLES);
    bytes_store_le32(at + (size_t)2 * NAME_BYTES, pointer->offset);
    at[2 * NAME_BYTES + 4] = (uint8_t)pointer->size;
}

static void add_checksum(GByteArray *script, const struct acpi_checksum *checksum)
{
    uint8_t *at = begin_command(script, COMMAND_ADD_CHECKSUM);

    put_name(at, checksum->blob);
    bytes_store_le32(at + NAME_BYTES, checksum->offset);
    bytes_store_le32(at + NAME_BYTES + 4, checksum->start);
    bytes_store_le32(at + NAME_BYTES + 8, checksum->bytes);
}

static void add_file(struct device *fw_cfg, const char *name, const GByteArray *content)
{
    GBytes *bytes = g_bytes_new(content->data, content->len);

    fw_cfg_add_file(fw_cfg, name, bytes);
    g_bytes_unref(bytes);
}

void acpi_tables_add_to_fw_cfg(const struct acpi_tables *tables, struct device *fw_cfg)
{
    GByteArray *script = g_byte_array_new();

    invariant(tables->gpa == 0);
    allocate(script, ACPI_BLOB_RSDP, RSDP_ALIGN, ZONE_LOW_SCANNED);
    allocate(script, ACPI_BLOB_TABLES, TABLES_ALIGN, ZONE_HIGH);
    for (guint i = 0; i < tables->pointers->len; i++) {
        add_pointer(script, &g_array_index(tables->pointers, struct acpi_pointer, i));
    }
    for (guint i = 0; i < tables->checksums->len; i++) {
        add_checksum(script, &g_array_index(tables->checksums, struct acpi_checksum, i));
    }
    add_file(fw_cfg, file_name(ACPI_BLOB_RSDP), tables->rsdp);
    add_file(fw_cfg, file_name(ACPI_BLOB_TABLES), tables->tables);
    add_file(fw_cfg, "etc/table-loader", script);
    g_byte_array_unref(script);
}
