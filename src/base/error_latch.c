/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error_latch.c - first failure wins. */
#include "base/error_latch.h"

void error_latch_set(struct error_latch *latch, GError *error)
{
    if (latch->first == NULL) {
        latch->first = error;
    } else {
        g_error_free(error);
    }
}

bool error_latch_is_set(const struct error_latch *latch)
{
    return latch->first != NULL;
}

bool error_latch_take(struct error_latch *latch, GError **error)
{
    if (latch->first == NULL) {
        return true;
    }
    g_propagate_error(error, latch->first);
    latch->first = NULL;
    return false;
}
