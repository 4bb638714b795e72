/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_events.c - tracedump events: a recording's external events, one a line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/recording_print.h"
#include "tracedump/recording_tally.h"
#include "tracedump/run.h"

#define ANY_VCPU UINT32_MAX

struct events {
    uint32_t kinds; /* of turns, a bit each; 0 = all */
    uint64_t first_turn;
    uint64_t last_turn;
    uint32_t vcpu;
    bool inputs;
    bool effects;
    bool state;
    bool full;
};

static int complain(const char *text, const char *expected)
{
    fprintf(stderr, "tracedump events: '%s': expected %s\n", text, expected);
    return -1;
}

static int complain_kind(const char *text)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (unsigned kind = 0; kind < RECORDING_TURN_COUNT; kind++) {
        g_string_append_printf(known, "%s%s",
                               kind == 0                          ? ""
                               : kind == RECORDING_TURN_COUNT - 1 ? " or "
                                                                  : ", ",
                               recording_turn_kind_name(kind));
    }
    return complain(text, known->str);
}

static int parse_kinds(const char *list, uint32_t *out_kinds)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    uint32_t kinds = 0;

    for (char **name = names; *name != NULL; name++) {
        unsigned kind = 0;

        while (kind < RECORDING_TURN_COUNT && strcmp(recording_turn_kind_name(kind), *name) != 0) {
            kind++;
        }
        if (kind == RECORDING_TURN_COUNT) {
            return complain_kind(*name);
        }
        kinds |= 1u << kind;
    }
    *out_kinds |= kinds;
    return kinds != 0 ? 0 : complain_kind(list);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out_number)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, out_number, NULL);
}

/* A, A.., ..B or A..B */
static int parse_turns(const char *text, struct events *events)
{
    const char *dots = strstr(text, "..");
    g_autofree char *first = g_strndup(text, dots != NULL ? (size_t)(dots - text) : strlen(text));
    const char *last = dots != NULL ? dots + 2 : first;

    if ((*first == '\0' && *last == '\0') ||
        (*first != '\0' && !parse_number(first, UINT64_MAX, &events->first_turn)) ||
        (*last != '\0' && !parse_number(last, UINT64_MAX, &events->last_turn)) ||
        events->first_turn > events->last_turn) {
        return complain(text, "turns as A, A.., ..B or A..B with A not above B");
    }
    return 0;
}

static int parse_vcpu(const char *text, uint32_t *out_vcpu)
{
    uint64_t number;

    if (!parse_number(text, RECORDING_VCPU_NONE - 1, &number)) {
        return complain(text, "the number of a vCPU");
    }
    *out_vcpu = (uint32_t)number;
    return 0;
}

static bool parse_options(int argc, char **argv, struct events *events)
{
    static const struct option options[] = {
        { "kind", required_argument, NULL, 'k' }, { "turns", required_argument, NULL, 't' },
        { "vcpu", required_argument, NULL, 'v' }, { "inputs", no_argument, NULL, 'i' },
        { "effects", no_argument, NULL, 'e' },    { "state", no_argument, NULL, 's' },
        { "full", no_argument, NULL, 'f' },       { 0 },
    };
    int option;
    int status = 0;

    while (status == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'k': status = parse_kinds(optarg, &events->kinds); break;
        case 't': status = parse_turns(optarg, events); break;
        case 'v': status = parse_vcpu(optarg, &events->vcpu); break;
        case 'i': events->inputs = true; break;
        case 'e': events->effects = true; break;
        case 's': events->state = true; break;
        case 'f': events->full = true; break;
        default: status = -1; break;
        }
    }
    return status == 0;
}

static bool turn_is_wanted(const struct events *events, const struct recording_record *record)
{
    return (events->kinds == 0 || (events->kinds >> record->kind & 1) != 0) &&
           (events->vcpu == ANY_VCPU || events->vcpu == record->vcpu);
}

static bool record_is_wanted(const struct events *events, const struct recording_record *record)
{
    switch (record->group) {
    case RECORDING_GROUP_TURN: return true;
    case RECORDING_GROUP_INPUT: return events->inputs;
    case RECORDING_GROUP_EFFECT: return events->effects;
    case RECORDING_GROUP_END: return events->state;
    case RECORDING_GROUP_COUNT: break;
    }
    return false;
}

static void show_events(struct run *run, const struct events *events,
                        struct recording_reader *reader)
{
    struct recording_record record;
    bool in_turn = false; /* one that is wanted */
    bool has_end = true;

    if (events->first_turn > 0 && !recording_reader_seek(reader, events->first_turn)) {
        return;
    }
    while (run->output.error == 0 && recording_reader_next(reader, &record) &&
           record.turn <= events->last_turn) {
        has_end = record.group == RECORDING_GROUP_END;
        if (terminal_progress_is_due(&run->progress)) {
            terminal_progress_show(&run->progress, recording_permille(reader));
        }
        if (record.group == RECORDING_GROUP_TURN) {
            in_turn = turn_is_wanted(events, &record);
        }
        if (in_turn && record_is_wanted(events, &record)) {
            recording_print(&run->output, &record, events->full);
            output_char(&run->output, '\n');
        }
    }
    if (!has_end && recording_reader_damage(reader) != NULL) {
        run_report(run, REPORT_NOTE, "the last turn has no end and does not count");
    }
}

static int events_run(int argc, char **argv)
{
    struct events events = { .last_turn = UINT64_MAX, .vcpu = ANY_VCPU };
    struct recording_reader *reader;
    struct run run;

    run_init(&run);
    if (parse_options(argc, argv, &events) && run_take_path(&run, argc, argv)) {
        reader = run_open_recording(&run, RECORDING_SCAN_INDEX);
        if (reader != NULL) {
            show_events(&run, &events, reader);
            run_close_recording(&run, reader);
        }
    }
    return run_fini(&run);
}

const struct command command_events = {
    .name = "events",
    .summary = "prints a recording's external events, one a line",
    .help =
        "usage: tracedump events [--kind KINDS] [--turns RANGE] [--vcpu N]\n"
        "                        [--inputs] [--effects] [--state] [--full] FILE.rpl\n\n"
        "Prints the external events of a recording, each of which starts a turn: its number, the\n"
        "virtual time, the vCPU it concerns, its kind and what it says in words.\n\n"
        "  --kind KINDS   only turns of these kinds, with commas between: build, start, command,\n"
        "                 exit, console, timer, signal, teardown, block, packet, interval\n"
        "  --turns RANGE  only these turns: 12, 12..20, 12.. or ..20\n"
        "  --vcpu N       only what concerns this vCPU\n"
        "  --inputs       also what came from outside within each turn\n"
        "  --effects      also what each turn did to the outside\n"
        "  --state        also how much of the state each turn has changed\n"
        "  --full         cuts no long texts and bytes\n\n"
        "With --turns the recording's index leads to the first one, whatever the file's size.\n\n"
        "Examples:\n"
        "  tracedump events session.rpl\n"
        "  tracedump events --kind command session.rpl\n"
        "  tracedump events --turns 1000..1010 --inputs --effects session.rpl\n",
    .run = events_run,
};
