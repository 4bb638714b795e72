/* SPDX-License-Identifier: GPL-2.0-or-later */
/* invariant.h - checks for our own bugs, on in release builds: print the claim, dump the flight
 * recorder, abort. */
#ifndef REPLUG_BASE_INVARIANT_H
#define REPLUG_BASE_INVARIANT_H

#include <glib.h>

#define invariant(claim)                                            \
    do {                                                            \
        if (G_UNLIKELY(!(claim))) {                                 \
            invariant_failed(#claim, __FILE__, __LINE__, __func__); \
        }                                                           \
    } while (0)

typedef void (*invariant_hook_fn)(void);

/* Called once before the abort; main installs the dump of the trace ring. */
void invariant_set_hook(invariant_hook_fn hook);

G_NORETURN void invariant_failed(const char *claim, const char *file, int line,
                                 const char *function);

#endif
