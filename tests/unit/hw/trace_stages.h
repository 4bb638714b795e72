/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_stages.h - which stages some code went through, for tests: "outer( inner( ) instant ) ".
 *
 *     struct trace_session *trace = trace_stages_begin();
 *     irq_line_raise(&line);
 *     g_autofree char *stages = trace_stages_end(trace);
 */
#ifndef REPLUG_TESTS_UNIT_HW_TRACE_STAGES_H
#define REPLUG_TESTS_UNIT_HW_TRACE_STAGES_H

#include <string.h>

#include "trace/trace_session.h"
#include "unit.h"

static inline struct trace_session *trace_stages_begin(void)
{
    struct trace_session *trace = trace_session_create(NULL);

    assert_true(trace_session_configure(trace, "*,sink=ring", NULL));
    trace_session_bind(trace);
    trace_session_turn_begin(trace, 1, 0, TRACE_VCPU_NONE);
    return trace;
}

/* Ends and destroys the session; the caller frees the text. */
static inline char *trace_stages_end(struct trace_session *trace)
{
    GString *stages = g_string_new(NULL);
    g_autoptr(GString) dump = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;

    trace_session_ring_dump(trace, dump);
    trace_session_turn_end(trace);
    trace_session_bind(NULL);
    trace_session_destroy(trace);
    lines = g_strsplit(dump->str, "\n", -1);
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        const char *name = strstr(*line, " vcpu - ");
        bool enters, leaves;

        assert_non_null(name);
        name += strlen(" vcpu - ");
        enters = g_str_has_prefix(name, "--> ");
        leaves = g_str_has_prefix(name, "<-- ");
        if (leaves) {
            g_string_append(stages, ") ");
            continue;
        }
        name += enters ? strlen("--> ") : 0;
        g_string_append_len(stages, name, (gssize)strcspn(name, ": \n"));
        g_string_append(stages, enters ? "( " : " ");
    }
    return g_string_free(stages, FALSE);
}

#endif
