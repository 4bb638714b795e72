/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inputs.h - the border between the machine and the outside: what comes in and what goes out, written
 * down, or taken from a recording (docs/determinism.md).
 *
 * In a turn of a machine that records or replays these functions talk to its struct recording; else
 * they let everything pass. The machine's code calls them the same way in all three cases.
 */
#ifndef REPLUG_MACHINE_INPUTS_H
#define REPLUG_MACHINE_INPUTS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/payload_layout.h"
#include "replay/recording_format.h"

struct json_object;
struct machine;
struct vm_exit;

/* ---- within a turn ---- */

/* Inputs and effects of this moment are recorded, or come from a recording. */
bool inputs_are_logged(const struct machine *machine);
/* They come from a recording: the outside is not asked. */
bool inputs_are_replayed(const struct machine *machine);
/* The machine lives on a recording. Between two turns, too. */
bool machine_is_replaying(const struct machine *machine);

/* Keeps the last events where the replay has just diverged: what follows only winds the turn up. */
void machine_note_divergence(struct machine *machine);
void machine_input(struct machine *machine, enum recording_input_kind kind, void *bytes,
                   size_t size);
/* Takes bytes over (NULL where the outside was not asked), gives what the machine goes on with. */
GBytes *machine_input_bytes(struct machine *machine, enum recording_input_kind kind, GBytes *bytes);
void machine_effect(struct machine *machine, enum recording_effect_kind kind, const void *bytes,
                    size_t size);

/* ---- facts about the host: asked only where nothing is replayed ---- */

int64_t machine_realtime_us(struct machine *machine);
/* Takes what belongs to the fact over, gives what the machine goes on with: in a replay what was
 * recorded, of any size and content (content is not looked at, it may be NULL). */
GBytes *machine_fact(struct machine *machine, enum payload_fact fact, GBytes *content);
uint64_t machine_fact_number(struct machine *machine, enum payload_fact fact, uint64_t number);
int64_t machine_thread_id(struct machine *machine, unsigned vcpu);
bool machine_host_has_kvm(struct machine *machine);
/* [{"label", "filename", "frontend-open"}], a new array. */
struct json_object *machine_chardev_list(struct machine *machine);
/* A seed for randomness: 8 bytes of a file; path NULL = of /dev/urandom, on our own CPUs from their generator. */
bool machine_random_seed(struct machine *machine, const char *path, uint64_t *out_seed,
                         GError **error);
/* What asking the host ended with: an error that it set becomes, in a replay, the recorded one. */
bool machine_host_verdict(struct machine *machine, bool ok, GError **error);
/* A file's bytes (-bios, -kernel, -initrd); option: for the error. */
GBytes *machine_read_file(struct machine *machine, const char *option, const char *path,
                          GError **error);

/* ---- effects ---- */

/* Bytes that a loader wrote into guest memory, and zeros behind them up to memory_bytes. */
void machine_loaded(struct machine *machine, uint64_t gpa, const void *bytes, size_t count,
                    uint64_t memory_bytes);

/* ---- payloads of turns (docs/determinism.md) ---- */

void exit_payload_store(const struct vm_exit *exit, GByteArray *out);
/* False: malformed. Points out_exit->data into scratch, which it sizes for the data; count * size is
 * at most EXIT_DATA_BYTES_MAX. */
bool exit_payload_load(const uint8_t *bytes, size_t size, GByteArray *scratch,
                       struct vm_exit *out_exit);

#define EXIT_DATA_BYTES_MAX 65536u

/* A client's number, then its command as JSON. */
void command_payload_store(unsigned client, const char *text, size_t length, GByteArray *out);
/* The command's text without its end, NULL = malformed. */
const char *command_payload_load(const uint8_t *bytes, size_t size, unsigned *out_client,
                                 size_t *out_length);
/* The command that a text of length bytes stands for; never NULL. */
struct json_object *command_parse(const char *text, size_t length);

/* A label, its end (0), then bytes. */
void console_payload_store(const char *label, const uint8_t *bytes, size_t count, GByteArray *out);
/* The bytes, NULL = malformed. The label is at the beginning of the payload. */
const uint8_t *console_payload_load(const uint8_t *bytes, size_t size, size_t *out_count);

#endif
