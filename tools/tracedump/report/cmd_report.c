/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_report.c - tracedump report: a trace as one page that needs nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/report/page.h"
#include "tracedump/report/report_data.h"

static void report_event(struct run *run, const struct trace_event *event, void *opaque)
{
    (void)run;
    report_data_event(opaque, event);
}

/* A file without a name, for the JSON until its size is known to be written. */
static int open_scratch(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("tracedump-XXXXXX", &name, NULL);

    if (fd >= 0) {
        (void)g_unlink(name); /* Else it stays in the folder for temporary files. */
    }
    return fd;
}

/* Within a script element only "<" could end it; in JSON it stands in texts alone. */
static bool copy_data(int fd, struct output *page)
{
    char data[16384];
    ssize_t count;

    if (lseek(fd, 0, SEEK_SET) < 0) {
        return false;
    }
    while ((count = read(fd, data, sizeof(data))) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            if (data[i] == '<') {
                output_text(page, "\\u003c");
            } else {
                output_char(page, data[i]);
            }
        }
    }
    return count == 0;
}

static bool write_page(struct run *run, int scratch, const char *path)
{
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    struct output page;
    bool fine;

    if (path != NULL && fd < 0) {
        fprintf(stderr, "tracedump: %s: %s\n", path, g_strerror(errno));
        return false;
    }
    output_init(&page, fd >= 0 ? fd : run->output.fd);
    output_bytes(&page, page_head, page_head_length);
    fine = copy_data(scratch, &page);
    output_bytes(&page, page_tail, page_tail_length);
    output_fini(&page);
    fine = fine && page.error == 0;
    if (fd >= 0 && close(fd) < 0) {
        fine = false;
    }
    if (!fine) {
        fprintf(stderr, "tracedump: %s: can't write the report\n", path != NULL ? path : "-");
    }
    return fine;
}

static bool make_report(struct run *run, const char *path)
{
    struct output scratch;
    struct report_data data;
    int fd = open_scratch();
    bool made = false;

    if (fd < 0) {
        fprintf(stderr, "tracedump: can't make a temporary file\n");
        return false;
    }
    output_init(&scratch, fd);
    report_data_init(&data, &scratch);
    if (run_events(run, report_event, &data)) {
        report_data_finish(&data, run->path, source_facts(run->source));
        made = true;
    }
    report_data_fini(&data);
    output_fini(&scratch);
    made = made && scratch.error == 0 && write_page(run, fd, path);
    close(fd);
    return made;
}

static bool parse_options(int argc, char **argv, struct run *run, const char **out_path)
{
    const struct command_option options[] = {
        { .name = "output", .kind = OPTION_TEXT, .value = out_path, .letter = 'o' },
        { 0 },
    };

    return command_options_take(run, argc, argv, 0, options);
}

static int report_run(int argc, char **argv)
{
    const char *path = NULL;
    struct run run;

    run_init(&run);
    run.replays = true;
    if (parse_options(argc, argv, &run, &path) && run_take_path(&run, argc, argv) &&
        !make_report(&run, path)) {
        run.status = STATUS_UNUSABLE;
    }
    return run_fini(&run);
}

const struct command command_report = {
    .name = "report",
    .summary = "makes a page of a session, for a browser without a network",
    .help =
        "usage: tracedump report [-o REPORT.html] FILE\n\n"
        "Writes one page that holds all it needs: the operations with the time of each stage, a\n"
        "timeline of the spans, the memory map before and behind each change, latencies,\n"
        "interrupt hops, commands and errors. It stays below 2 MiB: events that have nothing to do\n"
        "with hotplug are counted, not shown. A recording is replayed for its trace.\n\n"
        "  -o, --output FILE  where to; standard output without it\n\n"
        "Examples:\n"
        "  tracedump report -o report.html out.rpt\n"
        "  tracedump report session.rpl > report.html\n",
    .run = report_run,
};
