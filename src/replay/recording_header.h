/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_header.h - the session's header as the payload of the first frame. */
#ifndef REPLUG_REPLAY_RECORDING_HEADER_H
#define REPLUG_REPLAY_RECORDING_HEADER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording_header;

/* Appends the payload. Errors (REPLUG_ERROR_INVALID): a limit, a string that is no UTF-8. */
bool recording_header_encode(const struct recording_header *header, GByteArray *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: REPLUG_ERROR_CORRUPT; REPLUG_ERROR_UNSUPPORTED for another major version, with who wrote
 * it. out_header (fini by the caller) and out_minor stay untouched then. */
bool recording_header_decode(const uint8_t *bytes, size_t size, struct recording_header *out_header,
                             unsigned *out_minor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void recording_header_fini(struct recording_header *header);

#endif
