/* SPDX-License-Identifier: GPL-2.0-or-later */
/* library.h - the expectations that come with Replug. */
#ifndef REPLUG_CHECK_LIBRARY_H
#define REPLUG_CHECK_LIBRARY_H

#include "check/spec.h"

/* A path, or the name of one that comes with Replug. */
struct spec *library_load(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends all that come with Replug, by name. */
bool library_load_all(GPtrArray *specs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
