/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_export.c - tracedump export: a trace for other tools. */
#include <stdio.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/export/export.h"
#include "tracedump/print_json.h"

enum form { FORM_CTF, FORM_PERFETTO, FORM_JSON, FORM_CSV, FORM_NONE };

struct export
{
    enum form form;
    const char *folder;
    bool host_time;
    struct export_perfetto perfetto;
    struct export_ctf *ctf;
};

static void export_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct export *export = opaque;

    switch (export->form) {
    case FORM_CTF: export_ctf_event(export->ctf, run->source, event); break;
    case FORM_PERFETTO: export_perfetto_event(&export->perfetto, event); break;
    case FORM_JSON: print_json(&run->output, event, true); break;
    case FORM_CSV: export_csv_event(&run->output, event); break;
    case FORM_NONE: break;
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct export *export)
{
    static const char *const forms[] = { "ctf", "perfetto", "json", "csv", NULL };
    const struct command_option options[] = {
        { .name = "to", .kind = OPTION_CHOICE, .value = &export->form, .choices = forms },
        { .name = "output", .kind = OPTION_TEXT, .value = &export->folder, .letter = 'o' },
        { .name = "host-time", .kind = OPTION_FLAG, .value = &export->host_time },
        { 0 },
    };

    if (!command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE, options)) {
        return false;
    }
    if (export->form == FORM_NONE) {
        fprintf(stderr, "%s: --to: expected ctf, perfetto, json or csv\n", argv[0]);
        return false;
    }
    if ((export->form == FORM_CTF) != (export->folder != NULL)) {
        fprintf(stderr, "%s: -o names the folder for --to ctf; the others go to standard output\n",
                argv[0]);
        return false;
    }
    return true;
}

static bool begin(struct run *run, struct export *export)
{
    g_autoptr(GError) error = NULL;

    if (export->form == FORM_CSV) {
        export_csv_head(&run->output);
    } else if (export->form == FORM_PERFETTO) {
        export_perfetto_begin(&export->perfetto, &run->output, export->host_time);
    } else if (export->form == FORM_CTF) {
        export->ctf = export_ctf_create(export->folder, &error);
        if (export->ctf == NULL) {
            fprintf(stderr, "tracedump: %s: %s\n", export->folder, error->message);
            return false;
        }
    }
    return true;
}

static bool end(struct export *export)
{
    g_autoptr(GError) error = NULL;

    if (export->form == FORM_PERFETTO) {
        export_perfetto_end(&export->perfetto);
    }
    if (!export_ctf_close(export->ctf, &error)) {
        fprintf(stderr, "tracedump: %s: %s\n", export->folder, error->message);
        return false;
    }
    return true;
}

static int export_run(int argc, char **argv)
{
    struct export export = { .form = FORM_NONE };
    struct run run;

    run_init(&run);
    run.replays = true;
    if (parse_options(argc, argv, &run, &export) && run_take_path(&run, argc, argv) &&
        run_open(&run)) {
        if (begin(&run, &export)) {
            run_read(&run, export_event, &export);
            if (!end(&export)) {
                run.status = STATUS_UNUSABLE;
            }
        } else {
            run.status = STATUS_UNUSABLE;
        }
    }
    return run_fini(&run);
}

const struct command command_export = {
    .name = "export",
    .summary = "writes a trace in the form of another tool",
    .help =
        "usage: tracedump export --to FORM [-o FOLDER] [--host-time] [--filter FILTER]...\n"
        "                        [--from WHEN] [--to WHEN] FILE\n\n"
        "  --to ctf         a folder of CTF 1.8, for babeltrace2, Trace Compass and tracedump\n"
        "  --to perfetto    JSON for ui.perfetto.dev and chrome://tracing: spans as slices, a\n"
        "                   track for each vCPU\n"
        "  --to json        a JSON object a line\n"
        "  --to csv         a line an event; behind the context a cell a field\n"
        "  -o, --output FOLDER  where CTF goes; it must not exist\n"
        "  --host-time      perfetto: by the host's time; virtual time stands still within a turn\n"
        "  --filter FILTER  only these events: tracedump help filter\n\n"
        "A recording is replayed for its trace.\n\n"
        "Examples:\n"
        "  tracedump export --to ctf -o ctf out.rpt && babeltrace2 ctf\n"
        "  tracedump export --to perfetto --host-time out.rpt > trace.json\n"
        "  tracedump export --to csv --filter 'kvm_*' out.rpt > kvm.csv\n",
    .run = export_run,
};
