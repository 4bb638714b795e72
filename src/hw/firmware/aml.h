/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aml.h - writes AML (ACPI 6.5 chapter 20) for what depends on the configuration; all the rest is
 * ASL, compiled when Replug is built.
 *
 *     struct aml aml;
 *     aml_init(&aml);
 *     aml_begin_scope(&aml, "\\_SB.PCI0");
 *     aml_begin_device(&aml, "COM1");
 *     aml_name(&aml, "_HID");
 *     aml_eisa_id(&aml, "PNP0501");
 *     aml_end(&aml);
 *     aml_end(&aml);
 *     bytes = aml_finish(&aml);
 *
 * Names are paths as in ASL; what is no name is an invariant's case, and so is a begin without its
 * end.
 */
#ifndef REPLUG_HW_FIRMWARE_AML_H
#define REPLUG_HW_FIRMWARE_AML_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define AML_DEPTH_MAX 8

struct aml {
    GByteArray *bytes;
    guint open[AML_DEPTH_MAX]; /* where the package lengths of open blocks belong */
    unsigned depth;
};

void aml_init(struct aml *aml);
/* The bytes, the caller's; no block is open. */
GByteArray *aml_finish(struct aml *aml);

/* ---- blocks: each ends with aml_end() ---- */
void aml_begin_scope(struct aml *aml, const char *path);
void aml_begin_device(struct aml *aml, const char *path);
void aml_begin_method(struct aml *aml, const char *path, unsigned argument_count, bool serialized);
/* If (LEqual (ArgN, value)) */
void aml_begin_if_argument_equals(struct aml *aml, unsigned argument, uint64_t value);
void aml_end(struct aml *aml);

/* ---- statements ---- */
/* Name (path, ...): a term follows. */
void aml_name(struct aml *aml, const char *path);
/* Return (...): a term follows. */
void aml_return(struct aml *aml);
/* A call: its arguments follow. */
void aml_call(struct aml *aml, const char *path);
/* Notify (path, ...): the value's term follows. */
void aml_notify(struct aml *aml, const char *path);

/* ---- terms ---- */
void aml_integer(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
void aml_eisa_id(struct aml *aml, const char *id); /* "PNP0501" */
void aml_argument(struct aml *aml, unsigned argument);
void aml_buffer(struct aml *aml, const void *bytes, size_t size);

/*
 * ---- resource templates (ACPI 6.5 §6.4): descriptors into a GByteArray, then one aml_resources()
 * ----
 */

struct aml_window {
    uint64_t base, bytes;
    bool cacheable; /* of memory */
};

void resources_io(GByteArray *resources, uint16_t base, uint8_t count);
void resources_irq(GByteArray *resources, unsigned irq); /* edge, active high, exclusive */
void resources_bus_window(GByteArray *resources, uint16_t first, uint16_t last);
void resources_io_window(GByteArray *resources, uint16_t first, uint16_t last);
/* 32 bits wide when it fits, else 64. */
void resources_memory_window(GByteArray *resources, const struct aml_window *window);
void resources_memory32_fixed(GByteArray *resources, uint32_t base, uint32_t size);
/* As the term of a Name: appends the end tag. */
void aml_resources(struct aml *aml, GByteArray *resources);

#endif
