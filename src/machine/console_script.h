/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console_script.h - -console-script: what is typed on a console, and at which instruction or time.
 *
 *     # a comment
 *     1500000000 uname -a\n        bytes for the console once so many instructions have been executed
 *     2500ms poweroff -f\n         the same at a virtual time (ns, us, ms, s)
 *
 * Between position and text stands one space. In the text \n, \r, \t, \\ and \xHH are bytes. A piece comes when its
 * position is reached and the piece before it has been taken, as fast as the console takes it.
 */
#ifndef REPLUG_MACHINE_CONSOLE_SCRIPT_H
#define REPLUG_MACHINE_CONSOLE_SCRIPT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct console_script;

/* Errors (REPLUG_ERROR_INVALID) name the line. */
struct console_script *console_script_parse(const char *text, size_t size, GError **error);
void console_script_destroy(struct console_script *script); /* NULL is fine */

/* Where the next bytes are due: UINT64_MAX = not by this measure. At the script's end both are. */
uint64_t console_script_icount(const struct console_script *script);
uint64_t console_script_ns(const struct console_script *script);

/* The bytes of the next piece that have not been taken; NULL at the end. */
const uint8_t *console_script_bytes(const struct console_script *script, size_t *out_count);
/* At most as many as there are. */
void console_script_take(struct console_script *script, size_t count);

#endif
