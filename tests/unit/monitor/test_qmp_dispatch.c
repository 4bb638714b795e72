/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_qmp_dispatch.c - requests and arguments against a table of commands that exist here only. */
#include <glib.h>
#include <json-c/json.h>

#include "base/error.h"
#include "monitor/qmp_dispatch.h"
#include "monitor/qmp_print.h"
#include "unit.h"

static struct json_object *on_any(const struct qmp_call *call, GError **error)
{
    (void)error;
    return json_object_get((struct json_object *)call->arguments);
}

static struct json_object *on_failing(const struct qmp_call *call, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found",
                qmp_argument_string(call, "id"));
    return NULL;
}

static const char *const colours[] = { "red", "green", NULL };

static const struct qmp_command table[] = {
    { .name = "plain", .handler = on_any },
    { .name = "closed",
      .handler = on_any,
      .arguments = { { "id", QMP_STRING, false, NULL },
                     { "count", QMP_INT, true, NULL },
                     { "on", QMP_BOOL, true, NULL },
                     { "list", QMP_ARRAY, true, NULL },
                     { "value", QMP_ANY, true, NULL } } },
    { .name = "open",
      .handler = on_any,
      .arguments = { { "driver", QMP_STRING, false, NULL }, { "id", QMP_STRING, true, NULL } },
      .open = true },
    { .name = "choice",
      .handler = on_any,
      .arguments = { { "colour", QMP_STRING, true, colours } } },
    { .name = "failing",
      .handler = on_failing,
      .arguments = { { "id", QMP_STRING, false, NULL } } },
    { .name = NULL },
};

/* With ' for ". */
static struct json_object *json(const char *text)
{
    g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');

    return json_tokener_parse(quoted);
}

static void test_requests(void **state)
{
    static const struct {
        const char *message;
        bool oob;
        const char *error; /* NULL = fine */
    } rows[] = {
        { "{'execute':'a'}", false, NULL },
        { "{'execute':'a','arguments':{},'id':null}", false, NULL },
        { "{'exec-oob':'a','id':1}", true, NULL },
        { "5", false, "QMP input must be a JSON object" },
        { "[]", false, "QMP input must be a JSON object" },
        { "null", false, "QMP input must be a JSON object" },
        { "{}", false, "QMP input lacks member 'execute'" },
        { "{'id':1,'arguments':{}}", false, "QMP input lacks member 'execute'" },
        { "{'execute':5}", false, "QMP input member 'execute' must be a string" },
        { "{'execute':null}", false, "QMP input member 'execute' must be a string" },
        { "{'execute':'a','arguments':5}", false,
          "QMP input member 'arguments' must be an object" },
        { "{'execute':'a','arguments':null}", false,
          "QMP input member 'arguments' must be an object" },
        { "{'execute':'a','foo':1}", false, "QMP input member 'foo' is unexpected" },
        { "{'exec-oob':'a'}", false, "QMP input member 'exec-oob' is unexpected" },
        { "{'exec-oob':'a','execute':'a'}", true,
          "QMP input member 'execute' clashes with 'exec-oob'" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct json_object *message = json(rows[i].message);
        struct qmp_request request;
        g_autoptr(GError) error = NULL;
        bool ok = qmp_request_read(message, rows[i].oob, &request, &error);

        assert_int_equal(ok, rows[i].error == NULL);
        if (ok) {
            assert_string_equal(request.name, "a");
            assert_int_equal(request.out_of_band, rows[i].oob);
        } else {
            assert_string_equal(error->message, rows[i].error);
        }
        json_object_put(message);
    }
}

/* The id comes back as it was, also with an error; null is an id, none is none. */
static void test_ids(void **state)
{
    static const struct {
        const char *message, *reply;
    } rows[] = {
        { "{'execute':'a'}", "{\"return\": {}}" },
        { "{'execute':'a','id':null}", "{\"return\": {}, \"id\": null}" },
        { "{'execute':'a','id':'x'}", "{\"return\": {}, \"id\": \"x\"}" },
        { "{'id':[1,{'b':2.5}],'execute':'a'}", "{\"return\": {}, \"id\": [1, {\"b\": 2.5}]}" },
        { "{'execute':'a','foo':1,'id':18446744073709551615}",
          "{\"id\": 18446744073709551615, \"error\": {\"class\": \"GenericError\", "
          "\"desc\": \"QMP input member 'foo' is unexpected\"}}" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct json_object *message = json(rows[i].message), *reply;
        g_autoptr(GString) text = g_string_new(NULL);
        struct qmp_request request;
        g_autoptr(GError) error = NULL;

        if (qmp_request_read(message, false, &request, &error)) {
            reply = qmp_reply_return(&request, json_object_new_object());
        } else {
            reply = qmp_reply_error(&request, "GenericError", error->message);
        }
        qmp_print(reply, false, text);
        assert_string_equal(text->str, rows[i].reply);
        json_object_put(reply);
        json_object_put(message);
    }
}

static void test_arguments(void **state)
{
    static const struct {
        const char *command;
        const char *arguments; /* NULL = none given */
        const char *error;     /* NULL = fine */
    } rows[] = {
        { "plain", NULL, NULL },
        { "plain", "{}", NULL },
        { "plain", "{'x':1}", "Parameter 'x' is unexpected" },
        { "closed", "{'id':'a'}", NULL },
        { "closed", "{'id':'a','count':-1,'on':false,'list':[],'value':null}", NULL },
        { "closed", NULL, "Parameter 'id' is missing" },
        { "closed", "{'count':1}", "Parameter 'id' is missing" },
        { "closed", "{'id':5}", "Invalid parameter type for 'id', expected: string" },
        { "closed", "{'id':null}", "Invalid parameter type for 'id', expected: string" },
        { "closed", "{'id':{}}", "Invalid parameter type for 'id', expected: string" },
        { "closed", "{'id':'a','count':'1'}",
          "Invalid parameter type for 'count', expected: integer" },
        { "closed", "{'id':'a','count':1.5}",
          "Invalid parameter type for 'count', expected: integer" },
        { "closed", "{'id':'a','on':1}", "Invalid parameter type for 'on', expected: boolean" },
        { "closed", "{'id':'a','list':{}}", "Invalid parameter type for 'list', expected: array" },
        { "closed", "{'id':'a','foo':1}", "Parameter 'foo' is unexpected" },
        { "open", "{'driver':'d','anything':[1],'addr':5}", NULL },
        { "open", "{'anything':1}", "Parameter 'driver' is missing" },
        { "open", "{'driver':'d','id':1}", "Invalid parameter type for 'id', expected: string" },
        { "choice", "{'colour':'green'}", NULL },
        { "choice", "{'colour':'blue'}", "Parameter 'colour' does not accept value 'blue'" },
        { "choice", "{'colour':1}", "Invalid parameter type for 'colour', expected: string" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct json_object *arguments = rows[i].arguments != NULL ? json(rows[i].arguments) : NULL;
        struct qmp_call call = { .arguments = arguments };
        g_autoptr(GError) error = NULL;
        struct json_object *value =
            qmp_command_run(qmp_command_find(table, rows[i].command), &call, &error);

        if (rows[i].error != NULL) {
            assert_non_null(error);
            assert_string_equal(error->message, rows[i].error);
            assert_null(value);
        } else {
            assert_null(error);
            assert_ptr_equal(value, arguments);
        }
        json_object_put(value);
        json_object_put(arguments);
    }
}

static void test_handler_error(void **state)
{
    struct json_object *arguments = json("{'id':'x'}");
    struct qmp_call call = { .arguments = arguments };
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(qmp_command_run(qmp_command_find(table, "failing"), &call, &error));
    assert_string_equal(error->message, "Device 'x' not found");
    assert_string_equal(replug_error_qmp_class(error), "DeviceNotFound");
    json_object_put(arguments);
}

static void test_unknown_command(void **state)
{
    (void)state;
    assert_null(qmp_command_find(table, "nope"));
    assert_null(qmp_command_find(table, ""));
    assert_null(qmp_command_find(table, "plai"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_arguments),       cmocka_unit_test(test_handler_error),
        cmocka_unit_test(test_unknown_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
