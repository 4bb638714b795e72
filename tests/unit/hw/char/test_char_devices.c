/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_char_devices.c - where serial ports sit, and the two debug ports. */
#include "hw/board_fixture.h"
#include "hw/char/char_devices.h"

static const struct type_info bare_type = { .name = "bare", .parent = TYPE_DEVICE };
static const struct type_info *const types[] = { &isa_serial_type_info, &isa_debugcon_type_info,
                                                 &isa_debug_exit_type_info, &bare_type, NULL };

static int setup(void **state)
{
    *state = board_fixture_create(types);
    return 0;
}

static int teardown(void **state)
{
    board_fixture_destroy(*state);
    return 0;
}

static uint64_t property(const struct device *device, const char *name)
{
    struct json_object *value = object_property_get(&device->object, name, NULL);
    uint64_t number = json_object_get_uint64(value);

    json_object_put(value);
    return number;
}

static void set(struct board_fixture *f, struct device *device, const char *name, const char *text)
{
    assert_true(object_property_parse(&device->object, name, text, f->root, NULL));
}

static void expect_realize_error(struct device *device, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(device_set_realized(device, true, &error));
    assert_string_equal(error->message, text);
    assert_false(device->realized);
}

static void test_four_serial_ports(void **state)
{
    struct board_fixture *f = *state;
    const unsigned iobases[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
    const unsigned irqs[] = { 4, 3, 4, 3 };
    struct device *ports[5];

    for (unsigned i = 0; i < 5; i++) {
        ports[i] = board_fixture_device(f, "isa-serial", NULL);
    }
    set(f, ports[0], "index", "2");
    for (unsigned i = 0; i < 4; i++) {
        const unsigned places[] = { 2, 0, 1, 3 }; /* chosen, then the free ones in order */

        board_fixture_realize(ports[i]);
        assert_int_equal(property(ports[i], "index"), places[i]);
        assert_int_equal(property(ports[i], "iobase"), iobases[places[i]]);
        assert_int_equal(property(ports[i], "irq"), irqs[places[i]]);
        assert_int_equal(port_read(f, (uint16_t)(iobases[places[i]] + 5), 1), 0x60);
    }
    expect_realize_error(ports[4], "Max. supported number of ISA serial ports is 4.");
}

static void test_serial_place_errors(void **state)
{
    struct board_fixture *f = *state;
    struct device *first = board_fixture_device(f, "isa-serial", "s0");
    struct device *second = board_fixture_device(f, "isa-serial", "s1");
    g_autofree char *refusal = NULL;

    board_fixture_realize(first);
    set(f, second, "index", "4");
    expect_realize_error(second, "Max. supported number of ISA serial ports is 4.");
    set(f, second, "index", "0");
    expect_realize_error(second, "ISA serial port with index 0 at 0x3f8 is taken: 's0' has index 0 "
                                 "at 0x3f8");
    set(f, second, "index", "1");
    set(f, second, "iobase", "0x3fc");
    expect_realize_error(second, "ISA serial port with index 1 at 0x3fc is taken: 's0' has index 0 "
                                 "at 0x3f8");
    set(f, second, "iobase", "0xfff9");
    expect_realize_error(second, "Parameter 'iobase' is 0xfff9; expected a port up to 0xfff8");
    set(f, second, "iobase", "0xfff8");
    set(f, second, "irq", "16");
    expect_realize_error(second, "Maximum value for \"irq\" is: 15");
    set(f, second, "irq", "11");
    board_fixture_realize(second);
    assert_int_equal(property(second, "irq"), 11);
    assert_int_equal(port_read(f, 0xfffd, 1), 0x60);
    refusal = board_fixture_refusal(f, second, "iobase", "0x2f8");
    assert_string_equal(refusal, "Attempt to set property 'iobase' on device 's1' (type "
                                 "'isa-serial') after it was realized");
}

static void test_a_place_is_free_after_unrealize(void **state)
{
    struct board_fixture *f = *state;
    struct device *first = board_fixture_device(f, "isa-serial", "s0");
    struct device *second = board_fixture_device(f, "isa-serial", "s1");

    board_fixture_realize(first);
    assert_true(device_set_realized(first, false, NULL));
    board_fixture_realize(second);
    assert_int_equal(property(second, "index"), 0);
}

static void on_output(void *host, const uint8_t *bytes, size_t count)
{
    g_string_append_len(host, (const char *)bytes, (gssize)count);
}

static void test_debugcon(void **state)
{
    struct board_fixture *f = *state;
    struct device *debugcon = board_fixture_device(f, "isa-debugcon", NULL);
    struct char_port *port = char_device_port(debugcon);
    g_autoptr(GString) output = g_string_new(NULL);

    board_fixture_realize(debugcon);
    assert_int_equal(port_read(f, 0xe9, 1), 0xe9);
    port_write(f, 0xe9, 'x', 1); /* nobody listens */
    port->write = on_output;
    port->host = output;
    port_write(f, 0xe9, 'o', 1);
    port_write(f, 0xe9, 'k', 1);
    assert_string_equal(output->str, "ok");
    assert_null(port->can_receive);
    assert_true(device_set_realized(debugcon, false, NULL));
    assert_int_equal(port_read(f, 0xe9, 1), 0xff);
    set(f, debugcon, "readback", "0x42");
    set(f, debugcon, "iobase", "0x402");
    board_fixture_realize(debugcon);
    assert_int_equal(port_read(f, 0x402, 1), 0x42);
    assert_null(char_device_port(board_fixture_device(f, "bare", NULL)));
}

static void test_debug_exit(void **state)
{
    struct board_fixture *f = *state;
    struct device *debug_exit = board_fixture_device(f, "isa-debug-exit", NULL);

    board_fixture_realize(debug_exit);
    assert_int_equal(port_read(f, 0x501, 1), 0);
    port_write(f, 0x501, 0x10, 1);
    assert_int_equal(f->request_count, 1);
    assert_int_equal(f->requests[0].request, BOARD_REQUEST_DEBUG_EXIT);
    assert_int_equal(f->requests[0].code, 0x21);
    port_write(f, 0x501, 0, 2);
    assert_int_equal(f->requests[f->request_count - 1].code, 1);
}

static void test_debug_port_ranges(void **state)
{
    struct board_fixture *f = *state;
    struct device *debug_exit = board_fixture_device(f, "isa-debug-exit", NULL);
    struct device *debugcon = board_fixture_device(f, "isa-debugcon", NULL);

    set(f, debug_exit, "iosize", "0");
    expect_realize_error(debug_exit, "No room for 0 ports at iobase 0x501; expected at least 1 "
                                     "port, none beyond 0xffff");
    set(f, debug_exit, "iobase", "0xfffe");
    set(f, debug_exit, "iosize", "3");
    expect_realize_error(debug_exit, "No room for 3 ports at iobase 0xfffe; expected at least 1 "
                                     "port, none beyond 0xffff");
    set(f, debug_exit, "iosize", "4294967295");
    assert_false(device_set_realized(debug_exit, true, NULL));
    set(f, debug_exit, "iosize", "2");
    board_fixture_realize(debug_exit);
    set(f, debugcon, "iobase", "0x10000");
    assert_false(device_set_realized(debugcon, true, NULL));
    assert_false(device_class(debugcon)->hotpluggable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_four_serial_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_serial_place_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_place_is_free_after_unrealize, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debugcon, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debug_exit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debug_port_ranges, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
