/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replayed.c - runs replug for a recording's trace. */
#include "tracedump/map/replayed.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracedump/file_kind.h"

#define EXIT_DIVERGED 3 /* docs/determinism.md */

static char *find_replug(void)
{
    const char *named = g_getenv("REPLUG");
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self != NULL ? g_path_get_dirname(self) : g_strdup(".");
    g_autofree char *beside = g_build_filename(folder, "replug", NULL);

    if (named != NULL && *named != '\0') {
        return g_strdup(named);
    }
    return g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer(&beside)
                                                          : g_find_program_in_path("replug");
}

/* -trace takes one pattern; the file is named once. A comma in a value is doubled. */
static GPtrArray *command_line(const char *program, const char *recording, const char *patterns,
                               const char *trace)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) list = g_strsplit(patterns, ",", -1);
    g_auto(GStrv) parts = g_strsplit(recording, ",", -1);

    g_ptr_array_add(arguments, g_strdup(program));
    g_ptr_array_add(arguments, g_strdup("-replay"));
    g_ptr_array_add(arguments, g_strjoinv(",,", parts));
    for (char **pattern = list; *pattern != NULL; pattern++) {
        g_ptr_array_add(arguments, g_strdup("-trace"));
        g_ptr_array_add(arguments, g_strdup_printf("%s,file=%s", *pattern, trace));
    }
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

static void complain(const struct run *run, const char *what)
{
    fprintf(stderr, "tracedump: %s: can't replay the recording: %s\n", run->path, what);
}

/* The replay's own words, which are about the recording; without the end of the line. */
static void say_outcome(struct run *run, int code, char *words)
{
    g_strstrip(words);
    if (code == EXIT_DIVERGED) {
        g_autofree char *note = g_strdup_printf("%s", words);

        run_report(run, REPORT_DAMAGE, note);
    } else {
        run_report(run, REPORT_NOTE, "a recording: replayed for its trace");
    }
}

static bool replay(struct run *run, const char *patterns, const char *trace)
{
    g_autofree char *program = find_replug();
    g_autofree char *words = NULL;
    g_autoptr(GPtrArray) arguments = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (program == NULL) {
        complain(run, "there is no replug beside tracedump, in PATH or named by REPLUG");
        return false;
    }
    arguments = command_line(program, run->path, patterns, trace);
    if (!g_spawn_sync(NULL, (char **)arguments->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, &words, &status, &error)) {
        complain(run, error->message);
        return false;
    }
    if (!WIFEXITED(status) ||
        (WEXITSTATUS(status) != EXIT_SUCCESS && WEXITSTATUS(status) != EXIT_DIVERGED)) {
        complain(run, g_strstrip(words));
        return false;
    }
    say_outcome(run, WEXITSTATUS(status), words);
    return true;
}

static bool replay_and_read(struct run *run, const char *patterns, run_event_fn event, void *opaque)
{
    g_autofree char *folder = g_dir_make_tmp("tracedump-XXXXXX", NULL);
    g_autofree char *trace = NULL;
    const char *path = run->path;
    bool opened = false;

    if (folder == NULL) {
        complain(run, g_strerror(errno));
        return false;
    }
    trace = g_build_filename(folder, "replay.rpt", NULL);
    if (replay(run, patterns, trace)) {
        int status = run->status;

        run->path = trace;
        opened = run_events(run, event, opaque);
        run->path = path;
        run->status = MAX(run->status, status == STATUS_DAMAGED ? STATUS_DAMAGED : STATUS_FINE);
    }
    (void)g_unlink(trace); /* Nothing is lost when it stays. */
    (void)g_rmdir(folder);
    return opened;
}

bool replayed_events(struct run *run, const char *patterns, run_event_fn event, void *opaque)
{
    return file_kind_of(run->path) == FILE_KIND_RECORDING
               ? replay_and_read(run, patterns, event, opaque)
               : run_events(run, event, opaque);
}
