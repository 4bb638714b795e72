/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_names.c - the names of inputs.def's rows. */
#include <stddef.h>

#include "replay/recording_format.h"

struct row {
    const char *name;
    const char *help;
};

static const struct row turn_rows[] = {

#define TURN(name, why) { #name, why },
#include "replay/inputs.def"
};

static const struct row input_rows[] = {

#define INPUT(name, why) { #name, why },
#include "replay/inputs.def"
};

static const struct row effect_rows[] = {

#define EFFECT(name, what) { #name, what },
#include "replay/inputs.def"
};

_Static_assert(RECORDING_TURN_COUNT <= RECORDING_KINDS_MAX, "a tag has five bits for the kind");
_Static_assert(RECORDING_INPUT_COUNT <= RECORDING_KINDS_MAX, "a tag has five bits for the kind");
_Static_assert(RECORDING_EFFECT_COUNT <= RECORDING_KINDS_MAX, "a tag has five bits for the kind");

static const struct row *row_of(enum recording_group group, unsigned kind)
{
    static const struct row end_row = { "", "" };

    switch (group) {
    case RECORDING_GROUP_TURN: return kind < RECORDING_TURN_COUNT ? &turn_rows[kind] : NULL;
    case RECORDING_GROUP_INPUT: return kind < RECORDING_INPUT_COUNT ? &input_rows[kind] : NULL;
    case RECORDING_GROUP_EFFECT: return kind < RECORDING_EFFECT_COUNT ? &effect_rows[kind] : NULL;
    case RECORDING_GROUP_END: return kind == 0 ? &end_row : NULL;
    case RECORDING_GROUP_COUNT: break;
    }
    return NULL;
}

const char *recording_kind_name(enum recording_group group, unsigned kind)
{
    const struct row *row = row_of(group, kind);

    return row != NULL ? row->name : NULL;
}

const char *recording_kind_help(enum recording_group group, unsigned kind)
{
    const struct row *row = row_of(group, kind);

    return row != NULL ? row->help : NULL;
}

const char *recording_turn_kind_name(unsigned kind)
{
    return recording_kind_name(RECORDING_GROUP_TURN, kind);
}

const char *recording_input_kind_name(unsigned kind)
{
    return recording_kind_name(RECORDING_GROUP_INPUT, kind);
}

const char *recording_effect_kind_name(unsigned kind)
{
    return recording_kind_name(RECORDING_GROUP_EFFECT, kind);
}

const char *recording_group_name(enum recording_group group)
{
    static const char *const names[RECORDING_GROUP_COUNT] = { "turn", "input", "effect", "end" };

    return group < RECORDING_GROUP_COUNT ? names[group] : NULL;
}
