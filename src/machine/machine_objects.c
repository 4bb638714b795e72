/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_objects.c - object-add and object-del: memory backends and their like below /objects. */
#include <json-c/json.h>

#include "base/error.h"
#include "hw/mem/memory_backend.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"

bool machine_text_argument(const struct json_object *arguments, const char *key, bool required,
                           const char **out_text, GError **error)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(arguments, key, &value)) {
        if (required) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is missing",
                        key);
            return false;
        }
        *out_text = NULL;
        return true;
    }
    if (!json_object_is_type(value, json_type_string)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter type for '%s', expected: string", key);
        return false;
    }
    *out_text = json_object_get_string(value);
    return true;
}

static void configure(void *opaque, struct object *object)
{
    struct machine *machine = opaque;

    if (object_is_a(object, TYPE_MEMORY_BACKEND)) {
        memory_backend_set_system(object, machine->memory, &machine->faults);
    }
}

/* A new object: arguments with the members of "props" among the others. NULL: "props" is no
 * object. */
static struct json_object *flatten(const struct json_object *arguments, GError **error)
{
    struct json_object *flat = json_object_new_object();

    json_object_object_foreach((struct json_object *)arguments, key, value)
    {
        if (g_str_equal(key, "props")) {
            if (!json_object_is_type(value, json_type_object)) {
                g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                            "Invalid parameter type for 'props', expected: object");
                json_object_put(flat);
                return NULL;
            }
            json_object_object_foreach(value, inner_key, inner_value)
            {
                json_object_object_add(flat, inner_key, json_object_get(inner_value));
            }
        } else {
            json_object_object_add(flat, key, json_object_get(value));
        }
    }
    return flat;
}

bool machine_object_create(struct machine *machine, const struct json_object *arguments,
                           bool from_text, GError **error)
{
    struct json_object *properties = flatten(arguments, error);
    struct user_creatable_options options = {
        .registry = machine->types,
        .objects = machine->objects,
        .root = machine->root,
        .properties = properties,
        .from_text = from_text,
        .configure = configure,
        .opaque = machine,
    };
    bool ok;

    checkpoint_note_command(machine);
    ok = properties != NULL &&
         machine_text_argument(properties, "qom-type", true, &options.type, error) &&
         machine_text_argument(properties, "id", true, &options.id, error) &&
         user_creatable_add(&options, error);

    json_object_put(properties);
    return ok;
}

bool machine_object_add(struct machine *machine, const struct json_object *arguments,
                        GError **error)
{
    return machine_object_create(machine, arguments, false, error);
}

bool machine_object_del(struct machine *machine, const char *id, GError **error)
{
    checkpoint_note_command(machine);
    return user_creatable_del(machine->objects, id, error);
}

bool machine_inject_fault(struct machine *machine, const char *fault, GError **error)
{
    checkpoint_note_command(machine);
    return fault_plan_arm(&machine->faults, fault, error);
}
