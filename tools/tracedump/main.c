/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - tracedump's table of commands. */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/run.h"

static const struct command *const commands[] = {
    &command_info,       &command_verify,   &command_hotplug, &command_show,   &command_chains,
    &command_backtraces, &command_events,   &command_diff,    &command_check,  &command_flatview,
    &command_mtree,      &command_memslots, &command_stats,   &command_flame,  &command_irq,
    &command_follow,     &command_top,      &command_why,     &command_export, &command_report,
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static void print_overview(FILE *to)
{
    fputs(
        "tracedump - answers questions about Replug's traces and recordings\n\n"
        "usage: tracedump [--color=WHEN] [--no-pager] COMMAND [OPTION...] FILE\n\n"
        "FILE is a native trace (.rpt), a directory that LTTng has written, a recording (.rpl), or the\n"
        "URL of a live LTTng session: net://RELAY/host/HOST/SESSION.\n\n",
        to);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(to, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("  help        explains a command, or the filters: tracedump help chains, help filter\n"
          "  --version   says which version this is\n\n"
          "In front of the command: --color=always, never or auto (on a terminal), --no-pager.\n\n"
          "Exit status: 0 all is well, 1 the file is damaged (what could be read was printed),\n"
          "2 it can't be used, or the command line can't.\n",
          to);
}

static int unknown_command(const char *name)
{
    fprintf(stderr, "tracedump: there is no command '%s'\nTry: tracedump help\n", name);
    return STATUS_UNUSABLE;
}

static int help(const char *name)
{
    const struct command *command;

    if (name == NULL) {
        print_overview(stdout);
        return STATUS_FINE;
    }
    if (strcmp(name, "filter") == 0) {
        fputs(help_filter, stdout);
        return STATUS_FINE;
    }
    command = find_command(name);
    if (command == NULL) {
        return unknown_command(name);
    }
    fputs(command->help, stdout);
    return STATUS_FINE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

/* Options in front of the command. */
static bool take_global_option(const char *option)
{
    if (strcmp(option, "--no-pager") == 0) {
        (void)setenv(TERMINAL_PAGER_VARIABLE, "", 1);
        return true;
    }
    if (strcmp(option, "--color=always") == 0 || strcmp(option, "--color=never") == 0 ||
        strcmp(option, "--color=auto") == 0) {
        (void)setenv(TERMINAL_COLOUR_VARIABLE, strchr(option, '=') + 1, 1);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    g_autofree char *full_name = NULL;
    const struct command *command;

    (void)signal(SIGPIPE, SIG_IGN); /* run_fini() looks at EPIPE instead. */
    if (argc < 2) {
        print_overview(stderr);
        return STATUS_UNUSABLE;
    }
    while (argc > 2 && take_global_option(argv[1])) {
        argv++, argc--;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("tracedump " REPLUG_VERSION);
        return STATUS_FINE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        return help(argc > 2 ? argv[2] : NULL);
    }
    command = find_command(argv[1]);
    if (command == NULL) {
        return unknown_command(argv[1]);
    }
    if (asks_for_help(argc - 1, argv + 1)) {
        return help(command->name);
    }
    full_name = g_strconcat("tracedump ", command->name, NULL);
    argv[1] = full_name; /* getopt's messages begin with it. */
    return command->run(argc - 1, argv + 1);
}
