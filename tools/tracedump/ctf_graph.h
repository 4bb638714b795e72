/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctf_graph.h - babeltrace2's reader of a CTF directory or of a live LTTng session, driven step by
 * step: one source.ctf.fs for each trace found in the directory, or a source.ctf.lttng-live, muxed
 * by time, and a sink that hands out messages.
 */
#ifndef REPLUG_TRACEDUMP_CTF_GRAPH_H
#define REPLUG_TRACEDUMP_CTF_GRAPH_H

#include <babeltrace2/babeltrace.h>
#include <glib.h>
#include <stdbool.h>

struct ctf_graph;

/* Who wants to keep the message takes a reference of its own. */
typedef void (*ctf_message_fn)(const bt_message *message, void *opaque);

/* Whether it is no path but what `lttng create --live` is read by: net://RELAY/host/HOST/SESSION. */
bool ctf_graph_is_live(const char *path);

/* path: the folder that `lttng create` names, or any between it and the trace's own; or as above. */
struct ctf_graph *ctf_graph_open(const char *path, ctf_message_fn message, void *opaque,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum ctf_step { CTF_STEP_MORE, CTF_STEP_WAIT, CTF_STEP_END, CTF_STEP_FAILED };

/* Hands out the next few messages. After WAIT there are none now (of a live session); after END or
 * FAILED there will be no more. */
enum ctf_step ctf_graph_step(struct ctf_graph *graph, GError **error);

/* NULL is fine. Messages that are still kept must be given back before. */
void ctf_graph_close(struct ctf_graph *graph);

#endif
