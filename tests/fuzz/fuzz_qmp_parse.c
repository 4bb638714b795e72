/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_qmp_parse.c - a client's bytes. They must give the same messages and errors however they are
 * cut into reads, and a message must print.
 */
#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "base/invariant.h"
#include "fuzz.h"
#include "monitor/qmp_parse.h"
#include "monitor/qmp_print.h"

static bool on_message(void *opaque, struct json_object *message)
{
    GString *log = opaque;

    g_string_append(log, "M ");
    qmp_print(message, false, log);
    invariant(g_utf8_validate_len(log->str, log->len, NULL));
    g_string_append_c(log, '\n');
    return true;
}

static bool on_malformed(void *opaque, const char *text)
{
    g_string_append_printf(opaque, "E %s\n", text);
    return true;
}

/* In reads of part bytes. */
static GString *parse(const uint8_t *bytes, size_t size, size_t part)
{
    GString *log = g_string_new(NULL);
    struct qmp_parser_sink sink = { on_message, on_malformed, log };
    struct qmp_parser *parser = qmp_parser_create(&sink);

    for (size_t at = 0; at < size; at += part) {
        qmp_parser_feed(parser, bytes + at, MIN(part, size - at));
    }
    qmp_parser_destroy(parser);
    return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    GString *whole = parse(bytes, size, MAX(size, 1));

    for (size_t part = 1; part < 8; part += 2) {
        GString *parts = parse(bytes, size, part);

        invariant(g_string_equal(whole, parts));
        g_string_free(parts, TRUE);
    }
    g_string_free(whole, TRUE);
    return 0;
}
