/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_text.c - verdicts, and results for people. */
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check/result.h"
#include "check/result_internal.h"

enum verdict result_of_rule(const struct result *result, const struct rule_run *run)
{
    if (!rule_run_applies(run)) {
        return VERDICT_NOTHING;
    }
    if (run->failed == 0 && !run->gave_up) {
        return run->held > 0 ? VERDICT_HOLDS : VERDICT_NOTHING;
    }
    if (result->gaps_are_doubt && (engine_saw_gaps(result->engine) || !rule_run_is_traced(run))) {
        return VERDICT_UNSURE;
    }
    return VERDICT_FAILS;
}

enum verdict result_of_spec(const struct result *result, const struct spec *spec)
{
    const GPtrArray *runs = engine_rules(result->engine);
    enum verdict worst = VERDICT_NOTHING;

    for (guint i = 0; i < runs->len; i++) {
        const struct rule_run *run = runs->pdata[i];
        enum verdict verdict = result_of_rule(result, run);

        if (run->rule->spec != spec || verdict == VERDICT_NOTHING || worst == VERDICT_FAILS) {
            continue;
        }
        if (verdict == VERDICT_FAILS || worst == VERDICT_NOTHING || verdict == VERDICT_UNSURE) {
            worst = verdict;
        }
    }
    return worst;
}

bool result_is_bad(const struct result *result)
{
    const GPtrArray *specs = engine_specs(result->engine);

    for (guint i = 0; i < specs->len; i++) {
        enum verdict verdict = result_of_spec(result, specs->pdata[i]);

        if (verdict == VERDICT_FAILS || (verdict == VERDICT_NOTHING && result->must_apply)) {
            return true;
        }
    }
    return false;
}

char *result_rule_note(const struct result *result, const struct rule_run *run)
{
    if (run->gave_up) {
        return g_strdup_printf("more than %u occasions were open at once", ENGINE_LIVE_MAX);
    }
    switch (result_of_rule(result, run)) {
    case VERDICT_HOLDS: return g_strdup_printf("held %" PRIu64 " times", run->held);
    case VERDICT_FAILS:
    case VERDICT_UNSURE:
        return g_strdup_printf("failed %" PRIu64 " times, held %" PRIu64, run->failed, run->held);
    case VERDICT_NOTHING: break;
    }
    for (guint i = 0; i < run->needs_met->len; i++) {
        if (run->needs_met->data[i] == 0) {
            return g_strdup_printf("the trace has no %s", (const char *)run->rule->needs->pdata[i]);
        }
    }
    return run->occasions == 0
               ? g_strdup("no occasion")
               : g_strdup_printf("%" PRIu64 " occasions, all dismissed", run->dismissed);
}

static void print_line(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void print_line(struct output *output, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    output_text(output, text);
    output_char(output, '\n');
}

void result_print_failure(struct output *output, const struct check_failure *failure)
{
    const struct rule *rule = failure->rule;

    print_line(output, "FAILED %s: %s", rule->spec->name, rule->name);
    print_line(output, "  %s:%u: %s", rule->spec->file, failure->line, failure->step);
    print_line(output, "  why       %s", failure->why);
    if (failure->occasion != NULL) {
        print_line(output, "  occasion  #%" PRIu64 " turn %" PRIu64 " %" PRIu64 " ns %s",
                   failure->begun.sequence, failure->begun.turn, failure->begun.now_ns,
                   failure->occasion);
    }
    for (guint i = 0; i < failure->matched->len; i++) {
        const struct check_mark *mark = &g_array_index(failure->matched, struct check_mark, i);

        print_line(output, "  matched   #%" PRIu64 " line %u: %s", mark->sequence, mark->line,
                   mark->text);
    }
    if (failure->at.sequence == 0) {
        print_line(output, "  decided   at the end of the trace");
    } else {
        print_line(output, "  decided   #%" PRIu64 " turn %" PRIu64 " %" PRIu64 " ns %s",
                   failure->at.sequence, failure->at.turn, failure->at.now_ns,
                   failure->event != NULL ? failure->event : "(before this event)");
    }
    if (failure->early != 0) {
        print_line(output, "  too early #%" PRIu64 " came before its turn", failure->early);
    }
    if (failure->nearest != NULL) {
        print_line(output, "  nearest   %s", failure->nearest);
    }
    if (failure->difference != NULL) {
        print_line(output, "            %s", failure->difference);
    }
    if (failure->chain[0] != '\0') {
        print_line(output, "  chain     %s", failure->chain);
    }
}

static const char *verdict_word(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_HOLDS: return "holds";
    case VERDICT_FAILS: return "FAILS";
    case VERDICT_UNSURE: return "unsure";
    case VERDICT_NOTHING: break;
    }
    return "-";
}

static bool may_be_shown(const struct result *result, const struct rule_run *run)
{
    return result_of_rule(result, run) != VERDICT_NOTHING &&
           result_of_rule(result, run) != VERDICT_UNSURE;
}

static void print_text(struct output *output, const struct result *result)
{
    const GPtrArray *runs = engine_rules(result->engine);
    const GPtrArray *specs = engine_specs(result->engine);

    for (guint i = 0; i < runs->len; i++) {
        const struct rule_run *run = runs->pdata[i];

        for (guint j = 0; may_be_shown(result, run) && j < run->failures->len; j++) {
            result_print_failure(output, run->failures->pdata[j]);
            output_char(output, '\n');
        }
    }
    for (guint i = 0; i < specs->len; i++) {
        const struct spec *spec = specs->pdata[i];

        if (!result->must_apply && result_of_spec(result, spec) == VERDICT_NOTHING) {
            continue; /* --all: only what has an occasion */
        }
        print_line(output, "%-6s %s", verdict_word(result_of_spec(result, spec)), spec->name);
        for (guint j = 0; j < runs->len; j++) {
            const struct rule_run *run = runs->pdata[j];
            g_autofree char *note = NULL;

            if (run->rule->spec == spec) {
                note = result_rule_note(result, run);
                print_line(output, "  %-6s %s: %s", verdict_word(result_of_rule(result, run)),
                           run->rule->name, note);
            }
        }
    }
}

void result_print(struct output *output, const struct result *result, enum result_format format)
{
    switch (format) {
    case RESULT_TEXT: print_text(output, result); break;
    case RESULT_JSON: result_print_json(output, result); break;
    case RESULT_JUNIT: result_print_junit(output, result); break;
    case RESULT_TAP: result_print_tap(output, result); break;
    }
}

/* A file in memory takes what is longer than the output's buffer. */
char *result_to_text(const struct result *result, enum result_format format)
{
    int fd = memfd_create("result", MFD_CLOEXEC);
    struct output output;
    GString *text = g_string_new(NULL);
    char part[4096];
    ssize_t got;

    output_init(&output, fd);
    result_print(&output, result, format);
    output_fini(&output);
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0) {
        while ((got = read(fd, part, sizeof(part))) > 0) {
            g_string_append_len(text, part, got);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return g_string_free(text, FALSE);
}
