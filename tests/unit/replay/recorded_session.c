/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_session.c - makes recordings for other readers, and prints what Replug's reader finds.
 *
 * usage: recorded_session write FILE SEED TURNS PAYLOAD LARGE STATE FLUSH
 *        recorded_session print FILE     records, totals and damage
 *        recorded_session replay FILE    as a machine that does nothing: turns, damage, divergence
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "recording_fixture.h"
#include "unit.h"

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static void print_record(const struct recording_record *record)
{
    printf("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s %u", record->sequence, record->turn,
           recording_group_name(record->group), record->kind);
    if (record->group == RECORDING_GROUP_TURN) {
        printf(" now=%" G_GUINT64_FORMAT " icount=%" G_GUINT64_FORMAT " vcpu=%d", record->now_ns,
               record->icount, record->vcpu == RECORDING_VCPU_NONE ? -1 : (int)record->vcpu);
    }
    printf(" %zu %016llx\n", record->payload_bytes,
           (unsigned long long)XXH3_64bits(record->payload, record->payload_bytes));
}

static int print(const char *path)
{
    g_autoptr(GError) error = NULL;
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_CHECKSUMS, &error);
    struct recording_record record;
    struct recording_totals totals;

    if (reader == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return EXIT_FAILURE;
    }
    while (recording_reader_next(reader, &record)) {
        print_record(&record);
    }
    recording_reader_totals(reader, &totals);
    printf("%" G_GUINT64_FORMAT " turns, state digest %016" G_GINT64_MODIFIER "x, %s\n",
           totals.turn_count, totals.state_digest, totals.has_end ? "complete" : "no end");
    if (recording_reader_damage(reader) != NULL) {
        printf("damage: %s\n", recording_reader_damage(reader));
    }
    recording_reader_close(reader);
    return EXIT_SUCCESS;
}

static int replay(const char *path)
{
    struct recording *recording = recording_open(path, NULL);
    struct recording_turn turn;
    unsigned count = 0;

    if (recording == NULL) {
        return EXIT_FAILURE;
    }
    while (recording_peek_turn(recording, &turn)) {
        recording_turn_begin(recording, &turn);
        recording_turn_end(recording, NULL, 0, NULL, NULL);
        count++;
    }
    printf("%u turns\n", count);
    if (recording_damage(recording) != NULL) {
        printf("damage: %s\n", recording_damage(recording));
    }
    if (recording_divergence(recording) != NULL) {
        printf("divergence: %s\n", recording_divergence(recording)->text);
    }
    recording_close(recording);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "print") == 0) {
        return print(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "replay") == 0) {
        return replay(argv[2]);
    }
    if (argc != 9 || strcmp(argv[1], "write") != 0) {
        fprintf(stderr, "usage: recorded_session write FILE SEED TURNS PAYLOAD LARGE STATE FLUSH\n"
                        "       recorded_session print|replay FILE\n");
        return EXIT_FAILURE;
    }
    session_record(argv[2], &(struct session_options){ .seed = number(argv[3]),
                                                       .turn_count = number(argv[4]),
                                                       .payload_bytes_max = number(argv[5]),
                                                       .large_bytes = number(argv[6]),
                                                       .state_bytes_max = number(argv[7]),
                                                       .flush_every = number(argv[8]) });
    return EXIT_SUCCESS;
}
