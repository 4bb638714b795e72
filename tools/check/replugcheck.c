/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replugcheck.c - libreplugcheck: the engine and the trace readers behind a small public face. */
#include "replugcheck.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/library.h"
#include "check/result.h"
#include "check/watch.h"
#include "tracedump/source.h"

struct replugcheck {
    GPtrArray *specs; /* until the engine takes them over */
    struct engine *engine;
    struct watch *watch;
    int fd; /* watching: handed to the reading thread */
    GThread *thread;
    GMutex lock;
    GCond failed;
    bool has_failed;
    bool is_through;
    bool is_damaged;
    char *trace;
    char *error;
    replugcheck_failure_fn hook;
    void *hook_opaque;
};

struct replugcheck *replugcheck_create(void)
{
    struct replugcheck *check = g_new0(struct replugcheck, 1);

    check->specs = g_ptr_array_new();
    g_mutex_init(&check->lock);
    g_cond_init(&check->failed);
    return check;
}

static void set_error(struct replugcheck *check, const char *text)
{
    g_free(check->error);
    check->error = g_strdup(text);
}

static int add(struct replugcheck *check, struct spec *spec, GError *error)
{
    if (spec == NULL) {
        set_error(check, error->message);
        g_error_free(error);
        return -1;
    }
    if (check->specs == NULL) {
        set_error(check, "the check has begun: no expectation can be added");
        spec_destroy(spec);
        return -1;
    }
    g_ptr_array_add(check->specs, spec);
    return 0;
}

int replugcheck_add(struct replugcheck *check, const char *spec)
{
    GError *error = NULL;
    struct spec *loaded = library_load(spec, &error);

    return add(check, loaded, error);
}

int replugcheck_add_text(struct replugcheck *check, const char *name, const char *text)
{
    GError *error = NULL;
    struct spec *parsed = spec_parse(name, text, &error);

    return add(check, parsed, error);
}

int replugcheck_set(struct replugcheck *check, const char *name, const char *value)
{
    bool known = false;

    for (guint i = 0; check->specs != NULL && i < check->specs->len; i++) {
        known |= spec_set(check->specs->pdata[i], name, value);
    }
    if (!known) {
        set_error(check, "no expectation has a parameter of that name, or the check has begun");
    }
    return known ? 0 : -1;
}

void replugcheck_on_failure(struct replugcheck *check, replugcheck_failure_fn hook, void *opaque)
{
    check->hook = hook;
    check->hook_opaque = opaque;
}

static void failure_found(const struct check_failure *failure, void *opaque)
{
    struct replugcheck *check = opaque;
    const struct replugcheck_failure public = {
        .expectation = failure->rule->spec->name,
        .rule = failure->rule->name,
        .file = failure->rule->spec->file,
        .line = failure->line,
        .step = failure->step,
        .why = failure->why,
        .nearest = failure->nearest,
        .difference = failure->difference,
        .chain = failure->chain,
        .sequence = failure->at.sequence,
    };

    if (check->hook != NULL) {
        check->hook(&public, check->hook_opaque);
    }
    g_mutex_lock(&check->lock);
    check->has_failed = true;
    g_cond_broadcast(&check->failed);
    g_mutex_unlock(&check->lock);
}

static void reported(enum report_kind kind, const char *text, void *opaque)
{
    struct replugcheck *check = opaque;

    if (kind == REPORT_DAMAGE) {
        check->is_damaged = true;
        set_error(check, text);
    }
}

static void read_all(struct replugcheck *check, struct source *source)
{
    const struct trace_event *event;

    while ((event = source_next(source)) != NULL) {
        engine_feed(check->engine, event);
    }
    engine_finish(check->engine);
    source_close(source);
    check->is_through = true;
}

static bool begin(struct replugcheck *check, const char *trace)
{
    g_autoptr(GError) error = NULL;

    if (check->specs == NULL || check->specs->len == 0) {
        set_error(check, check->specs == NULL ? "the check was used already"
                                              : "there is no expectation to check");
        return false;
    }
    for (guint i = 0; i < check->specs->len; i++) {
        if (!spec_is_ready(check->specs->pdata[i], &error)) {
            set_error(check, error->message);
            return false;
        }
    }
    check->trace = g_strdup(trace);
    check->engine = engine_create(g_steal_pointer(&check->specs));
    engine_set_failure_hook(check->engine, failure_found, check);
    return true;
}

static struct result result_of(const struct replugcheck *check)
{
    return (struct result){ .engine = check->engine, .trace = check->trace, .must_apply = true };
}

static enum replugcheck_verdict verdict(const struct replugcheck *check)
{
    const struct result result = result_of(check);

    if (!check->is_through || check->is_damaged) {
        return REPLUGCHECK_TROUBLE;
    }
    return result_is_bad(&result) ? REPLUGCHECK_FAILS : REPLUGCHECK_HOLDS;
}

enum replugcheck_verdict replugcheck_run(struct replugcheck *check, const char *trace)
{
    g_autoptr(GError) error = NULL;
    struct source *source;

    if (!begin(check, trace)) {
        return REPLUGCHECK_TROUBLE;
    }
    source = source_open(trace, reported, check, &error);
    if (source == NULL) {
        set_error(check, error->message);
        return REPLUGCHECK_TROUBLE;
    }
    read_all(check, source);
    return verdict(check);
}

static gpointer follow(gpointer opaque)
{
    struct replugcheck *check = opaque;
    g_autoptr(GError) error = NULL;
    struct source *source = source_rpt_open(check->fd, &error);

    if (source == NULL) {
        set_error(check, error->message);
    } else {
        source->report = reported;
        source->report_opaque = check;
        read_all(check, source);
    }
    return NULL;
}

int replugcheck_watch(struct replugcheck *check, const char *trace)
{
    g_autoptr(GError) error = NULL;

    if (!begin(check, trace)) {
        return -1;
    }
    check->watch = watch_start(trace, &check->fd, &error);
    if (check->watch == NULL) {
        set_error(check, error->message);
        return -1;
    }
    check->thread = g_thread_new("replugcheck", follow, check);
    return 0;
}

int replugcheck_wait(struct replugcheck *check, unsigned timeout_ms)
{
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    bool failed;

    g_mutex_lock(&check->lock);
    while (!check->has_failed && g_cond_wait_until(&check->failed, &check->lock, end)) {
    }
    failed = check->has_failed;
    g_mutex_unlock(&check->lock);
    return failed;
}

enum replugcheck_verdict replugcheck_stop(struct replugcheck *check)
{
    if (check->watch == NULL) {
        set_error(check, "nothing is watched");
        return REPLUGCHECK_TROUBLE;
    }
    watch_end(check->watch);
    g_thread_join(g_steal_pointer(&check->thread));
    g_clear_pointer(&check->watch, watch_destroy);
    return verdict(check);
}

const char *replugcheck_error(const struct replugcheck *check)
{
    return check->error != NULL ? check->error : "";
}

char *replugcheck_report(const struct replugcheck *check, const char *format)
{
    static const char *const names[] = { "text", "json", "junit", "tap" };
    const struct result result = result_of(check);

    for (unsigned i = 0; check->is_through && i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], format) == 0) {
            g_autofree char *text = result_to_text(&result, (enum result_format)i);

            return strdup(text);
        }
    }
    return NULL;
}

void replugcheck_destroy(struct replugcheck *check)
{
    if (check == NULL) {
        return;
    }
    if (check->watch != NULL) {
        (void)replugcheck_stop(check);
    }
    for (guint i = 0; check->specs != NULL && i < check->specs->len; i++) {
        spec_destroy(check->specs->pdata[i]);
    }
    g_clear_pointer(&check->specs, g_ptr_array_unref);
    engine_destroy(check->engine);
    g_mutex_clear(&check->lock);
    g_cond_clear(&check->failed);
    g_free(check->trace);
    g_free(check->error);
    g_free(check);
}
