/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_json.h - events as lines of JSON, and the pieces that JSON is made of. */
#ifndef REPLUG_TRACEDUMP_PRINT_JSON_H
#define REPLUG_TRACEDUMP_PRINT_JSON_H

#include <stdbool.h>

#include "tracedump/event.h"
#include "tracedump/output.h"

/* In quotes, always valid: bytes that are no UTF-8 become U+FFFD. */
void json_text(struct output *output, const char *text, size_t length);

/* "key": with a comma in front unless it is the first. Keys are C strings of ours or of a trace's. */
void json_key(struct output *output, const char *key, bool first);

/* ,"key":12 and ,"key":"text" */
void json_member(struct output *output, const char *key, uint64_t number);
void json_member_text(struct output *output, const char *key, const char *text);

/* One line: context, then the event's own in "fields". */
void print_json(struct output *output, const struct trace_event *event, bool host_time);

#endif
