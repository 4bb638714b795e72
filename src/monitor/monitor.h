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
struct host_loop;
struct machine;
struct monitors;

enum monitor_mode { MONITOR_MODE_CONTROL /* QMP */, MONITOR_MODE_READLINE /* HMP */ };

/*
 * All monitors of one machine; becomes its event handler. Events come on any thread and go out from
 * the loop's; those that a command causes go out before its reply, as in QEMU.
 */
struct monitors *monitors_create(struct machine *machine, struct host_loop *loop);
void monitors_destroy(struct monitors *monitors); /* before machine_destroy */

/* Opens a session on chr, which stays the machine's (machine_add_chardev). */
void monitors_add(struct monitors *monitors, struct host_char *chr, enum monitor_mode mode,
                  bool pretty);

/* One HMP command as a string to its output; also behind human-monitor-command. The caller frees
 * it. */
char *monitor_run_hmp(struct machine *machine, const char *command_line);

#endif
