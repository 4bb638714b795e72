/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_fixture.h - sessions out of random numbers: the same seed gives the same turns, so that
 * one function records a session and replays it.
 */
#ifndef REPLUG_TESTS_UNIT_REPLAY_RECORDING_FIXTURE_H
#define REPLUG_TESTS_UNIT_REPLAY_RECORDING_FIXTURE_H

#include <glib.h>
#include <stdint.h>

#include "replay/recording.h"
#include "replay/recording_reader.h"

struct session_options {
    guint32 seed;
    unsigned turn_count;
    size_t payload_bytes_max; /* of most records; */
    size_t large_bytes;       /* every 16th or so is up to this long; 0 = none */
    size_t state_bytes_max;   /* sizes change now and then */
    unsigned flush_every;     /* turns; 0 = never */
};

/* A path in a folder of the test's own; path_remove() takes both away. */
char *path_create(void);
void path_remove(char *path);

struct recording *session_create(const char *path);

/* Plays the session into a recording that is written, or against one that is replayed: there, inputs
 * must come back as they were given, and turns with their numbers, times and payloads. */
void session_play(struct recording *recording, const struct session_options *options);

/* Creates, plays and closes. */
void session_record(const char *path, const struct session_options *options);

/* Replays as far as the file goes; returns the number of turns. Fails the test at a divergence. */
uint64_t session_replay(const char *path, const struct session_options *options);

/* Whole turns of the file, by the raw reader; 0 when it can't be opened. *out_damage: a copy of the
 * damage or the error, NULL = none. */
uint64_t session_count(const char *path, enum recording_reader_scan scan, char **out_damage);

#endif
