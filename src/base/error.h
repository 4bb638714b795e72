/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - the one error domain of Replug and its few codes.
 *
 * A function that can fail returns bool (true = success) or a pointer and takes GError ** last. The
 * text is for people: what was given, what was expected. A caller adds context with
 * g_prefix_error(). Out parameters stay untouched on failure. The code says which QMP error class
 * the monitor answers with (replug_error_qmp_class).
 */
#ifndef REPLUG_BASE_ERROR_H
#define REPLUG_BASE_ERROR_H

#include <glib.h>

enum replug_error_code {
    REPLUG_ERROR_INVALID,     /* what was given is malformed or out of range */
    REPLUG_ERROR_NOT_FOUND,   /* a named device, object or file does not exist */
    REPLUG_ERROR_BUSY,        /* exists or is in use already */
    REPLUG_ERROR_NO_SPACE,    /* slots, addresses or memory are used up */
    REPLUG_ERROR_UNSUPPORTED, /* this machine, device or host can't do it */
    REPLUG_ERROR_IO,          /* the operating system refused; the text names the call and errno */
    REPLUG_ERROR_CORRUPT,     /* a file's content contradicts its format */
    REPLUG_ERROR_DIVERGED,    /* a replay left the recorded path */
};

#define REPLUG_ERROR replug_error_quark()

GQuark replug_error_quark(void);

/* The QMP error class ("GenericError", "DeviceNotFound") for an error; QAPI's ErrorClass. Static
 * string. */
const char *replug_error_qmp_class(const GError *error);

#endif
