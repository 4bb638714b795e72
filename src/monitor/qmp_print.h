/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp_print.h - JSON values as text in QEMU's form: ", " and ": ", everything beyond ASCII escaped;
 * pretty is indented by four. */
#ifndef REPLUG_MONITOR_QMP_PRINT_H
#define REPLUG_MONITOR_QMP_PRINT_H

#include <glib.h>
#include <stdbool.h>

struct json_object;

/* Appends value (NULL = null); members in order of addition. */
void qmp_print(const struct json_object *value, bool pretty, GString *out);

#endif
