/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_device.c - realize and unrealize with their hotplug phases, refusals, reset, buses, lines. */
#include "hw/board_fixture.h"
#include "hw/trace_stages.h"

/* What happened, in order: "pre_plug lamp;realize lamp;..." */
static GString *history;

struct lamp {
    struct device device;
    uint32_t watts;
    bool broken;
};

struct fake_handler {
    struct object object;
    const char *refuse_in; /* a phase; NULL = none */
};

static struct lamp *as_lamp(struct device *device)
{
    return (struct lamp *)(void *)device;
}

static void note(const char *what, const struct device *device)
{
    g_string_append_printf(history, "%s %s;", what, device_label(device));
}

static bool lamp_realize(struct device *device, GError **error)
{
    if (as_lamp(device)->broken) {
        g_set_error(error, g_quark_from_static_string("t"), 0, "no filament");
        return false;
    }
    note("realize", device);
    return true;
}

static void lamp_unrealize(struct device *device)
{
    note("unrealize", device);
}

static void lamp_reset(struct device *device)
{
    note("reset", device);
}

static const struct property_info lamp_properties[] = {
    { .name = "watts",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct lamp, watts),
      .default_text = "40",
      .fixed_once_realized = true },
    { .name = "broken", .kind = PROPERTY_BOOL, .offset = offsetof(struct lamp, broken) },
    { .name = NULL },
};

static const struct device_class lamp_class = {
    .hotpluggable = true,
    .realize = lamp_realize,
    .unrealize = lamp_unrealize,
    .reset = lamp_reset,
};

static const struct type_info lamp_type = {
    .name = "lamp",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct lamp),
    .properties = lamp_properties,
    .class_methods = &lamp_class,
};

static const struct type_info bare_type = { .name = "bare", .parent = TYPE_DEVICE };

static bool phase(struct object *handler, const char *name, struct device *device, GError **error)
{
    const char *refuse_in = ((struct fake_handler *)(void *)handler)->refuse_in;

    note(name, device);
    if (refuse_in != NULL && strcmp(refuse_in, name) == 0) {
        g_set_error(error, g_quark_from_static_string("t"), 0, "%s refused", name);
        return false;
    }
    return true;
}

static bool on_pre_plug(struct object *handler, struct device *device, GError **error)
{
    return phase(handler, "pre_plug", device, error);
}

static bool on_plug(struct object *handler, struct device *device, GError **error)
{
    assert_false(device->realized);
    return phase(handler, "plug", device, error);
}

static bool on_unplug_request(struct object *handler, struct device *device, GError **error)
{
    return phase(handler, "unplug_request", device, error);
}

static bool on_unplug(struct object *handler, struct device *device, GError **error)
{
    return phase(handler, "unplug", device, error);
}

static const struct hotplug_handler_methods handler_methods = {
    .pre_plug = on_pre_plug,
    .plug = on_plug,
    .unplug_request = on_unplug_request,
    .unplug = on_unplug,
};
static const struct hotplug_handler_methods abrupt_methods = { .unplug = on_unplug };
static const struct hotplug_handler_methods idle_methods = { .plug = NULL };

#define HANDLER_TYPE(c_name, type_text, method_struct)                                            \
    static const struct interface_impl c_name##_interfaces[] = {                                  \
        { TYPE_HOTPLUG_HANDLER, &(method_struct) }, { NULL, NULL }                                \
    };                                                                                            \
    static const struct type_info c_name##_type = { .name = type_text,                            \
                                                    .parent = "object",                           \
                                                    .instance_size = sizeof(struct fake_handler), \
                                                    .interfaces = c_name##_interfaces }
HANDLER_TYPE(handler, "handler", handler_methods);
HANDLER_TYPE(abrupt, "abrupt-handler", abrupt_methods);
HANDLER_TYPE(idle, "idle-handler", idle_methods);

static const struct type_info *const types[] = { &lamp_type,   &bare_type, &handler_type,
                                                 &abrupt_type, &idle_type, NULL };

static int setup(void **state)
{
    history = g_string_new(NULL);
    *state = board_fixture_create(types);
    return 0;
}

static int teardown(void **state)
{
    board_fixture_destroy(*state);
    g_string_free(history, TRUE);
    return 0;
}

static void expect_history(const char *text)
{
    assert_string_equal(history->str, text);
    g_string_truncate(history, 0);
}

static struct fake_handler *use_handler(struct board_fixture *f, const char *type)
{
    f->hotplug_handler = object_create(f->registry, type, NULL);
    assert_non_null(f->hotplug_handler);
    assert_true(object_add_child(f->root, type, f->hotplug_handler, NULL));
    return (struct fake_handler *)(void *)f->hotplug_handler;
}

static void test_phases_in_order(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", "l0");

    use_handler(f, "handler");
    assert_true(object_property_set_bool(&lamp->object, "realized", true, NULL));
    assert_true(lamp->realized);
    expect_history("pre_plug l0;realize l0;plug l0;");
    assert_true(device_set_realized(lamp, true, NULL));
    expect_history("");
    assert_true(object_property_set_bool(&lamp->object, "realized", false, NULL));
    assert_false(lamp->realized);
    expect_history("unrealize l0;");
    assert_true(device_set_realized(lamp, false, NULL));
    expect_history("");
    lamp->hotplugged = true;
    board_fixture_realize(lamp);
    expect_history("pre_plug l0;realize l0;reset l0;plug l0;");
}

static void expect_failure(struct device *lamp, const char *text, const char *steps)
{
    g_autoptr(GError) error = NULL;

    assert_false(device_set_realized(lamp, true, &error));
    assert_string_equal(error->message, text);
    assert_false(lamp->realized);
    expect_history(steps);
}

static void test_failures_are_undone(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", NULL);
    struct fake_handler *handler = use_handler(f, "handler");

    handler->refuse_in = "pre_plug";
    expect_failure(lamp, "pre_plug refused", "pre_plug lamp;");
    handler->refuse_in = "plug";
    expect_failure(lamp, "plug refused", "pre_plug lamp;realize lamp;plug lamp;unrealize lamp;");
    as_lamp(lamp)->broken = true;
    expect_failure(lamp, "no filament", "pre_plug lamp;");
    as_lamp(lamp)->broken = false;
    handler->refuse_in = NULL;
    board_fixture_realize(lamp);
}

static void test_unplug_phases(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", "l0");
    struct fake_handler *handler = use_handler(f, "handler");
    struct object *abrupt;
    g_autoptr(GError) error = NULL;

    assert_true(hotplug_handler_unplug_request(&handler->object, lamp, NULL));
    expect_history("unplug_request l0;");
    handler->refuse_in = "unplug_request";
    assert_false(hotplug_handler_unplug_request(&handler->object, lamp, &error));
    assert_string_equal(error->message, "unplug_request refused");
    handler->refuse_in = "unplug";
    assert_false(hotplug_handler_unplug(&handler->object, lamp, NULL));
    g_string_truncate(history, 0);
    assert_int_equal(f->gone_count, 0);
    /* A handler that asks nobody: gone at once, unless its unplug fails. */
    abrupt = &use_handler(f, "abrupt-handler")->object;
    ((struct fake_handler *)(void *)abrupt)->refuse_in = "unplug";
    assert_false(hotplug_handler_unplug_request(abrupt, lamp, NULL));
    assert_int_equal(f->gone_count, 0);
    ((struct fake_handler *)(void *)abrupt)->refuse_in = NULL;
    assert_true(hotplug_handler_unplug_request(abrupt, lamp, NULL));
    expect_history("unplug l0;unplug l0;");
    assert_int_equal(f->gone_count, 1);
    assert_ptr_equal(f->gone[0], lamp);
}

static void test_handler_may_leave_phases_out(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", "l0");

    use_handler(f, "idle-handler");
    board_fixture_realize(lamp);
    expect_history("realize l0;");
    assert_true(hotplug_handler_unplug(f->hotplug_handler, lamp, NULL));
}

static void test_who_takes_hotplug(void **state)
{
    struct board_fixture *f = *state;
    struct device *bare = board_fixture_device(f, "bare", NULL);
    struct device *lamp = board_fixture_device(f, "lamp", NULL);
    struct device *owner = board_fixture_device(f, "bare", "owner");
    struct bus *bus = bus_create(f->registry, "System", owner, "socket", NULL);

    bare->hotplugged = true;
    expect_failure(bare, "Device 'bare' does not support hotplugging", "");
    bare->hotplugged = false;
    board_fixture_realize(bare);
    bus_add_device(bus, lamp);
    lamp->hotplugged = true;
    assert_null(device_hotplug_handler(lamp));
    expect_failure(lamp, "Bus 'socket' does not support hotplugging", "");
    /* The bus's handler serves where the board has none. */
    bus->hotplug_handler = &use_handler(f, "handler")->object;
    f->hotplug_handler = NULL;
    assert_ptr_equal(device_hotplug_handler(lamp), bus->hotplug_handler);
    board_fixture_realize(lamp);
    expect_history("pre_plug lamp;realize lamp;reset lamp;plug lamp;");
}

static void expect_property(struct device *device, const char *name, const char *json)
{
    struct json_object *value = object_property_get(&device->object, name, NULL);

    assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
                        json);
    json_object_put(value);
}

static void expect_refusal(struct board_fixture *f, struct device *device, const char *name,
                           const char *text)
{
    g_autofree char *refusal = board_fixture_refusal(f, device, name, "1");

    assert_string_equal(refusal, text);
}

static void test_properties(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", "l0");
    struct device *anonymous = board_fixture_device(f, "lamp", NULL);
    struct bus *bus = bus_create(f->registry, "ISA", anonymous, NULL, NULL);
    g_autofree char *path = device_path(lamp);

    assert_string_equal(path, "/l0");
    expect_property(lamp, "realized", "false");
    expect_property(lamp, "hotplugged", "false");
    expect_property(lamp, "hotpluggable", "true");
    expect_property(lamp, "parent_bus", "\"\"");
    assert_true(object_property_parse(&lamp->object, "watts", "60", f->root, NULL));
    board_fixture_realize(lamp);
    board_fixture_realize(anonymous);
    expect_property(lamp, "realized", "true");
    expect_refusal(f, lamp, "watts",
                   "Attempt to set property 'watts' on device 'l0' (type 'lamp') after it was "
                   "realized");
    expect_refusal(f, anonymous, "watts",
                   "Attempt to set property 'watts' on anonymous device (type 'lamp') after it was "
                   "realized");
    expect_property(lamp, "watts", "60");
    assert_true(object_property_parse(&lamp->object, "broken", "on", f->root, NULL));
    assert_false(object_property_set_bool(&lamp->object, "hotplugged", true, NULL));
    bus_add_device(bus, lamp);
    lamp->hotplugged = true;
    expect_property(lamp, "parent_bus", "\"/device[1]/isa.0\"");
    expect_property(lamp, "hotplugged", "true");
    expect_property(lamp, "hotpluggable", "false"); /* its bus has no handler */
}

static void test_buses(void **state)
{
    struct board_fixture *f = *state;
    struct device *owner = board_fixture_device(f, "bare", "owner");
    struct device *anonymous = board_fixture_device(f, "bare", NULL);
    struct device *lamp = board_fixture_device(f, "lamp", "l0");
    struct device *second = board_fixture_device(f, "lamp", "l1");
    struct bus *bus = bus_create(f->registry, "System", owner, NULL, NULL);
    struct bus *other = bus_create(f->registry, "ISA", anonymous, NULL, NULL);
    struct bus *orphan = bus_create(f->registry, "System", NULL, "main", NULL);
    g_autoptr(GError) error = NULL;

    assert_string_equal(bus->name, "owner.0");
    assert_string_equal(bus_create(f->registry, "ISA", owner, NULL, NULL)->name, "owner.1");
    assert_string_equal(other->name, "isa.0");
    assert_null(bus_create(f->registry, "lamp", owner, NULL, &error));
    assert_string_equal(error->message, "'lamp' is not a type of bus");
    assert_null(bus_create(f->registry, "USB", owner, NULL, NULL));
    assert_null(bus_create(f->registry, "ISA", owner, "owner.0", NULL));
    bus_add_device(bus, lamp);
    bus_add_device(bus, second);
    assert_ptr_equal(lamp->parent_bus, bus);
    object_destroy(&lamp->object);
    assert_int_equal(bus->devices->len, 1);
    bus_remove_device(bus, second);
    assert_null(second->parent_bus);
    /* A bus that dies before its devices lets them go. */
    bus_add_device(orphan, second);
    object_destroy(&orphan->object);
    assert_null(second->parent_bus);
}

static void test_order_below_buses(void **state)
{
    struct board_fixture *f = *state;
    struct device *owner = board_fixture_device(f, "lamp", "owner");
    struct bus *bus = bus_create(f->registry, "System", owner, NULL, NULL);

    for (unsigned i = 0; i < 3; i++) {
        const char *ids[] = { "a", "b", "c" };
        struct device *lamp = board_fixture_device(f, "lamp", ids[i]);

        bus_add_device(bus, lamp);
        if (i != 1) {
            board_fixture_realize(lamp);
        }
    }
    board_fixture_realize(owner);
    g_string_truncate(history, 0);
    device_reset(owner);
    expect_history("reset a;reset c;reset owner;");
    assert_true(device_set_realized(owner, false, NULL));
    expect_history("unrealize c;unrealize a;unrealize owner;");
}

static void test_unconnected_and_connected_lines(void **state)
{
    struct board_fixture *f = *state;
    struct irq_line nowhere = { .set = NULL };
    struct irq_line line = board_fixture_line(f, 5);

    irq_line_set(&nowhere, 1);
    irq_line_raise(&line);
    assert_int_equal(f->level[5], 1);
    irq_line_raise(&line);
    irq_line_lower(&line);
    irq_line_set(&line, 1);
    assert_int_equal(f->raises[5], 2);
}

static void test_stages_of_realize(void **state)
{
    struct board_fixture *f = *state;
    struct device *lamp = board_fixture_device(f, "lamp", "l0");
    struct trace_session *trace;
    g_autofree char *stages = NULL;

    use_handler(f, "handler");
    trace = trace_stages_begin();
    assert_true(object_property_set_bool(&lamp->object, "realized", true, NULL));
    stages = trace_stages_end(trace);
    assert_string_equal(stages, "object_property_set_bool( object_property_set_qobject( "
                                "property_set_bool( device_set_realized( hotplug_phase "
                                "hotplug_phase ) ) ) ) ");
}

static void test_stages_of_a_line(void **state)
{
    struct board_fixture *f = *state;
    struct irq_line nowhere = { .set = NULL };
    struct irq_line line = board_fixture_line(f, 5);
    struct trace_session *trace = trace_stages_begin();
    g_autofree char *stages = NULL;

    irq_line_raise(&nowhere);
    irq_line_raise(&line);
    stages = trace_stages_end(trace);
    assert_string_equal(stages, "qemu_set_irq( ) ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_phases_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_are_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unplug_phases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handler_may_leave_phases_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_takes_hotplug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_below_buses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unconnected_and_connected_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stages_of_realize, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stages_of_a_line, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
