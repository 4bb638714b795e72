/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_recording.c - a recording as a source of events, so that all commands read it.
 *
 * A turn is a span turn_KIND, what came from outside within it input_KIND, what it did to the outside
 * effect_KIND; their field "what" has the words of tracedump events. Commands, replies and QMP
 * events come once more as the trace events that say the same (recording_events.h).
 */
#include <string.h>

#include "replay/recording_reader.h"
#include "tracedump/recording_events.h"
#include "tracedump/recording_tally.h"
#include "tracedump/recording_words.h"
#include "tracedump/source.h"

struct recording_source {
    struct source base;
    struct recording_reader *reader;
    GStringChunk *names; /* equal names are equal pointers */
    GHashTable *kinds;   /* kind_key() -> name */
    struct output words; /* only its buffer is used */
    struct recording_events events;
    guint given; /* of events.queue */
    struct recording_event current;
    struct trace_event event;
    uint64_t sequence;
    uint64_t turn_span;
    char *path;
    uint64_t records; /* that were read */
    bool ended;
};

static const struct field_decl what_field[] = { { "what", FIELD_STR } };

static gpointer kind_key(const struct recording_record *record)
{
    return GUINT_TO_POINTER((guint)record->group << 16 | (record->kind & 0xffff));
}

static const char *name_of(struct recording_source *recording,
                           const struct recording_record *record)
{
    const char *name = g_hash_table_lookup(recording->kinds, kind_key(record));
    const char *kind = recording_kind_name(record->group, record->kind);
    g_autofree char *text = NULL;

    if (name == NULL) {
        text = kind != NULL
                   ? g_strdup_printf("%s_%s", recording_group_name(record->group), kind)
                   : g_strdup_printf("%s_%u", recording_group_name(record->group), record->kind);
        name = g_string_chunk_insert_const(recording->names, text);
        g_hash_table_insert(recording->kinds, kind_key(record), (gpointer)name);
    }
    return name;
}

static void queue_record(struct recording_source *recording, const struct recording_record *record)
{
    struct recording_event event = { .phase = EVENT_INSTANT, .fields = what_field };
    struct output *words = &recording->words;

    words->length = 0;
    recording_words(words, record, false);
    event.field_count = 1;
    event.values[0] = recording_events_text(&recording->events, words->data, words->length);
    if (record->group == RECORDING_GROUP_TURN) {
        event.phase = EVENT_ENTER;
        event.name = name_of(recording, record);
        recording->events.turn_name = event.name;
    } else if (record->group == RECORDING_GROUP_END) {
        event.phase = EVENT_LEAVE;
        event.name = recording->events.turn_name;
    } else {
        event.name = name_of(recording, record);
    }
    if (event.name != NULL) { /* NULL: an end without a begin */
        g_array_append_val(recording->events.queue, event);
    }
}

/* Context: of its turn; the open spans are the turn's and within it a command's. */
static const struct trace_event *give(struct recording_source *recording)
{
    struct recording_event *next =
        &g_array_index(recording->events.queue, struct recording_event, recording->given++);
    struct trace_event *event = &recording->event;
    bool is_turn;

    recording->current = *next;
    next = &recording->current;
    event->name = next->name;
    event->phase = next->phase;
    event->sequence = ++recording->sequence;
    event->fields = next->fields;
    event->values = next->values;
    event->field_count = next->field_count;
    is_turn = next->fields == what_field && next->phase != EVENT_INSTANT;
    event->span = 0;
    event->parent = 0;
    if (is_turn && next->phase == EVENT_ENTER) {
        recording->turn_span = event->sequence;
        recording->events.command_span = 0;
        event->span = event->sequence;
    } else if (is_turn) {
        event->span = recording->turn_span;
        recording->turn_span = 0;
    } else if (next->phase == EVENT_ENTER) {
        event->parent = recording->turn_span;
        event->span = recording->events.command_span = event->sequence;
    } else if (next->phase == EVENT_LEAVE) {
        event->parent = recording->turn_span;
        event->span = recording->events.command_span;
        recording->events.command_span = 0;
    } else {
        event->parent = recording->events.command_span != 0 ? recording->events.command_span
                                                            : recording->turn_span;
    }
    return event;
}

static void end_reading(struct recording_source *recording)
{
    const char *damage = recording_reader_damage(recording->reader);

    if (!recording->ended && damage != NULL && !recording->base.follows) {
        source_report(&recording->base, REPORT_DAMAGE, "%s", damage);
    }
    recording->ended = true;
}

/* The file may have grown: what has been read is left out. */
static void read_anew(struct recording_source *recording)
{
    struct recording_reader *reader =
        recording_reader_open(recording->path, RECORDING_SCAN_INDEX, NULL);
    struct recording_record record;

    if (reader == NULL) {
        return; /* The next time. */
    }
    recording_reader_close(recording->reader);
    recording->reader = reader;
    recording->ended = false;
    for (uint64_t i = 0; i < recording->records; i++) {
        if (!recording_reader_next(reader, &record)) {
            recording->ended = true;
            return;
        }
    }
}

static const struct trace_event *recording_next(struct source *source)
{
    struct recording_source *recording = (struct recording_source *)source;
    struct recording_record record;

    if (recording->ended && source->follows) {
        read_anew(recording);
    }
    while (recording->given == recording->events.queue->len) {
        recording_events_clear(&recording->events);
        recording->given = 0;
        if (recording->ended || !recording_reader_next(recording->reader, &record)) {
            end_reading(recording);
            return NULL;
        }
        recording->records++;
        recording->event.turn = record.turn;
        if (record.group == RECORDING_GROUP_TURN) {
            recording->event.now_ns = record.now_ns;
            recording->event.icount = record.icount;
            recording->event.vcpu =
                record.vcpu >= RECORDING_VCPU_NONE ? EVENT_VCPU_NONE : (uint16_t)record.vcpu;
        }
        queue_record(recording, &record);
        recording_events_derive(&recording->events, &record);
    }
    return give(recording);
}

static const struct trace_module *recording_module(const struct source *source, unsigned index)
{
    (void)source;
    (void)index;
    return NULL;
}

static int recording_progress(const struct source *source)
{
    return recording_permille(((const struct recording_source *)source)->reader);
}

static void recording_close(struct source *source)
{
    struct recording_source *recording = (struct recording_source *)source;

    recording_reader_close(recording->reader);
    g_free(recording->path);
    g_string_chunk_free(recording->names);
    g_hash_table_unref(recording->kinds);
    g_free(recording->words.data);
    recording_events_fini(&recording->events);
    g_free(recording);
}

struct source *source_recording_open(const char *path, GError **error)
{
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_INDEX, error);
    struct recording_source *recording;

    if (reader == NULL) {
        return NULL;
    }
    recording = g_new0(struct recording_source, 1);
    recording->base = (struct source){ .next = recording_next,
                                       .module = recording_module,
                                       .progress = recording_progress,
                                       .close = recording_close };
    recording->reader = reader;
    recording->path = g_strdup(path);
    recording->base.facts.program = recording_reader_header(reader)->program;
    recording->base.facts.build_id = recording_reader_header(reader)->build_id;
    recording->names = g_string_chunk_new(1024);
    recording->kinds = g_hash_table_new(NULL, NULL);
    output_init(&recording->words, -1);
    recording_events_init(&recording->events);
    recording->event.vcpu = EVENT_VCPU_NONE;
    return &recording->base;
}
