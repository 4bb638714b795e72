/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command.h - what main.c's table knows of a command. */
#ifndef REPLUG_TRACEDUMP_COMMAND_H
#define REPLUG_TRACEDUMP_COMMAND_H

struct command {
    const char *name;
    const char *summary; /* a line in the list of commands */
    const char *help;    /* usage, options, examples */
    /* argv[0] is the command's name; returns the exit status. */
    int (*run)(int argc, char **argv);
};

/* tracedump help filter */
extern const char help_filter[];

extern const struct command command_hotplug;
extern const struct command command_stats;
extern const struct command command_flame;
extern const struct command command_irq;
extern const struct command command_follow;
extern const struct command command_top;
extern const struct command command_show;
extern const struct command command_chains;
extern const struct command command_backtraces;
extern const struct command command_events;
extern const struct command command_info;
extern const struct command command_verify;
extern const struct command command_diff;
extern const struct command command_check;
extern const struct command command_flatview;
extern const struct command command_mtree;
extern const struct command command_memslots;
extern const struct command command_why;
extern const struct command command_export;
extern const struct command command_report;

#endif
