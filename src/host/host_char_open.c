/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_char_open.c - QEMU's words for character devices, checked and handed to their backend. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "host/host_char.h"
#include "host/host_internal.h"

struct backend {
    const char *name;
    const char *options; /* separated by blanks */
    struct host_char *(*open)(struct host_loop *loop, const struct host_char_settings *settings,
                              GError **error);
};

static const struct backend backends[] = {
    { "socket", "path host port fd server noserver wait nowait nodelay ipv4 ipv6",
      host_char_open_socket },
    { "fd", "fd server noserver wait nowait", host_char_open_fd },
    { "file", "path append", host_char_open_file },
    { "pipe", "path", host_char_open_pipe },
    { "pty", "", host_char_open_pty },
    { "stdio", "signal", host_char_open_stdio },
    { "null", "", host_char_open_null },
    { "none", "", host_char_open_null },
};

/* ---- reading the options ---- */

/* "wait=off", or the old short form "nowait" for it. */
static bool read_short_switch(const struct json_object *options, const char *key, bool *out_value,
                              GError **error)
{
    g_autofree char *negated = g_strconcat("no", key, NULL);
    bool off = false;

    if (!options_switch(options, key, out_value, error) ||
        !options_switch(options, negated, &off, error)) {
        return false;
    }
    if (options_text(options, negated) != NULL) {
        *out_value = !off;
    }
    return true;
}

static bool check_value(const char *key, struct json_object *value, GError **error)
{
    if (json_object_is_type(value, json_type_object) ||
        json_object_is_type(value, json_type_array)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "option '%s' of a character device is no simple value; expected a string, a "
                    "number or a switch",
                    key);
        return false;
    }
    return true;
}

static bool check_options(const struct backend *backend, const struct json_object *options,
                          GError **error)
{
    g_auto(GStrv) known = g_strsplit(backend->options, " ", -1);

    json_object_object_foreach((struct json_object *)options, key, value)
    {
        if (!check_value(key, value, error)) {
            return false;
        }
        if (strcmp(key, "backend") == 0 || strcmp(key, "id") == 0 ||
            (key[0] != '\0' && g_strv_contains((const char *const *)known, key))) {
            continue;
        }
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter '%s': character device backend '%s' knows %s%s", key,
                    backend->name, backend->options[0] != '\0' ? "id " : "only id",
                    backend->options);
        return false;
    }
    return true;
}

static bool read_settings(const struct json_object *options, struct host_char_settings *settings,
                          GError **error)
{
    bool ignored;

    *settings = (struct host_char_settings){
        .path = options_text(options, "path"),
        .host = options_text(options, "host"),
        .port = options_text(options, "port"),
        .fd = options_text(options, "fd"),
        .server_given =
            options_text(options, "server") != NULL || options_text(options, "noserver") != NULL,
        .wait_given =
            options_text(options, "wait") != NULL || options_text(options, "nowait") != NULL,
        .wait = true,
        .signal = true,
    };
    return read_short_switch(options, "server", &settings->server, error) &&
           read_short_switch(options, "wait", &settings->wait, error) &&
           options_switch(options, "append", &settings->append, error) &&
           options_switch(options, "signal", &settings->signal, error) &&
           options_switch(options, "ipv4", &settings->ipv4, error) &&
           options_switch(options, "ipv6", &settings->ipv6, error) &&
           options_switch(options, "nodelay", &ignored, error); /* always so here */
}

static void unknown_backend(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(backends); i++) {
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", backends[i].name);
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "'%s' is not a valid char driver name; expected one of %s", name, names->str);
}

struct host_char *host_char_open(struct host_loop *loop, const struct json_object *options,
                                 GError **error)
{
    const char *name = options_text(options, "backend");
    struct host_char_settings settings;

    if (name == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "a character device needs a backend, such as socket, file, pty or stdio");
        return NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(backends); i++) {
        struct host_char *chr;

        if (strcmp(backends[i].name, name) != 0) {
            continue;
        }
        if (!check_options(&backends[i], options, error) ||
            !read_settings(options, &settings, error)) {
            return NULL;
        }
        chr = backends[i].open(loop, &settings, error);
        if (chr != NULL && options_text(options, "id") != NULL) {
            host_char_set_label(chr, options_text(options, "id"));
        }
        return chr;
    }
    unknown_backend(name, error);
    return NULL;
}

/* ---- the text forms ---- */

static void set(struct json_object *options, const char *key, const char *value)
{
    json_object_object_add(options, key, json_object_new_string(value));
}

/* "HOST:PORT" and "[HOST]:PORT"; the last colon counts. */
static bool split_address(struct json_object *options, GError **error)
{
    const char *address = options_text(options, "address");
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    g_autofree char *host = NULL;
    size_t length;

    if (colon == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'tcp:%s' has no port; expected tcp:HOST:PORT[,server=on][,wait=off]",
                    address != NULL ? address : "");
        return false;
    }
    length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        host = g_strndup(address + 1, length - 2);
    } else {
        host = g_strndup(address, length);
    }
    set(options, "host", host);
    set(options, "port", colon + 1);
    json_object_object_del(options, "address");
    return true;
}

static struct json_object *parse_text(const char *text, GError **error)
{
    static const char *const with_path[] = { "file", "pipe" };
    struct json_object *options;

    for (unsigned i = 0; i < G_N_ELEMENTS(with_path); i++) {
        size_t length = strlen(with_path[i]);

        if (g_str_has_prefix(text, with_path[i]) && text[length] == ':') {
            options = json_object_new_object();
            set(options, "backend", with_path[i]);
            set(options, "path", text + length + 1);
            return options;
        }
    }
    if (g_str_has_prefix(text, "unix:")) {
        options = options_parse(text + strlen("unix:"), "path", error);
    } else if (g_str_has_prefix(text, "tcp:")) {
        options = options_parse(text + strlen("tcp:"), "address", error);
        if (options != NULL && !split_address(options, error)) {
            json_object_put(options);
            options = NULL;
        }
    } else if (g_str_has_prefix(text, "fd:")) {
        options = options_parse(text + strlen("fd:"), "fd", error);
        if (options != NULL) {
            set(options, "backend", "fd");
        }
        return options;
    } else {
        return options_parse(text, "backend", error);
    }
    if (options != NULL) {
        set(options, "backend", "socket");
    }
    return options;
}

struct host_char *host_char_open_text(struct host_loop *loop, const char *text, GError **error)
{
    const char *rest = g_str_has_prefix(text, "mon:") ? text + strlen("mon:") : text;
    struct json_object *options = parse_text(rest, error);
    struct host_char *chr = NULL;

    if (options != NULL) {
        chr = host_char_open(loop, options, error);
        json_object_put(options);
    }
    return chr;
}
