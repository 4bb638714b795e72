/* SPDX-License-Identifier: GPL-2.0-or-later */
/* invariant.c - says which claim did not hold, then aborts. */
#include "base/invariant.h"

#include <stdio.h>
#include <stdlib.h>

/* One hook for the process: after a broken invariant nothing else of the process can be trusted to
 * find it. */
static invariant_hook_fn failure_hook;

void invariant_set_hook(invariant_hook_fn hook)
{
    failure_hook = hook;
}

void invariant_failed(const char *claim, const char *file, int line, const char *function)
{
    invariant_hook_fn hook = failure_hook;

    failure_hook = NULL;
    fprintf(stderr,
            "replug: internal error: \"%s\" does not hold in %s (%s:%d). Please report this.\n",
            claim, function, file, line);
    if (hook != NULL) {
        hook();
    }
    abort();
}
