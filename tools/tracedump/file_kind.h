/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_kind.h - which of the forms a path holds. */
#ifndef REPLUG_TRACEDUMP_FILE_KIND_H
#define REPLUG_TRACEDUMP_FILE_KIND_H

enum file_kind {
    FILE_KIND_NATIVE_TRACE, /* also what is no file of ours, or can't be opened: opening it says so */
    FILE_KIND_CTF,          /* a directory */
    FILE_KIND_RECORDING,
};

/* Takes nothing out of a pipe; one can only hold a native trace. */
enum file_kind file_kind_of(const char *path);

#endif
