/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_multiboot_image.c - kernel files: good ones of both kinds, cut at every byte, wrong in every field. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/multiboot_image.h"
#include "unit.h"

#define MAGIC        0x1badb002u
#define HEADER_AT    0x100u
#define CODE_AT      0x200u
#define CODE_BYTES   0x40u
#define FILE_BYTES   (CODE_AT + CODE_BYTES)
#define LOAD_GPA     0x100000u
#define VIRTUAL_BASE 0xc0000000u

static void put_header(uint8_t *file, size_t at, uint32_t flags)
{
    bytes_store_le32(file + at, MAGIC);
    bytes_store_le32(file + at + 4, flags);
    bytes_store_le32(file + at + 8, -(MAGIC + flags));
}

/* An i386 ELF with one segment that is linked high and loaded at 1 MiB, twice as large in memory. */
static void make_elf(uint8_t file[FILE_BYTES])
{
    memset(file, 0, FILE_BYTES);
    memcpy(file, "\177ELF\1\1\1", 7);
    bytes_store_le16(file + 16, 2);
    bytes_store_le16(file + 18, 3);
    bytes_store_le32(file + 24, VIRTUAL_BASE + 0x10);
    bytes_store_le32(file + 28, 52);
    bytes_store_le16(file + 42, 32);
    bytes_store_le16(file + 44, 1);
    bytes_store_le32(file + 52 + 0, 1);
    bytes_store_le32(file + 52 + 4, CODE_AT);
    bytes_store_le32(file + 52 + 8, VIRTUAL_BASE);
    bytes_store_le32(file + 52 + 12, LOAD_GPA);
    bytes_store_le32(file + 52 + 16, CODE_BYTES);
    bytes_store_le32(file + 52 + 20, 2 * CODE_BYTES);
    put_header(file, HEADER_AT, 0x3);
}

/* A flat file whose header says where it goes. */
static void make_flat(uint8_t file[FILE_BYTES])
{
    memset(file, 0, FILE_BYTES);
    put_header(file, HEADER_AT, 0x10003);
    bytes_store_le32(file + HEADER_AT + 12, LOAD_GPA + 0x80);  /* header_addr */
    bytes_store_le32(file + HEADER_AT + 16, LOAD_GPA);         /* load_addr: file offset 0x80 */
    bytes_store_le32(file + HEADER_AT + 20, LOAD_GPA + 0x100); /* load_end_addr */
    bytes_store_le32(file + HEADER_AT + 24, LOAD_GPA + 0x300); /* bss_end_addr */
    bytes_store_le32(file + HEADER_AT + 28, LOAD_GPA + 0xa0);
}

static void refuse(const uint8_t *file, size_t size, const char *part)
{
    g_autoptr(GError) error = NULL;
    struct multiboot_image image;

    if (multiboot_image_parse(file, size, &image, &error)) {
        fail_msg("accepted; expected '%s'", part);
    }
    if (strstr(error->message, part) == NULL) {
        fail_msg("'%s'; expected '%s'", error->message, part);
    }
}

static void test_elf(void **state)
{
    struct multiboot_image image;
    uint8_t file[FILE_BYTES];

    (void)state;
    make_elf(file);
    assert_true(multiboot_image_parse(file, sizeof(file), &image, NULL));
    assert_int_equal(image.segment_count, 1);
    assert_int_equal(image.segments[0].gpa, LOAD_GPA);
    assert_int_equal(image.segments[0].file_offset, CODE_AT);
    assert_int_equal(image.segments[0].file_bytes, CODE_BYTES);
    assert_int_equal(image.segments[0].memory_bytes, 2 * CODE_BYTES);
    assert_int_equal(image.entry, LOAD_GPA + 0x10); /* the entry is given as linked */
}

static void test_flat(void **state)
{
    struct multiboot_image image;
    uint8_t file[FILE_BYTES];

    (void)state;
    make_flat(file);
    assert_true(multiboot_image_parse(file, sizeof(file), &image, NULL));
    assert_int_equal(image.segment_count, 1);
    assert_int_equal(image.segments[0].gpa, LOAD_GPA);
    assert_int_equal(image.segments[0].file_offset, 0x80);
    assert_int_equal(image.segments[0].file_bytes, 0x100);
    assert_int_equal(image.segments[0].memory_bytes, 0x300);
    assert_int_equal(image.entry, LOAD_GPA + 0xa0);
    /* Without an end the whole rest of the file is loaded, and without a bss there is none. */
    bytes_store_le32(file + HEADER_AT + 20, 0);
    bytes_store_le32(file + HEADER_AT + 24, 0);
    assert_true(multiboot_image_parse(file, sizeof(file), &image, NULL));
    assert_int_equal(image.segments[0].file_bytes, FILE_BYTES - 0x80);
    assert_int_equal(image.segments[0].memory_bytes, FILE_BYTES - 0x80);
}

/* Each shorter file is refused, and with an exact heap copy the sanitizer sees any read behind it. */
static void test_cut_at_every_byte(void **state)
{
    static void (*const makers[])(uint8_t *) = { make_elf, make_flat };
    /* The flat one needs no more than what it loads. */
    static const size_t needed[] = { FILE_BYTES, 0x180 };

    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        uint8_t file[FILE_BYTES];

        makers[kind](file);
        for (size_t size = 0; size < needed[kind]; size++) {
            g_autoptr(GError) error = NULL;
            g_autofree uint8_t *copy = g_memdup2(file, size);
            struct multiboot_image image;

            assert_false(multiboot_image_parse(copy, size, &image, &error));
            assert_non_null(error);
        }
    }
}

static void test_wrong_headers(void **state)
{
    uint8_t file[FILE_BYTES];

    (void)state;
    make_elf(file);
    file[HEADER_AT]++;
    refuse(file, sizeof(file), "no multiboot header in the first 8192 bytes");
    make_elf(file);
    file[HEADER_AT + 8]++;
    refuse(file, sizeof(file), "the checksum of the multiboot header is wrong");
    make_elf(file);
    put_header(file, HEADER_AT, 0x9);
    refuse(file, sizeof(file), "requires unknown features: flags 0x9");
    make_elf(file);
    put_header(file, HEADER_AT, 0x4);
    refuse(file, sizeof(file), "requires a video mode");
    make_elf(file);
    memset(file, 0, 16);
    refuse(file, sizeof(file), "neither an ELF file nor address fields");
    make_elf(file);
    file[4] = 2;
    refuse(file, sizeof(file), "a 64-bit ELF image; multiboot-1 takes 32-bit ones");
    memset(file, 0, sizeof(file));
    refuse(file, sizeof(file), "no multiboot header");
}

/* The header is found at 4-aligned offsets below 8192 only. */
static void test_search(void **state)
{
    static uint8_t file[8192 + 64];
    struct multiboot_image image;

    (void)state;
    for (size_t at = 0; at <= 8192; at += 2) {
        bool expected = at % 4 == 0 && at + 12 <= 8192;

        memset(file, 0, sizeof(file));
        put_header(file, at, 0x10000);
        bytes_store_le32(file + at + 12, LOAD_GPA + (uint32_t)at);
        bytes_store_le32(file + at + 16, LOAD_GPA);
        bytes_store_le32(file + at + 28, LOAD_GPA);
        assert_int_equal(multiboot_image_parse(file, sizeof(file), &image, NULL), expected);
    }
}

static void test_wrong_fields(void **state)
{
    static const struct {
        bool flat;
        uint32_t at, value;
        const char *part;
    } rows[] = {
        { false, 16, 0x00030003, "type 3 in the ELF header; expected a little-endian 32-bit" },
        { false, 16, 0x003e0002, "machine 62" },
        { false, 28, 0xfffffff0, "program headers are beyond the end of the file" },
        { false, 42, 0x00010010, "ELF program headers of 16 bytes; expected at least 32" },
        { false, 42, 0xffffffff, "program headers are beyond the end of the file" },
        { false, 42, 0x00000000, "the entry point 0xc0000010 is in no loaded segment" },
        { false, 24, 0x00000010, "the entry point 0x10 is in no loaded segment" },
        { false, 52, 0x00000002, "is in no loaded segment" },
        { false, 56, 0xfffffff0, "at offset 0xfffffff0 is beyond the end of the file" },
        { false, 64, 0xfffffff0, "goes beyond 4 GiB" },
        { false, 68, 0x00000081, "more bytes in the file (0x81) than in memory (0x80)" },
        { true, HEADER_AT + 12, LOAD_GPA - 1, "header_addr 0xfffff does not fit load_addr" },
        { true, HEADER_AT + 12, LOAD_GPA + 0x101, "does not fit load_addr" },
        { true, HEADER_AT + 20, LOAD_GPA - 1, "load_end_addr 0xfffff is below load_addr" },
        { true, HEADER_AT + 20, LOAD_GPA + 0x10000, "bss_end_addr 0x100300 is below the end" },
        { true, HEADER_AT + 24, LOAD_GPA + 1, "bss_end_addr 0x100001 is below the end" },
        { true, HEADER_AT + 28, LOAD_GPA - 1, "the entry point 0xfffff is not in what is loaded" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t file[FILE_BYTES];

        (rows[i].flat ? make_flat : make_elf)(file);
        bytes_store_le32(file + rows[i].at, rows[i].value);
        refuse(file, sizeof(file), rows[i].part);
    }
}

static void test_linux(void **state)
{
    uint8_t file[0x400] = { 0 };

    (void)state;
    memcpy(file + 0x202, "HdrS", 4);
    refuse(file, sizeof(file), "a Linux kernel; only multiboot-1 images can be booted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf),           cmocka_unit_test(test_flat),
        cmocka_unit_test(test_search),        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_wrong_headers), cmocka_unit_test(test_wrong_fields),
        cmocka_unit_test(test_linux),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
