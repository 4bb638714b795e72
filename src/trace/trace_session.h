/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_session.h - one machine's tracing: which events go where, and the context (turn, time,
 * vCPU, open spans) of each event.
 */
#ifndef REPLUG_TRACE_TRACE_SESSION_H
#define REPLUG_TRACE_TRACE_SESSION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct trace_session;

#define TRACE_VCPU_NONE 0xffffu

/* host_time_ns: the monotonic host clock (trace may not ask the OS for it); NULL = events carry 0. */
struct trace_session *trace_session_create(uint64_t (*host_time_ns)(void));

/* Flushes and closes every sink. NULL is fine. */
void trace_session_destroy(struct trace_session *session);

/*
 * Applies one -trace option: "[enable=]PATTERN[,sink=lttng|file|ring][,file=PATH][,backtrace=on]".
 * PATTERN is a glob over event names
 * ("kvm_*", "*"). file= implies sink=file; without sink and file the ring is meant. All patterns
 * with a file must name the same one. What goes to LTTng is up to its own session: sink=lttng adds
 * nothing, it is for backtrace=on, which holds for all sinks. Errors: unknown key, pattern that matches nothing, file that
 * can't be created; nothing changes then.
 */
bool trace_session_configure(struct trace_session *session, const char *option,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Probes of the calling thread go to session from here on; NULL unbinds. */
void trace_session_bind(struct trace_session *session);

/* The context of the events that follow. turn_begin also closes spans that were left open. */
void trace_session_turn_begin(struct trace_session *session, uint64_t turn, uint64_t now_ns,
                              unsigned vcpu);
void trace_session_turn_end(struct trace_session *session);
/* Instructions and virtual time, where both go on within a turn: on our own CPUs. */
void trace_session_set_time(struct trace_session *session, uint64_t icount, uint64_t now_ns);

/* Events go to a file, which is to be flushed. */
bool trace_session_has_file(const struct trace_session *session);

/*
 * Muted: probes do nothing, whatever is switched on; from the next trace_session_bind() on. For a machine
 * that is made from a checkpoint.
 */
void trace_session_mute(struct trace_session *session, bool muted);
/* How many events there were: the next one's number is one more. */
uint64_t trace_session_sequence(const struct trace_session *session);
void trace_session_set_sequence(struct trace_session *session, uint64_t sequence);

/* Writes what is buffered to the file; cheap when nothing is. Called by the main loop when idle,
 * under the machine's lock like all of a session's functions. */
void trace_session_flush(struct trace_session *session);

/* What went wrong with the file and how many events it lacks, as a sentence (g_free); NULL when all
 * is well. Whoever flushes last asks. */
char *trace_session_write_error(const struct trace_session *session);

/*
 * QMP trace-event-get-state: a new array of {"name", "state": "enabled"|"disabled"} for the events
 * that match the glob. QMP trace-event-set-state: switches them (the sinks are those of the
 * session: file if there is one, else ring); takes effect at the end of the turn, so that no span
 * is cut. An error (REPLUG_ERROR_INVALID, as in QEMU) when nothing matches.
 */
struct json_object *trace_session_event_state(struct trace_session *session, const char *pattern,
                                              GError **error);
bool trace_session_set_event_state(struct trace_session *session, const char *pattern, bool enable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The flight recorder's last events as text, oldest first, one a line as in tracedump show;
 * appended to out. */
void trace_session_ring_dump(const struct trace_session *session, GString *out);

/* The same into a file as a native trace (.rpt). */
bool trace_session_ring_dump_file(const struct trace_session *session, const char *path,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* trace_session_ring_dump() of the session bound to this thread, if any: when an invariant fails. */
void trace_session_bound_ring_dump(GString *out);

#endif
