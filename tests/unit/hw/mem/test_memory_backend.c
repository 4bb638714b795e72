/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_memory_backend.c - the memory-backend types: properties, what is refused, memory, use. */
#include <errno.h>
#include <unistd.h>

#include "mem_fixture.h"
#include "memory/ram_block.h"

static int setup(void **state)
{
    *state = mem_fixture_create(8 * GIB, 4 * GIB, 4);
    return 0;
}

static int teardown(void **state)
{
    mem_fixture_destroy(*state);
    return 0;
}

static void refused(struct mem_fixture *m, const char *type, const char *json, const char *expected)
{
    g_autofree char *text = backend_add(m, type, "bad", json);

    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_null(object_child(m->objects, "bad"));
}

static void expect_property(struct mem_fixture *m, const char *id, const char *name,
                            const char *json)
{
    struct json_object *value = object_property_get(object_child(m->objects, id), name, NULL);

    assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
                        json);
    json_object_put(value);
}

static void test_refusals(void **state)
{
    struct mem_fixture *m = *state;

    refused(m, "memory-backend-ram", "{}", "Parameter 'size' is missing");
    refused(m, "memory-backend-memfd", "{}", "Parameter 'size' is missing");
    refused(m, "memory-backend-ram", "{\"size\": 0}",
            "property 'size' of memory-backend-ram doesn't take value '0'");
    refused(m, "memory-backend-file", "{\"size\": 4096}", "Parameter 'mem-path' is missing");
    refused(m, "memory-backend-file", "{\"mem-path\": \"/tmp\"}", "Parameter 'size' is missing");
    refused(m, "memory-backend-file", "{\"size\": 4096, \"mem-path\": \"\"}",
            "mem-path property not set");
    refused(m, "memory-backend-ram", "{\"size\": 4097}",
            "size 0x1001 of 'bad' is not a multiple of the page size 0x1000");
    refused(m, "memory-backend-file", "{\"size\": 4096, \"mem-path\": \"/tmp\", \"align\": 3}",
            "alignment 0x3 must be a power of two and a multiple of page size 0x1000");
    refused(m, "memory-backend-file", "{\"size\": 4096, \"mem-path\": \"/tmp\", \"align\": 12288}",
            "alignment 0x3000 must be a power of two and a multiple of page size 0x1000");
    refused(m, "memory-backend-file", "{\"size\": 4096, \"mem-path\": \"/tmp\", \"pmem\": true}",
            "pmem=on is not supported; expected pmem=off");
    refused(m, "memory-backend-ram", "{\"size\": 4096, \"mem-path\": \"/tmp\"}",
            "Parameter 'mem-path' is unexpected");
    refused(m, "memory-backend", "{\"size\": 4096}",
            "Parameter 'qom-type' does not accept value 'memory-backend'");
}

static void test_host_failures(void **state)
{
    struct mem_fixture *m = *state;
    g_autofree char *missing = backend_add(m, "memory-backend-file", "f",
                                           "{\"size\": 4096, \"mem-path\": \"/nonexistent/file\"}");

    static const struct {
        const char *type, *fault, *json, *part;
    } faults[] = {
        { "memory-backend-ram", "memory_map=ENOMEM", "{\"size\": 4096}", "mmap failed" },
        { "memory-backend-memfd", "memory_memfd_create=EMFILE", "{\"size\": 4096}",
          "memfd_create failed" },
        { "memory-backend-memfd", "memory_truncate=ENOSPC", "{\"size\": 4096}", "ENOSPC" },
        { "memory-backend-ram", "memory_prealloc=ENOMEM", "{\"size\": 4096, \"prealloc\": true}",
          "preallocation failed" },
        { "memory-backend-file", "memory_file_open=EACCES",
          "{\"size\": 4096, \"mem-path\": \"/tmp\"}", "EACCES" },
    };

    assert_non_null(strstr(missing, "/nonexistent/file"));
    assert_non_null(strstr(missing, "ENOENT"));
    for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *text = NULL;

        assert_true(fault_plan_arm(&m->board->faults, faults[i].fault, NULL));
        text = backend_add(m, faults[i].type, "x", faults[i].json);
        assert_non_null(text);
        assert_non_null(strstr(text, faults[i].part));
        assert_null(object_child(m->objects, "x"));
    }
}

static void test_defaults(void **state)
{
    struct mem_fixture *m = *state;

    backend(m, "memory-backend-ram", "ram0", 2 * MIB);
    backend(m, "memory-backend-memfd", "memfd0", 2 * MIB);
    expect_property(m, "ram0", "size", "2097152");
    expect_property(m, "ram0", "share", "false");
    expect_property(m, "memfd0", "share", "true");
    expect_property(m, "ram0", "prealloc", "false");
    expect_property(m, "ram0", "merge", "true");
    expect_property(m, "ram0", "dump", "true");
    expect_property(m, "ram0", "reserve", "true");
}

static void test_region(void **state)
{
    struct mem_fixture *m = *state;
    struct object *ram;
    struct memory_region *region;
    g_autofree char *text = NULL;

    backend(m, "memory-backend-ram", "ram0", 4 * MIB);
    ram = object_child(m->objects, "ram0");
    region = memory_backend_region(ram);
    assert_string_equal(region->name, "ram0");
    assert_int_equal(region->kind, MEMORY_REGION_RAM);
    assert_int_equal(region->size, 4 * MIB);
    assert_int_equal(memory_backend_size(ram), 4 * MIB);
    assert_int_equal(memory_backend_page_size(ram), 4096);
    assert_int_equal(memory_backend_alignment(ram), 2 * MIB);
    text = backend_add(m, "memory-backend-file", "file0",
                       "{\"size\": 4194304, \"mem-path\": \"/tmp\", \"align\": 1048576}");
    assert_null(text);
    assert_int_equal(memory_backend_alignment(object_child(m->objects, "file0")), MIB);
    backend(m, "memory-backend-memfd", "memfd0", 4096);
    assert_int_equal(memory_backend_alignment(object_child(m->objects, "memfd0")), 4096);
}

/* A shared file sees what is written; a private one does not. */
static void test_file_content(void **state)
{
    struct mem_fixture *m = *state;
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("replug-XXXXXX", &path, &error);
    static const bool shares[] = { false, true };
    char bytes[2] = { 0 };

    assert_true(fd >= 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(shares); i++) {
        g_autofree char *json =
            g_strdup_printf("{\"size\": 8192, \"mem-path\": \"%s\", \"share\": %s}", path,
                            shares[i] ? "true" : "false");
        g_autofree char *text = backend_add(m, "memory-backend-file", "f", json);
        struct memory_region *region;

        assert_null(text);
        region = memory_backend_region(object_child(m->objects, "f"));
        memcpy(ram_block_host(region->ram), "x", 1);
        assert_int_equal(pread(fd, bytes, 1, 0), 1);
        assert_int_equal(bytes[0], shares[i] ? 'x' : 0);
        assert_true(user_creatable_del(m->objects, "f", NULL));
    }
    close(fd);
    unlink(path);
}

static void test_fixed_once_complete(void **state)
{
    struct mem_fixture *m = *state;
    static const char *const settings[][2] = {
        { "size", "8192" }, { "share", "on" }, { "prealloc", "on" }, { "reserve", "off" }
    };
    struct object *ram;

    backend(m, "memory-backend-ram", "ram0", 4096);
    ram = object_child(m->objects, "ram0");
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *expected =
            g_strdup_printf("cannot change property %s of memory-backend-ram", settings[i][0]);

        assert_false(object_property_parse(ram, settings[i][0], settings[i][1], NULL, &error));
        assert_string_equal(error->message, expected);
    }
    assert_true(object_property_parse(ram, "merge", "off", NULL, NULL));
    expect_property(m, "ram0", "merge", "false");
    expect_property(m, "ram0", "size", "4096");
}

static void test_use(void **state)
{
    struct mem_fixture *m = *state;
    g_autoptr(GError) error = NULL;
    struct object *ram;

    backend(m, "memory-backend-ram", "ram0", 4096);
    ram = object_child(m->objects, "ram0");
    assert_false(memory_backend_is_mapped(ram));
    memory_backend_set_mapped(ram, true);
    assert_false(user_creatable_del(m->objects, "ram0", &error));
    assert_string_equal(error->message, "object 'ram0' is in use, can not be deleted");
    memory_backend_set_mapped(ram, false);
    assert_true(user_creatable_del(m->objects, "ram0", NULL));
    assert_null(object_child(m->objects, "ram0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_region, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixed_once_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_use, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
