/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_flame.c - tracedump flame: folded stacks of spans, as flame graph tools read them. */

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/nesting.h"
#include "tracedump/run.h"
#include "tracedump/span_tree.h"

struct flame {
    struct nesting nesting;
    struct span_tree tree;
    const struct trace_event *leave; /* of the span that is being closed; NULL: it was lost */
    bool by_count;
};

/* A span's own time is what its inner spans do not take; without its leave it is not known. */
static void span_closed(const struct open_span *span, void *opaque)
{
    struct flame *flame = opaque;
    struct span_node *node = span_tree_node(&flame->tree, span->tag);
    unsigned depth = flame->nesting.depth;
    uint64_t took;

    if (node == NULL) {
        return;
    }
    node->count++;
    if (flame->leave == NULL || flame->leave->host_ns < span->host_ns) {
        return;
    }
    took = flame->leave->host_ns - span->host_ns;
    node->self_ns += took > span->inner_ns ? took - span->inner_ns : 0;
    if (depth > 0) {
        flame->nesting.spans[depth - 1].inner_ns += took;
    }
}

static void flame_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct flame *flame = opaque;
    struct nesting *nesting = &flame->nesting;
    struct open_span *span;
    uint32_t parent;

    (void)run;
    nesting_advance(nesting, event);
    if (event->phase == EVENT_LEAVE) {
        flame->leave = event;
        nesting_leave(nesting, event);
        flame->leave = NULL;
    } else if (event->phase == EVENT_ENTER) {
        parent = nesting->depth > 0 ? nesting->spans[nesting->depth - 1].tag : 0;
        span = nesting_enter(nesting, event);
        if (span != NULL) {
            struct span_node *node =
                span_tree_child(&flame->tree, span_tree_node(&flame->tree, parent), event->name);

            span->tag = node == NULL ? 0 : node->tag;
        }
    }
}

static void print_stack(struct output *output, const struct span_node *node)
{
    if (node->parent != NULL) { /* no deeper than NESTING_DEPTH_MAX */
        print_stack(output, node->parent);
        output_char(output, ';');
    }
    output_text(output, node->name);
}

static void print_stacks(struct run *run, const struct flame *flame)
{
    for (guint i = 0; i < flame->tree.nodes->len && run->output.error == 0; i++) {
        const struct span_node *node = flame->tree.nodes->pdata[i];
        uint64_t weight = flame->by_count ? node->count : node->self_ns;

        if (weight > 0) {
            print_stack(&run->output, node);
            output_char(&run->output, ' ');
            output_decimal(&run->output, weight, 0);
            output_char(&run->output, '\n');
        }
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct flame *flame)
{
    const struct command_option options[] = {
        { .name = "count", .kind = OPTION_FLAG, .value = &flame->by_count },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE | OPTIONS_INSIDE,
                                options);
}

static int flame_run(int argc, char **argv)
{
    struct flame flame = { .nesting = { .closed = span_closed, .opaque = &flame } };
    struct run run;

    run_init(&run);
    span_tree_init(&flame.tree);
    if (parse_options(argc, argv, &run, &flame) && run_take_path(&run, argc, argv) &&
        run_events(&run, flame_event, &flame)) {
        nesting_finish(&flame.nesting);
        print_stacks(&run, &flame);
    }
    span_tree_fini(&flame.tree);
    return run_fini(&run);
}

const struct command command_flame = {
    .name = "flame",
    .summary = "prints folded stacks of spans for a flame graph",
    .help =
        "usage: tracedump flame [--count] [--filter FILTER]... [--from WHEN] [--to WHEN]\n"
        "                       [--replay] FILE\n\n"
        "Prints each distinct stack of nested spans with the host's time in ns that was spent in it,\n"
        "what its inner spans took left out: 'outer;inner 1234', as flame graph tools read it\n"
        "(flamegraph.pl, inferno, speedscope). A span whose end is not in the trace has no time.\n\n"
        "  --count          weighs by how often a stack was entered\n"
        "  --filter FILTER  only spans that pass (tracedump help filter); those between are left out\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        up to there\n"
        "  --replay         replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump flame out.rpt | flamegraph.pl --countname ns > out.svg\n"
        "  tracedump flame --filter 'within qmp_device_add' out.rpt\n",
    .run = flame_run,
};
