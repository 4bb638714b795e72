/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_ram_block.c - kinds of guest RAM, and that every injected failure says what failed and leaves
 * nothing. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "memory/ram_block.h"
#include "unit.h"

static void test_kinds(void **unused)
{
    g_autofree char *path = g_strdup_printf("/tmp/replug-test-%d", (int)getpid());
    struct ram_block_options options = {
        .name = "ram0", .size_bytes = 4 << 20, .path = path, .share = true, .prealloc = true
    };

    (void)unused;
    for (int kind = RAM_BLOCK_ANONYMOUS; kind <= RAM_BLOCK_FILE; kind++) {
        struct ram_block *block;
        uint8_t *host;

        options.kind = (enum ram_block_kind)kind;
        block = ram_block_create(&options, NULL);
        assert_non_null(block);
        host = ram_block_host(block);
        assert_int_equal((uintptr_t)host % (2 << 20), 0);
        assert_int_equal(host[0], 0);
        host[(4 << 20) - 1] = 0x5a;
        assert_int_equal(ram_block_size(block), 4 << 20);
        assert_int_equal(ram_block_page_size(block), 4096);
        ram_block_destroy(block);
    }
    options.prealloc = false;
    struct ram_block *again = ram_block_create(&options, NULL);
    assert_int_equal(((uint8_t *)ram_block_host(again))[(4 << 20) - 1], 0x5a);
    ram_block_destroy(again);
    options.size_bytes = 8 << 20;
    g_autoptr(GError) error = NULL;
    assert_null(ram_block_create(&options, &error));
    assert_string_equal(error->message, "backing store size 0x400000 does not match 'size' option "
                                        "0x800000 of 'ram0'");
    unlink(path);
}

static void test_faults(void **unused)
{
    static const struct {
        enum ram_block_kind kind;
        const char *fault, *expected;
    } cases[] = {
        { RAM_BLOCK_ANONYMOUS, "memory_map=ENOMEM",
          "mmap failed: Cannot allocate memory (ENOMEM)" },
        { RAM_BLOCK_MEMFD, "memory_memfd_create=EMFILE", "memfd_create failed" },
        { RAM_BLOCK_MEMFD, "memory_truncate=ENOSPC", "setting the file's size failed" },
        { RAM_BLOCK_FILE, "memory_file_open=EACCES", "open of /tmp/replug-fault" },
        { RAM_BLOCK_FILE, "memory_map=EAGAIN", "mmap failed" },
        { RAM_BLOCK_ANONYMOUS, "memory_prealloc=ENOMEM", "preallocation failed" },
    };

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fault_plan faults = { 0 };
        g_autofree char *path = g_strdup_printf("/tmp/replug-fault-%d", (int)getpid());
        struct ram_block_options options = { .kind = cases[i].kind,
                                             .name = "ram0",
                                             .size_bytes = 1 << 20,
                                             .path = path,
                                             .prealloc = true,
                                             .faults = &faults };
        g_autoptr(GError) error = NULL;
        struct ram_block *block;

        assert_true(fault_plan_arm(&faults, cases[i].fault, NULL));
        assert_null(ram_block_create(&options, &error));
        assert_non_null(strstr(error->message, cases[i].expected));
        assert_int_not_equal(access(path, F_OK), 0); /* no file of ours stays */
        block = ram_block_create(&options, NULL);
        assert_non_null(block);
        ram_block_destroy(block);
        unlink(path);
    }
}

static void test_bad_sizes(void **unused)
{
    struct ram_block_options options = { .name = "r", .size_bytes = 4097 };
    g_autoptr(GError) error = NULL;

    (void)unused;
    assert_null(ram_block_create(&options, &error));
    assert_string_equal(error->message,
                        "size 0x1001 of 'r' is not a multiple of the page size 0x1000");
    g_clear_error(&error);
    options.size_bytes = 1ull << 60;
    assert_null(ram_block_create(&options, &error));
    assert_non_null(strstr(error->message, "ENOMEM"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bad_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
