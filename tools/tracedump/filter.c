/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.c - matches event names with globs, each name once. */
#include "tracedump/filter.h"

#include <fnmatch.h>

enum { VERDICT_PASSES = 1, VERDICT_STOPS };

void filter_init(struct filter *filter)
{
    filter->globs = g_ptr_array_new_with_free_func(g_free);
    filter->verdict = g_hash_table_new(NULL, NULL);
}

void filter_fini(struct filter *filter)
{
    g_ptr_array_unref(filter->globs);
    g_hash_table_unref(filter->verdict);
}

void filter_add(struct filter *filter, const char *globs)
{
    g_auto(GStrv) list = g_strsplit(globs, ",", -1);

    for (char **glob = list; *glob != NULL; glob++) {
        g_ptr_array_add(filter->globs, g_strdup(*glob));
    }
}

static int judge(const struct filter *filter, const char *name)
{
    for (guint i = 0; i < filter->globs->len; i++) {
        if (fnmatch(filter->globs->pdata[i], name, 0) == 0) {
            return VERDICT_PASSES;
        }
    }
    return VERDICT_STOPS;
}

bool filter_passes(struct filter *filter, const char *name)
{
    int verdict;

    if (filter->globs->len == 0) {
        return true;
    }
    verdict = GPOINTER_TO_INT(g_hash_table_lookup(filter->verdict, name));
    if (verdict == 0) {
        verdict = judge(filter, name);
        g_hash_table_insert(filter->verdict, (gpointer)name, GINT_TO_POINTER(verdict));
    }
    return verdict == VERDICT_PASSES;
}
