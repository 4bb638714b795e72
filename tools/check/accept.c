/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accept.c - one span of a trace, written down as a rule.
 *
 * Values that are the session's own (addresses, sizes, names) become variables where they come
 * again, so that the rule says what belongs together; where they come once, they are left out. What
 * a stage always says (booleans, levels, words) stays.
 */
#include "check/accept.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "check/spec.h"
#include "tracedump/event_copy.h"

#define EVENTS_MAX 2000u
#define STEPS_MAX  250u /* below SPEC_STEPS_MAX */
#define DEPTH_MAX  20u  /* below SPEC_DEPTH_MAX */
#define NAMES_MAX  60u  /* below SPEC_VARIABLES_MAX */

struct accept {
    struct filter *of;
    const char *of_text;
    GPtrArray *events; /* of struct event_copy, the span's enter first */
    bool is_through;
    bool is_too_long;
};

/* While the text is made. */
struct writer {
    const struct accept *accept;
    const char *asked; /* conditions for the first line */
    GString *text;
    GHashTable *uses;  /* value's text -> in how many events */
    GHashTable *names; /* value's text -> the variable that has it */
    GHashTable *taken; /* names of variables */
    unsigned steps;
};

static void copy_free(gpointer data)
{
    event_copy_fini(data);
    g_free(data);
}

struct accept *accept_create(struct filter *of, const char *of_text)
{
    struct accept *accept = g_new0(struct accept, 1);

    accept->of = of;
    accept->of_text = of_text;
    accept->events = g_ptr_array_new_with_free_func(copy_free);
    return accept;
}

void accept_destroy(struct accept *accept)
{
    if (accept != NULL) {
        g_ptr_array_unref(accept->events);
        g_free(accept);
    }
}

void accept_feed(struct accept *accept, const struct trace_event *event)
{
    const struct event_copy *first = accept->events->len > 0 ? accept->events->pdata[0] : NULL;
    struct event_copy *copy;

    if (accept->is_through || accept->is_too_long ||
        (first == NULL && !(filter_passes(accept->of, event) && event->phase == EVENT_ENTER))) {
        return;
    }
    if (accept->events->len == EVENTS_MAX) {
        accept->is_too_long = true;
        return;
    }
    copy = g_new0(struct event_copy, 1);
    event_copy_store(copy, event);
    g_ptr_array_add(accept->events, copy);
    accept->is_through =
        first != NULL && event->phase == EVENT_LEAVE && event->span == first->event.sequence;
}

static const struct trace_event *event_at(const struct writer *writer, guint index)
{
    return &((const struct event_copy *)writer->accept->events->pdata[index])->event;
}

/* The session's own: a name, or a number that is no small one. NULL: it is not. */
static char *own_value(const struct trace_event *event, unsigned field)
{
    const struct field_value *value = &event->values[field];

    if (event->fields[field].type == FIELD_STR) {
        return value->length > 0 ? g_strndup(value->text, value->length) : NULL;
    }
    if (event->fields[field].type == FIELD_RAW || value->number < 4096) {
        return NULL;
    }
    return g_strdup_printf("%" PRIu64, value->number);
}

static void count_uses(struct writer *writer)
{
    for (guint i = 0; i < writer->accept->events->len; i++) {
        const struct trace_event *event = event_at(writer, i);

        for (unsigned j = 0; event->phase != EVENT_LEAVE && j < event->field_count; j++) {
            char *value = own_value(event, j);
            guint uses;

            if (value != NULL) {
                uses = GPOINTER_TO_UINT(g_hash_table_lookup(writer->uses, value));
                g_hash_table_replace(writer->uses, value, GUINT_TO_POINTER(uses + 1));
            }
        }
    }
}

static void separate(GString *conditions)
{
    if (conditions->len > 0) {
        g_string_append(conditions, ", ");
    }
}

static char *new_name(const struct writer *writer, const char *field)
{
    for (unsigned i = 1;; i++) {
        char *name = i == 1 ? g_strdup(field) : g_strdup_printf("%s%u", field, i);

        if (!g_hash_table_contains(writer->taken, name)) {
            return name;
        }
        g_free(name);
    }
}

/* A value that comes again: captured where it comes first. */
static void write_own(struct writer *writer, GString *conditions, const char *field, char *value)
{
    const char *name = g_hash_table_lookup(writer->names, value);

    if (name == NULL && g_hash_table_size(writer->names) < NAMES_MAX) {
        char *fresh = new_name(writer, field);

        g_hash_table_insert(writer->names, g_strdup(value), fresh);
        g_hash_table_add(writer->taken, fresh);
        name = fresh;
    }
    if (name != NULL) {
        separate(conditions);
        g_string_append_printf(conditions, "%s=$%s", field, name);
    }
}

static void write_text(GString *conditions, const char *field, const char *value)
{
    g_autofree char *escaped = NULL;

    /* A number in it is an address or a count, in all likelihood. */
    if (g_utf8_validate(value, -1, NULL) && strlen(value) < 80 &&
        strcspn(value, "0123456789") == strlen(value)) {
        escaped = g_strescape(value, NULL);
        separate(conditions);
        g_string_append_printf(conditions, "%s=\"%s\"", field, escaped);
    }
}

static bool is_telling(const struct trace_event *event, unsigned field)
{
    const char *name = event->fields[field].name;

    return event->fields[field].type == FIELD_BOOL || strcmp(name, "level") == 0 ||
           strcmp(name, "depth") == 0;
}

static char *conditions_of(struct writer *writer, const struct trace_event *event)
{
    GString *conditions = g_string_new(NULL);

    for (unsigned i = 0; i < event->field_count; i++) {
        g_autofree char *value = own_value(event, i);
        const char *field = event->fields[i].name;

        if (is_telling(event, i)) {
            separate(conditions);
            g_string_append_printf(conditions, "%s=%" PRIu64, field, event->values[i].number);
        } else if (value != NULL && event->phase != EVENT_LEAVE &&
                   GPOINTER_TO_UINT(g_hash_table_lookup(writer->uses, value)) > 1) {
            write_own(writer, conditions, field, value);
        } else if (value != NULL && event->fields[i].type == FIELD_STR &&
                   event->phase != EVENT_LEAVE) {
            write_text(conditions, field, value);
        }
    }
    if (writer->asked != NULL && event == event_at(writer, 0)) {
        separate(conditions);
        g_string_append(conditions, writer->asked);
    }
    if (conditions->len > 0) {
        g_string_prepend_c(conditions, '(');
        g_string_append_c(conditions, ')');
    }
    return g_string_free(conditions, FALSE);
}

/* The leave of the span that begins at index; the number of events when it has none. */
static guint end_of(const struct writer *writer, guint index)
{
    guint i = index + 1;

    while (i < writer->accept->events->len &&
           !(event_at(writer, i)->phase == EVENT_LEAVE &&
             event_at(writer, i)->span == event_at(writer, index)->sequence)) {
        i++;
    }
    return i;
}

/* "NAME(CONDITIONS)" -> "CONDITIONS"; NULL for another form. */
static char *asked_conditions(const char *of_text)
{
    size_t name = strspn(of_text, "abcdefghijklmnopqrstuvwxyz0123456789_*?");
    size_t length = strlen(of_text);

    return name > 0 && of_text[name] == '(' && length > name + 2 && of_text[length - 1] == ')'
               ? g_strndup(of_text + name + 1, length - name - 2)
               : NULL;
}

static void write_line(struct writer *writer, unsigned depth, const char *words,
                       const struct trace_event *event, const struct trace_event *leave)
{
    g_autofree char *conditions = conditions_of(writer, event);
    g_autofree char *results = leave == NULL ? NULL : conditions_of(writer, leave);

    g_string_append_printf(writer->text, "%*s%s %s%s", (int)(4 * depth), "", words, event->name,
                           conditions);
    if (results != NULL && *results != '\0') {
        g_string_append_printf(writer->text, " -> %s", results);
    }
    g_string_append_c(writer->text, '\n');
    writer->steps++;
}

/* The events between first and last, one step each; inner spans are blocks. */
static void write_block(struct writer *writer, guint first, guint last, unsigned depth)
{
    for (guint i = first; i < last && writer->steps < STEPS_MAX; i++) {
        const struct trace_event *event = event_at(writer, i);
        guint end = event->phase == EVENT_ENTER ? end_of(writer, i) : i;

        if (event->phase == EVENT_LEAVE) {
            continue;
        }
        if (end > i + 1 && end < last && depth < DEPTH_MAX) {
            write_line(writer, depth, "within", event, event_at(writer, end));
            write_block(writer, i + 1, end, depth + 1);
            i = end;
        } else {
            write_line(writer, depth, "then", event, NULL);
            i = end > i && end < last ? end : i;
        }
    }
}

/* The rule; asked: conditions for its first line, or NULL. */
static char *write_rule(const struct accept *accept, const char *name, const char *asked)
{
    struct writer writer = { .accept = accept, .text = g_string_new(NULL), .asked = asked };

    writer.uses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    writer.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    writer.taken = g_hash_table_new(g_str_hash, g_str_equal);
    count_uses(&writer);
    g_string_append_printf(writer.text,
                           "# Written by tracedump check --accept: leave out what need not be so.\n"
                           "expectation %s\n\nrule \"as in the accepted trace\"\n",
                           name);
    write_line(&writer, 0, "within each", event_at(&writer, 0),
               event_at(&writer, accept->events->len - 1));
    write_block(&writer, 1, accept->events->len - 1, 1);
    g_hash_table_unref(writer.taken);
    g_hash_table_unref(writer.names);
    g_hash_table_unref(writer.uses);
    return g_string_free(writer.text, FALSE);
}

char *accept_text(const struct accept *accept, const char *name, GError **error)
{
    g_autofree char *asked = asked_conditions(accept->of_text);
    struct spec *spec;
    char *text;

    if (!accept->is_through || accept->events->len < 3) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    accept->events->len == 0   ? "there is no such span in the trace"
                    : accept->is_too_long      ? "the span has more than 2000 events"
                    : accept->events->len == 2 ? "nothing happens inside of the span"
                                               : "the span doesn't end in the trace");
        return NULL;
    }
    text = write_rule(accept, name, asked);
    spec = spec_parse(name, text, NULL);
    if (spec == NULL && asked != NULL) {
        g_free(text); /* a filter can say what no condition can */
        text = write_rule(accept, name, NULL);
    }
    spec_destroy(spec);
    return text;
}
