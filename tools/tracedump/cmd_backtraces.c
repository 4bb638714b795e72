/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_backtraces.c - tracedump backtraces: events with their backtraces, as gdb shows frames. */
#include <stdio.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/print_text.h"
#include "tracedump/run.h"
#include "tracedump/symbols.h"

/* One distinct backtrace of one event. */
struct stack {
    const char *name;
    enum event_phase phase;
    uint64_t count;
    unsigned rank; /* by first appearance */
    unsigned frame_count;
    uint64_t frames[];
};

struct backtraces {
    bool count_only;
    bool host_time;
    uint64_t events; /* that had one */
    struct symbols *symbols;
    GHashTable *stack_set; /* of struct stack */
    GPtrArray *stacks;     /* the same, owned, by first appearance */
};

/* "#3  main at ../src/main.c:12", or what of it is known. */
static void print_place(struct output *output, unsigned number, const struct place *place,
                        const struct trace_module *module, uint64_t offset)
{
    char head[16];

    (void)snprintf(head, sizeof(head), "#%-3u", number);
    output_text(output, head);
    if (place->function != NULL) {
        output_escaped(output, place->function, strlen(place->function));
        output_text(output, place->file != NULL ? " at " : " from ");
    }
    if (place->file != NULL) {
        output_escaped(output, place->file, strlen(place->file));
        output_char(output, ':');
        output_decimal(output, (uint64_t)place->line, 0);
    } else {
        output_escaped(output, module->path, strlen(module->path));
    }
    if (place->function == NULL) {
        output_char(output, '+');
        output_hex(output, offset);
    }
    output_char(output, '\n');
}

/* Prints one frame's functions; the number of the next one. */
static unsigned print_frame(struct run *run, const struct backtraces *backtraces, unsigned number,
                            uint64_t frame)
{
    static const struct trace_module unknown = { .path = "??", .build_id = "" };
    static const struct place nowhere = { 0 };
    unsigned index = FRAME_MODULE(frame);
    const struct trace_module *module =
        index == FRAME_NO_MODULE ? NULL : source_module(run->source, index);
    const GArray *places;

    if (module == NULL) {
        print_place(&run->output, number, &nowhere, &unknown, FRAME_OFFSET(frame));
        return number + 1;
    }
    places = symbols_places(backtraces->symbols, module, FRAME_OFFSET(frame));
    for (guint i = 0; i < places->len; i++) {
        print_place(&run->output, number++, &g_array_index(places, struct place, i), module,
                    FRAME_OFFSET(frame));
    }
    return number;
}

static void print_frames(struct run *run, const struct backtraces *backtraces,
                         const uint64_t *frames, unsigned count)
{
    unsigned number = 0;

    for (unsigned i = 0; i < count; i++) {
        number = print_frame(run, backtraces, number, frames[i]);
    }
    output_char(&run->output, '\n');
}

static guint stack_hash(gconstpointer key)
{
    const struct stack *stack = key;
    guint hash = g_direct_hash(stack->name) + (guint)stack->phase;

    for (unsigned i = 0; i < stack->frame_count; i++) {
        hash = hash * 31 + g_int64_hash(&stack->frames[i]);
    }
    return hash;
}

static gboolean stack_equal(gconstpointer a, gconstpointer b)
{
    const struct stack *left = a;
    const struct stack *right = b;

    return left->name == right->name && left->phase == right->phase &&
           left->frame_count == right->frame_count &&
           memcmp(left->frames, right->frames, left->frame_count * sizeof(left->frames[0])) == 0;
}

static void count_stack(struct backtraces *backtraces, const struct trace_event *event)
{
    size_t size = event->frame_count * sizeof(event->frames[0]);
    struct stack *stack = g_malloc0(sizeof(*stack) + size);
    struct stack *known;

    stack->name = event->name;
    stack->phase = event->phase;
    stack->frame_count = event->frame_count;
    memcpy(stack->frames, event->frames, size);
    known = g_hash_table_lookup(backtraces->stack_set, stack);
    if (known == NULL) {
        known = stack;
        known->rank = backtraces->stacks->len;
        g_hash_table_add(backtraces->stack_set, known);
        g_ptr_array_add(backtraces->stacks, known);
    } else {
        g_free(stack);
    }
    known->count++;
}

static void backtraces_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct backtraces *backtraces = opaque;

    if (event->frame_count == 0) {
        return;
    }
    backtraces->events++;
    if (backtraces->count_only) {
        count_stack(backtraces, event);
        return;
    }
    print_context(&run->output, event, backtraces->host_time);
    output_char(&run->output, ' ');
    print_event(&run->output, event);
    output_char(&run->output, '\n');
    print_frames(run, backtraces, event->frames, event->frame_count);
}

/* The most frequent first, then by first appearance. */
static gint compare_stacks(gconstpointer a, gconstpointer b)
{
    const struct stack *left = *(const struct stack *const *)a;
    const struct stack *right = *(const struct stack *const *)b;

    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1;
    }
    return left->rank < right->rank ? -1 : 1;
}

static void print_stacks(struct run *run, struct backtraces *backtraces)
{
    g_ptr_array_sort(backtraces->stacks, compare_stacks);
    for (guint i = 0; i < backtraces->stacks->len && run->output.error == 0; i++) {
        const struct stack *stack = backtraces->stacks->pdata[i];
        const struct trace_event event = { .name = stack->name, .phase = stack->phase };

        output_decimal(&run->output, stack->count, 8);
        output_text(&run->output, " times ");
        print_event(&run->output, &event);
        output_char(&run->output, '\n');
        print_frames(run, backtraces, stack->frames, stack->frame_count);
    }
}

static void print_note(const char *text, void *opaque)
{
    run_report(opaque, REPORT_NOTE, text);
}

static bool parse_options(int argc, char **argv, struct run *run, struct backtraces *backtraces)
{
    const struct command_option options[] = {
        { .name = "event", .kind = OPTION_EVENTS },
        { .name = "count", .kind = OPTION_FLAG, .value = &backtraces->count_only },
        { .name = "host-time", .kind = OPTION_FLAG, .value = &backtraces->host_time },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE, options);
}

static int backtraces_run(int argc, char **argv)
{
    struct backtraces backtraces = { 0 };
    struct run run;

    run_init(&run);
    backtraces.symbols = symbols_create(print_note, &run);
    backtraces.stack_set = g_hash_table_new(stack_hash, stack_equal);
    backtraces.stacks = g_ptr_array_new_with_free_func(g_free);
    if (parse_options(argc, argv, &run, &backtraces) && run_take_path(&run, argc, argv) &&
        run_events(&run, backtraces_event, &backtraces)) {
        print_stacks(&run, &backtraces);
        if (backtraces.events == 0) {
            run_report(&run, REPORT_NOTE,
                       "no event has a backtrace; -trace PATTERN,backtrace=on records them");
        }
    }
    symbols_destroy(backtraces.symbols);
    g_hash_table_unref(backtraces.stack_set);
    g_ptr_array_unref(backtraces.stacks);
    return run_fini(&run);
}

const struct command command_backtraces = {
    .name = "backtraces",
    .summary = "prints events' backtraces with function, file and line",
    .help =
        "usage: tracedump backtraces [--filter FILTER]... [--from WHEN] [--to WHEN]\n"
        "                            [--count] [--host-time] FILE\n\n"
        "Prints each event that has a backtrace, and the frames as gdb does: function, file and\n"
        "line, inlined functions too. Names come from the files that were loaded when the trace\n"
        "was made; where one is missing or has been built anew, frames are FILE+OFFSET.\n\n"
        "  --filter FILTER  only events that pass: names and conditions, see tracedump help filter;\n"
        "                   of several filters one is enough (--event is the same)\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        up to there\n"
        "  --count          each distinct backtrace once with its count, the most frequent first\n"
        "  --host-time      adds the host's monotonic time\n\n"
        "Examples:\n"
        "  tracedump backtraces --filter memory_region_transaction_commit out.rpt\n"
        "  tracedump backtraces --count --filter 'kvm_*' out.rpt\n",
    .run = backtraces_run,
};
