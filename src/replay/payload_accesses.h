/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * payload_accesses.h - what a guest on our own CPUs did with devices, as a turn "interval" holds it: some bytes for
 * each access, the same ones for the same access (docs/formats/recording.md, "Accesses").
 */
#ifndef REPLUG_REPLAY_PAYLOAD_ACCESSES_H
#define REPLUG_REPLAY_PAYLOAD_ACCESSES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum payload_access_kind {
    PAYLOAD_ACCESS_IN,
    PAYLOAD_ACCESS_OUT,
    PAYLOAD_ACCESS_LOAD,
    PAYLOAD_ACCESS_STORE,
    PAYLOAD_ACCESS_RDMSR,
    PAYLOAD_ACCESS_WRMSR,
    PAYLOAD_ACCESS_INTERRUPT, /* address: the vector; no value */
    PAYLOAD_ACCESS_KINDS,
};

struct payload_access {
    enum payload_access_kind kind;
    uint64_t icount; /* instructions of all CPUs before this one */
    uint64_t address;
    const void *value;
    unsigned size; /* at most PAYLOAD_ACCESS_SIZE_MAX */
};

/* What the access before decides about the bytes of the next; begins as zeros. */
struct payload_access_context {
    uint64_t icount, address;
};

#define PAYLOAD_ACCESS_SIZE_MAX  255u
#define PAYLOAD_ACCESS_BYTES_MAX (1u + 1u + 10u + 10u + PAYLOAD_ACCESS_SIZE_MAX)

/* Gives the number of bytes, at most PAYLOAD_ACCESS_BYTES_MAX. */
size_t payload_access_store(struct payload_access_context *context,
                            const struct payload_access *access, uint8_t *out);

/* Moves *at behind one; the value points into the bytes. False: malformed, or nothing left. */
bool payload_access_load(struct payload_access_context *context, const uint8_t *bytes, size_t size,
                         size_t *at, struct payload_access *out_access);

/* "in 0x71 gave 0x12", "out 0x70, 0x0a", "load 0xfee00030 gave 0x00050014", "rdmsr 0x1b gave ...", "interrupt 0x30". */
void payload_access_print(const struct payload_access *access, GString *out);

#endif
