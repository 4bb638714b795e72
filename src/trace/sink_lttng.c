/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink_lttng.c - tells LTTng's sessions which files backtraces point into; the events themselves go
 * there from their generated serializers. */
#include "trace/trace_internal.h"
#include "trace/trace_lttng_args.h"

void sink_lttng_describe_modules(struct trace_session *session)
{
    struct trace_context context = session->context;

    if (G_LIKELY(lttng_ust_tracepoint_replug___trace_module.state == 0)) {
        session->lttng_knows_modules = false;
        return;
    }
    if (session->lttng_knows_modules) {
        return;
    }
    session->lttng_knows_modules = true;
    context.sequence = 0;
    for (unsigned i = 0; i < session->modules->list->len; i++) {
        const struct trace_module *module = trace_modules_at(session->modules, i);
        const struct trace_args_trace_module args = { .index = i,
                                                      .path = module->path,
                                                      .build_id = module->build_id,
                                                      .code_start = module->code_start };

        trace_lttng_trace_module(&context, &args);
    }
}
