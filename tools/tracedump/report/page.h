/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.h - a report's page without its data, made at build time from page.html, page.css, page.js. */
#ifndef REPLUG_TRACEDUMP_PAGE_H
#define REPLUG_TRACEDUMP_PAGE_H

#include <stddef.h>

extern const char page_head[]; /* what stands in front of the data */
extern const size_t page_head_length;
extern const char page_tail[];
extern const size_t page_tail_length;

#endif
