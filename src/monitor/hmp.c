/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmp.c - the human monitor's language: a line into command, flags and arguments; help. Texts are
 * QEMU's. */
#include <string.h>

#include "machine/machine.h"
#include "monitor/monitor_internal.h"
#include "trace/trace.h"

static const char *skip_spaces(const char *at)
{
    while (g_ascii_isspace(*at)) {
        at++;
    }
    return at;
}

static char *take_word(const char **at)
{
    const char *start = skip_spaces(*at);
    const char *end = start;

    while (*end != '\0' && !g_ascii_isspace(*end)) {
        end++;
    }
    *at = end;
    return g_strndup(start, (size_t)(end - start));
}

/* A word, or text in double quotes where a backslash lets the next character stand for itself. NULL
 * when a quote is missing. */
static char *take_argument(const char **at)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *p = skip_spaces(*at);

    if (*p != '"') {
        return take_word(at);
    }
    for (p++; *p != '"'; p++) {
        p += *p == '\\' && p[1] != '\0';
        if (*p == '\0') {
            return NULL;
        }
        g_string_append_c(text, *p);
    }
    *at = p + 1;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool name_matches(const char *names, const char *word)
{
    g_auto(GStrv) each = g_strsplit(names, "|", -1);

    return g_strv_contains((const char *const *)each, word);
}

static const struct hmp_command *command_find(const struct hmp_command *table, const char *word)
{
    for (; table->name != NULL; table++) {
        if (name_matches(table->name, word)) {
            return table;
        }
    }
    return NULL;
}

/* A command line on its way. path: the words that led to the command, "info mtree". */
struct parse {
    const char *at;
    const char *path;
    const struct hmp_command *command;
    char *owned[HMP_ARGUMENTS_MAX];
    struct hmp_call *call;
};

static bool complain(const struct parse *parse, const char *what)
{
    const char *name = strrchr(parse->path, ' ');

    g_string_append_printf(parse->call->out, "%s: %s\nTry \"help %s\" for more information\n",
                           name != NULL ? name + 1 : parse->path, what, parse->path);
    return false;
}

static bool parse_flags(struct parse *parse)
{
    while (parse->command->flags != NULL) {
        const char *at = skip_spaces(parse->at);

        if (at[0] != '-' || at[1] == '\0' || g_ascii_isspace(at[1])) {
            break;
        }
        for (at++; *at != '\0' && !g_ascii_isspace(*at); at++) {
            if (strchr(parse->command->flags, *at) == NULL) {
                g_autofree char *what = g_strdup_printf("unsupported option -%c", *at);

                return complain(parse, what);
            }
            parse->call->flags[*at - 'a'] = true;
        }
        parse->at = at;
    }
    return true;
}

static bool parse_rest(struct parse *parse)
{
    parse->owned[0] = g_strchomp(g_strdup(skip_spaces(parse->at)));
    parse->call->arguments[0] = parse->owned[0][0] != '\0' ? parse->owned[0] : NULL;
    return parse->call->arguments[0] != NULL || parse->command->required == 0 ||
           complain(parse, "string expected");
}

static bool parse_arguments(struct parse *parse)
{
    unsigned most = parse->command->required + parse->command->optional;

    if (!parse_flags(parse)) {
        return false;
    }
    if (parse->command->rest_of_line) {
        return parse_rest(parse);
    }
    for (unsigned i = 0; i < most; i++) {
        if (*skip_spaces(parse->at) == '\0') {
            return i >= parse->command->required || complain(parse, "string expected");
        }
        parse->owned[i] = take_argument(&parse->at);
        if (parse->owned[i] == NULL) {
            return complain(parse, "unterminated string");
        }
        parse->call->arguments[i] = parse->owned[i];
    }
    return *skip_spaces(parse->at) == '\0' ||
           complain(parse, "extraneous characters at the end of line");
}

static void run_allowed(const struct parse *parse)
{
    g_autoptr(GError) error = NULL;

    if (parse->command->changes && !machine_may_change(parse->call->machine, parse->path, &error)) {
        g_string_append_printf(parse->call->out, "Error: %s\n", error->message);
        return;
    }
    parse->command->run(parse->call);
}

static void run(struct parse *parse)
{
    if (parse_arguments(parse)) {
        run_allowed(parse);
    }
    for (unsigned i = 0; i < HMP_ARGUMENTS_MAX; i++) {
        g_free(parse->owned[i]);
    }
}

/* Depth: each level of sub commands is one more call. */
static void execute(struct hmp_call *call, const struct hmp_command *table, const char *path,
                    const char *at)
{
    g_autofree char *word = take_word(&at);
    g_autofree char *words = path != NULL ? g_strconcat(path, " ", word, NULL) : g_strdup(word);
    struct parse parse = { at, words, command_find(table, word), { NULL }, call };

    if (parse.command == NULL) {
        g_string_append_printf(call->out, "unknown command: '%s'\n", words);
    } else if (parse.command->sub == NULL) {
        run(&parse);
    } else if (*skip_spaces(at) == '\0') {
        (void)hmp_print_help(call->table, words, call->out); /* it is there */
    } else {
        execute(call, parse.command->sub, words, at);
    }
}

void hmp_execute(struct hmp_call *call, const char *command_line)
{
    memset(call->arguments, 0, sizeof(call->arguments));
    memset(call->flags, 0, sizeof(call->flags));
    if (*skip_spaces(command_line) != '\0') {
        execute(call, call->table, NULL, command_line);
    }
}

static void print_help_line(const struct hmp_command *command, const char *prefix, GString *out)
{
    g_string_append_printf(out, "%s%s %s -- %s\n", prefix, command->name, command->arguments,
                           command->help);
}

static void print_help_table(const struct hmp_command *table, const char *prefix, GString *out)
{
    for (; table->name != NULL; table++) {
        print_help_line(table, prefix, out);
    }
}

bool hmp_print_help(const struct hmp_command *table, const char *name, GString *out)
{
    const char *at = name;
    g_autofree char *word = name != NULL ? take_word(&at) : NULL;
    const struct hmp_command *command = name != NULL ? command_find(table, word) : NULL;
    g_autofree char *prefix = NULL;

    if (name == NULL) {
        print_help_table(table, "", out);
        return true;
    }
    if (command == NULL) {
        return false;
    }
    if (command->sub == NULL) {
        print_help_line(command, "", out);
        return true;
    }
    prefix = g_strconcat(word, " ", NULL);
    g_free(word);
    word = take_word(&at);
    if (word[0] == '\0') {
        print_help_table(command->sub, prefix, out);
        return true;
    }
    command = command_find(command->sub, word);
    if (command != NULL) {
        print_help_line(command, prefix, out);
    }
    return command != NULL;
}

char *monitor_run_hmp(struct machine *machine, const char *command_line)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct hmp_call call = { .machine = machine, .out = out, .table = hmp_commands };

    trace_hmp_command(command_line);
    hmp_execute(&call, command_line);
    g_string_replace(out, "\n", "\r\n", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
