/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_print.c - the device tree as "info qtree" shows it, and every device's state as text. */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "hw/core/device.h"
#include "state/state.h"

static void print_line(GString *out, unsigned indent, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void print_line(GString *out, unsigned indent, const char *format, ...)
{
    va_list arguments;

    g_string_append_printf(out, "%*s", (int)indent, "");
    va_start(arguments, format);
    g_string_append_vprintf(out, format, arguments);
    va_end(arguments);
    g_string_append_c(out, '\n');
}

/* ---- property values ---- */

/* "268435456 (256 MiB)": three significant digits in the largest unit that gives at least 1. */
static char *size_text(uint64_t bytes)
{
    static const char *const units[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
    unsigned unit = 0;
    double scaled = (double)bytes;

    while (scaled >= 1000.0 && unit + 1 < G_N_ELEMENTS(units)) {
        scaled /= 1024.0;
        unit++;
    }
    return g_strdup_printf("%" PRIu64 " (%0.3g %sB)", bytes, scaled, units[unit]);
}

static char *integer_text(struct json_object *value)
{
    int64_t number = json_object_get_int64(value);

    if (number < 0) {
        return g_strdup_printf("%" PRId64 " (0x%" PRIx64 ")", number, (uint64_t)number);
    }
    return g_strdup_printf("%" PRIu64 " (0x%" PRIx64 ")", json_object_get_uint64(value),
                           json_object_get_uint64(value));
}

static char *value_text(const struct property_info *property, struct json_object *value)
{
    if (property->kind == PROPERTY_SIZE) {
        return size_text(json_object_get_uint64(value));
    }
    if (json_object_is_type(value, json_type_int)) {
        return integer_text(value);
    }
    /* A value in a notation of its own, such as a PCI address, goes without quotes. */
    if (property->kind == PROPERTY_JSON || property->kind == PROPERTY_BOOL) {
        return g_strdup(json_object_get_string(value));
    }
    return g_strdup_printf("\"%s\"", json_object_get_string(value));
}

static void collect(const struct property_info *property, void *opaque)
{
    g_ptr_array_add(opaque, (gpointer)property);
}

static void count_one(const struct property_info *property, void *opaque)
{
    (void)property;
    ++*(guint *)opaque;
}

static guint property_count(const struct type *type)
{
    guint count = 0;

    type_for_each_property(type, count_one, &count);
    return count;
}

static void print_property(const struct object *object, const struct property_info *property,
                           unsigned indent, GString *out)
{
    struct json_object *value;
    g_autofree char *text = NULL;

    if (type_property(object->type, property->name) != property) {
        return; /* A more derived type has redefined it. */
    }
    value = object_property_get(object, property->name, NULL);
    if (value == NULL) {
        return;
    }
    text = value_text(property, value);
    print_line(out, indent, "%s = %s", property->name, text[0] != '\0' ? text : "<null>");
    json_object_put(value);
}

/* The most derived type's properties first; what every device has is left out. */
static void print_properties(const struct object *object, unsigned indent, GString *out)
{
    GPtrArray *properties = g_ptr_array_new();

    type_for_each_property(object->type, collect, properties);
    for (const struct type *type = object->type; strcmp(type_name(type), TYPE_DEVICE) != 0;
         type = type_parent(type)) {
        /* An ancestor's properties are a prefix of its descendant's. */
        for (guint i = property_count(type_parent(type)); i < property_count(type); i++) {
            print_property(object, g_ptr_array_index(properties, i), indent, out);
        }
    }
    g_ptr_array_unref(properties);
}

/* ---- the tree ---- */

static void print_bus(const struct bus *bus, unsigned indent, GString *out);

static void print_device(const struct device *device, unsigned indent, GString *out)
{
    const GPtrArray *children = device->object.children;

    print_line(out, indent, "dev: %s, id \"%s\"", object_type_name(&device->object),
               device->id != NULL ? device->id : "");
    print_properties(&device->object, indent + 2, out);
    for (guint i = 0; children != NULL && i < children->len; i++) {
        const struct object *child = g_ptr_array_index(children, i);

        if (object_is_a(child, TYPE_BUS)) {
            print_bus((const struct bus *)(const void *)child, indent + 2, out);
        }
    }
}

static void print_bus(const struct bus *bus, unsigned indent, GString *out)
{
    print_line(out, indent, "bus: %s", bus->name);
    print_line(out, indent + 2, "type %s", object_type_name(&bus->object));
    for (guint i = 0; i < bus->devices->len; i++) {
        print_device(g_ptr_array_index(bus->devices, i), indent + 2, out);
    }
}

static bool print_root_bus(struct object *object, void *opaque)
{
    const struct bus *bus = (const struct bus *)(const void *)object;

    if (object_is_a(object, TYPE_BUS) && bus->parent == NULL) {
        print_bus(bus, 0, opaque);
    }
    return true;
}

static bool print_free_device(struct object *object, void *opaque)
{
    const struct device *device = (const struct device *)(const void *)object;

    if (object_is_a(object, TYPE_DEVICE) && device->parent_bus == NULL) {
        print_device(device, 2, opaque);
    }
    return true;
}

void device_print_tree(struct object *root, GString *out)
{
    gsize before = out->len;

    (void)object_for_each(root, print_root_bus, out);
    if (out->len == before) {
        g_string_append(out, "bus: main-system-bus\n  type System\n");
    }
    (void)object_for_each(root, print_free_device, out);
}

/* ---- state ---- */

static bool print_state(struct object *object, void *opaque)
{
    const struct device *device = (const struct device *)(const void *)object;
    const struct device_class *class;
    g_autofree char *path = NULL;

    if (!object_is_a(object, TYPE_DEVICE)) {
        return true;
    }
    class = device_class(device);
    path = device_path(device);
    if (class->state != NULL) {
        state_print(class->state, (const uint8_t *)device + class->state_offset, path, opaque);
    }
    return true;
}

void device_print_state(struct object *root, GString *out)
{
    (void)object_for_each(root, print_state, out);
}
