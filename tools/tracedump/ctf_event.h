/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctf_event.h - one of LTTng's events in the form of docs/formats/trace.md ("The same in LTTng's
 * CTF") made into a trace_event.
 */
#ifndef REPLUG_TRACEDUMP_CTF_EVENT_H
#define REPLUG_TRACEDUMP_CTF_EVENT_H

#include <babeltrace2/babeltrace.h>
#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

#define CTF_FRAMES_MAX 255u

struct ctf_decoder {
    GStringChunk *strings; /* equal names are equal pointers */
    GHashTable *classes;   /* bt_event_class -> struct ctf_class, owned */
    GArray *values;        /* of the last event decoded */
    uint64_t frames[CTF_FRAMES_MAX];
};

/* What is known of all events of one class. */
struct ctf_class;

void ctf_decoder_init(struct ctf_decoder *decoder);
void ctf_decoder_fini(struct ctf_decoder *decoder);

enum ctf_kind {
    CTF_KIND_EVENT,
    CTF_KIND_MODULE,  /* replug:trace_module */
    CTF_KIND_FOREIGN, /* not Replug's */
    CTF_KIND_STRANGE, /* Replug's by its name, but not in the documented form */
};

/* The class of a message that is an event; borrowed. */
const struct ctf_class *ctf_decoder_class(struct ctf_decoder *decoder, const bt_message *message);

enum ctf_kind ctf_class_kind(const struct ctf_class *class);
const char *ctf_class_name(const struct ctf_class *class);

/* rp_sequence of a message of such a class (CTF_KIND_EVENT or CTF_KIND_MODULE). */
uint64_t ctf_event_sequence(const struct ctf_class *class, const bt_message *message);

/* Decodes it; the result points into decoder and message. */
void ctf_event_decode(struct ctf_decoder *decoder, const struct ctf_class *class,
                      const bt_message *message, struct trace_event *out_event);

#endif
