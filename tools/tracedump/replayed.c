/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replayed.c - runs replug for a recording's trace. */
#include "tracedump/replayed.h"

#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

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

static bool fail(GError **error, const char *what)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "can't replay the recording: %s", what);
    return false;
}

/* The replay's own words, which are about the recording; without the end of the line. */
static void say_outcome(struct run *run, int code, const char *words)
{
    if (code == EXIT_DIVERGED) {
        run_report(run, REPORT_DAMAGE, words);
    } else {
        run_report(run, REPORT_NOTE, "a recording: replayed for its trace");
    }
}

/* A comma in an option's value is doubled. */
static bool replay(struct run *run, const char *trace, GError **error)
{
    g_autofree char *program = find_replug();
    g_auto(GStrv) parts = g_strsplit(run->path, ",", -1);
    g_autofree char *recording = g_strjoinv(",,", parts);
    g_autofree char *sink = g_strdup_printf("*,file=%s", trace);
    char *arguments[] = { program, "-replay", recording, "-trace", sink, NULL };
    g_autofree char *words = NULL;
    g_autoptr(GError) cause = NULL;
    int status = 0;

    if (program == NULL) {
        return fail(error, "there is no replug beside tracedump, in PATH or named by REPLUG");
    }
    if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &words,
                      &status, &cause)) {
        return fail(error, cause->message);
    }
    g_strstrip(words);
    if (!WIFEXITED(status) ||
        (WEXITSTATUS(status) != EXIT_SUCCESS && WEXITSTATUS(status) != EXIT_DIVERGED)) {
        return fail(error, words);
    }
    say_outcome(run, WEXITSTATUS(status), words);
    return true;
}

struct source *replayed_open(struct run *run, source_report_fn report, void *opaque, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("tracedump-XXXXXX", error);
    g_autofree char *trace = NULL;
    struct source *source = NULL;

    if (folder == NULL) {
        return NULL;
    }
    trace = g_build_filename(folder, "replay.rpt", NULL);
    if (replay(run, trace, error)) {
        source = source_open(trace, report, opaque, error);
    }
    /* The open file stays for as long as it is read; nothing is lost when its name stays too. */
    (void)g_unlink(trace);
    (void)g_rmdir(folder);
    return source;
}
