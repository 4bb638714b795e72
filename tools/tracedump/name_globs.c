/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name_globs.c - matches event names with globs, each name once. */
#include "tracedump/name_globs.h"

#include <fnmatch.h>

enum { VERDICT_PASSES = 1, VERDICT_STOPS };

void name_globs_init(struct name_globs *globs)
{
    globs->patterns = g_ptr_array_new_with_free_func(g_free);
    globs->verdict = g_hash_table_new(NULL, NULL);
}

void name_globs_fini(struct name_globs *globs)
{
    g_ptr_array_unref(globs->patterns);
    g_hash_table_unref(globs->verdict);
}

void name_globs_add(struct name_globs *globs, const char *list)
{
    g_auto(GStrv) parts = g_strsplit(list, ",", -1);

    for (char **glob = parts; *glob != NULL; glob++) {
        g_ptr_array_add(globs->patterns, g_strdup(*glob));
    }
}

static int judge(const struct name_globs *globs, const char *name)
{
    for (guint i = 0; i < globs->patterns->len; i++) {
        if (fnmatch(globs->patterns->pdata[i], name, 0) == 0) {
            return VERDICT_PASSES;
        }
    }
    return VERDICT_STOPS;
}

bool name_globs_pass(struct name_globs *globs, const char *name)
{
    int verdict;

    if (globs->patterns->len == 0) {
        return true;
    }
    verdict = GPOINTER_TO_INT(g_hash_table_lookup(globs->verdict, name));
    if (verdict == 0) {
        verdict = judge(globs, name);
        g_hash_table_insert(globs->verdict, (gpointer)name, GINT_TO_POINTER(verdict));
    }
    return verdict == VERDICT_PASSES;
}
