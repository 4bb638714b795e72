/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_map.c - tracedump flatview, mtree, memslots: the memory map at a moment, and what changed it. */
#include <getopt.h>
#include <stdio.h>

#include "tracedump/command.h"
#include "tracedump/map/map_picture.h"
#include "tracedump/map/map_print.h"
#include "tracedump/map/map_reader.h"

enum map_view { VIEW_FLAT, VIEW_TREE, VIEW_SLOTS };

struct map_options {
    enum map_view view;
    const char *at;
    const char *from; /* --diff */
    const char *to;
    const char *change;
    bool since;
    bool picture;
    bool svg;
};

static const struct option options_of_flatview[] = {
    { "at", required_argument, NULL, 'a' },
    { "diff", required_argument, NULL, 'd' },
    { "change", required_argument, NULL, 'c' },
    { "since", no_argument, NULL, 's' },
    { "picture", no_argument, NULL, 'p' },
    { "svg", no_argument, NULL, 'v' },
    { 0 },
};

static const struct option options_of_others[] = {
    { "at", required_argument, NULL, 'a' },
    { "since", no_argument, NULL, 's' },
    { 0 },
};

static bool parse_options(int argc, char **argv, struct map_options *options)
{
    const struct option *known =
        options->view == VIEW_FLAT ? options_of_flatview : options_of_others;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'a': options->at = optarg; break;
        case 'c': options->change = optarg; break;
        case 's': options->since = true; break;
        case 'p': options->picture = true; break;
        case 'v': options->svg = true; break;
        case 'd':
            options->from = optarg;
            if (optind >= argc) {
                fprintf(stderr, "%s: --diff: expected two moments\n", argv[0]);
                return false;
            }
            options->to = argv[optind++];
            break;
        default: return false;
        }
    }
    if ((options->at != NULL) + (options->from != NULL) + (options->change != NULL) > 1) {
        fprintf(stderr, "%s: expected one of --at, --diff and --change\n", argv[0]);
        return false;
    }
    return true;
}

static void print_one(struct run *run, const struct map_options *options,
                      const struct map_stop *stop)
{
    const struct map_column column = { .title = "", .map = stop->map };

    if (options->view == VIEW_TREE) {
        if (!stop->map->has_regions) {
            run_report(run, REPORT_NOTE, "the trace has no memory_region_described events");
        }
        map_print_tree(&run->output, stop->map);
    } else if (options->view == VIEW_SLOTS) {
        map_print_slots(&run->output, stop->map, options->since);
    } else if (options->svg) {
        map_picture_svg(&run->output, &column, 1);
    } else if (options->picture) {
        map_picture_text(&run->output, &column, 1);
    } else {
        map_print_flatviews(&run->output, stop->map, options->since);
    }
}

static void print_two(struct run *run, const struct map_options *options,
                      const struct map_stop *stops)
{
    bool same_moment = options->change != NULL;
    const struct map_column columns[] = {
        { .title = same_moment ? "before" : stops[0].text, .map = stops[0].map },
        { .title = same_moment ? "after" : stops[1].text, .map = stops[1].map },
    };

    if (options->svg) {
        map_picture_svg(&run->output, columns, 2);
    } else if (options->picture) {
        map_picture_text(&run->output, columns, 2);
    } else {
        map_print_difference(&run->output, stops[0].map, stops[1].map);
    }
}

static bool init_stops(const char *who, const struct map_options *options, struct map_stop *stops,
                       unsigned *out_count)
{
    *out_count = 2;
    if (options->from != NULL) {
        return map_stop_init(&stops[0], who, options->from, false) &&
               map_stop_init(&stops[1], who, options->to, false);
    }
    if (options->change != NULL) {
        return map_stop_init(&stops[0], who, options->change, true) &&
               map_stop_init(&stops[1], who, options->change, false);
    }
    *out_count = 1;
    return map_stop_init(&stops[0], who, options->at, false);
}

static int map_run(int argc, char **argv, enum map_view view)
{
    struct map_options options = { .view = view };
    struct map_stop stops[2] = { { 0 }, { 0 } };
    unsigned count;
    struct run run;

    run_init(&run);
    run.replays = true;
    if (parse_options(argc, argv, &options) && run_take_path(&run, argc, argv) &&
        init_stops(argv[0], &options, stops, &count) && map_read(&run, stops, count)) {
        if (count == 2) {
            print_two(&run, &options, stops);
        } else {
            print_one(&run, &options, &stops[0]);
        }
    }
    map_stop_fini(&stops[0]);
    map_stop_fini(&stops[1]);
    return run_fini(&run);
}

static int flatview_run(int argc, char **argv)
{
    return map_run(argc, argv, VIEW_FLAT);
}

static int mtree_run(int argc, char **argv)
{
    return map_run(argc, argv, VIEW_TREE);
}

static int memslots_run(int argc, char **argv)
{
    return map_run(argc, argv, VIEW_SLOTS);
}

const struct command command_flatview = {
    .name = "flatview",
    .summary = "prints the flat memory map at a moment, or what changed it",
    .help =
        "usage: tracedump flatview [--at WHEN | --diff WHEN WHEN | --change WHEN]\n"
        "                          [--since] [--picture | --svg] FILE\n\n"
        "Prints each address space's flat ranges as \"info mtree -f\" did at that moment. Without a\n"
        "moment it is the session's end, before the machine is taken down. A recording is replayed\n"
        "for its trace, which needs replug but no KVM.\n\n"
        "  --at WHEN         the map behind this moment\n"
        "  --diff WHEN WHEN  the ranges and memslots that are not the same at both\n"
        "  --change WHEN     what this moment changed: a commit, a whole turn, a device_add\n"
        "  --since           says of each range since when it is there\n"
        "  --picture         draws it; --diff and --change side by side\n"
        "  --svg             the same as an SVG document\n\n"
        "WHEN is turn=12, seq=99, now=1.5s, icount=1000 or a filter that means an event; a span\n"
        "counts with all that is in it.\n\n"
        "Examples:\n"
        "  tracedump flatview --at turn=144 out.rpt\n"
        "  tracedump flatview --at 'acpi_device_ost and status=0' out.rpt\n"
        "  tracedump flatview --change 'qmp_device_add and id=dimm0' --picture out.rpt\n"
        "  tracedump flatview --diff turn=100 turn=700 --svg out.rpt > map.svg\n",
    .run = flatview_run,
};

const struct command command_mtree = {
    .name = "mtree",
    .summary = "prints the tree of memory regions at a moment",
    .help =
        "usage: tracedump mtree [--at WHEN] FILE\n\n"
        "Prints each address space's tree of regions as \"info mtree\" did at that moment, then the\n"
        "trees that only aliases reach.\n\n"
        "  --at WHEN  the tree behind this moment, not at the session's end; as for flatview\n\n"
        "Examples:\n"
        "  tracedump mtree out.rpt\n"
        "  tracedump mtree --at 'pc_dimm_plug and device=dimm0' out.rpt\n",
    .run = mtree_run,
};

const struct command command_memslots = {
    .name = "memslots",
    .summary = "prints KVM's memslots at a moment",
    .help =
        "usage: tracedump memslots [--at WHEN] [--since] FILE\n\n"
        "Prints the memslots that KVM had, as \"info memslots\" did at that moment.\n\n"
        "  --at WHEN  the memslots behind this moment, not at the session's end; as for flatview\n"
        "  --since    says of each since when it is there\n\n"
        "Examples:\n"
        "  tracedump memslots out.rpt\n"
        "  tracedump memslots --at turn=144 --since out.rpt\n",
    .run = memslots_run,
};
