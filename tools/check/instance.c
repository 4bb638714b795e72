/* SPDX-License-Identifier: GPL-2.0-or-later */
/* instance.c - memory of instances, and the copies of what they have captured. */
#include "check/instance.h"

#include "check/steps.h"

struct instance *instance_create(const struct rule *rule)
{
    struct instance *instance = g_new0(struct instance, 1);

    instance->rule = rule;
    instance->variables = g_new0(struct check_value, rule->variables->len + 1);
    instance->texts = g_new0(GByteArray *, rule->variables->len + 1);
    instance->states = g_new0(struct step_state, rule->all_steps->len);
    for (guint i = 0; i < rule->spec->params->len; i++) {
        instance->variables[i] = g_array_index(rule->spec->params, struct spec_param, i).value;
    }
    return instance;
}

void instance_destroy(struct instance *instance)
{
    for (guint i = 0; i < instance->rule->variables->len; i++) {
        g_clear_pointer(&instance->texts[i], g_byte_array_unref);
    }
    for (guint i = 0; i < instance->rule->all_steps->len; i++) {
        event_copy_fini(&instance->states[i].near.event);
    }
    event_copy_fini(&instance->trigger);
    g_free(instance->variables);
    g_free(instance->texts);
    g_free(instance->states);
    g_free(instance);
}

static void keep_conditions(struct instance *instance, const GArray *conditions)
{
    for (guint i = 0; i < conditions->len; i++) {
        const struct condition *condition = &g_array_index(conditions, struct condition, i);
        struct check_value *value = &instance->variables[condition->variable];
        GByteArray **text = &instance->texts[condition->variable];

        if (condition->field == NULL || value->kind != VALUE_TEXT) {
            continue;
        }
        if (*text == NULL) {
            *text = g_byte_array_new();
        }
        g_byte_array_set_size(*text, 0);
        if (value->length > 0) {
            g_byte_array_append(*text, (const guint8 *)value->text, value->length);
        }
        value->text = (const char *)(*text)->data;
    }
}

void instance_keep(struct instance *instance, const struct pattern *pattern, const GArray *results)
{
    if (results != NULL) {
        keep_conditions(instance, results);
    }
    if (pattern == NULL) {
        return;
    }
    keep_conditions(instance, pattern->event.conditions);
    for (guint i = 0; i < pattern->causes->len; i++) {
        keep_conditions(instance, g_array_index(pattern->causes, struct cause, i).event.conditions);
    }
}

struct moment moment_of(const struct trace_event *event)
{
    return (struct moment){ event->sequence, event->turn, event->now_ns, event->icount };
}

void instance_begin(struct instance *instance, const struct moment *moment)
{
    instance->mode = INSTANCE_RUNS;
    instance->fail = (struct fail){ .reason = FAIL_NONE };
    step_start(instance, instance->rule->body, moment);
}
