/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault.c - parses and counts down the faults that -fault and the QMP command x-fault-inject arm.
 */
#include "base/fault.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static const struct {
    const char *name;
    const char *help;
} point_texts[FAULT_POINT_COUNT] = {

#define FAULT_POINT(name, what) { #name, what },
#include "base/fault_points.def"
#undef FAULT_POINT
};

static const struct {
    const char *name;
    int number;
} errno_names[] = {
    { "EPERM", EPERM },   { "ENOENT", ENOENT }, { "EINTR", EINTR },   { "EIO", EIO },
    { "ENXIO", ENXIO },   { "E2BIG", E2BIG },   { "EBADF", EBADF },   { "EAGAIN", EAGAIN },
    { "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "EFAULT", EFAULT }, { "EBUSY", EBUSY },
    { "EEXIST", EEXIST }, { "ENODEV", ENODEV }, { "EINVAL", EINVAL }, { "ENFILE", ENFILE },
    { "EMFILE", EMFILE }, { "EFBIG", EFBIG },   { "ENOSPC", ENOSPC }, { "EROFS", EROFS },
    { "ENOSYS", ENOSYS }, { "ENOTTY", ENOTTY }, { "EDQUOT", EDQUOT }, { "EOPNOTSUPP", EOPNOTSUPP },
};

static int errno_parse(const char *text)
{
    guint64 number;

    for (size_t i = 0; i < G_N_ELEMENTS(errno_names); i++) {
        if (strcmp(text, errno_names[i].name) == 0) {
            return errno_names[i].number;
        }
    }
    return g_ascii_string_to_unsigned(text, 10, 1, 4095, &number, NULL) ? (int)number : 0;
}

const char *fault_errno_name(int error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(errno_names); i++) {
        if (errno_names[i].number == error) {
            return errno_names[i].name;
        }
    }
    return NULL;
}

static bool point_parse(const char *text, enum fault_point *out_point, GError **error)
{
    g_autoptr(GString) known = NULL;

    for (unsigned i = 0; i < FAULT_POINT_COUNT; i++) {
        if (strcmp(text, point_texts[i].name) == 0) {
            *out_point = (enum fault_point)i;
            return true;
        }
    }
    known = g_string_new(NULL);
    for (unsigned i = 0; i < FAULT_POINT_COUNT; i++) {
        g_string_append_printf(known, "%s%s", i ? ", " : "", point_texts[i].name);
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Unknown fault point '%s'; expected one of %s", text, known->str);
    return false;
}

static bool at_parse(const char *text, uint64_t *out_countdown, bool *out_every, GError **error)
{
    guint64 at;

    if (strcmp(text, "at=all") == 0) {
        *out_countdown = 1;
        *out_every = true;
        return true;
    }
    if (g_str_has_prefix(text, "at=") &&
        g_ascii_string_to_unsigned(text + 3, 10, 1, G_MAXINT64, &at, NULL)) {
        *out_countdown = at;
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Unexpected '%s' in a fault; expected at=N (N from 1) or at=all", text);
    return false;
}

bool fault_plan_arm(struct fault_plan *plan, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 3);
    char *equals = parts[0] != NULL ? strchr(parts[0], '=') : NULL;
    enum fault_point point;
    uint64_t countdown = 1;
    bool every = false;
    int number;

    if (equals == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Fault '%s' has no '='; expected POINT=ERRNO[,at=N]", text);
        return false;
    }
    *equals = '\0';
    if (!point_parse(parts[0], &point, error)) {
        return false;
    }
    if (strcmp(equals + 1, "off") == 0 && parts[1] == NULL) {
        plan->points[point].error = 0;
        return true;
    }
    number = errno_parse(equals + 1);
    if (number == 0) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
            "Unknown errno '%s' for fault point '%s'; expected a name (ENOMEM), a number or off",
            equals + 1, parts[0]);
        return false;
    }
    for (unsigned i = 1; parts[i] != NULL; i++) {
        if (!at_parse(parts[i], &countdown, &every, error)) {
            return false;
        }
    }
    plan->points[point].error = number;
    plan->points[point].countdown = countdown;
    plan->points[point].every = every;
    return true;
}

int fault_take(struct fault_plan *plan, enum fault_point point)
{
    int number;

    if (plan == NULL || plan->points[point].error == 0) {
        return 0;
    }
    if (plan->points[point].countdown > 1) {
        plan->points[point].countdown--;
        return 0;
    }
    number = plan->points[point].error;
    if (!plan->points[point].every) {
        plan->points[point].error = 0;
    }
    return number;
}

const char *fault_point_name(enum fault_point point)
{
    return point_texts[point].name;
}

const char *fault_point_help(enum fault_point point)
{
    return point_texts[point].help;
}
