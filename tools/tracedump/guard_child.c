/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_child.c - reads a CTF trace and sends its events, reports and modules as messages. */
#include "tracedump/guard_child.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracedump/guard_message.h"
#include "tracedump/source.h"

/* A crash takes what has not been flushed with it; a flush costs as much as a few events. */
#define EVENTS_A_FLUSH 16u

/* Between two looks at a live session that had nothing. */
#define LIVE_LOOK_MS 50

struct child {
    FILE *to;
    struct source *source;
    GByteArray *payload;
    GHashTable *shapes;                  /* of struct shape, owned */
    const struct trace_module **modules; /* by index: what was sent last */
    uint64_t lost_sent;
    uint64_t events_sent;
    uint64_t events_told; /* of those, at the last GUARD_WAIT */
};

/* Events of one name and phase have one shape. */
struct shape {
    const char *name;
    const struct field_decl *fields;
    unsigned field_count;
    uint32_t number;
};

static guint shape_hash(gconstpointer key)
{
    const struct shape *shape = key;

    return g_direct_hash(shape->name) ^ g_direct_hash(shape->fields);
}

static gboolean shape_equal(gconstpointer a, gconstpointer b)
{
    const struct shape *left = a;
    const struct shape *right = b;

    return left->name == right->name && left->fields == right->fields &&
           left->field_count == right->field_count;
}

/* The reader has gone: there is nobody to work for. */
static void send(struct child *child, enum guard_message kind)
{
    if (!guard_send(child->to, kind, child->payload)) {
        _exit(EXIT_FAILURE);
    }
    g_byte_array_set_size(child->payload, 0);
}

static void put_string(struct child *child, const char *text)
{
    guard_put_text(child->payload, text, strlen(text));
}

/* What the sum has grown by, then the words. */
static void send_lost(struct child *child, const char *text)
{
    const struct source_facts *facts = source_facts(child->source);

    guard_put_number(child->payload, facts->lost_events - child->lost_sent);
    guard_put_number(child->payload, facts->lost_more);
    child->lost_sent = facts->lost_events;
    put_string(child, text);
    send(child, GUARD_LOST);
}

static void report(enum report_kind kind, const char *text, void *opaque)
{
    struct child *child = opaque;

    if (kind == REPORT_LOST) {
        send_lost(child, text);
        return;
    }
    put_string(child, text);
    send(child, kind == REPORT_NOTE ? GUARD_NOTE : GUARD_DAMAGE);
}

static uint32_t send_shape(struct child *child, const struct trace_event *event)
{
    struct shape key = { .name = event->name,
                         .fields = event->fields,
                         .field_count = event->field_count };
    struct shape *shape = g_hash_table_lookup(child->shapes, &key);

    if (shape != NULL) {
        return shape->number;
    }
    key.number = g_hash_table_size(child->shapes);
    g_hash_table_add(child->shapes, g_memdup2(&key, sizeof(key)));
    put_string(child, event->name);
    guard_put_number(child->payload, event->field_count);
    for (unsigned i = 0; i < event->field_count; i++) {
        guard_put_number(child->payload, event->fields[i].type);
        put_string(child, event->fields[i].name);
    }
    send(child, GUARD_SHAPE);
    return key.number;
}

/* Unless it is known on the other side. */
static void send_module(struct child *child, unsigned index)
{
    const struct trace_module *module = source_module(child->source, index);

    if (module == NULL || child->modules[index] == module) {
        return;
    }
    child->modules[index] = module;
    guard_put_number(child->payload, index);
    put_string(child, module->path);
    put_string(child, module->build_id);
    send(child, GUARD_MODULE);
}

/* The program, and the modules that the event's frames are in. */
static void send_modules(struct child *child, const struct trace_event *event)
{
    send_module(child, 0);
    for (unsigned i = 0; i < event->frame_count; i++) {
        send_module(child, FRAME_MODULE(event->frames[i]));
    }
}

static void put_context(GByteArray *payload, const struct trace_event *event)
{
    guard_put_number(payload, event->phase);
    guard_put_number(payload, event->vcpu);
    guard_put_number(payload, event->sequence);
    guard_put_number(payload, event->turn);
    guard_put_number(payload, event->now_ns);
    guard_put_number(payload, event->icount);
    guard_put_number(payload, event->span);
    guard_put_number(payload, event->parent);
    guard_put_number(payload, event->host_ns);
}

static void send_event(struct child *child, const struct trace_event *event)
{
    uint32_t shape = send_shape(child, event);

    send_modules(child, event);
    guard_put_number(child->payload, shape);
    put_context(child->payload, event);
    for (unsigned i = 0; i < event->field_count; i++) {
        const struct field_value *value = &event->values[i];

        if (event->fields[i].type == FIELD_STR) {
            guard_put_text(child->payload, value->text, value->length);
        } else {
            guard_put_number(child->payload, value->number);
        }
    }
    guard_put_number(child->payload, event->frame_count);
    for (unsigned i = 0; i < event->frame_count; i++) {
        guard_put_number(child->payload, event->frames[i]);
    }
    send(child, GUARD_EVENT);
    child->events_sent++;
}

/* The other side learns that it has all; once, as it asks the pipe itself from then on. */
static void wait_for_more(struct child *child)
{
    if (child->events_sent != child->events_told) {
        child->events_told = child->events_sent;
        send(child, GUARD_WAIT);
    }
    if (fflush(child->to) != 0) {
        _exit(EXIT_FAILURE);
    }
    (void)poll(NULL, 0, LIVE_LOOK_MS); /* A signal only makes it shorter. */
}

void guard_child_run(const char *path, FILE *to)
{
    struct child child = { .to = to, .payload = g_byte_array_new(), .events_told = UINT64_MAX };
    g_autoptr(GError) error = NULL;
    const struct trace_event *event;
    unsigned events = 0;

    child.source = source_ctf_open(path, &error);
    if (child.source == NULL) {
        put_string(&child, error->message);
        send(&child, GUARD_REFUSED);
        g_byte_array_unref(child.payload);
        return;
    }
    child.source->report = report;
    child.source->report_opaque = &child;
    child.shapes = g_hash_table_new_full(shape_hash, shape_equal, g_free, NULL);
    child.modules = g_new0(const struct trace_module *, FRAME_NO_MODULE + 1);
    send(&child, GUARD_OPENED);
    do {
        if (events++ % EVENTS_A_FLUSH == 0 && fflush(to) != 0) {
            _exit(EXIT_FAILURE);
        }
        event = source_next(child.source);
        if (event != NULL) {
            send_event(&child, event);
        } else if (child.source->waits) {
            wait_for_more(&child);
        }
    } while (event != NULL || child.source->waits);
    send(&child, GUARD_END);
    source_close(child.source);
    g_hash_table_unref(child.shapes);
    g_free(child.modules);
    g_byte_array_unref(child.payload);
}
