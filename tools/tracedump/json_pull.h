/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_pull.h - reads a JSON text piece by piece, without building a tree.
 *
 * A tree costs up to a hundred times the text ("[],[],[],…"); a trace's header may be 16 MiB and
 * comes from anybody. After a failure every call fails, so that a caller may check once at the end.
 */
#ifndef REPLUG_TRACEDUMP_JSON_PULL_H
#define REPLUG_TRACEDUMP_JSON_PULL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_PULL_DEPTH_MAX 32

struct json_pull {
    const char *at;
    const char *end;
    const char *problem; /* NULL until the first failure */
    unsigned depth;
    bool first; /* no element of the innermost container has been read */
};

/* The text is borrowed and need not end in a NUL. */
void json_pull_init(struct json_pull *json, const char *text, size_t length);

/*
 * A container is entered, then asked for its elements until the answer is no:
 *
 *     json_enter_object(&json);
 *     while (json_next_key(&json, key)) { ... one value ... }
 */
bool json_enter_object(struct json_pull *json);
bool json_next_key(struct json_pull *json, GString *out_key);
bool json_enter_array(struct json_pull *json);
bool json_next_element(struct json_pull *json);

bool json_string(struct json_pull *json, GString *out_text);
bool json_unsigned(struct json_pull *json, uint64_t *out_number);
bool json_skip(struct json_pull *json);

/* Nothing but blanks is left, and nothing has failed. */
bool json_finish(struct json_pull *json);

/* Fails with a reason of the caller's (a static string); the first reason stays. */
bool json_fail(struct json_pull *json, const char *problem);

#endif
