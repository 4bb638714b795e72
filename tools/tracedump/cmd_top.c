/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_top.c - tracedump top: what is plugged, which interrupts come and which events, as it happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/follow.h"
#include "tracedump/hotplug.h"
#include "tracedump/irq_lines.h"
#include "tracedump/report.h"

#define OPERATIONS_SHOWN 8u
#define EVENTS_SHOWN     8u
#define LINES_SHOWN      8u

/* Only a hostile trace has more kinds of events; the rest counts in the sum alone. */
#define NAMES_MAX 4096u

struct name_count {
    const char *name;
    uint64_t count;
    uint64_t before; /* at the last look */
};

/* What is shown of an operation: they end when their tracker wants it. */
struct shown_operation {
    char device[32];
    bool is_unplug;
    enum hotplug_stage stage;
    char result[16];
    uint64_t turn; /* of its begin */
    uint64_t took_ns;
};

struct top {
    struct follow_options options;
    bool is_terminal;
    struct hotplug *hotplug;
    struct irq_lines *irq;
    GHashTable *count_of; /* name's address -> struct name_count, owned by names */
    GPtrArray *names;
    uint64_t events, events_before;
    uint64_t turn, now_ns;
    struct shown_operation operations[OPERATIONS_SHOWN]; /* a ring */
    uint64_t operation_count;
    uint64_t looks;
};

static void operation_through(const struct hotplug_operation *operation, void *opaque)
{
    (void)operation;
    (void)opaque;
}

static struct shown_operation *shown(struct top *top, const struct hotplug_operation *operation)
{
    uint64_t first =
        top->operation_count > OPERATIONS_SHOWN ? top->operation_count - OPERATIONS_SHOWN : 0;

    for (uint64_t i = top->operation_count; i > first; i--) {
        struct shown_operation *candidate = &top->operations[(i - 1) % OPERATIONS_SHOWN];

        if (candidate->turn == operation->stages[STAGE_QMP].turn &&
            candidate->is_unplug == operation->is_unplug &&
            strncmp(candidate->device, operation->device, sizeof(candidate->device) - 1) == 0) {
            return candidate;
        }
    }
    return NULL;
}

static void stage_reached(const struct hotplug_operation *operation, enum hotplug_stage stage,
                          void *opaque)
{
    struct top *top = opaque;
    struct shown_operation *entry = shown(top, operation);

    if (entry == NULL && stage != STAGE_QMP) {
        return; /* It has left the ring. */
    }
    if (entry == NULL) {
        entry = &top->operations[top->operation_count++ % OPERATIONS_SHOWN];
        *entry = (struct shown_operation){ .is_unplug = operation->is_unplug,
                                           .turn = operation->stages[STAGE_QMP].turn };
        g_strlcpy(entry->device, operation->device, sizeof(entry->device));
    }
    entry->stage = operation->last;
    entry->took_ns =
        operation->stages[operation->last].now_ns - operation->stages[STAGE_QMP].now_ns;
    g_strlcpy(entry->result, hotplug_result_name(operation), sizeof(entry->result));
}

static void top_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct top *top = opaque;
    struct name_count *entry = g_hash_table_lookup(top->count_of, event->name);

    (void)run;
    top->events++;
    top->turn = event->turn;
    top->now_ns = event->now_ns;
    if (entry == NULL && top->names->len < NAMES_MAX) {
        entry = g_new0(struct name_count, 1);
        entry->name = event->name;
        g_ptr_array_add(top->names, entry);
        g_hash_table_insert(top->count_of, (gpointer)event->name, entry);
    }
    if (entry != NULL && event->phase != EVENT_LEAVE) {
        entry->count++;
    }
    hotplug_event(top->hotplug, event);
    irq_lines_event(top->irq, event);
}

static int compare_rates(gconstpointer a, gconstpointer b)
{
    const struct name_count *left = *(struct name_count *const *)a;
    const struct name_count *right = *(struct name_count *const *)b;
    uint64_t rate_left = left->count - left->before, rate_right = right->count - right->before;

    if (rate_left != rate_right) {
        return rate_left > rate_right ? -1 : 1;
    }
    return left->count != right->count ? (left->count > right->count ? -1 : 1)
                                       : strcmp(left->name, right->name);
}

static void print_operations(struct output *output, const struct top *top)
{
    uint64_t first =
        top->operation_count > OPERATIONS_SHOWN ? top->operation_count - OPERATIONS_SHOWN : 0;

    if (top->operation_count > 0) {
        output_text(
            output,
            "\ndevice                           operation  result    at stage       after\n");
    }
    for (uint64_t i = top->operation_count; i > first; i--) {
        const struct shown_operation *entry = &top->operations[(i - 1) % OPERATIONS_SHOWN];
        char took[REPORT_DURATION_MAX], line[160];

        report_duration(took, entry->took_ns);
        (void)snprintf(line, sizeof(line), "%-32s %-10s %-9s %-10s %9s\n", entry->device,
                       entry->is_unplug ? "unplug" : "plug", entry->result,
                       hotplug_stage_name(entry->stage), took);
        output_plain(output, line, strlen(line) - 1);
        output_char(output, '\n');
    }
}

static void print_events(struct output *output, struct top *top)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    g_ptr_array_extend(sorted, top->names, NULL, NULL);
    g_ptr_array_sort(sorted, compare_rates);
    output_text(output, "\n     count       new  event\n");
    for (guint i = 0; i < MIN(sorted->len, EVENTS_SHOWN); i++) {
        const struct name_count *entry = sorted->pdata[i];

        output_decimal(output, entry->count, 10);
        output_decimal(output, entry->count - entry->before, 10);
        output_text(output, "  ");
        output_text(output, entry->name);
        output_char(output, '\n');
    }
    for (guint i = 0; i < top->names->len; i++) {
        struct name_count *entry = top->names->pdata[i];

        entry->before = entry->count;
    }
}

static void print_interrupts(struct output *output, struct top *top)
{
    g_autoptr(GPtrArray) busiest = irq_lines_busiest(top->irq);

    if (busiest->len > 0) {
        output_text(output, "\n     count       new    raised  interrupt\n");
    }
    for (guint i = 0; i < MIN(busiest->len, LINES_SHOWN); i++) {
        const struct irq_line *line = busiest->pdata[i];

        output_decimal(output, line->count, 10);
        output_decimal(output, line->count - line->count_before, 10);
        output_decimal(output, line->raised, 10);
        output_text(output, "  ");
        output_text(output, irq_hops[line->hop].event);
        if (irq_hops[line->hop].line != NULL) {
            output_char(output, ' ');
            output_decimal(output, line->number, 0);
        }
        output_text(output, line->storms > 0 ? " (storm)\n" : "\n");
    }
    irq_lines_looked(top->irq);
}

static void tick(struct run *run, void *opaque)
{
    struct top *top = opaque;
    struct output *output = &run->output;

    if (top->looks++ > 0 && !top->is_terminal && top->events == top->events_before) {
        return; /* Nothing new: no more lines in a file. */
    }
    if (top->is_terminal) {
        output_text(output, "\033[H\033[2J");
    } else if (top->looks > 1) {
        output_char(output, '\n');
    }
    report_count(output, top->events, "event");
    output_text(output, ", ");
    output_decimal(output, top->events - top->events_before, 0);
    output_text(output, " new, turn ");
    output_decimal(output, top->turn, 0);
    output_text(output, ", virtual time ");
    report_seconds(output, top->now_ns);
    output_char(output, '\n');
    top->events_before = top->events;
    print_operations(output, top);
    print_interrupts(output, top);
    print_events(output, top);
}

static bool parse_options(int argc, char **argv, struct run *run, struct top *top)
{
    bool once = false;
    const struct command_option options[] = {
        { .name = "interval", .kind = OPTION_TIME, .value = &top->options.interval_ms },
        { .name = "idle", .kind = OPTION_TIME, .value = &top->options.idle_ms },
        { .name = "once", .kind = OPTION_FLAG, .value = &once },
        { 0 },
    };
    bool fine = command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE, options);

    if (once) {
        top->options.idle_ms = 0;
    }
    return fine;
}

static int top_run(int argc, char **argv)
{
    struct top top = { .options = {
                           .interval_ms = 1000, .idle_ms = FOLLOW_FOREVER, .tick = tick } };
    const struct hotplug_options options = { .stage = stage_reached,
                                             .through = operation_through,
                                             .opaque = &top };
    struct run run;

    run_init(&run);
    top.is_terminal = isatty(STDOUT_FILENO) == 1;
    top.hotplug = hotplug_create(&options);
    top.irq = irq_lines_create(IRQ_STORM_RAISES_DEFAULT);
    top.count_of = g_hash_table_new(NULL, NULL);
    top.names = g_ptr_array_new_with_free_func(g_free);
    if (parse_options(argc, argv, &run, &top) && run_take_path(&run, argc, argv)) {
        (void)follow_events(&run, &top.options, top_event, &top);
    }
    hotplug_destroy(top.hotplug);
    irq_lines_destroy(top.irq);
    g_hash_table_unref(top.count_of);
    g_ptr_array_unref(top.names);
    return run_fini(&run);
}

const struct command command_top = {
    .name = "top",
    .summary = "shows stages and interrupts as they happen",
    .help =
        "usage: tracedump top [--interval TIME] [--idle TIME] [--once] [--filter FILTER]...\n"
        "                     [--from WHEN] [--to WHEN] FILE\n\n"
        "Shows, anew each second, the last plugs and unplugs with the stage that they have reached,\n"
        "the busiest interrupt lines at each hop, and the most frequent events, of a file that is\n"
        "still being written, as follow does.\n\n"
        "  --interval TIME  between two looks at the file (1s)\n"
        "  --idle TIME      ends when nothing has come for so long\n"
        "  --once           ends when all that is there has been read\n"
        "  --filter FILTER  only events that pass (tracedump help filter)\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        ends there\n\n"
        "Examples:\n"
        "  tracedump top out.rpt\n"
        "  tracedump top --once session.rpl\n",
    .run = top_run,
};
