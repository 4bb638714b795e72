/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.h - faults on demand: which call of which kind shall fail, and with what errno.
 *
 * A fault point is a place that asks the operating system for something on the hotplug path. The
 * code there first asks fault_take(); a nonzero answer is an errno that stands for the call's
 * failure, and the call is not made. Counting starts when the fault is armed, so "at=2" is the
 * second call from then on. The rows live in fault_points.def.
 */
#ifndef REPLUG_BASE_FAULT_H
#define REPLUG_BASE_FAULT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum fault_point {

#define FAULT_POINT(name, what) FAULT_##name,
#include "base/fault_points.def"
#undef FAULT_POINT
    FAULT_POINT_COUNT
};

struct fault_plan {
    struct fault_point_state {
        int error;          /* the errno to answer with; 0 = not armed */
        uint64_t countdown; /* calls still to go; 1 = the next one fails */
        bool every;         /* stays armed after it has struck (at=all) */
    } points[FAULT_POINT_COUNT];
};

/*
 * Arms a fault from "POINT=ERRNO[,at=N|at=all]", such as "kvm_set_user_memory_region=EEXIST,at=2";
 * POINT=off disarms. ERRNO is a name (ENOMEM) or a number. Errors (REPLUG_ERROR_INVALID) list what
 * was expected.
 */
bool fault_plan_arm(struct fault_plan *plan, const char *text,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The errno with which this call shall fail, 0 for "make the call". plan may be NULL. */
int fault_take(struct fault_plan *plan, enum fault_point point);

/* Names and one-line explanations, for -fault help; both static strings. */
const char *fault_point_name(enum fault_point point);
const char *fault_point_help(enum fault_point point);

/* "ENOMEM" for 12; NULL for a number that has no name here. */
const char *fault_errno_name(int error);

#endif
