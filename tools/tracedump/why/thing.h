/* SPDX-License-Identifier: GPL-2.0-or-later */
/* thing.h - what somebody asks the history of, and which events belong to it. */
#ifndef REPLUG_TRACEDUMP_THING_H
#define REPLUG_TRACEDUMP_THING_H

#include <stdbool.h>

#include "tracedump/event.h"

enum thing_kind { THING_ADDRESS, THING_SLOT, THING_IRQ, THING_REGISTER, THING_NAME };

struct thing {
    enum thing_kind kind;
    uint64_t number;   /* address, slot, line */
    const char *space; /* of an address */
    const char *name;  /* of a register, a device, a region */
    int level;         /* of a line, as last seen; below 0: not yet */
};

/* slot:N, irq:N, reg:NAME, io:ADDRESS, an address (also with K, M, G), else a name. False: a number
 * was expected and is none. text is borrowed. */
bool thing_parse(const char *text, struct thing *out_thing);

/* The event is a piece of its history; inside = it happens in a span that is. */
bool thing_concerns(struct thing *thing, const struct trace_event *event, bool inside);

#endif
