/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nesting.c - the stack of open spans. */
#include "tracedump/nesting.h"

static void close_innermost(struct nesting *nesting)
{
    nesting->depth--;
    if (nesting->closed != NULL) {
        nesting->closed(&nesting->spans[nesting->depth], nesting->opaque);
    }
}

/*
 * An event is inside the spans from its parent outward, and each of those was entered before the
 * one inside it: so every open span that was entered after the parent is over. The parent itself
 * need not be open here (a filter may have stopped it). No span outlives its turn. A leave is inside
 * its own span, unless that span's enter was not traced (0).
 */
void nesting_advance(struct nesting *nesting, const struct trace_event *event)
{
    bool has_span = event->phase == EVENT_LEAVE && event->span != 0;
    uint64_t innermost = has_span ? event->span : event->parent;

    while (nesting->depth > 0) {
        const struct open_span *top = &nesting->spans[nesting->depth - 1];

        if (top->sequence <= innermost && top->turn == event->turn) {
            break;
        }
        close_innermost(nesting);
    }
}

struct open_span *nesting_enter(struct nesting *nesting, const struct trace_event *event)
{
    struct open_span *span;

    if (nesting->depth == NESTING_DEPTH_MAX) {
        return NULL;
    }
    if (nesting->depth > 0) {
        nesting->spans[nesting->depth - 1].has_child = true;
    }
    span = &nesting->spans[nesting->depth++];
    *span = (struct open_span){
        .sequence = event->sequence,
        .turn = event->turn,
        .name = event->name,
        .host_ns = event->host_ns,
    };
    return span;
}

void nesting_leave(struct nesting *nesting, const struct trace_event *event)
{
    if (nesting->depth > 0 && nesting->spans[nesting->depth - 1].sequence == event->span) {
        close_innermost(nesting);
    }
}

void nesting_finish(struct nesting *nesting)
{
    while (nesting->depth > 0) {
        close_innermost(nesting);
    }
}
