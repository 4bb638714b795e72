/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_format.h - what a recording holds: kinds and groups of records, the session's header,
 * limits. The format is docs/formats/recording.md.
 */
#ifndef REPLUG_REPLAY_RECORDING_FORMAT_H
#define REPLUG_REPLAY_RECORDING_FORMAT_H

#include <stdint.h>

enum recording_turn_kind {

#define TURN(name, why) RECORDING_TURN_##name,
#include "replay/inputs.def"
    RECORDING_TURN_COUNT
};

enum recording_input_kind {

#define INPUT(name, why) RECORDING_INPUT_##name,
#include "replay/inputs.def"
    RECORDING_INPUT_COUNT
};

enum recording_effect_kind {

#define EFFECT(name, what) RECORDING_EFFECT_##name,
#include "replay/inputs.def"
    RECORDING_EFFECT_COUNT
};

enum recording_group {
    RECORDING_GROUP_TURN, /* a turn begins */
    RECORDING_GROUP_INPUT,
    RECORDING_GROUP_EFFECT,
    RECORDING_GROUP_END, /* the turn ends; payload: the change of state */
    RECORDING_GROUP_COUNT
};

#define RECORDING_FORMAT_MAJOR 1
#define RECORDING_FORMAT_MINOR 2

#define RECORDING_VCPU_NONE 0xffffu

/* Limits of what is written and of what is read. */
#define RECORDING_PAYLOAD_BYTES_MAX  (256u << 20) /* of one record */
#define RECORDING_STATE_BYTES_MAX    (16u << 20)
#define RECORDING_KINDS_MAX          32u /* of a group */
#define RECORDING_ARGUMENTS_MAX      65536u
#define RECORDING_ARGUMENT_BYTES_MAX 131072u /* Linux: MAX_ARG_STRLEN */
#define RECORDING_IDENTITY_BYTES_MAX 256u    /* program, build id */

/* What a session was: in the file's first frame. Strings are UTF-8. */
struct recording_header {
    char *program;       /* "replug 0.1.0" */
    char *build_id;      /* GNU build id in hex, or "" */
    char **arguments;    /* the command line after argv[0], NULL-terminated */
    uint64_t schema;     /* hash over all state descriptors and record kinds */
    int64_t realtime_us; /* when it was recorded; for people only */
};

/* "kvm_call": the rows' names; NULL for a number without a row. */
const char *recording_turn_kind_name(unsigned kind);
const char *recording_input_kind_name(unsigned kind);
const char *recording_effect_kind_name(unsigned kind);

/* Why a row is there: the text of inputs.def; NULL for a number without a row. */
const char *recording_kind_help(enum recording_group group, unsigned kind);
/* Any group's; "" for the end of a turn. */
const char *recording_kind_name(enum recording_group group, unsigned kind);
/* "turn", "input", "effect", "end". */
const char *recording_group_name(enum recording_group group);

#endif
