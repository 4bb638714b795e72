/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp_dispatch.c - reads requests, checks arguments against a schema, makes replies. */
#include "monitor/qmp_dispatch.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL) {
        *error = g_error_new_valist(REPLUG_ERROR, REPLUG_ERROR_INVALID, format, args);
    }
    va_end(args);
    return false;
}

static bool read_execute(struct qmp_request *request, const char *key,
                         const struct json_object *value, GError **error)
{
    bool out_of_band = strcmp(key, "exec-oob") == 0;

    if (!json_object_is_type(value, json_type_string)) {
        return refuse(error, "QMP input member '%s' must be a string", key);
    }
    if (request->name != NULL) {
        return refuse(error, "QMP input member '%s' clashes with '%s'", key,
                      out_of_band ? "execute" : "exec-oob");
    }
    request->name = json_object_get_string((struct json_object *)value);
    request->out_of_band = out_of_band;
    return true;
}

static bool read_member(struct qmp_request *request, const char *key,
                        const struct json_object *value, bool oob_enabled, GError **error)
{
    if (strcmp(key, "execute") == 0 || (oob_enabled && strcmp(key, "exec-oob") == 0)) {
        return read_execute(request, key, value, error);
    }
    if (strcmp(key, "arguments") == 0) {
        request->arguments = value;
        return json_object_is_type(value, json_type_object) ||
               refuse(error, "QMP input member 'arguments' must be an object");
    }
    return strcmp(key, "id") == 0 || refuse(error, "QMP input member '%s' is unexpected", key);
}

bool qmp_request_read(const struct json_object *message, bool oob_enabled,
                      struct qmp_request *out_request, GError **error)
{
    struct qmp_request *request = out_request;

    *request = (struct qmp_request){ 0 };
    if (!json_object_is_type(message, json_type_object)) {
        return refuse(error, "QMP input must be a JSON object");
    }
    request->has_id = json_object_object_get_ex(message, "id", &request->id);
    json_object_object_foreach((struct json_object *)message, key, value)
    {
        if (!read_member(request, key, value, oob_enabled, error)) {
            return false;
        }
    }
    return request->name != NULL || refuse(error, "QMP input lacks member 'execute'");
}

const struct qmp_command *qmp_command_find(const struct qmp_command *table, const char *name)
{
    for (; table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

static bool check_string(const struct qmp_argument *argument, const struct json_object *value,
                         GError **error)
{
    const char *text = json_object_get_string((struct json_object *)value);

    if (argument->values == NULL || g_strv_contains(argument->values, text)) {
        return true;
    }
    return refuse(error, "Parameter '%s' does not accept value '%s'", argument->name, text);
}

static bool check_type(const struct qmp_argument *argument, const struct json_object *value,
                       GError **error)
{
    static const struct {
        enum json_type type;
        const char *text;
    } expected[] = {
        [QMP_STRING] = { json_type_string, "string" },
        [QMP_BOOL] = { json_type_boolean, "boolean" },
        [QMP_INT] = { json_type_int, "integer" },
        [QMP_ARRAY] = { json_type_array, "array" },
    };

    if (argument->type == QMP_ANY) {
        return true;
    }
    if (!json_object_is_type(value, expected[argument->type].type)) {
        return refuse(error, "Invalid parameter type for '%s', expected: %s", argument->name,
                      expected[argument->type].text);
    }
    return argument->type != QMP_STRING || check_string(argument, value, error);
}

static const struct qmp_argument *argument_find(const struct qmp_command *command, const char *name)
{
    for (const struct qmp_argument *argument = command->arguments;
         argument < command->arguments + QMP_ARGUMENTS_MAX && argument->name != NULL; argument++) {
        if (strcmp(argument->name, name) == 0) {
            return argument;
        }
    }
    return NULL;
}

bool qmp_arguments_check(const struct qmp_command *command, const struct json_object *arguments,
                         GError **error)
{
    for (unsigned i = 0; i < QMP_ARGUMENTS_MAX && command->arguments[i].name != NULL; i++) {
        const struct qmp_argument *argument = &command->arguments[i];
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(arguments, argument->name, &value)) {
            if (!argument->optional) {
                return refuse(error, "Parameter '%s' is missing", argument->name);
            }
        } else if (!check_type(argument, value, error)) {
            return false;
        }
    }
    if (command->open || arguments == NULL) {
        return true;
    }
    json_object_object_foreach((struct json_object *)arguments, key, value)
    {
        (void)value;
        if (argument_find(command, key) == NULL) {
            return refuse(error, "Parameter '%s' is unexpected", key);
        }
    }
    return true;
}

struct json_object *qmp_command_run(const struct qmp_command *command, const struct qmp_call *call,
                                    GError **error)
{
    if (!qmp_arguments_check(command, call->arguments, error)) {
        return NULL;
    }
    return command->handler(call, error);
}

static void add_id(struct json_object *reply, const struct qmp_request *request)
{
    if (request != NULL && request->has_id) {
        json_object_object_add(reply, "id", json_object_get(request->id));
    }
}

struct json_object *qmp_reply_return(const struct qmp_request *request, struct json_object *value)
{
    struct json_object *reply = json_object_new_object();

    json_object_object_add(reply, "return", value);
    add_id(reply, request);
    return reply;
}

struct json_object *qmp_reply_error(const struct qmp_request *request, const char *error_class,
                                    const char *text)
{
    struct json_object *reply = json_object_new_object();
    struct json_object *what = json_object_new_object();

    add_id(reply, request);
    json_object_object_add(what, "class", json_object_new_string(error_class));
    json_object_object_add(what, "desc", json_object_new_string(text));
    json_object_object_add(reply, "error", what);
    return reply;
}

struct json_object *qmp_argument_value(const struct qmp_call *call, const char *name)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(call->arguments, name, &value); /* absent: NULL */
    return value;
}

const char *qmp_argument_string(const struct qmp_call *call, const char *name)
{
    struct json_object *value = qmp_argument_value(call, name);

    return value != NULL ? json_object_get_string(value) : NULL;
}

bool qmp_argument_bool(const struct qmp_call *call, const char *name)
{
    return json_object_get_boolean(qmp_argument_value(call, name));
}
