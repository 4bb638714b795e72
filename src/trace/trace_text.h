/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_text.h - records as text, one event a line, as tracedump show prints them. */
#ifndef REPLUG_TRACE_TRACE_TEXT_H
#define REPLUG_TRACE_TRACE_TEXT_H

#include <glib.h>
#include <stdint.h>

/* Appends size bytes of whole records that this program has made. */
void trace_text_records(const uint8_t *records, uint32_t size, GString *out);

#endif
