/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_export.c - tracedump export: a trace for other tools. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/export/export.h"
#include "tracedump/map/replayed.h"
#include "tracedump/print_json.h"

enum form { FORM_NONE, FORM_CTF, FORM_PERFETTO, FORM_JSON, FORM_CSV };

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

static enum form form_of(const char *text)
{
    static const char *const names[] = {
        [FORM_CTF] = "ctf", [FORM_PERFETTO] = "perfetto", [FORM_JSON] = "json", [FORM_CSV] = "csv"
    };

    for (unsigned form = FORM_CTF; form < G_N_ELEMENTS(names); form++) {
        if (strcmp(text, names[form]) == 0) {
            return (enum form)form;
        }
    }
    return FORM_NONE;
}

static bool parse_options(int argc, char **argv, struct run *run, struct export *export)
{
    static const struct option options[] = {
        { "to", required_argument, NULL, 't' },
        { "output", required_argument, NULL, 'o' },
        { "host-time", no_argument, NULL, 'H' },
        SELECTION_OPTION_FILTER,
        { 0 },
    };
    bool fine = true;
    int option;

    while (fine && (option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        switch (option) {
        case 't': export->form = form_of(optarg); break;
        case 'o': export->folder = optarg; break;
        case 'H': export->host_time = true; break;
        default: fine = selection_take_option(&run->selection, argv[0], option, optarg); break;
        }
    }
    if (fine && export->form == FORM_NONE) {
        fprintf(stderr, "%s: --to: expected ctf, perfetto, json or csv\n", argv[0]);
        return false;
    }
    if (fine && (export->form == FORM_CTF) != (export->folder != NULL)) {
        fprintf(stderr, "%s: -o names the folder for --to ctf; the others go to standard output\n",
                argv[0]);
        return false;
    }
    return fine;
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
    struct export export = { 0 };
    struct run run;

    run_init(&run);
    if (parse_options(argc, argv, &run, &export) && run_take_path(&run, argc, argv) &&
        begin(&run, &export)) {
        replayed_events(&run, "*", export_event, &export);
        if (!end(&export)) {
            run.status = STATUS_UNUSABLE;
        }
    }
    return run_fini(&run);
}

const struct command command_export = {
    .name = "export",
    .summary = "writes a trace in the form of another tool",
    .help =
        "usage: tracedump export --to FORM [-o FOLDER] [--host-time] [--filter FILTER] FILE\n\n"
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
