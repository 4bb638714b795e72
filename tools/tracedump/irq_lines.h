/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_lines.h - what interrupt lines do at each hop of the way from a device to a CPU. */
#ifndef REPLUG_TRACEDUMP_IRQ_LINES_H
#define REPLUG_TRACEDUMP_IRQ_LINES_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

/* Only a hostile trace has more. */
#define IRQ_LINES_MAX            4096u
#define IRQ_STORM_RAISES_DEFAULT 100u

/* An event that is a hop. line and level are its fields' names; NULL where there is none. */
struct irq_hop {
    const char *event;
    const char *line;
    const char *level;
};

/* In the order of the way; ends with a NULL event, whose index is IRQ_HOP_NONE. */
extern const struct irq_hop irq_hops[];

#define IRQ_HOP_NONE 23u

struct irq_line {
    unsigned hop;
    unsigned within; /* the hop that it was inside of, IRQ_HOP_NONE at the top */
    uint64_t number;
    uint32_t tag;   /* its index plus one */
    uint64_t level; /* low at the start */
    uint64_t count;
    uint64_t count_before; /* at irq_lines_looked() */
    uint64_t raised;
    uint64_t lowered;
    uint64_t repeated;  /* the level that it had already */
    uint64_t coalesced; /* kvm_set_irq: KVM had it pending already */
    uint64_t window;    /* number of the window of 10 ms that is being counted */
    uint64_t in_window; /* raises, or without levels events */
    uint64_t peak;
    uint64_t storms; /* windows with at least so many */
    uint64_t first_storm_ns;
};

struct irq_lines;

struct irq_lines *irq_lines_create(uint64_t storm_raises);
void irq_lines_destroy(struct irq_lines *lines);

/* Events of this name are no hop. */
bool irq_lines_ignore(struct irq_lines *lines, const struct trace_event *shape);

void irq_lines_event(struct irq_lines *lines, const struct trace_event *event);

/* Of struct irq_line, by hop and number; to be freed, what is in it is theirs. */
GPtrArray *irq_lines_sorted(const struct irq_lines *lines);

/* The same, those with the most events since the last look first. */
GPtrArray *irq_lines_busiest(const struct irq_lines *lines);
void irq_lines_looked(struct irq_lines *lines);

/* Events on lines above IRQ_LINES_MAX. */
uint64_t irq_lines_beyond(const struct irq_lines *lines);

#endif
