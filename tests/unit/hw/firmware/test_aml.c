/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_aml.c - encodings: names, numbers, package lengths at their borders, resource descriptors.
 */
#include <string.h>

#include "hw/firmware/aml.h"
#include "unit.h"

static void expect(struct aml *aml, const char *hex)
{
    GByteArray *bytes = aml_finish(aml);
    GString *text = g_string_new("");

    for (guint i = 0; i < bytes->len; i++) {
        g_string_append_printf(text, "%02x", bytes->data[i]);
    }
    assert_string_equal(text->str, hex);
    g_string_free(text, TRUE);
    g_byte_array_unref(bytes);
}

static void test_names(void **state)
{
    struct aml aml;

    (void)state;
    aml_init(&aml);
    aml_call(&aml, "_HID");
    aml_call(&aml, "A");        /* filled up: A___ */
    aml_call(&aml, "\\");       /* the root */
    aml_call(&aml, "\\_SB.PC"); /* two segments */
    aml_call(&aml, "\\A.B.C1");
    expect(&aml, "5f484944"
                 "415f5f5f"
                 "5c00"
                 "5c2e5f53425f50435f5f"
                 "5c2f03415f5f5f425f5f5f43315f5f");
}

static void test_integers(void **state)
{
    struct aml aml;

    (void)state;
    aml_init(&aml);
    aml_integer(&aml, 0);
    aml_integer(&aml, 1);
    aml_integer(&aml, 2);
    aml_integer(&aml, 0xff);
    aml_integer(&aml, 0x100);
    aml_integer(&aml, 0xffff);
    aml_integer(&aml, 0x10000);
    aml_integer(&aml, 0x123456789a);
    expect(&aml, "00"
                 "01"
                 "0a02"
                 "0aff"
                 "0b0001"
                 "0bffff"
                 "0c00000100"
                 "0e9a78563412000000");
}

static void test_statements(void **state)
{
    struct aml aml;

    (void)state;
    aml_init(&aml);
    aml_begin_scope(&aml, "\\_SB");
    aml_begin_device(&aml, "COM1");
    aml_name(&aml, "_HID");
    aml_eisa_id(&aml, "PNP0501");
    aml_name(&aml, "_UID");
    aml_string(&aml, "x");
    aml_begin_method(&aml, "M", 2, true);
    aml_begin_if_argument_equals(&aml, 1, 7);
    aml_notify(&aml, "COM1");
    aml_argument(&aml, 0);
    aml_end(&aml);
    aml_return(&aml);
    aml_call(&aml, "F");
    aml_argument(&aml, 6);
    aml_end(&aml);
    aml_end(&aml);
    aml_end(&aml);
    expect(&aml, "10385c5f53425f"
                 "5b8230434f4d31"
                 "085f4849440c41d00501"
                 "085f5549440d7800"
                 "14184d5f5f5f0a"
                 "a00b93690a0786434f4d3168"
                 "a4465f5f5f6e");
}

/* A buffer of size zeros; the length of its package counts the encoding of the size too. */
static void expect_package(size_t size, const char *start)
{
    g_autofree uint8_t *zeros = g_malloc0(size + 1);
    g_autofree char *hex = NULL;
    GString *expected = g_string_new(start);
    struct aml aml;

    for (size_t i = 0; i < size; i++) {
        g_string_append(expected, "00");
    }
    hex = g_string_free(expected, FALSE);
    aml_init(&aml);
    aml_buffer(&aml, zeros, size);
    expect(&aml, hex);
}

static void test_package_lengths(void **state)
{
    (void)state;
    expect_package(0, "110200");
    expect_package(60, "113f0a3c");                  /* 63: the longest in one byte */
    expect_package(61, "1141040a3d");                /* 0x41 */
    expect_package(4090, "114fff0bfa0f");            /* 0xfff: the longest in two */
    expect_package(4091, "118100010bfb0f");          /* 0x1001 */
    expect_package(0xffff7, "118fffff0cf7ff0f00");   /* 0xfffff: the longest in three */
    expect_package(0xffff8, "11c10000010cf8ff0f00"); /* 0x100001 */
}

static void test_resources(void **state)
{
    GByteArray *resources = g_byte_array_new();
    const struct aml_window low = { .base = 0xa0000, .bytes = 0x20000, .cacheable = true };
    const struct aml_window high = { .base = 0x100000000, .bytes = 0x80000000 };
    struct aml aml;

    (void)state;
    resources_io(resources, 0x3f8, 8);
    resources_irq(resources, 4);
    resources_memory32_fixed(resources, 0xfed00000, 0x400);
    resources_bus_window(resources, 0, 0xff);
    resources_io_window(resources, 0xd00, 0xffff);
    resources_memory_window(resources, &low);
    resources_memory_window(resources, &high);
    aml_init(&aml);
    aml_resources(&aml, resources);
    g_byte_array_unref(resources);
    expect(&aml, "1145080a81"
                 "4701f803f8030108"
                 "221000"
                 "86090001"
                 "0000d0fe00040000"
                 "880d00020c00"
                 "00000000ff0000000001"
                 "880d00010c03"
                 "0000000dffff000000f3"
                 "871700000c03"
                 "0000000000000a00ffff0b000000000000000200"
                 "8a2b00000c01"
                 "0000000000000000000000000100000"
                 "0ffffff7f0100000000000000000000000000008000000000"
                 "7900");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_integers),
        cmocka_unit_test(test_statements), cmocka_unit_test(test_package_lengths),
        cmocka_unit_test(test_resources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
