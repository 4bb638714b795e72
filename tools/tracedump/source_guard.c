/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_guard.c - reads a CTF trace in a process of its own, because babeltrace2 trusts it.
 *
 * A length field of four bytes 0xff is enough to make libbabeltrace2 2.0.4 write through a NULL
 * pointer, and a large one makes it allocate as much. So the child may die and has a limit of
 * memory; this side then says that the trace ends early. Both run at once, which also makes large
 * traces faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tracedump/ctf_graph.h"
#include "tracedump/ctf_salvage.h"
#include "tracedump/guard_child.h"
#include "tracedump/guard_message.h"
#include "tracedump/source.h"

/* Above what it has at its start. babeltrace2 maps a trace piece by piece, so this is enough. */
#define CHILD_MEMORY_BYTES_MAX (UINT64_C(1) << 30)
#define PIPE_BYTES             (1 << 20)

/* Beyond it the child is said to have gone astray; the largest type of field is FIELD_RAW. */
#define SHAPES_MAX 65536u

#define FOLDER_DEPTH_MAX 8u

struct shape {
    const char *name;
    struct field_decl *fields;
    unsigned field_count;
};

struct guard_source {
    struct source base;
    pid_t child;
    FILE *from;
    GByteArray *payload; /* of the last message; the event points into it */
    GStringChunk *strings;
    GArray *shapes;      /* struct shape */
    GHashTable *modules; /* index -> struct trace_module, owned by all_modules */
    GPtrArray *all_modules;
    GArray *values;
    GArray *frames;
    GHashTable *known_shapes; /* what a shape is, as text -> its fields, owned */
    char *path;
    uint64_t bytes;              /* of the folder when it was opened */
    uint64_t last_sequence;      /* that was given */
    uint64_t skip_up_to;         /* what a source that is opened anew has given before */
    struct ctf_salvage *salvage; /* what is read in path's place; NULL: nothing is */
    bool ended;
    bool cuts_told;
    bool is_live;
    bool waits; /* GUARD_WAIT came last */
    struct trace_event event;
};

static const char *keep_text(struct guard_source *guard, const char *text, uint32_t length)
{
    g_autofree char *copy = g_strndup(text, length);

    return g_string_chunk_insert_const(guard->strings, copy);
}

static bool take_kept_text(struct guard_source *guard, struct cursor *cursor, const char **out_text)
{
    const char *text;
    uint32_t length;

    if (!guard_take_text(cursor, &text, &length)) {
        return false;
    }
    *out_text = keep_text(guard, text, length);
    return true;
}

static bool take_field(struct guard_source *guard, struct cursor *cursor,
                       struct field_decl *out_field)
{
    uint64_t type;

    if (!guard_take_number(cursor, &type) || type >= FIELD_RAW) {
        return false;
    }
    out_field->type = (enum field_type)type;
    return take_kept_text(guard, cursor, &out_field->name);
}

/* The same shape has the same fields for as long as the source lives, also in a child's successor. */
static void know_shape(struct guard_source *guard)
{
    struct shape *shape = &g_array_index(guard->shapes, struct shape, guard->shapes->len - 1);
    g_autoptr(GString) text = g_string_new(shape->name);
    gpointer fields;

    for (unsigned i = 0; i < shape->field_count; i++) {
        g_string_append_printf(text, " %d %s", (int)shape->fields[i].type, shape->fields[i].name);
    }
    if (g_hash_table_lookup_extended(guard->known_shapes, text->str, NULL, &fields)) {
        g_free(shape->fields);
        shape->fields = fields;
    } else {
        g_hash_table_insert(guard->known_shapes, g_strdup(text->str), shape->fields);
    }
}

static bool take_shape(struct guard_source *guard, struct cursor *cursor)
{
    struct shape shape = { 0 };
    uint64_t count;

    /* Each field takes two numbers at least, so the count can't exceed what was received. */
    if (guard->shapes->len == SHAPES_MAX || !take_kept_text(guard, cursor, &shape.name) ||
        !guard_take_number(cursor, &count) || count > cursor->left / 16) {
        return false;
    }
    shape.field_count = (unsigned)count;
    shape.fields = g_new0(struct field_decl, MAX(shape.field_count, 1));
    for (unsigned i = 0; i < shape.field_count; i++) {
        if (!take_field(guard, cursor, &shape.fields[i])) {
            g_free(shape.fields);
            return false;
        }
    }
    g_array_append_val(guard->shapes, shape);
    know_shape(guard);
    return true;
}

static bool take_module(struct guard_source *guard, struct cursor *cursor)
{
    struct trace_module *module = g_new0(struct trace_module, 1);
    uint64_t index;

    g_ptr_array_add(guard->all_modules, module);
    if (!guard_take_number(cursor, &index) || index >= FRAME_NO_MODULE ||
        !take_kept_text(guard, cursor, &module->path) ||
        !take_kept_text(guard, cursor, &module->build_id)) {
        return false;
    }
    if (index == 0) { /* docs/formats/trace.md: the program itself */
        guard->base.facts.program = module->path;
        guard->base.facts.build_id = module->build_id;
    }
    g_hash_table_insert(guard->modules, GUINT_TO_POINTER((guint)index), module);
    return true;
}

static bool take_context(struct cursor *cursor, struct trace_event *event)
{
    uint64_t phase, vcpu;

    if (!guard_take_number(cursor, &phase) || phase > EVENT_LEAVE ||
        !guard_take_number(cursor, &vcpu)) {
        return false;
    }
    event->phase = (enum event_phase)phase;
    event->vcpu = (uint16_t)vcpu;
    return guard_take_number(cursor, &event->sequence) && guard_take_number(cursor, &event->turn) &&
           guard_take_number(cursor, &event->now_ns) && guard_take_number(cursor, &event->icount) &&
           guard_take_number(cursor, &event->span) && guard_take_number(cursor, &event->parent) &&
           guard_take_number(cursor, &event->host_ns);
}

static bool take_values(struct guard_source *guard, struct cursor *cursor,
                        const struct shape *shape)
{
    g_array_set_size(guard->values, shape->field_count);
    for (unsigned i = 0; i < shape->field_count; i++) {
        struct field_value *value = &g_array_index(guard->values, struct field_value, i);
        bool taken = shape->fields[i].type == FIELD_STR
                         ? guard_take_text(cursor, &value->text, &value->length)
                         : guard_take_number(cursor, &value->number);

        if (!taken) {
            return false;
        }
    }
    return true;
}

static bool take_frames(struct guard_source *guard, struct cursor *cursor)
{
    uint64_t count;

    if (!guard_take_number(cursor, &count) || count != cursor->left / sizeof(uint64_t)) {
        return false;
    }
    /* Copied, because in the message they are not aligned. */
    g_array_set_size(guard->frames, 0);
    if (count > 0) {
        g_array_append_vals(guard->frames, cursor->at, (guint)count);
    }
    guard->event.frames = (const uint64_t *)(void *)guard->frames->data;
    guard->event.frame_count = (unsigned)count;
    return true;
}

static bool take_event(struct guard_source *guard, struct cursor *cursor)
{
    const struct shape *shape;
    uint64_t number;

    if (!guard_take_number(cursor, &number) || number >= guard->shapes->len) {
        return false;
    }
    shape = &g_array_index(guard->shapes, struct shape, number);
    if (!take_context(cursor, &guard->event) || !take_values(guard, cursor, shape) ||
        !take_frames(guard, cursor)) {
        return false;
    }
    guard->event.name = shape->name;
    guard->event.fields = shape->fields;
    guard->event.values = (const struct field_value *)(void *)guard->values->data;
    guard->event.field_count = shape->field_count;
    return true;
}

static bool take_report(struct guard_source *guard, enum report_kind kind, struct cursor *cursor)
{
    const char *text;
    uint32_t length;

    if (!guard_take_text(cursor, &text, &length)) {
        return false;
    }
    if (guard->base.follows && !guard->is_live && kind == REPORT_DAMAGE) {
        return true; /* It is half written. */
    }
    source_report(&guard->base, kind, "%.*s", (int)MIN(length, 1000), text);
    return true;
}

static bool take_lost(struct guard_source *guard, struct cursor *cursor)
{
    g_autofree char *copy = NULL;
    uint64_t count, more;
    const char *text;
    uint32_t length;

    if (!guard_take_number(cursor, &count) || !guard_take_number(cursor, &more) ||
        !guard_take_text(cursor, &text, &length)) {
        return false;
    }
    copy = g_strndup(text, MIN(length, 1000));
    source_report_lost(&guard->base, count, more != 0, copy);
    return true;
}

/* Handles one message. False: it is none that the child would send. */
static bool take_message(struct guard_source *guard, enum guard_message kind)
{
    struct cursor cursor = { .at = guard->payload->data, .left = guard->payload->len };

    switch (kind) {
    case GUARD_SHAPE: return take_shape(guard, &cursor);
    case GUARD_MODULE: return take_module(guard, &cursor);
    case GUARD_EVENT: return take_event(guard, &cursor);
    case GUARD_NOTE: return take_report(guard, REPORT_NOTE, &cursor);
    case GUARD_LOST: return take_lost(guard, &cursor);
    case GUARD_DAMAGE: return take_report(guard, REPORT_DAMAGE, &cursor);
    case GUARD_WAIT: guard->waits = guard->is_live; return guard->is_live;
    case GUARD_END: guard->ended = true; return true;
    case GUARD_OPENED:
    case GUARD_REFUSED: break;
    }
    return false;
}

static const struct trace_module *guard_module(const struct source *source, unsigned index)
{
    const struct guard_source *guard = (const struct guard_source *)source;

    return g_hash_table_lookup(guard->modules, GUINT_TO_POINTER(index));
}

static void stop_child(struct guard_source *guard)
{
    if (guard->from != NULL) {
        (void)fclose(guard->from); /* It was only read. */
        guard->from = NULL;
    }
    if (guard->child > 0) {
        (void)kill(guard->child, SIGKILL); /* It may be gone already. */
        while (waitpid(guard->child, NULL, 0) < 0 && errno == EINTR) {
        }
        guard->child = 0;
    }
}

static void guard_close(struct source *source)
{
    struct guard_source *guard = (struct guard_source *)source;

    stop_child(guard);
    ctf_salvage_destroy(guard->salvage);
    g_byte_array_unref(guard->payload);
    g_string_chunk_free(guard->strings);
    g_array_unref(guard->shapes);
    g_hash_table_unref(guard->known_shapes);
    g_free(guard->path);
    g_hash_table_unref(guard->modules);
    g_ptr_array_unref(guard->all_modules);
    g_array_unref(guard->values);
    g_array_unref(guard->frames);
    g_free(guard);
}

/* Bytes of address space that this process has; with a sanitizer these are terabytes. */
static uint64_t memory_bytes(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        return 0;
    }
    return g_ascii_strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What goes wrong in the child is told by its parent: no words on stderr, no core file. */
static void settle_child(void)
{
    uint64_t bytes_max = memory_bytes() + CHILD_MEMORY_BYTES_MAX;
    const struct rlimit memory = { bytes_max, bytes_max };
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)setrlimit(RLIMIT_AS, &memory);    /* Without it a hostile trace may take more. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* SIGPIPE would come later only. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDERR_FILENO);
    }
}

static bool start_child(struct guard_source *guard, const char *path, GError **error)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "pipe: %s", g_strerror(errno));
        return false;
    }
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* Only makes it faster. */
    guard->child = fork();
    if (guard->child == 0) {
        FILE *to = fdopen(ends[1], "wb");

        settle_child();
        if (to != NULL) {
            guard_child_run(path, to);
            (void)fflush(to); /* Nobody is left to tell. */
        }
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    guard->from = guard->child < 0 ? NULL : fdopen(ends[0], "rb");
    if (guard->from == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't start a process: %s",
                    g_strerror(errno));
        close(ends[0]);
        return false;
    }
    if (guard->is_live) {
        (void)setvbuf(guard->from, NULL, _IONBF, 0); /* See has_nothing_now(). */
    }
    return true;
}

/* Waits until the child has opened the trace. */
static bool await_opened(struct guard_source *guard, GError **error)
{
    struct cursor cursor;
    enum guard_message kind;
    const char *text;
    uint32_t length;

    if (guard_receive(guard->from, &kind, guard->payload)) {
        cursor = (struct cursor){ .at = guard->payload->data, .left = guard->payload->len };
        if (kind == GUARD_OPENED) {
            return true;
        }
        if (kind == GUARD_REFUSED && guard_take_text(&cursor, &text, &length)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "%.*s", (int)MIN(length, 1000),
                        text);
            return false;
        }
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "babeltrace2 fails at its CTF");
    return false;
}

/* Of all files below: another number means that something was written. */
static uint64_t folder_bytes(const char *path, unsigned depth)
{
    GDir *folder = g_dir_open(path, 0, NULL);
    struct stat status;
    const char *name;
    uint64_t bytes = 0;

    while (folder != NULL && depth < FOLDER_DEPTH_MAX && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (lstat(below, &status) == 0) {
            bytes +=
                S_ISDIR(status.st_mode) ? folder_bytes(below, depth + 1) : (uint64_t)status.st_size;
        }
    }
    if (folder != NULL) {
        g_dir_close(folder);
    }
    return bytes;
}

/* babeltrace2 takes a folder as it is: what is written later needs another child. */
static void read_anew(struct guard_source *guard)
{
    uint64_t bytes = folder_bytes(guard->path, 0);

    if (bytes == guard->bytes) {
        return;
    }
    guard->bytes = bytes;
    stop_child(guard);
    g_array_set_size(guard->shapes, 0);
    guard->skip_up_to = guard->last_sequence;
    guard->ended = !start_child(guard, guard->path, NULL) || !await_opened(guard, NULL);
}

/* A live session is not read through a buffer, so that the pipe knows whether there is more. */
static bool has_nothing_now(const struct guard_source *guard)
{
    struct pollfd pipe = { .fd = fileno(guard->from), .events = POLLIN };

    return guard->waits && guard->base.follows && poll(&pipe, 1, 0) == 0;
}

static void tell_cuts(struct guard_source *guard)
{
    const GPtrArray *notes = guard->salvage == NULL ? NULL : ctf_salvage_notes(guard->salvage);

    for (guint i = 0; notes != NULL && !guard->cuts_told && i < notes->len; i++) {
        if (!guard->base.follows) { /* Else it is half written. */
            source_report(&guard->base, REPORT_DAMAGE, "%s", (const char *)notes->pdata[i]);
        }
    }
    guard->cuts_told = true;
}

static const struct trace_event *guard_next(struct source *source)
{
    struct guard_source *guard = (struct guard_source *)source;
    enum guard_message kind;

    tell_cuts(guard);
    source->over = guard->ended && guard->is_live;
    if (guard->ended && source->follows && !guard->is_live) {
        read_anew(guard);
    }
    while (!guard->ended && !has_nothing_now(guard)) {
        guard->waits = false;
        if (!guard_receive(guard->from, &kind, guard->payload) || !take_message(guard, kind)) {
            guard->ended = true;
            if (source->follows && !guard->is_live) {
                break;
            }
            source_report(source, REPORT_DAMAGE,
                          "trace ends early: babeltrace2 fails at what follows");
        } else if (kind == GUARD_EVENT && (!source->follows || guard->is_live ||
                                           guard->event.sequence > guard->skip_up_to)) {
            guard->last_sequence = guard->event.sequence;
            return &guard->event;
        }
    }
    return NULL;
}

static struct guard_source *create(const char *path)
{
    struct guard_source *guard = g_new0(struct guard_source, 1);

    guard->path = g_strdup(path);
    guard->is_live = ctf_graph_is_live(path);
    guard->bytes = guard->is_live ? 0 : folder_bytes(path, 0);
    guard->known_shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    guard->base =
        (struct source){ .next = guard_next, .module = guard_module, .close = guard_close };
    guard->payload = g_byte_array_new();
    guard->strings = g_string_chunk_new(4096);
    guard->shapes = g_array_new(FALSE, FALSE, sizeof(struct shape));
    guard->modules = g_hash_table_new(NULL, NULL);
    guard->all_modules = g_ptr_array_new_with_free_func(g_free);
    guard->values = g_array_new(FALSE, TRUE, sizeof(struct field_value));
    guard->frames = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return guard;
}

struct source *source_guard_from(FILE *from, GError **error)
{
    struct guard_source *guard = create("");

    guard->from = from;
    if (!await_opened(guard, error)) {
        guard_close(&guard->base);
        return NULL;
    }
    return &guard->base;
}

/* One cut stream is enough for babeltrace2 to refuse the trace. */
static bool open_salvage(struct guard_source *guard)
{
    guard->salvage = guard->is_live ? NULL : ctf_salvage_create(guard->path);
    if (guard->salvage == NULL) {
        return false;
    }
    stop_child(guard);
    return start_child(guard, ctf_salvage_folder(guard->salvage), NULL) &&
           await_opened(guard, NULL);
}

struct source *source_guard_open(const char *path, GError **error)
{
    struct guard_source *guard = create(path);
    g_autoptr(GError) cause = NULL;

    if (!start_child(guard, path, error)) {
        guard_close(&guard->base);
        return NULL;
    }
    if (!await_opened(guard, &cause) && !open_salvage(guard)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        guard_close(&guard->base);
        return NULL;
    }
    return &guard->base;
}
