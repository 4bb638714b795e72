/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_info.c - tracedump info: what a file is and how much is in it. */
#include <getopt.h>

#include "tracedump/command.h"
#include "tracedump/info.h"

static int info_run(int argc, char **argv)
{
    static const struct option options[] = { { 0 } };
    enum file_kind kind;
    struct run run;

    run_init(&run);
    if (getopt_long(argc, argv, "", options, NULL) == -1 && run_take_path(&run, argc, argv)) {
        kind = file_kind_of(run.path);
        if (kind == FILE_KIND_RECORDING) {
            info_recording(&run);
        } else {
            info_trace(&run, kind);
        }
    }
    return run_fini(&run);
}

const struct command command_info = {
    .name = "info",
    .summary = "says what a file is and how much is in it",
    .help =
        "usage: tracedump info FILE\n\n"
        "Of a recording: the program and build that wrote it, the command line, when and how long,\n"
        "how many turns, inputs and effects of each kind with their bytes, the digest of the last\n"
        "state, and whether it is complete. Of a trace: the program, how many events, turns and\n"
        "spans, the time from the first to the last, how many events were lost, and how often each\n"
        "event happened, the most frequent first.\n\n"
        "Examples:\n"
        "  tracedump info session.rpl\n"
        "  tracedump info out.rpt\n",
    .run = info_run,
};
