/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_why.c - tracedump why: the history of one thing, and what each piece of it came from. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/event_field.h"
#include "tracedump/map/map_print.h"
#include "tracedump/nesting.h"
#include "tracedump/print_text.h"
#include "tracedump/run.h"
#include "tracedump/why/thing.h"

#define CAUSE_BYTES_MAX 200u

struct why {
    struct thing thing;
    struct nesting nesting; /* tag 1: the span is a piece of the history */
    struct memory_map *map;
    GString *cause; /* what came from outside in this turn */
    uint64_t turn;  /* that cause belongs to */
    uint64_t told;  /* the turn whose cause was printed last, plus one */
    uint64_t count;
    bool has_external;
    bool is_torn_down;
};

static void add_text(GString *cause, const struct trace_event *event, const char *field)
{
    const char *text;
    uint32_t length;

    if (event_text(event, field, &text, &length)) {
        g_string_append_c(cause, ' ');
        g_string_append_len(cause, text, MIN(length, CAUSE_BYTES_MAX));
    }
}

static void note_exit(GString *cause, const struct trace_event *event)
{
    uint64_t address = 0, data = 0, write = 0;

    (void)event_number(event, "address", &address); /* Missing ones count as 0. */
    (void)event_number(event, "data", &data);
    (void)event_number(event, "write", &write);
    add_text(cause, event, "kind");
    g_string_append_printf(cause, write != 0 ? " write 0x%" G_GINT64_MODIFIER "x to" : " read of",
                           data);
    g_string_append_printf(cause, " 0x%" G_GINT64_MODIFIER "x", address);
}

/* A turn's first words: the command, the guest's access, or only the kind of event. */
static void watch_cause(struct why *why, const struct trace_event *event)
{
    if (event->turn != why->turn) {
        g_string_truncate(why->cause, 0);
        why->turn = event->turn;
        why->is_torn_down = why->has_external && strcmp(event->name, "external_event") != 0;
    }
    if (strcmp(event->name, "external_event") == 0) {
        why->has_external = true;
        g_string_assign(why->cause, "from outside:");
        add_text(why->cause, event, "kind");
    } else if (strcmp(event->name, "qmp_command") == 0) {
        g_string_assign(why->cause, "a client's");
        add_text(why->cause, event, "name");
        add_text(why->cause, event, "arguments");
    } else if (strcmp(event->name, "vcpu_exit") == 0) {
        g_string_printf(why->cause, "vCPU %u:", (unsigned)event->vcpu);
        note_exit(why->cause, event);
    }
}

static const char *cause_of(const struct why *why)
{
    return why->cause->len > 0 ? why->cause->str
           : why->turn == 0    ? "the machine is built"
                               : "no event of the trace says what began this turn";
}

static void print_piece(struct run *run, struct why *why, const struct trace_event *event)
{
    const struct nesting *nesting = &why->nesting;
    struct output *output = &run->output;

    if (why->told != why->turn + 1) {
        output_text(output, "turn ");
        output_decimal(output, event->turn, 0);
        output_text(output, ", ");
        output_decimal(output, event->now_ns, 0);
        output_text(output, " ns, ");
        output_plain(output, cause_of(why), strlen(cause_of(why)));
        output_char(output, '\n');
        why->told = why->turn + 1;
    }
    output_decimal(output, event->sequence, 10);
    output_text(output, "  ");
    print_event(output, event);
    output_char(output, '\n');
    if (nesting->depth > 0) {
        output_text(output, "            in ");
        for (unsigned i = 0; i < nesting->depth; i++) {
            output_text(output, i > 0 ? " --> " : "");
            output_text(output, nesting->spans[i].name);
        }
        output_char(output, '\n');
    }
    why->count++;
}

static void why_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct why *why = opaque;
    struct nesting *nesting = &why->nesting;
    struct open_span *span;
    bool inside, concerns;

    watch_cause(why, event);
    if (why->is_torn_down) {
        return; /* All ends there, whatever it is. */
    }
    memory_map_apply(why->map, event);
    nesting_advance(nesting, event);
    inside = nesting->depth > 0 && nesting->spans[nesting->depth - 1].tag != 0;
    concerns = thing_concerns(&why->thing, event, inside);
    if (concerns) {
        print_piece(run, why, event);
    }
    if (event->phase == EVENT_ENTER) {
        span = nesting_enter(nesting, event);
        if (span != NULL) {
            span->tag = concerns || inside;
        }
    } else if (event->phase == EVENT_LEAVE) {
        nesting_leave(nesting, event);
    }
}

static void print_since(struct output *output, const char *region, const struct map_moment *since)
{
    output_plain(output, region, strlen(region));
    output_text(output, " since turn ");
    output_decimal(output, since->turn, 0);
    output_text(output, ", ");
    output_decimal(output, since->now_ns, 0);
    output_text(output, " ns\n");
}

static bool holds(uint64_t gpa, uint64_t size_bytes, uint64_t address)
{
    return gpa <= address && address <= map_last(gpa, size_bytes);
}

static void conclude_address(struct output *output, const struct why *why)
{
    const struct map_space *space = memory_map_space(why->map, why->thing.space);
    bool found = false;

    for (guint i = 0; space != NULL && i < space->ranges->len; i++) {
        const struct map_range *range = &g_array_index(space->ranges, struct map_range, i);

        if (holds(range->gpa, range->size_bytes, why->thing.number)) {
            output_text(output, "at the end: region ");
            print_since(output, range->region, &range->since);
            found = true;
        }
    }
    if (!found) {
        output_text(output, "at the end: nothing is there\n");
    }
}

static void conclude_slots(struct output *output, const struct why *why)
{
    for (guint i = 0; i < why->map->slots->len; i++) {
        const struct map_slot *slot = &g_array_index(why->map->slots, struct map_slot, i);
        bool is_it = why->thing.kind == THING_SLOT
                         ? slot->slot == why->thing.number
                         : strcmp(why->thing.space, "memory") == 0 &&
                               holds(slot->gpa, slot->size_bytes, why->thing.number);

        if (is_it) {
            output_text(output, "at the end: memslot ");
            output_decimal(output, slot->slot, 0);
            output_text(output,
                        slot->stale ? ", whose deletion failed, of region " : " of region ");
            print_since(output, slot->region, &slot->since);
        }
    }
}

static void conclude(struct run *run, const struct why *why)
{
    struct output *output = &run->output;

    if (why->thing.kind == THING_ADDRESS) {
        conclude_address(output, why);
    }
    if (why->thing.kind == THING_ADDRESS || why->thing.kind == THING_SLOT) {
        conclude_slots(output, why);
    }
    if (why->thing.kind == THING_IRQ && why->thing.level >= 0) {
        output_text(output, why->thing.level > 0 ? "at the end: high\n" : "at the end: low\n");
    }
    if (memory_map_has_gaps(why->map) &&
        (why->thing.kind == THING_ADDRESS || why->thing.kind == THING_SLOT)) {
        run_report(run, REPORT_NOTE,
                   "the trace does not show the map from its beginning: what was there before and "
                   "has not changed is not known");
    }
    if (why->count == 0) {
        run_report(run, REPORT_NOTE, "no event of the trace concerns it");
    }
}

static bool take_thing(int argc, char **argv, struct why *why)
{
    static const struct option options[] = { { 0 } };

    if (getopt_long(argc, argv, "", options, NULL) != -1) {
        return false;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "%s: expected THING and FILE, got %d\nTry: %s --help\n", argv[0],
                argc - optind, argv[0]);
        return false;
    }
    if (!thing_parse(argv[optind], &why->thing)) {
        fprintf(stderr, "%s: '%s': expected a number behind the colon\n", argv[0], argv[optind]);
        return false;
    }
    optind++;
    return true;
}

static int why_run(int argc, char **argv)
{
    struct why why = { .map = memory_map_create(), .cause = g_string_new(NULL) };
    struct run run;

    run_init(&run);
    run.replays = true;
    if (take_thing(argc, argv, &why) && run_take_path(&run, argc, argv) &&
        run_events(&run, why_event, &why)) {
        conclude(&run, &why);
    }
    memory_map_destroy(why.map);
    g_string_free(why.cause, TRUE);
    return run_fini(&run);
}

const struct command command_why = {
    .name = "why",
    .summary = "tells the history of an address, a device, a memslot, a line or a register",
    .help =
        "usage: tracedump why THING FILE\n\n"
        "Prints each event that changed or used THING, the spans that it happened in, and what came\n"
        "from outside in that turn; then what is there at the session's end.\n\n"
        "  0x100000000, 4G  a guest physical address: ranges, memslots, devices\n"
        "  io:0xa00         an I/O port\n"
        "  slot:3           a memslot of KVM\n"
        "  irq:9            a global interrupt line: each change of its level\n"
        "  reg:gpe0_status  a register: who read and wrote it\n"
        "  dimm0            a device, a backend or a region; name:3 if it looks like a number\n\n"
        "A recording is replayed for its trace.\n\n"
        "Examples:\n"
        "  tracedump why 0x100000000 out.rpt\n"
        "  tracedump why dimm0 out.rpt\n"
        "  tracedump why irq:9 session.rpl\n",
    .run = why_run,
};
