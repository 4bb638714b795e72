/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctf_salvage.h - a second folder for a CTF trace that babeltrace2 refuses as a whole because a
 * stream's last packet is cut: who writes it was killed, or has not finished.
 *
 * What is whole is linked to. A cut stream is copied, and its last packet made as long as what is there
 * of it, so that babeltrace2 gives the events up to that place.
 */
#ifndef REPLUG_TRACEDUMP_CTF_SALVAGE_H
#define REPLUG_TRACEDUMP_CTF_SALVAGE_H

#include <glib.h>

struct ctf_salvage;

/* NULL: no stream is cut, or the folder can't be made. */
struct ctf_salvage *ctf_salvage_create(const char *path);

const char *ctf_salvage_folder(const struct ctf_salvage *salvage);

/* Sentences, one for each cut stream. */
const GPtrArray *ctf_salvage_notes(const struct ctf_salvage *salvage);

/* Removes the folder. NULL is fine. */
void ctf_salvage_destroy(struct ctf_salvage *salvage);

#endif
