/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_qom.c - types, properties, tree and user-creatable objects. */
#include <json-c/json.h>
#include <string.h>

#include "qom/object.h"
#include "qom/property.h"
#include "unit.h"

struct lamp {
    struct object object;
    bool lit;
    uint8_t level;
    int32_t slot;
    uint64_t size;
    char *label;
    uint32_t mode;
    struct object *partner;
};

static const char *const modes[] = { "slow", "fast", NULL };
static int inits, finis;
static bool deletable;

static void lamp_init(struct object *object)
{
    (void)object;
    inits++;
}

static void lamp_fini(struct object *object)
{
    (void)object;
    finis++;
}

static bool lamp_complete(struct object *object, GError **error)
{
    struct lamp *lamp = (struct lamp *)object;

    if (lamp->size == 13) {
        g_set_error(error, g_quark_from_static_string("t"), 0, "unlucky");
        return false;
    }
    return true;
}

static bool lamp_can_be_deleted(const struct object *object)
{
    (void)object;
    return deletable;
}

static const struct user_creatable_methods lamp_creatable = { lamp_complete, lamp_can_be_deleted };
static const struct interface_impl lamp_interfaces[] = { { TYPE_USER_CREATABLE, &lamp_creatable },
                                                         { NULL, NULL } };
#define AT(f) .offset = offsetof(struct lamp, f)
static const struct property_info lamp_properties[] = {
    { .name = "lit", .kind = PROPERTY_BOOL, AT(lit) },
    { .name = "level", .kind = PROPERTY_UINT8, AT(level), .default_text = "7" },
    { .name = "slot", .kind = PROPERTY_INT32, AT(slot), .default_text = "-1" },
    { .name = "size", .kind = PROPERTY_SIZE, AT(size) },
    { .name = "label", .kind = PROPERTY_STRING, AT(label), .default_text = "none" },
    { .name = "mode", .kind = PROPERTY_ENUM, AT(mode), .values = modes },
    { .name = "partner", .kind = PROPERTY_LINK, AT(partner), .link_type = "lamp" },
    { .name = "fixed", .kind = PROPERTY_UINT8, AT(level), .read_only = true },
    { .name = NULL },
};
static const int lamp_class = 1;
static const struct type_info lamp_type = { .name = "lamp",
                                            .parent = "object",
                                            .instance_size = sizeof(struct lamp),
                                            .interfaces = lamp_interfaces,
                                            .properties = lamp_properties,
                                            .instance_init = lamp_init,
                                            .instance_fini = lamp_fini,
                                            .class_methods = &lamp_class };
static const struct type_info big_lamp_type = { .name = "big-lamp", .parent = "lamp" };
static const struct type_info *const types[] = {
    &object_type_info, &container_type_info, &user_creatable_type_info,
    &lamp_type,        &big_lamp_type,       NULL
};

struct fixture {
    struct type_registry *registry;
    struct object *root, *objects;
};

static int setup(void **state)
{
    struct fixture *f = g_new0(struct fixture, 1);

    inits = finis = 0;
    deletable = true;
    f->registry = type_registry_create(types);
    f->root = object_create(f->registry, "container", NULL);
    f->objects = object_create(f->registry, "container", NULL);
    assert_true(object_add_child(f->root, "objects", f->objects, NULL));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    object_destroy(f->root);
    type_registry_destroy(f->registry);
    g_free(f);
    return 0;
}

static struct object *lamp_in(struct fixture *f, const char *name)
{
    struct object *lamp = object_create(f->registry, "big-lamp", NULL);

    assert_non_null(lamp);
    assert_true(object_add_child(f->objects, name, lamp, NULL));
    return lamp;
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    const struct type *type = type_registry_find(f->registry, "big-lamp");
    g_autoptr(GError) error = NULL;

    assert_true(type_is_a(type, "lamp"));
    assert_true(type_is_a(type, TYPE_USER_CREATABLE));
    assert_false(type_is_a(type, "container"));
    assert_ptr_equal(type_class(type), &lamp_class);
    assert_non_null(type_property(type, "size"));
    assert_null(object_create(f->registry, "object", &error));
    assert_non_null(strstr(error->message, "abstract"));
    g_clear_error(&error);
    assert_null(object_create(f->registry, "nope", &error));
    assert_string_equal(error->message, "'nope' is not a valid type name");
}

static void test_tree(void **state)
{
    struct fixture *f = *state;
    struct object *a = lamp_in(f, "a");
    struct object *b = object_create(f->registry, "lamp", NULL);
    g_autofree char *path = object_canonical_path(a);
    g_autoptr(GError) error = NULL;
    bool ambiguous;

    assert_string_equal(path, "/objects/a");
    assert_ptr_equal(object_resolve_path(f->root, "/objects/a", NULL), a);
    assert_ptr_equal(object_resolve_path(f->root, "a", NULL), a);
    assert_null(object_resolve_path(f->root, "/objects/b", NULL));
    assert_false(object_add_child(f->objects, "a", b, &error));
    assert_string_equal(error->message,
                        "attempt to add duplicate property 'a' to object (type 'container')");
    assert_true(object_add_child(f->root, "a", b, NULL));
    assert_null(object_resolve_path(f->root, "a", &ambiguous));
    assert_true(ambiguous);
    assert_int_equal(inits, 2);
    object_destroy(a);
    assert_int_equal(finis, 1);
    assert_ptr_equal(object_resolve_path(f->root, "a", NULL), b);
}

static void expect_set(struct object *lamp, struct object *root, const char *name, const char *json,
                       const char *message)
{
    struct json_object *value = json_tokener_parse(json);
    g_autoptr(GError) error = NULL;
    bool ok = object_property_set_qobject(lamp, name, value, root, &error);

    json_object_put(value);
    if (message == NULL) {
        assert_true(ok);
    } else {
        assert_false(ok);
        assert_string_equal(error->message, message);
    }
}

static void expect_get(struct object *lamp, const char *name, const char *json)
{
    struct json_object *value = object_property_get(lamp, name, NULL);

    assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
                        json);
    json_object_put(value);
}

static void test_properties(void **state)
{
    struct fixture *f = *state;
    struct object *lamp = lamp_in(f, "l");

    expect_get(lamp, "level", "7");
    expect_get(lamp, "slot", "-1");
    expect_get(lamp, "label", "\"none\"");
    expect_get(lamp, "mode", "\"slow\"");
    expect_get(lamp, "type", "\"big-lamp\"");
    expect_set(lamp, f->root, "level", "256", "Parameter 'level' expects uint8_t (it is 256)");
    expect_set(lamp, f->root, "level", "-1", "Parameter 'level' expects uint8_t (it is -1)");
    expect_set(lamp, f->root, "level", "\"x\"",
               "Invalid parameter type for 'level', expected: integer");
    expect_get(lamp, "level", "7");
    expect_set(lamp, f->root, "slot", "-2147483648", NULL);
    expect_get(lamp, "slot", "-2147483648");
    expect_set(lamp, f->root, "size", "18446744073709551615", NULL);
    expect_get(lamp, "size", "18446744073709551615");
    expect_set(lamp, f->root, "lit", "1", "Invalid parameter type for 'lit', expected: boolean");
    expect_set(lamp, f->root, "mode", "\"fast\"", NULL);
    expect_get(lamp, "mode", "\"fast\"");
    expect_set(lamp, f->root, "mode", "\"x\"", "Parameter 'mode' does not accept value 'x'");
    expect_set(lamp, f->root, "foo", "1", "Property 'big-lamp.foo' not found");
    expect_set(lamp, f->root, "partner", "\"m\"", "Device 'm' not found");
    expect_set(lamp, f->root, "partner", "\"objects\"",
               "Invalid parameter type for 'partner', expected: lamp");
    expect_set(lamp, f->root, "partner", "\"l\"", NULL);
    expect_get(lamp, "partner", "\"/objects/l\"");
    assert_false(object_property_set_bool(lamp, "fixed", true, NULL));
}

static void test_text(void **state)
{
    struct fixture *f = *state;
    struct object *lamp = lamp_in(f, "l");

    assert_true(object_property_parse(lamp, "size", "2M", f->root, NULL));
    expect_get(lamp, "size", "2097152");
    assert_true(object_property_parse(lamp, "lit", "on", f->root, NULL));
    expect_get(lamp, "lit", "true");
    assert_true(object_property_parse(lamp, "slot", "0x10", f->root, NULL));
    expect_get(lamp, "slot", "16");
    assert_false(object_property_parse(lamp, "slot", "1x", f->root, NULL));
    assert_false(object_property_parse(lamp, "slot", "", f->root, NULL));
}

static bool add(struct fixture *f, const char *type, const char *id, const char *json,
                GError **error)
{
    struct json_object *properties = json_tokener_parse(json);
    struct user_creatable_options options = { .registry = f->registry,
                                              .objects = f->objects,
                                              .root = f->root,
                                              .type = type,
                                              .id = id,
                                              .properties = properties };
    bool ok = user_creatable_add(&options, error);

    json_object_put(properties);
    return ok;
}

static void test_user_creatable(void **state)
{
    struct fixture *f = *state;
    g_autoptr(GError) error = NULL;

    assert_true(add(f, "lamp", "l0", "{\"id\": \"l0\", \"size\": 5}", NULL));
    assert_false(add(f, "lamp", "l0", "{}", NULL));
    assert_false(add(f, "lamp", "l1", "{\"size\": 13}", &error));
    assert_string_equal(error->message, "unlucky");
    assert_null(object_child(f->objects, "l1"));
    assert_false(add(f, "container", "c", "{}", NULL));
    assert_false(add(f, "lamp", "0bad", "{}", NULL));
    deletable = false;
    assert_false(user_creatable_del(f->objects, "l0", NULL));
    deletable = true;
    assert_true(user_creatable_del(f->objects, "l0", NULL));
    assert_false(user_creatable_del(f->objects, "l0", NULL));
    assert_int_equal(inits, finis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user_creatable, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
