/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_device_print.c - the device tree in QEMU's form, and the dump of every device's state. */
#include "hw/board_fixture.h"
#include "hw/core/device.h"
#include "state/state.h"

struct gauge_state {
    uint32_t reading;
    uint16_t limits[2];
};

#define GAUGE_FIELDS(FIELD, NESTED, T) FIELD(T, reading) FIELD(T, limits)
STATE_DESCRIBE(gauge_desc, struct gauge_state, GAUGE_FIELDS);

struct gauge {
    struct device device;
    struct gauge_state state;
    bool lit;
    uint16_t port;
    int32_t slot;
    uint64_t size;
    char *label;
    uint32_t mode;
    struct object *partner;
};

static struct json_object *get_addr(const struct object *object,
                                    const struct property_info *property, GError **error)
{
    (void)object;
    (void)property;
    (void)error;
    return json_object_new_string("01.1");
}

static const char *const modes[] = { "slow", "fast", NULL };
#define AT(field) .offset = offsetof(struct gauge, field)
static const struct property_info gauge_properties[] = {
    { .name = "lit", .kind = PROPERTY_BOOL, AT(lit), .default_text = "on" },
    { .name = "port", .kind = PROPERTY_UINT16, AT(port), .default_text = "0x3f8" },
    { .name = "slot", .kind = PROPERTY_INT32, AT(slot), .default_text = "-1" },
    { .name = "size", .kind = PROPERTY_SIZE, AT(size), .default_text = "256M" },
    { .name = "label", .kind = PROPERTY_STRING, AT(label) },
    { .name = "mode", .kind = PROPERTY_ENUM, AT(mode), .values = modes, .default_text = "fast" },
    { .name = "partner", .kind = PROPERTY_LINK, AT(partner), .link_type = TYPE_DEVICE },
    { .name = "addr", .kind = PROPERTY_JSON, .get = get_addr, .read_only = true },
    { .name = NULL },
};
static const struct device_class gauge_class = {
    .state = &gauge_desc,
    .state_offset = offsetof(struct gauge, state),
};
static const struct type_info gauge_type = {
    .name = "gauge",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct gauge),
    .properties = gauge_properties,
    .class_methods = &gauge_class,
};
static const struct property_info fine_properties[] = {
    { .name = "digits", .kind = PROPERTY_UINT16, AT(port), .default_text = "7" },
    { .name = "lit", .kind = PROPERTY_BOOL, AT(lit), .default_text = "off" },
    { .name = NULL },
};
static const struct type_info fine_type = {
    .name = "fine-gauge",
    .parent = "gauge",
    .properties = fine_properties,
};
static const struct type_info bare_type = { .name = "bare", .parent = TYPE_DEVICE };
static const struct type_info *const types[] = { &gauge_type, &fine_type, &bare_type, NULL };

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

static void expect_tree(struct board_fixture *f, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    device_print_tree(f->root, out);
    assert_string_equal(out->str, text);
}

static void test_tree_without_main_bus(void **state)
{
    struct board_fixture *f = *state;
    struct device *host = board_fixture_device(f, "bare", NULL);
    struct bus *bus = bus_create(f->registry, "ISA", host, NULL, NULL);
    struct device *gauge = board_fixture_device(f, "fine-gauge", "g0");

    bus_add_device(bus, gauge);
    ((struct gauge *)(void *)gauge)->partner = &host->object;
    expect_tree(f, "bus: main-system-bus\n"
                   "  type System\n"
                   "  dev: bare, id \"\"\n"
                   "    bus: isa.0\n"
                   "      type ISA\n"
                   "      dev: fine-gauge, id \"g0\"\n"
                   "        digits = 7 (0x7)\n"
                   "        lit = false\n"
                   "        port = 7 (0x7)\n"
                   "        slot = -1 (0xffffffffffffffff)\n"
                   "        size = 268435456 (256 MiB)\n"
                   "        label = \"\"\n"
                   "        mode = \"fast\"\n"
                   "        partner = \"/device[0]\"\n"
                   "        addr = 01.1\n");
}

static void test_tree_with_main_bus(void **state)
{
    struct board_fixture *f = *state;
    struct bus *bus = bus_create(f->registry, "System", NULL, "main-system-bus", NULL);
    struct device *on_bus = board_fixture_device(f, "bare", "on");

    assert_true(object_add_child(f->root, "sysbus", &bus->object, NULL));
    bus_add_device(bus, on_bus);
    (void)board_fixture_device(f, "bare", "off");
    expect_tree(f, "bus: main-system-bus\n"
                   "  type System\n"
                   "  dev: bare, id \"on\"\n"
                   "  dev: bare, id \"off\"\n");
}

static void expect_size(struct board_fixture *f, struct device *gauge, uint64_t size,
                        const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    ((struct gauge *)(void *)gauge)->size = size;
    device_print_tree(f->root, out);
    assert_non_null(strstr(out->str, text));
}

static void test_sizes(void **state)
{
    struct board_fixture *f = *state;
    struct device *gauge = board_fixture_device(f, "gauge", "g");

    expect_size(f, gauge, 0, "size = 0 (0 B)\n");
    expect_size(f, gauge, 999, "size = 999 (999 B)\n");
    expect_size(f, gauge, 1000, "size = 1000 (0.977 KiB)\n");
    expect_size(f, gauge, 3ull << 29, "size = 1610612736 (1.5 GiB)\n");
    expect_size(f, gauge, UINT64_MAX, "size = 18446744073709551615 (16 EiB)\n");
}

static void test_state(void **state)
{
    struct board_fixture *f = *state;
    struct gauge *gauge = (struct gauge *)(void *)board_fixture_device(f, "gauge", "g0");
    g_autoptr(GString) out = g_string_new(NULL);

    (void)board_fixture_device(f, "bare", NULL);
    gauge->state = (struct gauge_state){ .reading = 0x12, .limits = { 3, 0xffff } };
    device_print_state(f->root, out);
    assert_string_equal(out->str, "/g0.reading: 00000012\n"
                                  "/g0.limits[0]: 0003\n"
                                  "/g0.limits[1]: ffff\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree_without_main_bus, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tree_with_main_bus, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
