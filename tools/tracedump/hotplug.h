/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hotplug.h - finds the plugs and unplugs in a trace and follows each through its stages.
 *
 * One pass; what it keeps is bounded: operations that nothing more is known of are given up, the
 * oldest first.
 */
#ifndef REPLUG_TRACEDUMP_HOTPLUG_H
#define REPLUG_TRACEDUMP_HOTPLUG_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/hotplug_stage.h"

/* Operations that are kept until those in front of them are through. */
#define HOTPLUG_OPERATIONS_MAX 256u

/* A story is cut behind so many bytes. */
#define HOTPLUG_STORY_MAX (64u << 10)

enum hotplug_result {
    RESULT_PENDING, /* the guest has not answered, or the trace ends here */
    RESULT_DONE,    /* plugged and in use, or there from the start; or gone */
    RESULT_REFUSED, /* by the machine */
    RESULT_FAILED,  /* the guest could not, or did not want to */
};

struct hotplug_moment {
    bool reached;
    uint64_t turn;
    uint64_t now_ns;
    uint64_t icount;
    uint64_t host_ns;
};

struct hotplug_operation {
    char *device;
    char *driver; /* NULL = not known */
    bool is_unplug;
    bool is_closed; /* nothing more belongs to it but a late _OST */
    struct hotplug_moment stages[STAGE_COUNT];
    enum hotplug_stage last; /* reached so far */
    enum hotplug_result result;
    char *reason; /* NULL = none is known */
    enum hotplug_family family;
    bool has_number;
    uint64_t number; /* among its family */
    bool has_enable;
    uint64_t gpe_enable; /* GPEs that the guest had enabled when it was told */
    GString *story;      /* lines; NULL: not wanted */
};

struct hotplug;

/* An operation has reached a stage, or (STAGE_NONE) has its result. */
typedef void (*hotplug_stage_fn)(const struct hotplug_operation *operation,
                                 enum hotplug_stage stage, void *opaque);

/* An operation is through, in the order in which they began. */
typedef void (*hotplug_through_fn)(const struct hotplug_operation *operation, void *opaque);

struct hotplug_options {
    const char *story_of;   /* the device whose stories are told; NULL: none. Borrowed */
    hotplug_stage_fn stage; /* may be NULL */
    hotplug_through_fn through;
    void *opaque;
};

struct hotplug *hotplug_create(const struct hotplug_options *options);

void hotplug_event(struct hotplug *hotplug, const struct trace_event *event);

/* Events of this name and phase mean nothing to it. */
bool hotplug_ignores(struct hotplug *hotplug, const struct trace_event *shape);

/* The trace is through: so is every operation. */
void hotplug_finish(struct hotplug *hotplug);

void hotplug_destroy(struct hotplug *hotplug);

/* "pending", "online", "gone", "refused" ... */
const char *hotplug_result_name(const struct hotplug_operation *operation);

/* Why it has got no further, in words; to be freed. NULL where it has. */
char *hotplug_diagnose(const struct hotplug_operation *operation);

/* Adds a rule's sentence to the story, with the event's fields in it. */
void hotplug_tell(struct hotplug_operation *operation, const struct trace_event *event,
                  const char *sentence);

#endif
