/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor.h - monitors: QMP and HMP sessions on character devices; the only part that speaks to
 * clients.
 */
#ifndef REPLUG_MONITOR_MONITOR_H
#define REPLUG_MONITOR_MONITOR_H

#include <glib.h>
#include <stdbool.h>

struct host_char;
struct machine;
struct monitors;

enum monitor_mode { MONITOR_MODE_CONTROL /* QMP */, MONITOR_MODE_READLINE /* HMP */ };

/* All monitors of one machine; becomes its event handler. */
struct monitors *monitors_create(struct machine *machine);
void monitors_destroy(struct monitors *monitors);

/* Opens a session on chr, which it owns from here on. */
void monitors_add(struct monitors *monitors, struct host_char *chr, enum monitor_mode mode,
                  bool pretty);

/* One HMP command as a string to its output; also behind human-monitor-command. The caller frees
 * it. */
char *monitor_run_hmp(struct machine *machine, const char *command_line);

#endif
