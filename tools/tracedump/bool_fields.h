/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bool_fields.h - the generated list of the fields that are bool where CTF says u8. */
#ifndef REPLUG_TRACEDUMP_BOOL_FIELDS_H
#define REPLUG_TRACEDUMP_BOOL_FIELDS_H

#include <stddef.h>

/* "qemu_set_irq_enter.level", by LTTng's name of the event; ends with NULL. */
extern const char *const bool_fields[];

#endif
