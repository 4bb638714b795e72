/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec.c - loads, parametrizes and frees expectations. */
#include "check/spec.h"

#include <string.h>

#include "base/error.h"

#define FILE_BYTES_MAX (1u << 20)

void expr_destroy(struct expr *expr)
{
    if (expr == NULL) {
        return;
    }
    expr_destroy(expr->left);
    expr_destroy(expr->right);
    g_free((char *)expr->value.text);
    g_free(expr->field);
    g_free(expr);
}

static void condition_clear(gpointer data)
{
    struct condition *condition = data;

    expr_destroy(condition->test);
    expr_destroy(condition->field);
    filter_destroy(condition->filter);
    g_free(condition->text);
}

GArray *conditions_create(void)
{
    GArray *conditions = g_array_new(FALSE, TRUE, sizeof(struct condition));

    g_array_set_clear_func(conditions, condition_clear);
    return conditions;
}

static void event_pattern_clear(struct event_pattern *event)
{
    g_clear_pointer(&event->names, g_ptr_array_unref);
    g_clear_pointer(&event->conditions, g_array_unref);
    g_clear_pointer(&event->verdicts, g_byte_array_unref);
}

void pattern_destroy(struct pattern *pattern)
{
    if (pattern == NULL) {
        return;
    }
    event_pattern_clear(&pattern->event);
    for (guint i = 0; pattern->causes != NULL && i < pattern->causes->len; i++) {
        event_pattern_clear(&g_array_index(pattern->causes, struct cause, i).event);
    }
    g_clear_pointer(&pattern->causes, g_array_unref);
    g_free(pattern);
}

void step_destroy(struct step *step)
{
    if (step == NULL) {
        return;
    }
    g_free(step->text);
    pattern_destroy(step->pattern);
    pattern_destroy(step->without);
    pattern_destroy(step->until);
    expr_destroy(step->count);
    g_clear_pointer(&step->results, g_array_unref);
    g_clear_pointer(&step->steps, g_ptr_array_unref);
    g_free(step);
}

static void rule_destroy(struct rule *rule)
{
    g_free(rule->name);
    g_free(rule->header);
    pattern_destroy(rule->trigger);
    g_clear_pointer(&rule->results, g_array_unref);
    step_destroy(rule->body);
    g_ptr_array_unref(rule->until);
    g_ptr_array_unref(rule->unless);
    g_ptr_array_unref(rule->needs);
    g_ptr_array_unref(rule->all_steps);
    g_ptr_array_unref(rule->variables);
    g_free(rule);
}

void spec_destroy(struct spec *spec)
{
    if (spec == NULL) {
        return;
    }
    for (guint i = 0; i < spec->rules->len; i++) {
        rule_destroy(spec->rules->pdata[i]);
    }
    for (guint i = 0; i < spec->params->len; i++) {
        g_free(g_array_index(spec->params, struct spec_param, i).name);
        g_free((char *)g_array_index(spec->params, struct spec_param, i).value.text);
    }
    g_ptr_array_unref(spec->rules);
    g_array_unref(spec->params);
    g_free(spec->file);
    g_free(spec->name);
    g_free(spec->title);
    g_free(spec);
}

struct spec *spec_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, error)) {
        return NULL;
    }
    if (length > FILE_BYTES_MAX || memchr(text, '\0', length) != NULL ||
        !g_utf8_validate(text, (gssize)length, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "%s: it is no expectation: a text in UTF-8 of at most 1 MiB was expected",
                    path);
        return NULL;
    }
    return spec_parse(path, text, error);
}

bool spec_set(struct spec *spec, const char *name, const char *value)
{
    for (guint i = 0; i < spec->params->len; i++) {
        struct spec_param *param = &g_array_index(spec->params, struct spec_param, i);
        uint64_t number = 0;

        if (strcmp(param->name, name) != 0) {
            continue;
        }
        g_free((char *)param->value.text);
        param->is_set = true;
        param->value = value_text(g_strdup(value), (uint32_t)strlen(value));
        if (strcmp(value, "*") == 0) {
            param->value.kind = VALUE_ANY;
        } else if (value_parse_number(value, strlen(value), &number)) {
            param->value.kind = VALUE_EITHER;
            param->value.number = number;
        } else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
            param->value.kind = VALUE_EITHER;
            param->value.number = value[0] == 't';
        }
        return true;
    }
    return false;
}

bool spec_is_ready(const struct spec *spec, GError **error)
{
    for (guint i = 0; i < spec->params->len; i++) {
        const struct spec_param *param = &g_array_index(spec->params, struct spec_param, i);

        if (!param->is_set) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "%s:%u: the parameter '%s' has no value: give it with --set %s=VALUE",
                        spec->file, param->line, param->name, param->name);
            return false;
        }
    }
    return true;
}
