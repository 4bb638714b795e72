/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_options.c - getopt's table from a command's own, and each option's argument. */
#include "tracedump/command_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/invariant.h"
#include "tracedump/name_globs.h"

#define OWN_MAX 12u

/* What getopt returns: an option of the command's own is its row, the others are selection.h's. */
enum { VALUE_OWN = 0x200, VALUE_REPLAY = 0x300 };

static bool take_count(const char *who, const char *name, const char *text, uint64_t *out_count)
{
    if (!g_ascii_string_to_unsigned(text, 10, 1, UINT64_MAX, out_count, NULL)) {
        fprintf(stderr, "%s: --%s '%s': expected a number above 0\n", who, name, text);
        return false;
    }
    return true;
}

static bool take_time(const char *who, const char *name, const char *text, uint64_t *out_ms)
{
    struct filter_number number;

    if (!filter_parse_number(text, strlen(text), &number) || !number.is_time || number.negative ||
        number.magnitude < 1000000) {
        fprintf(stderr, "%s: --%s '%s': expected a time, such as 500ms or 2s\n", who, name, text);
        return false;
    }
    *out_ms = number.magnitude / 1000000;
    return true;
}

static bool take_choice(const char *who, const struct command_option *option, const char *text)
{
    unsigned count = g_strv_length((char **)option->choices);
    g_autoptr(GString) list = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *(unsigned *)option->value = i;
            return true;
        }
        g_string_append_printf(list, "%s%s",
                               i == 0           ? ""
                               : i == count - 1 ? " or "
                                                : ", ",
                               option->choices[i]);
    }
    fprintf(stderr, "%s: --%s '%s': expected %s\n", who, option->name, text, list->str);
    return false;
}

static bool take_own(struct run *run, const char *who, const struct command_option *option,
                     const char *text)
{
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)option->value = true; return true;
    case OPTION_TEXT: *(const char **)option->value = text; return true;
    case OPTION_COUNT: return take_count(who, option->name, text, option->value);
    case OPTION_TIME: return take_time(who, option->name, text, option->value);
    case OPTION_CHOICE: return take_choice(who, option, text);
    case OPTION_NAMES: name_globs_add(option->value, text); return true;
    case OPTION_EVENTS: return selection_take_option(&run->selection, who, SELECTION_FILTER, text);
    }
    return false;
}

static void fill_common(struct option *row, unsigned common)
{
    static const struct option filter[] = { SELECTION_OPTION_FILTER };
    static const struct option range[] = { SELECTION_OPTIONS_RANGE };

    if ((common & OPTIONS_FILTER) != 0) {
        *row++ = filter[0];
    }
    if ((common & OPTIONS_RANGE) != 0) {
        *row++ = range[0];
        *row++ = range[1];
    }
    if ((common & OPTIONS_REPLAY) != 0) {
        *row++ = (struct option){ "replay", no_argument, NULL, VALUE_REPLAY };
    }
}

bool command_options_take(struct run *run, int argc, char **argv, unsigned common,
                          const struct command_option *own)
{
    struct option rows[OWN_MAX + 5] = { 0 };
    char letters[2 * OWN_MAX + 1] = "";
    unsigned count = 0, letters_length = 0;
    bool fine = true;
    int option;

    for (; own != NULL && own[count].name != NULL; count++) {
        bool has_argument = own[count].kind != OPTION_FLAG;

        invariant(count < OWN_MAX);
        rows[count] =
            (struct option){ own[count].name, has_argument, NULL,
                             own[count].letter != 0 ? own[count].letter : VALUE_OWN + (int)count };
        if (own[count].letter != 0) {
            letters[letters_length++] = own[count].letter;
            if (has_argument) {
                letters[letters_length++] = ':';
            }
        }
    }
    fill_common(&rows[count], common);
    run->looks_inside = (common & OPTIONS_INSIDE) == OPTIONS_INSIDE;
    while (fine && (option = getopt_long(argc, argv, letters, rows, NULL)) != -1) {
        unsigned own_row = 0;

        while (own_row < count && rows[own_row].val != option) {
            own_row++;
        }
        if (own_row < count) {
            fine = take_own(run, argv[0], &own[own_row], optarg);
        } else if (option == VALUE_REPLAY) {
            run->replays = true;
        } else {
            fine = selection_take_option(&run->selection, argv[0], option, optarg);
        }
    }
    return fine;
}
