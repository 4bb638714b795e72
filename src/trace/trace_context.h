/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_context.h - what every event carries besides its own fields; docs/formats/trace.md, record. */
#ifndef REPLUG_TRACE_TRACE_CONTEXT_H
#define REPLUG_TRACE_TRACE_CONTEXT_H

#include <stdint.h>

enum trace_phase {
    TRACE_PHASE_INSTANT,
    TRACE_PHASE_ENTER,
    TRACE_PHASE_LEAVE,
};

/* Frames are borrowed from the session and hold until its next event. */
struct trace_context {
    uint64_t sequence;
    uint64_t turn;
    uint64_t now_ns;
    uint64_t icount;
    uint64_t span;
    uint64_t parent;
    const uint64_t *frames;
    uint32_t frame_count;
    uint16_t vcpu;
};

#endif
