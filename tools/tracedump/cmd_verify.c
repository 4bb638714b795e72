/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_verify.c - tracedump verify: whether a file is whole, and what is missing. */
#include <getopt.h>

#include "tracedump/command.h"
#include "tracedump/file_kind.h"
#include "tracedump/verify.h"

static int verify_run(int argc, char **argv)
{
    static const struct option options[] = { { 0 } };
    struct run run;

    run_init(&run);
    if (getopt_long(argc, argv, "", options, NULL) == -1 && run_take_path(&run, argc, argv)) {
        if (file_kind_of(run.path) == FILE_KIND_RECORDING) {
            verify_recording(&run);
        } else {
            verify_trace(&run);
        }
    }
    return run_fini(&run);
}

const struct command command_verify = {
    .name = "verify",
    .summary = "checks that a file is whole and says what is missing",
    .help =
        "usage: tracedump verify FILE\n\n"
        "Reads all of a file and checks all that it says of itself. Of a recording: each frame's\n"
        "checksums and records, that they follow each other, the digests of the state, the index\n"
        "and the end. Of a trace: each block's checksum and records, the sequence of events, that\n"
        "spans end, and whether events were lost. The last line is the result.\n\n"
        "Exit status: 0 it is whole; 1 it is damaged or incomplete, and the result says up to where\n"
        "it can be used; 2 it can't be used.\n\n"
        "Numbers missing in a trace's sequence and spans without an end are said, but are no damage:\n"
        "events may have been switched off, or have gone to another sink only.\n\n"
        "Examples:\n"
        "  tracedump verify session.rpl\n"
        "  tracedump verify out.rpt\n",
    .run = verify_run,
};
