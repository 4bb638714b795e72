/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_ctf.c - reads what an LTTng session has written, in the order of rp_sequence.
 *
 * LTTng keeps a stream for each CPU and babeltrace2 merges them by time. Replug issues a session's
 * events under one lock, so time has the order of sequence nearly always; but two events within the
 * clock's grain on two CPUs may come exchanged. A window over the next WINDOW events puts them
 * right: an event leaves it when it follows the one before it, or when the window is full.
 */
#include "base/error.h"
#include "tracedump/ctf_event.h"
#include "tracedump/ctf_graph.h"
#include "tracedump/source.h"

#define WINDOW 1024u

/* An event in the window. A session's sequence begins anew when Replug is started once more. */
struct held {
    uint32_t run;
    uint32_t modules; /* which announcement of modules its frames refer to */
    uint64_t sequence;
    const struct ctf_class *class;
    const bt_message *message; /* a reference */
};

struct ctf_source {
    struct source base;
    struct ctf_graph *graph;
    struct ctf_decoder decoder;
    GArray *window; /* struct held, ordered; those before first are gone */
    guint first;
    uint32_t run;                     /* of what arrives */
    uint64_t newest;                  /* highest sequence that has arrived in it */
    struct held current;              /* what was given out last */
    const bt_message *newest_message; /* what has arrived last, if it is held */
    bool ended;
    bool waits; /* nothing comes now: what is held is all there is */
    bool strange_reported;
    uint32_t announcements; /* of modules */
    GHashTable *modules;    /* module_key() -> struct trace_module, owned by all_modules */
    GPtrArray *all_modules;
    struct trace_event event;
};

static bool comes_before(const struct held *a, const struct held *b)
{
    return a->run != b->run ? a->run < b->run : a->sequence < b->sequence;
}

static void insert(struct ctf_source *ctf, const struct held *held)
{
    guint position = ctf->window->len;

    while (position > ctf->first &&
           comes_before(held, &g_array_index(ctf->window, struct held, position - 1))) {
        position--;
    }
    g_array_insert_vals(ctf->window, position, held, 1);
}

static uint64_t number_field(const struct trace_event *event, const char *name)
{
    for (unsigned i = 0; i < event->field_count; i++) {
        if (g_str_equal(event->fields[i].name, name) && event->fields[i].type != FIELD_STR) {
            return event->values[i].number;
        }
    }
    return UINT64_MAX;
}

static const char *text_field(struct ctf_source *ctf, const struct trace_event *event,
                              const char *name)
{
    for (unsigned i = 0; i < event->field_count; i++) {
        if (g_str_equal(event->fields[i].name, name) && event->fields[i].type == FIELD_STR) {
            return g_string_chunk_insert_const(ctf->decoder.strings, event->values[i].text);
        }
    }
    return "";
}

static void start_run(struct ctf_source *ctf)
{
    ctf->run++;
    ctf->newest = 0;
}

static gpointer module_key(uint32_t announcement, uint64_t index)
{
    return GSIZE_TO_POINTER((gsize)announcement << 16 | (gsize)index);
}

/* Modules are announced when a process begins to trace, so the first one begins a new run. */
static void add_module(struct ctf_source *ctf, const struct ctf_class *class,
                       const bt_message *message)
{
    struct trace_module *module = g_new0(struct trace_module, 1);
    uint64_t index;

    ctf_event_decode(&ctf->decoder, class, message, &ctf->event);
    module->path = text_field(ctf, &ctf->event, "path");
    module->build_id = text_field(ctf, &ctf->event, "build_id");
    index = number_field(&ctf->event, "index");
    g_ptr_array_add(ctf->all_modules, module);
    if (index == 0) {
        ctf->announcements++;
        start_run(ctf);
    }
    if (index < FRAME_NO_MODULE) {
        g_hash_table_insert(ctf->modules, module_key(ctf->announcements, index), module);
    }
}

static void add_event(struct ctf_source *ctf, const struct ctf_class *class,
                      const bt_message *message)
{
    struct held held = { .sequence = ctf_event_sequence(class, message), .class = class };

    if (ctf->newest > WINDOW && held.sequence < ctf->newest - WINDOW) {
        start_run(ctf);
    }
    ctf->newest = MAX(ctf->newest, held.sequence);
    held.run = ctf->run;
    held.modules = ctf->announcements;
    bt_message_get_ref(message);
    held.message = message;
    ctf->newest_message = message;
    insert(ctf, &held);
}

static void take_event(struct ctf_source *ctf, const bt_message *message)
{
    const struct ctf_class *class = ctf_decoder_class(&ctf->decoder, message);

    switch (ctf_class_kind(class)) {
    case CTF_KIND_EVENT: add_event(ctf, class, message); break;
    case CTF_KIND_MODULE: add_module(ctf, class, message); break;
    case CTF_KIND_FOREIGN: break;
    case CTF_KIND_STRANGE:
        if (!ctf->strange_reported) {
            source_report(&ctf->base, REPORT_DAMAGE,
                          "replug:%s has no rp_sequence; such events are left out",
                          ctf_class_name(class));
            ctf->strange_reported = true;
        }
        break;
    }
}

/* events: what is lost are events; else packets, and nobody knows what was in them. */
static void report_lost(struct ctf_source *ctf, bool events, bt_property_availability known,
                        uint64_t count)
{
    const char *what = events ? "events" : "packets";
    bool is_known = known == BT_PROPERTY_AVAILABILITY_AVAILABLE;
    g_autofree char *text =
        is_known ? g_strdup_printf("%s lost by LTTng: %lu", what, (unsigned long)count)
                 : g_strdup_printf("%s lost by LTTng: nobody knows how many", what);

    source_report_lost(&ctf->base, events && is_known ? count : 0, !events || !is_known, text);
}

static void message_arrived(const bt_message *message, void *opaque)
{
    struct ctf_source *ctf = opaque;
    bt_message_type type = bt_message_get_type(message);
    uint64_t count = 0;

    if (type == BT_MESSAGE_TYPE_EVENT) {
        take_event(ctf, message);
    } else if (type == BT_MESSAGE_TYPE_DISCARDED_EVENTS) {
        bt_property_availability known = bt_message_discarded_events_get_count(message, &count);

        report_lost(ctf, true, known, count);
    } else if (type == BT_MESSAGE_TYPE_DISCARDED_PACKETS) {
        bt_property_availability known = bt_message_discarded_packets_get_count(message, &count);

        report_lost(ctf, false, known, count);
    }
}

/* The window's first event can't be overtaken any more. */
static bool first_is_ready(const struct ctf_source *ctf)
{
    const struct held *first;
    uint64_t before;

    if (ctf->first == ctf->window->len) {
        return false;
    }
    first = &g_array_index(ctf->window, struct held, ctf->first);
    if (first->message == ctf->newest_message && !ctf->ended && !ctf->waits) {
        return false;
    }
    before = first->run == ctf->current.run ? ctf->current.sequence : 0;
    return ctf->ended || ctf->waits || ctf->window->len - ctf->first >= WINDOW ||
           first->run < ctf->run || first->sequence == before + 1;
}

static void drop_current(struct ctf_source *ctf)
{
    bt_message_put_ref(ctf->current.message);
    ctf->current.message = NULL;
}

/* Where a packet is cut within an event, libbabeltrace2 2.0.4 gives that event with fields of the one
 * before it in the place of what is missing, and fails then. Where it fails without
 * that, what is dropped here was whole. */
static void drop_newest(struct ctf_source *ctf)
{
    for (guint i = ctf->first; i < ctf->window->len; i++) {
        if (g_array_index(ctf->window, struct held, i).message == ctf->newest_message) {
            bt_message_put_ref(ctf->newest_message);
            g_array_remove_index(ctf->window, i);
            return;
        }
    }
}

static const struct trace_event *give_first(struct ctf_source *ctf)
{
    ctf->current = g_array_index(ctf->window, struct held, ctf->first++);
    if (ctf->first >= WINDOW) {
        g_array_remove_range(ctf->window, 0, ctf->first);
        ctf->first = 0;
    }
    ctf_event_decode(&ctf->decoder, ctf->current.class, ctf->current.message, &ctf->event);
    return &ctf->event;
}

static const struct trace_event *ctf_next(struct source *source)
{
    struct ctf_source *ctf = (struct ctf_source *)source;

    drop_current(ctf);
    while (!first_is_ready(ctf)) {
        g_autoptr(GError) error = NULL;

        source->waits = ctf->waits && !ctf->ended;
        if (ctf->ended || ctf->waits) {
            ctf->waits = false;
            return NULL;
        }
        switch (ctf_graph_step(ctf->graph, &error)) {
        case CTF_STEP_MORE: break;
        case CTF_STEP_WAIT: ctf->waits = true; break;
        case CTF_STEP_END: ctf->ended = true; break;
        case CTF_STEP_FAILED:
            drop_newest(ctf);
            ctf->ended = true;
            source_report(&ctf->base, REPORT_DAMAGE, "trace ends early: %s", error->message);
            break;
        }
    }
    return give_first(ctf);
}

static const struct trace_module *ctf_module(const struct source *source, unsigned index)
{
    const struct ctf_source *ctf = (const struct ctf_source *)source;

    return g_hash_table_lookup(ctf->modules, module_key(ctf->current.modules, index));
}

static void ctf_close(struct source *source)
{
    struct ctf_source *ctf = (struct ctf_source *)source;

    drop_current(ctf);
    for (guint i = ctf->first; i < ctf->window->len; i++) {
        bt_message_put_ref(g_array_index(ctf->window, struct held, i).message);
    }
    ctf_decoder_fini(&ctf->decoder);
    ctf_graph_close(ctf->graph);
    g_array_unref(ctf->window);
    g_hash_table_unref(ctf->modules);
    g_ptr_array_unref(ctf->all_modules);
    g_free(ctf);
}

struct source *source_ctf_open(const char *path, GError **error)
{
    struct ctf_source *ctf = g_new0(struct ctf_source, 1);

    ctf->base = (struct source){ .next = ctf_next, .module = ctf_module, .close = ctf_close };
    ctf_decoder_init(&ctf->decoder);
    ctf->window = g_array_new(FALSE, FALSE, sizeof(struct held));
    ctf->modules = g_hash_table_new(NULL, NULL);
    ctf->all_modules = g_ptr_array_new_with_free_func(g_free);
    ctf->graph = ctf_graph_open(path, message_arrived, ctf, error);
    /* Whether there is such a live session is known with the first step. */
    if (ctf->graph == NULL ||
        (ctf_graph_is_live(path) && ctf_graph_step(ctf->graph, error) == CTF_STEP_FAILED)) {
        ctf_close(&ctf->base);
        return NULL;
    }
    return &ctf->base;
}
