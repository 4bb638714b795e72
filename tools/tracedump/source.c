/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source.c - finds out which format a path holds and passes calls on to it. */
#include "tracedump/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tracedump/ctf_graph.h"
#include "tracedump/file_kind.h"

struct source *source_open(const char *path, source_report_fn report, void *opaque, GError **error)
{
    bool is_live = ctf_graph_is_live(path);
    struct source *source;
    struct stat status;
    int fd = is_live ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (is_live) {
        source = source_guard_open(path, error);
    } else if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't open it: %s", g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    } else if (S_ISDIR(status.st_mode)) {
        close(fd);
        source = source_guard_open(path, error);
    } else if (file_kind_of(path) == FILE_KIND_RECORDING) {
        close(fd);
        source = source_recording_open(path, error);
    } else {
        source = source_rpt_open(fd, error);
    }
    if (source != NULL) {
        source->report = report;
        source->report_opaque = opaque;
    }
    return source;
}

void source_ignore(struct source *source, source_ignores_fn ignores, void *opaque)
{
    source->ignores = ignores;
    source->ignores_opaque = opaque;
}

void source_follow(struct source *source)
{
    source->follows = true;
}

bool source_is_over(const struct source *source)
{
    return source->over;
}

const struct trace_event *source_next(struct source *source)
{
    return source->next(source);
}

const struct trace_module *source_module(const struct source *source, unsigned index)
{
    return source->module(source, index);
}

int source_progress(const struct source *source)
{
    return source->progress == NULL ? -1 : source->progress(source);
}

const struct source_facts *source_facts(const struct source *source)
{
    return &source->facts;
}

void source_close(struct source *source)
{
    if (source != NULL) {
        source->close(source);
    }
}

void source_report(const struct source *source, enum report_kind kind, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (source->report != NULL) {
        source->report(kind, text, source->report_opaque);
    }
}

void source_report_lost(struct source *source, uint64_t count, bool more, const char *text)
{
    source->facts.lost_events += count;
    source->facts.lost_more |= more;
    if (source->report != NULL) {
        source->report(REPORT_LOST, text, source->report_opaque);
    }
}
