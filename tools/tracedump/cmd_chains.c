/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_chains.c - tracedump chains: the distinct chains of nested spans, each with its count. */

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/name_globs.h"
#include "tracedump/nesting.h"
#include "tracedump/run.h"
#include "tracedump/span_tree.h"

struct chains {
    struct nesting nesting;
    struct name_globs from;
    struct name_globs through;
    struct span_tree tree;
    GPtrArray *ends; /* nodes where a chain ends, in the order of first appearance */
};

/* A span without spans inside is the end of a chain. */
static void span_closed(const struct open_span *span, void *opaque)
{
    struct chains *chains = opaque;
    struct span_node *node = span_tree_node(&chains->tree, span->tag);

    if (span->has_child || node == NULL) {
        return;
    }
    if (node->count++ == 0) {
        g_ptr_array_add(chains->ends, node);
    }
}

static void chains_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct chains *chains = opaque;
    struct nesting *nesting = &chains->nesting;
    uint32_t parent_tag;
    struct open_span *span;

    (void)run;
    nesting_advance(nesting, event);
    if (event->phase == EVENT_LEAVE) {
        nesting_leave(nesting, event);
    }
    if (event->phase != EVENT_ENTER) {
        return;
    }
    parent_tag = nesting->depth == 0 ? 0 : nesting->spans[nesting->depth - 1].tag;
    span = nesting_enter(nesting, event);
    if (span != NULL && (parent_tag != 0 || name_globs_pass(&chains->from, event->name))) {
        struct span_node *node =
            span_tree_child(&chains->tree, span_tree_node(&chains->tree, parent_tag), event->name);

        span->tag = node == NULL ? 0 : node->tag;
    }
}

static bool goes_through(struct chains *chains, const struct span_node *node)
{
    while (node != NULL && !name_globs_pass(&chains->through, node->name)) {
        node = node->parent;
    }
    return node != NULL;
}

static void print_chain(struct output *output, const struct span_node *end)
{
    const char *names[NESTING_DEPTH_MAX];
    unsigned count = 0;

    names[count++] = end->name;
    for (const struct span_node *node = end->parent; node != NULL; node = node->parent) {
        names[count++] = node->name;
    }
    output_decimal(output, end->count, 8);
    output_text(output, "  ");
    while (count > 0) {
        output_text(output, names[--count]);
        output_text(output, count > 0 ? " --> " : "\n");
    }
}

static void print_chains(struct run *run, struct chains *chains)
{
    for (guint i = 0; i < chains->ends->len && run->output.error == 0; i++) {
        const struct span_node *end = chains->ends->pdata[i];

        if (goes_through(chains, end)) {
            print_chain(&run->output, end);
        }
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct chains *chains)
{
    const struct command_option options[] = {
        { .name = "from", .kind = OPTION_NAMES, .value = &chains->from },
        { .name = "through", .kind = OPTION_NAMES, .value = &chains->through },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_INSIDE, options);
}

static void chains_init(struct chains *chains)
{
    *chains = (struct chains){ .nesting = { .closed = span_closed, .opaque = chains } };
    name_globs_init(&chains->from);
    name_globs_init(&chains->through);
    span_tree_init(&chains->tree);
    chains->ends = g_ptr_array_new();
}

static void chains_fini(struct chains *chains)
{
    name_globs_fini(&chains->from);
    name_globs_fini(&chains->through);
    span_tree_fini(&chains->tree);
    g_ptr_array_unref(chains->ends);
}

static int chains_run(int argc, char **argv)
{
    struct chains chains;
    struct run run;

    run_init(&run);
    chains_init(&chains);
    if (parse_options(argc, argv, &run, &chains) && run_take_path(&run, argc, argv) &&
        run_events(&run, chains_event, &chains)) {
        nesting_finish(&chains.nesting);
        print_chains(&run, &chains);
    }
    chains_fini(&chains);
    return run_fini(&run);
}

const struct command command_chains = {
    .name = "chains",
    .summary = "prints each distinct chain of nested spans with its count",
    .help =
        "usage: tracedump chains [--from GLOBS] [--through GLOBS] [--filter FILTER] [--replay]\n"
        "                        FILE\n\n"
        "A chain is a path of spans, each inside the one before it, from the outermost to one that\n"
        "has no span inside. Chains come in the order of first appearance, with the number of\n"
        "times that they were gone.\n\n"
        "  --from GLOBS     chains begin at the outermost span with such a name\n"
        "  --through GLOBS  only chains with such a span in them\n"
        "  --filter FILTER  only spans that pass count (tracedump help filter); those between are\n"
        "                   left out\n\n"
        "GLOBS are several with commas between or by repeating the option.\n\n"
        "  --replay         replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump chains out.rpt\n"
        "  tracedump chains --from pc_dimm_plug out.rpt\n"
        "  tracedump chains --from qmp_device_add --through kvm_set_irq out.rpt\n"
        "  tracedump chains --filter 'pc_dimm_*,piix4_*,kvm_*' out.rpt\n"
        "  tracedump chains --filter 'within qmp_device_add(id=dimm0)' out.rpt\n",
    .run = chains_run,
};
