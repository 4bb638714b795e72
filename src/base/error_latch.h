/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error_latch.h - keeps the first failure of a call chain that has no way to return one.
 *
 * A memory commit or an interrupt line change is void: nothing between QMP and the ioctl could act
 * on a failure half way. The listener or the irqchip latches it here; whoever started the chain
 * (device_add, the exit handler) takes it afterwards and undoes its work, so the machine is as
 * before. Later failures are dropped: they follow from the first.
 */
#ifndef REPLUG_BASE_ERROR_LATCH_H
#define REPLUG_BASE_ERROR_LATCH_H

#include <glib.h>
#include <stdbool.h>

struct error_latch {
    GError *first; /* owned; NULL while nothing has failed */
};

/* Takes ownership of error. */
void error_latch_set(struct error_latch *latch, GError *error);

bool error_latch_is_set(const struct error_latch *latch);

/* Moves the latched failure into *error (which may be NULL) and empties the latch. True when there
 * was NO failure. */
bool error_latch_take(struct error_latch *latch, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
