/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_options.h - a command's options as a table, and those that many commands have in common. */
#ifndef REPLUG_TRACEDUMP_COMMAND_OPTIONS_H
#define REPLUG_TRACEDUMP_COMMAND_OPTIONS_H

#include "tracedump/run.h"

enum option_kind {
    OPTION_FLAG,   /* bool: becomes true */
    OPTION_TEXT,   /* const char *: points into argv */
    OPTION_COUNT,  /* uint64_t: a number above 0 */
    OPTION_TIME,   /* uint64_t: ms, from a time such as 500ms or 2s */
    OPTION_CHOICE, /* an enum: the argument's place in choices */
    OPTION_NAMES,  /* struct name_globs: one or more, each time it is given */
    OPTION_EVENTS, /* nothing: the same as --filter */
};

struct command_option {
    const char *name;
    enum option_kind kind;
    void *value;
    const char *const *choices; /* up to a NULL */
    char letter;                /* the short form; 0 = none */
};

/* Which common ones the command has. */
enum {
    OPTIONS_FILTER = 1 << 0,
    OPTIONS_RANGE = 1 << 1,                   /* --from and --to */
    OPTIONS_REPLAY = 1 << 2,                  /* of recordings */
    OPTIONS_INSIDE = OPTIONS_REPLAY | 1 << 3, /* and without it the command sees little of them */
};

/* own ends with a row without a name; NULL: none. What is wrong is said on stderr, as getopt does. */
bool command_options_take(struct run *run, int argc, char **argv, unsigned common,
                          const struct command_option *own);

#endif
