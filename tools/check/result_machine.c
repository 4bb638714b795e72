/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_machine.c - results as JSON, JUnit's XML and TAP; one test is one rule. */
#include <inttypes.h>
#include <json-c/json.h>

#include "check/result_internal.h"

static const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_HOLDS: return "holds";
    case VERDICT_FAILS: return "fails";
    case VERDICT_UNSURE: return "unsure";
    case VERDICT_NOTHING: break;
    }
    return "nothing";
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
    if (text != NULL) {
        json_object_object_add(to, key, json_object_new_string(text));
    }
}

static void add_number(struct json_object *to, const char *key, uint64_t number)
{
    json_object_object_add(to, key, json_object_new_uint64(number));
}

static struct json_object *moment_json(const struct moment *moment)
{
    struct json_object *json = json_object_new_object();

    add_number(json, "sequence", moment->sequence);
    add_number(json, "turn", moment->turn);
    add_number(json, "now_ns", moment->now_ns);
    add_number(json, "icount", moment->icount);
    return json;
}

static struct json_object *failure_json(const struct check_failure *failure)
{
    struct json_object *json = json_object_new_object();
    struct json_object *matched = json_object_new_array();

    add_number(json, "line", failure->line);
    add_text(json, "step", failure->step);
    add_text(json, "why", failure->why);
    add_text(json, "occasion", failure->occasion);
    if (failure->occasion != NULL) {
        json_object_object_add(json, "begun", moment_json(&failure->begun));
    }
    for (guint i = 0; i < failure->matched->len; i++) {
        const struct check_mark *mark = &g_array_index(failure->matched, struct check_mark, i);
        struct json_object *item = json_object_new_object();

        add_number(item, "line", mark->line);
        add_text(item, "step", mark->text);
        add_number(item, "sequence", mark->sequence);
        json_object_array_add(matched, item);
    }
    json_object_object_add(json, "matched", matched);
    if (failure->at.sequence != 0) {
        json_object_object_add(json, "decided", moment_json(&failure->at));
    }
    add_text(json, "event", failure->event);
    if (failure->early != 0) {
        add_number(json, "early", failure->early);
    }
    add_text(json, "nearest", failure->nearest);
    add_text(json, "difference", failure->difference);
    add_text(json, "chain", failure->chain);
    return json;
}

/* What fails where the trace lacks something that the rule requires is none of its failures. */
static bool is_told(const struct result *result, const struct rule_run *run)
{
    return result_of_rule(result, run) != VERDICT_NOTHING;
}

static struct json_object *rule_json(const struct result *result, const struct rule_run *run)
{
    struct json_object *json = json_object_new_object();
    struct json_object *failures = json_object_new_array();
    g_autofree char *note = result_rule_note(result, run);

    add_text(json, "name", run->rule->name);
    add_number(json, "line", run->rule->line);
    add_text(json, "verdict", verdict_name(result_of_rule(result, run)));
    add_text(json, "note", note);
    add_number(json, "occasions", run->occasions);
    add_number(json, "held", run->held);
    add_number(json, "dismissed", run->dismissed);
    add_number(json, "failed", run->failed);
    for (guint i = 0; is_told(result, run) && i < run->failures->len; i++) {
        json_object_array_add(failures, failure_json(run->failures->pdata[i]));
    }
    json_object_object_add(json, "failures", failures);
    return json;
}

void result_print_json(struct output *output, const struct result *result)
{
    const GPtrArray *specs = engine_specs(result->engine);
    const GPtrArray *runs = engine_rules(result->engine);
    struct json_object *json = json_object_new_object();
    struct json_object *list = json_object_new_array();
    g_autofree char *trace = g_utf8_make_valid(result->trace, -1);

    add_text(json, "trace", trace);
    add_number(json, "events", engine_event_count(result->engine));
    json_object_object_add(json, "gaps", json_object_new_boolean(engine_saw_gaps(result->engine)));
    json_object_object_add(json, "ok", json_object_new_boolean(!result_is_bad(result)));
    for (guint i = 0; i < specs->len; i++) {
        const struct spec *spec = specs->pdata[i];
        struct json_object *item = json_object_new_object();
        struct json_object *rules = json_object_new_array();

        add_text(item, "name", spec->name);
        add_text(item, "title", spec->title);
        add_text(item, "file", spec->file);
        add_text(item, "verdict", verdict_name(result_of_spec(result, spec)));
        for (guint j = 0; j < runs->len; j++) {
            const struct rule_run *run = runs->pdata[j];

            if (run->rule->spec == spec) {
                json_object_array_add(rules, rule_json(result, run));
            }
        }
        json_object_object_add(item, "rules", rules);
        json_object_array_add(list, item);
    }
    json_object_object_add(json, "expectations", list);
    output_text(output, json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
    output_char(output, '\n');
    json_object_put(json);
}

/* The failures of a rule as result_print_failure() says them. */
static char *failures_text(const struct result *result, const struct rule_run *run)
{
    struct output output;
    char *text;

    output_init(&output, -1);
    for (guint i = 0;
         is_told(result, run) && i < run->failures->len && output.length < OUTPUT_BYTES / 4; i++) {
        result_print_failure(&output, run->failures->pdata[i]);
    }
    text = g_strndup(output.data, output.length);
    output.length = 0;
    output_fini(&output);
    return text;
}

static bool is_bad(const struct result *result, const struct rule_run *run)
{
    return result_of_rule(result, run) == VERDICT_FAILS ||
           (result->must_apply && result_of_spec(result, run->rule->spec) == VERDICT_NOTHING);
}

/* What XML can't hold is replaced. */
static void print_xml(struct output *output, const char *text)
{
    g_autofree char *copy = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = NULL;

    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') {
            *at = '?';
        }
    }
    escaped = g_markup_escape_text(copy, -1);
    output_text(output, escaped);
}

void result_print_junit(struct output *output, const struct result *result)
{
    const GPtrArray *runs = engine_rules(result->engine);
    unsigned bad = 0, skipped = 0;

    for (guint i = 0; i < runs->len; i++) {
        bad += is_bad(result, runs->pdata[i]);
        skipped += !is_bad(result, runs->pdata[i]) &&
                   result_of_rule(result, runs->pdata[i]) != VERDICT_HOLDS;
    }
    output_text(output, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    print_xml(output, result->trace);
    output_text(output, "\" tests=\"");
    output_decimal(output, runs->len, 0);
    output_text(output, "\" failures=\"");
    output_decimal(output, bad, 0);
    output_text(output, "\" skipped=\"");
    output_decimal(output, skipped, 0);
    output_text(output, "\">\n");
    for (guint i = 0; i < runs->len; i++) {
        const struct rule_run *run = runs->pdata[i];
        g_autofree char *note = result_rule_note(result, run);
        g_autofree char *text = failures_text(result, run);

        output_text(output, "  <testcase classname=\"");
        print_xml(output, run->rule->spec->name);
        output_text(output, "\" name=\"");
        print_xml(output, run->rule->name);
        output_text(output, "\">");
        if (is_bad(result, run)) {
            output_text(output, "<failure message=\"");
            print_xml(output, note);
            output_text(output, "\">");
            print_xml(output, text);
            output_text(output, "</failure>");
        } else if (result_of_rule(result, run) != VERDICT_HOLDS) {
            output_text(output, "<skipped message=\"");
            print_xml(output, note);
            output_text(output, "\"/>");
        }
        output_text(output, "</testcase>\n");
    }
    output_text(output, "</testsuite>\n");
}

/* A # would begin a directive. */
static void print_tap_name(struct output *output, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\') {
            output_char(output, '\\');
        }
        output_char(output, *text);
    }
}

void result_print_tap(struct output *output, const struct result *result)
{
    const GPtrArray *runs = engine_rules(result->engine);

    output_text(output, "TAP version 13\n1..");
    output_decimal(output, runs->len, 0);
    output_char(output, '\n');
    for (guint i = 0; i < runs->len; i++) {
        const struct rule_run *run = runs->pdata[i];
        g_autofree char *note = result_rule_note(result, run);
        g_autofree char *text = failures_text(result, run);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        output_text(output, is_bad(result, run) ? "not ok " : "ok ");
        output_decimal(output, i + 1, 0);
        output_text(output, " - ");
        print_tap_name(output, run->rule->spec->name);
        output_text(output, ": ");
        print_tap_name(output, run->rule->name);
        if (!is_bad(result, run) && result_of_rule(result, run) != VERDICT_HOLDS) {
            output_text(output, " # SKIP ");
            output_text(output, note);
        }
        output_char(output, '\n');
        for (char **line = lines; is_bad(result, run) && *line != NULL && **line != '\0'; line++) {
            output_text(output, "# ");
            output_text(output, *line);
            output_char(output, '\n');
        }
    }
}
