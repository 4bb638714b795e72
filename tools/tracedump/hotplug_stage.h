/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug_stage.h - the stages of a plug or an unplug, and which events of a trace they are. */
#ifndef REPLUG_TRACEDUMP_HOTPLUG_STAGE_H
#define REPLUG_TRACEDUMP_HOTPLUG_STAGE_H

#include "tracedump/event.h"

enum hotplug_stage {
    STAGE_QMP,
    STAGE_REALIZE,
    STAGE_PRE_PLUG,
    STAGE_PLUG, /* or of an unplug: unplug_request */
    STAGE_COMMIT,
    STAGE_RENDER,
    STAGE_IOCTL,
    STAGE_GPE,
    STAGE_SCI,
    STAGE_READ, /* the guest's first look at the device's registers */
    STAGE_OST,
    STAGE_EJECT,
    STAGE_DELETED,
    STAGE_COUNT,
    STAGE_NONE = STAGE_COUNT, /* the event only adds to the story */
};

/* The guest names a device by a number in the registers of its kind. */
enum hotplug_family { FAMILY_NONE, FAMILY_MEMORY, FAMILY_CPU, FAMILY_PCI };

/* How an event tells which operation it belongs to. */
enum hotplug_match {
    MATCH_CURRENT, /* the one that this turn works on */
    MATCH_DEVICE,  /* the field "device" */
    MATCH_NUMBER,  /* the field number_field of its family */
    MATCH_MASK,    /* the same as a mask: a bit for each number */
};

struct hotplug_rule {
    const char *event;
    enum event_phase phase;
    enum hotplug_stage stage;
    enum hotplug_match match;
    enum hotplug_family family; /* what the operation is of from here on, or must be of */
    const char *number_field;
    const char *field;    /* must have this text; NULL: there is no such condition */
    const char *value;    /* with a * at its end: must begin so */
    const char *sentence; /* of the story, with {FIELD}s; NULL: none */
};

/* The rules of this event and phase are next to each other; NULL: there are none. */
const struct hotplug_rule *hotplug_rules(const char *event, enum event_phase phase,
                                         unsigned *out_count);

/* "QMP", "pre_plug" ... */
const char *hotplug_stage_name(enum hotplug_stage stage);

#endif
