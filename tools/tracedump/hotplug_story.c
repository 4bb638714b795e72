/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug_story.c - an operation in plain words: what happened, and why it has got no further. */
#include <inttypes.h>
#include <string.h>

#include "tracedump/event_field.h"
#include "tracedump/hotplug.h"
#include "tracedump/report.h"

#define NAME_MAX_BYTES 63u

const char *hotplug_result_name(const struct hotplug_operation *operation)
{
    switch (operation->result) {
    case RESULT_PENDING: return "pending";
    case RESULT_DONE:
        return operation->is_unplug                     ? "gone"
               : operation->stages[STAGE_QMP].turn == 0 ? "cold"
               : operation->family == FAMILY_PCI        ? "seen"
                                                        : "online";
    case RESULT_REFUSED: return "refused";
    case RESULT_FAILED: break;
    }
    return operation->is_unplug ? "kept" : "failed";
}

static const char *family_registers(enum hotplug_family family)
{
    switch (family) {
    case FAMILY_MEMORY: return "its slot's memory hotplug registers";
    case FAMILY_CPU: return "its CPU hotplug registers";
    case FAMILY_PCI: return "the PCI hotplug registers";
    case FAMILY_NONE: break;
    }
    return "its registers";
}

/* The stage behind the last one says what did not happen. */
static char *diagnose_pending(const struct hotplug_operation *operation)
{
    const struct hotplug_moment *stages = operation->stages;

    if (stages[STAGE_EJECT].reached) {
        return g_strdup("the guest has ejected it, but the machine has not let it go");
    }
    if (stages[STAGE_OST].reached) {
        return g_strdup("the guest has reported progress by _OST, but not its end");
    }
    if (stages[STAGE_READ].reached) {
        return g_strdup_printf("the guest has read %s, but has not reported by _OST",
                               family_registers(operation->family));
    }
    if (stages[STAGE_SCI].reached) {
        return g_strdup_printf("the guest was interrupted, but has not read %s: does its ACPI "
                               "driver run?",
                               family_registers(operation->family));
    }
    if (stages[STAGE_GPE].reached && operation->has_enable) {
        return operation->gpe_enable == 0
                   ? g_strdup("the event was raised, but no SCI: the guest has enabled no GPE; its "
                              "ACPI does not run (yet)")
                   : g_strdup_printf("the event was raised, but no SCI: the guest has enabled the "
                                     "GPEs 0x%" PRIx64 " only",
                                     operation->gpe_enable);
    }
    if (stages[STAGE_GPE].reached) {
        return g_strdup("the event was raised, but no SCI is in the trace");
    }
    return g_strdup_printf("no event for the guest is in the trace behind %s",
                           hotplug_stage_name(operation->last));
}

char *hotplug_diagnose(const struct hotplug_operation *operation)
{
    if (operation->result == RESULT_DONE) {
        return NULL;
    }
    if (operation->reason != NULL) {
        return g_strdup(operation->reason);
    }
    if (operation->result == RESULT_PENDING) {
        return diagnose_pending(operation);
    }
    return g_strdup("the trace does not say why");
}

static void append_number(GString *out, enum field_type type, const char *name, uint64_t number)
{
    static const char units[] = "KMGT";
    unsigned unit = 0;

    if (g_str_has_suffix(name, "_bytes") && number >= 1024 && number % 1024 == 0) {
        for (number /= 1024; number % 1024 == 0 && number > 0 && unit < 3; unit++) {
            number /= 1024;
        }
        g_string_append_printf(out, "%" PRIu64 " %ci", number, units[unit]);
        return;
    }
    switch (type) {
    case FIELD_BOOL: g_string_append(out, number != 0 ? "true" : "false"); break;
    case FIELD_I32:
    case FIELD_I64: g_string_append_printf(out, "%" PRId64, (int64_t)number); break;
    case FIELD_X8:
    case FIELD_X16:
    case FIELD_X32:
    case FIELD_X64: g_string_append_printf(out, "0x%" PRIx64, number); break;
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_STR:
    case FIELD_RAW: g_string_append_printf(out, "%" PRIu64, number); break;
    }
}

/* A text is the traced program's, so of the guest or a client too: it ends neither a line nor the story. */
static void append_text(GString *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0') {
            g_string_append(out, "\\0");
        } else if (text[i] == '\n') {
            g_string_append(out, "\\n");
        } else {
            g_string_append_c(out, text[i]);
        }
    }
}

static void append_field(GString *out, const struct trace_event *event, const char *name)
{
    int index = event_field_index(event, name);

    if (index < 0) {
        g_string_append(out, "?"); /* an older or newer trace */
    } else if (event->fields[index].type == FIELD_STR) {
        append_text(out, event->values[index].text, event->values[index].length);
    } else {
        append_number(out, event->fields[index].type, name, event->values[index].number);
    }
}

void hotplug_tell(struct hotplug_operation *operation, const struct trace_event *event,
                  const char *sentence)
{
    GString *story = operation->story;

    if (story == NULL || story->len > HOTPLUG_STORY_MAX) {
        return;
    }
    g_string_append_printf(story, "%10" PRIu64 " ns turn %-6" PRIu64 " ", event->now_ns,
                           event->turn);
    while (*sentence != '\0') {
        const char *end = *sentence == '{' ? strchr(sentence, '}') : NULL;
        char name[NAME_MAX_BYTES + 1] = { 0 };

        if (end == NULL || end - sentence > (ptrdiff_t)NAME_MAX_BYTES) {
            g_string_append_c(story, *sentence++);
            continue;
        }
        memcpy(name, sentence + 1, (size_t)(end - sentence - 1));
        append_field(story, event, name);
        sentence = end + 1;
    }
    g_string_append_c(story, '\n');
}
