/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_dispatch.h - from a QMP message to a command of a table: members, name, arguments, reply.
 *
 * Error texts are QEMU's. It knows no command and no machine: both come from the caller.
 */
#ifndef REPLUG_MONITOR_QMP_DISPATCH_H
#define REPLUG_MONITOR_QMP_DISPATCH_H

#include <glib.h>
#include <stdbool.h>

struct json_object;
struct machine;
struct monitors;

enum qmp_argument_type { QMP_STRING, QMP_BOOL, QMP_INT, QMP_ARRAY, QMP_ANY };

struct qmp_argument {
    const char *name; /* NULL ends the list */
    enum qmp_argument_type type;
    bool optional;
    const char *const *values; /* what a string may be; NULL = anything */
};

#define QMP_ARGUMENTS_MAX 5

/* What a handler sees. arguments is an object or NULL; it fits the command's schema. */
struct qmp_call {
    struct machine *machine;
    struct monitors *monitors;
    const struct json_object *arguments;
};

/* A new value for "return", which may be NULL (JSON's null); failed when it sets error. */
typedef struct json_object *(*qmp_handler_fn)(const struct qmp_call *call, GError **error);

struct qmp_command {
    const char *name; /* NULL ends a table */
    qmp_handler_fn handler;
    struct qmp_argument arguments[QMP_ARGUMENTS_MAX];
    bool open;  /* other arguments are the handler's to check */
    bool looks; /* changes nothing in the machine (or only asks for that, as hmp commands do) */
};

struct qmp_request {
    const char *name;                    /* all borrowed from the message */
    const struct json_object *arguments; /* NULL = none given */
    bool has_id;
    struct json_object *id;
    bool out_of_band; /* "exec-oob" */
};

/* has_id and id are right on an error too. oob_enabled: the client negotiated "oob". */
bool qmp_request_read(const struct json_object *message, bool oob_enabled,
                      struct qmp_request *out_request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL when the table has none of this name. */
const struct qmp_command *qmp_command_find(const struct qmp_command *table, const char *name);

/* Required ones first, in the schema's order, then types, then what does not belong there. */
bool qmp_arguments_check(const struct qmp_command *command, const struct json_object *arguments,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks, then calls the handler. */
struct json_object *qmp_command_run(const struct qmp_command *command, const struct qmp_call *call,
                                    GError **error);

/* Replies with the request's id; value is taken over. */
struct json_object *qmp_reply_return(const struct qmp_request *request, struct json_object *value);
struct json_object *qmp_reply_error(const struct qmp_request *request, const char *error_class,
                                    const char *text);

/* An argument of the call; NULL or false when it was not given. Borrowed. */
const char *qmp_argument_string(const struct qmp_call *call, const char *name);
bool qmp_argument_bool(const struct qmp_call *call, const char *name);
struct json_object *qmp_argument_value(const struct qmp_call *call, const char *name);

#endif
