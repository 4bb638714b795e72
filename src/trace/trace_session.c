/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_session.c - a session's life, its turns and its binding to threads. */
#include "trace/trace_session.h"

#include "base/error.h"
#include "trace/trace_internal.h"
#include "trace/trace_text.h"

__thread struct trace_session *trace_bound_session;

struct trace_session *trace_session_create(uint64_t (*host_time_ns)(void))
{
    struct trace_session *session = g_new0(struct trace_session, 1);

    session->context.vcpu = TRACE_VCPU_NONE;
    session->modules = trace_modules_create();
    trace_clock_init(&session->clock, host_time_ns);
    session->created = trace_clock_now(&session->clock);
    return session;
}

void trace_session_destroy(struct trace_session *session)
{
    if (session == NULL) {
        return;
    }
    for (unsigned i = 0; i < TRACE_EVENT_COUNT; i++) {
        trace_session_route(session, i, 0);
    }
    if (trace_bound_session == session) {
        trace_bound_session = NULL;
    }
    trace_session_flush(session);
    sink_file_destroy(session->file);
    sink_ring_destroy(session->ring);
    trace_modules_destroy(session->modules);
    g_free(session);
}

void trace_session_bind(struct trace_session *session)
{
    trace_bound_session = session != NULL && session->is_muted ? NULL : session;
    if (trace_bound_session != NULL) {
        sink_lttng_describe_modules(session);
    }
}

void trace_session_turn_begin(struct trace_session *session, uint64_t turn, uint64_t now_ns,
                              unsigned vcpu)
{
    if (session == NULL) {
        return;
    }
    session->context.turn = turn;
    session->context.now_ns = now_ns;
    session->context.vcpu = (uint16_t)MIN(vcpu, TRACE_VCPU_NONE);
    session->span_count = 0;
    session->in_turn = true;
    sink_file_context_changed(session->file);
    sink_lttng_describe_modules(session);
}

void trace_session_turn_end(struct trace_session *session)
{
    if (session == NULL) {
        return;
    }
    session->in_turn = false;
    session->context.vcpu = TRACE_VCPU_NONE;
    sink_file_context_changed(session->file);
    if (session->has_pending) {
        trace_session_apply_pending(session);
    }
    if (session->file != NULL) {
        sink_file_turn_end(session->file);
    }
}

void trace_session_set_time(struct trace_session *session, uint64_t icount, uint64_t now_ns)
{
    if (session != NULL) {
        session->context.icount = icount;
        session->context.now_ns = now_ns;
        sink_file_context_changed(session->file);
    }
}

bool trace_session_has_file(const struct trace_session *session)
{
    return session != NULL && session->file != NULL;
}

void trace_session_mute(struct trace_session *session, bool muted)
{
    session->is_muted = muted;
}

uint64_t trace_session_sequence(const struct trace_session *session)
{
    return session->context.sequence;
}

void trace_session_set_sequence(struct trace_session *session, uint64_t sequence)
{
    session->context.sequence = sequence;
}

void trace_session_flush(struct trace_session *session)
{
    if (trace_session_has_file(session)) {
        sink_file_flush(session->file);
    }
}

char *trace_session_write_error(const struct trace_session *session)
{
    const struct sink_file *file = session->file;

    if (file == NULL || file->error == 0) {
        return NULL;
    }
    return g_strdup_printf("Can't write trace file '%s': %s; %" G_GUINT64_FORMAT
                           " events are missing in it",
                           file->path, g_strerror(file->error), file->lost_total);
}

void trace_session_ring_dump(const struct trace_session *session, GString *out)
{
    const uint8_t *pieces[2];
    uint32_t sizes[2];

    if (session->ring == NULL) {
        return;
    }
    sink_ring_pieces(session->ring, pieces, sizes);
    trace_text_records(pieces[0], sizes[0], out);
    trace_text_records(pieces[1], sizes[1], out);
}

bool trace_session_ring_dump_file(const struct trace_session *session, const char *path,
                                  GError **error)
{
    const uint8_t *pieces[2];
    uint32_t sizes[2];
    g_autofree uint8_t *payload = NULL;
    uint8_t *records;
    struct sink_file *file;
    int failure;

    if (session->ring == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "There is no trace ring; expected a -trace option with sink=ring");
        return false;
    }
    file = sink_file_create(path, &session->clock, session->modules, error);
    if (file == NULL) {
        return false;
    }
    sink_ring_pieces(session->ring, pieces, sizes);
    payload = g_malloc(TRACE_BLOCK_CLOCK_BYTES + (gsize)sizes[0] + sizes[1]);
    records = payload + TRACE_BLOCK_CLOCK_BYTES;
    trace_clock_store(&session->clock, session->created, trace_clock_now(&session->clock), payload);
    memcpy(records, pieces[0], sizes[0]);
    memcpy(records + sizes[0], pieces[1], sizes[1]);
    file->lost_count = session->ring->dropped_count;
    sink_file_write_block(file, payload, TRACE_BLOCK_CLOCK_BYTES + sizes[0] + sizes[1],
                          session->ring->record_count);
    failure = file->error;
    sink_file_destroy(file);
    if (failure != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't write trace file '%s': %s", path,
                    g_strerror(failure));
    }
    return failure == 0;
}

void trace_session_bound_ring_dump(GString *out)
{
    struct trace_session *session = trace_bound_session;

    if (session != NULL) {
        trace_session_flush(session);
        trace_session_ring_dump(session, out);
    }
}
