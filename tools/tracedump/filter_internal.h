/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_internal.h - a filter's tree, as its parser makes it and its evaluation walks it. */
#ifndef REPLUG_TRACEDUMP_FILTER_INTERNAL_H
#define REPLUG_TRACEDUMP_FILTER_INTERNAL_H

#include "tracedump/filter.h"

enum filter_relation {
    RELATION_EQUAL,
    RELATION_UNEQUAL,
    RELATION_LESS,
    RELATION_LESS_EQUAL,
    RELATION_GREATER,
    RELATION_GREATER_EQUAL,
    RELATION_MATCHES,
    RELATION_MATCHES_NOT,
};

/* What an event has besides its fields. */
enum filter_context {
    CONTEXT_NONE, /* a field */
    CONTEXT_EVENT,
    CONTEXT_PHASE,
    CONTEXT_TURN,
    CONTEXT_ICOUNT,
    CONTEXT_NOW,
    CONTEXT_HOST,
    CONTEXT_VCPU,
    CONTEXT_SPAN,
    CONTEXT_PARENT,
    CONTEXT_SEQUENCE,
    CONTEXT_COUNT,
};

/* One of the values behind an operator; which form counts depends on the field's type. */
struct filter_alternative {
    char *text; /* as written, escapes resolved; NULL for a variable */
    size_t length;
    bool is_glob;   /* text has * or ? and was not quoted */
    bool is_number; /* low is the number */
    bool is_range;  /* low..high; an end that is left out is open */
    bool has_low;
    bool has_high;
    struct filter_number low;
    struct filter_number high;
    GRegex *regex;
    int variable; /* its index, below 0 for a literal */
};

enum filter_node_kind {
    NODE_AND,
    NODE_OR,
    NODE_NOT,
    NODE_NAME,    /* the event's name matches one of globs */
    NODE_COMPARE, /* field, operator, alternatives */
    NODE_WITHIN,  /* left is the pattern of the span */
    NODE_BEFORE,
    NODE_AFTER,
    NODE_FROM,
    NODE_TO,
};

/* Where the pattern of NODE_WITHIN and what follows it has got to. */
enum filter_progress {
    PROGRESS_WAITING, /* for an event that matches */
    PROGRESS_INSIDE,  /* of the span, which sequence and turn tell */
    PROGRESS_DONE,
};

#define NODE_MISSING UINT32_MAX

/* Children have lower indices than their parent. */
struct filter_node {
    enum filter_node_kind kind;
    uint32_t left;
    uint32_t right;
    GPtrArray *globs; /* of char * */
    enum filter_context context;
    char *field;
    enum filter_relation relation;
    GArray *alternatives; /* struct filter_alternative */
    bool ends;            /* once this is false it stays so */
    bool passed; /* of trackers and comparisons: what the last judgement was; at first ends */
    bool met;    /* an event had this name or field */
    enum filter_progress progress;
    uint64_t sequence;
    uint64_t turn;
};

/* What an event's shape alone says of a node. */
enum filter_verdict { VERDICT_FALSE, VERDICT_TRUE, VERDICT_OPEN };

struct filter_resolved {
    uint8_t verdict;
    uint16_t field; /* VERDICT_OPEN of NODE_COMPARE: its index */
};

struct filter_shape {
    const char *name;
    const struct field_decl *fields;
    enum event_phase phase;
    bool rejected; /* no event of it passes */
    bool watched;  /* an event of it may move a tracker */
    struct filter_resolved *nodes;
};

struct filter {
    GArray *nodes; /* struct filter_node */
    uint32_t root;
    GArray *trackers;          /* indices of nodes with progress, inner ones first */
    GHashTable *shapes;        /* of struct filter_shape, owned */
    struct filter_shape *last; /* the one of the last event */
    bool over;
};

struct filter *filter_new(void);

/* Of struct filter_alternative, owned with all that is in them. */
GArray *filter_alternatives_new(void);

/* The node's comparison with this event's value; field is its index where context is none. */
bool filter_compare(const struct filter_node *node, const struct trace_event *event, unsigned field,
                    const struct filter_value *variables);

/* The same for what the name and phase alone decide: context event or phase. */
bool filter_compare_static(const struct filter_node *node, const struct trace_event *event);

/* Whether a field of this type can be compared so at all. */
bool filter_compares(const struct filter_node *node, enum field_type type);

const char *filter_context_name(enum filter_context context);

#endif
