/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_linux_image.c - what a header says, each refusal with its text, cut and damaged files. */
#include <glib.h>

#include "base/error.h"
#include "hw/firmware/linux_file.h"
#include "unit.h"

static bool parse_copy(const uint8_t *file, size_t size, struct linux_image *image, GError **error)
{
    /* A copy of exactly this size: a sanitizer sees what is read behind it. */
    g_autofree uint8_t *copy = g_memdup2(file, size);

    return linux_image_parse(copy, size, image, error);
}

static void expect_refusal(const uint8_t *file, size_t size, int code, const char *text)
{
    struct linux_image image = { .version = 0x1234 };
    g_autoptr(GError) error = NULL;

    assert_false(parse_copy(file, size, &image, &error));
    assert_string_equal(error->message, text);
    assert_int_equal(error->code, code);
    assert_int_equal(image.version, 0x1234);
}

static void test_good(void **state)
{
    uint8_t file[FILE_BYTES];
    struct linux_image image;

    (void)state;
    linux_file_fill(file);
    assert_true(linux_image_detect(file, sizeof(file)));
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_int_equal(image.version, 0x020f);
    assert_int_equal(image.header_end, 0x26c);
    assert_int_equal(image.kernel_offset, FILE_KERNEL_AT);
    assert_int_equal(image.kernel_bytes, FILE_KERNEL_BYTES);
    assert_int_equal(image.load_gpa, FILE_LOAD_GPA);
    assert_int_equal(image.memory_bytes, FILE_INIT_SIZE);
    assert_int_equal(image.initrd_end, 0x80000000);
    assert_int_equal(image.command_line_max, 2047);
    assert_true(image.relocatable);
    assert_true(image.has_64bit_entry);
}

static void test_old_protocols(void **state)
{
    uint8_t file[FILE_BYTES];
    struct linux_image image;

    (void)state;
    linux_file_fill(file);
    bytes_store_le16(file + LINUX_VERSION, 0x020b); /* no xloadflags */
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_false(image.has_64bit_entry);
    assert_int_equal(image.load_gpa, FILE_LOAD_GPA);
    bytes_store_le16(file + LINUX_VERSION, 0x0209); /* no pref_address */
    file[LINUX_HEADER_SIZE] = 0x3a;
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_int_equal(image.load_gpa, 0x100000);
    assert_int_equal(image.memory_bytes, FILE_KERNEL_BYTES);
    file[LINUX_SETUP_SECTS] = 0; /* means 4 */
    bytes_store_le32(file + LINUX_SYSSIZE, (FILE_KERNEL_BYTES - 512) / 16);
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_int_equal(image.kernel_offset, 5 * 512);
}

static void test_entry_only_if_offered(void **state)
{
    uint8_t file[FILE_BYTES];
    struct linux_image image;

    (void)state;
    linux_file_fill(file);
    bytes_store_le16(file + LINUX_XLOADFLAGS, 0x3e);
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_false(image.has_64bit_entry);
    bytes_store_le32(file + LINUX_INITRD_ADDR_MAX, UINT32_MAX);
    assert_true(parse_copy(file, sizeof(file), &image, NULL));
    assert_int_equal(image.initrd_end, UINT32_MAX);
}

static void test_refusals(void **state)
{
    uint8_t file[FILE_BYTES];

    (void)state;
    linux_file_fill(file);
    expect_refusal(file, 0x205, REPLUG_ERROR_UNSUPPORTED,
                   "no Linux kernel: expected \"HdrS\" at offset 0x202 of the file (0x205 bytes)");
    file[LINUX_HEADER_MAGIC] = 'h';
    expect_refusal(file, sizeof(file), REPLUG_ERROR_UNSUPPORTED,
                   "no Linux kernel: expected \"HdrS\" at offset 0x202 of the file (0x1a30 bytes)");
    linux_file_fill(file);
    file[LINUX_BOOT_FLAG] = 0;
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "boot_flag is 0xaa00; expected 0xaa55");
    linux_file_fill(file);
    expect_refusal(file, 0x26b, REPLUG_ERROR_CORRUPT,
                   "the file ends (0x26b bytes) within its setup header, which goes to 0x26c");
    bytes_store_le16(file + LINUX_VERSION, 0x0205);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_UNSUPPORTED,
                   "boot protocol 2.05; expected at least 2.06 (Linux 2.6.22)");
    linux_file_fill(file);
    file[LINUX_HEADER_SIZE] = 0x50;
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "the setup header ends at 0x252, too early for boot protocol 2.15");
    linux_file_fill(file);
    file[LINUX_SETUP_SECTS] = 255;
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "setup_sects 255 puts the kernel at offset 0x20000; the header goes to 0x26c, "
                   "the file has 0x1a30 bytes");
    linux_file_fill(file);
    expect_refusal(file, sizeof(file) - 17, REPLUG_ERROR_CORRUPT,
                   "the file is cut: syssize says 0x1230 bytes of kernel, there are 0x121f");
    file[LINUX_LOADFLAGS] = 0;
    expect_refusal(file, sizeof(file), REPLUG_ERROR_UNSUPPORTED,
                   "a zImage (loadflags 0x00), which loads below 1 MiB; expected a bzImage");
}

static void test_refused_places(void **state)
{
    uint8_t file[FILE_BYTES];

    (void)state;
    linux_file_fill(file);
    bytes_store_le32(file + LINUX_KERNEL_ALIGNMENT, 0x300000);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "kernel_alignment is 0x300000; expected a power of two of a relocatable kernel");
    linux_file_fill(file);
    bytes_store_le64(file + LINUX_PREF_ADDRESS, FILE_LOAD_GPA + 0x1000);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "pref_address 0x1001000 is no multiple of kernel_alignment 0x200000");
    bytes_store_le64(file + LINUX_PREF_ADDRESS, 0xffffffff00000000);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "the kernel wants 0x200000 bytes at 0xffffffff00000000; expected them between 1 "
                   "MiB and 4 GiB");
    bytes_store_le64(file + LINUX_PREF_ADDRESS, 0);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "the kernel wants 0x200000 bytes at 0x0; expected them between 1 MiB and 4 GiB");
    bytes_store_le64(file + LINUX_PREF_ADDRESS, FILE_LOAD_GPA);
    bytes_store_le32(file + LINUX_INIT_SIZE, 0xff000001);
    expect_refusal(file, sizeof(file), REPLUG_ERROR_CORRUPT,
                   "the kernel wants 0xff000001 bytes at 0x1000000; expected them between 1 MiB "
                   "and 4 GiB");
    linux_file_fill(file);
    bytes_store_le32(file + LINUX_SYSSIZE, 0);
    expect_refusal(file, FILE_KERNEL_AT + 0x200, REPLUG_ERROR_CORRUPT,
                   "the 64-bit entry at 0x200 lies behind the end of the kernel, 0x200 bytes");
}

/* Cut at each byte of header and kernel: refused, but for the last paragraph. */
static void test_every_cut(void **state)
{
    uint8_t file[FILE_BYTES];

    (void)state;
    linux_file_fill(file);
    for (size_t size = 0; size < FILE_BYTES; size++) {
        struct linux_image image;
        g_autoptr(GError) error = NULL;
        bool ok = parse_copy(file, size, &image, &error);

        assert_int_equal(ok, size > FILE_BYTES - 16);
        assert_true(ok == (error == NULL));
    }
}

/* Damaged headers are refused or describe something that lies within the file and below 4 GiB. */
static void test_random_damage(void **state)
{
    GRand *random = g_rand_new_with_seed(4242);
    unsigned accepted = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t file[FILE_BYTES];
        size_t size = (size_t)g_rand_int_range(random, 0x1e0, FILE_BYTES + 1);
        struct linux_image image;
        g_autoptr(GError) error = NULL;

        linux_file_fill(file);
        for (int flips = g_rand_int_range(random, 1, 6); flips > 0; flips--) {
            file[g_rand_int_range(random, 0x1f1, 0x26c)] ^=
                (uint8_t)(1u << g_rand_int_range(random, 0, 8));
        }
        if (g_rand_boolean(random)) {
            size = sizeof(file);
        }
        if (!parse_copy(file, size, &image, &error)) {
            assert_non_null(error);
            continue;
        }
        accepted++;
        assert_true(image.header_end <= size);
        assert_int_equal(image.kernel_offset + image.kernel_bytes, size);
        assert_true(image.kernel_bytes > 0);
        assert_true(image.memory_bytes >= image.kernel_bytes);
        assert_true(image.load_gpa >= 0x100000);
        assert_true(image.load_gpa + image.memory_bytes <= 1ull << 32);
    }
    assert_true(accepted > 1000);
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_old_protocols),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_entry_only_if_offered),
        cmocka_unit_test(test_refused_places), cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_random_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
