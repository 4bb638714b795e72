/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_watch.c - digests and lists of what the guest does with devices; intervals of a recording. */
#include "machine/soft_watch.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine_internal.h"
#include "replay/payload_layout.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define SOFT_INTERVAL  (1ull << 26) /* instructions */
#define LIST_BYTES_MAX (64u << 10)  /* then the interval ends early */
#define DIGEST_FACTOR  0x9e3779b97f4a7c15ull

struct soft_watch {
    uint64_t from_icount; /* the interval under way begins here */
    uint64_t next_icount;
    uint64_t count, digest; /* of accesses since then */
    bool lists;             /* each access stands in the recording */
    GByteArray *list;       /* recording */
    struct payload_access_context context;
    GByteArray *payload; /* scratch */

    /* Replay: the accesses in front of the next turn, borrowed from it. */
    const uint8_t *expected;
    size_t expected_bytes, expected_at;
    uint64_t expected_icount; /* the turn's */
    bool has_begun;
    bool is_partial; /* the replay began within this interval, at a checkpoint */
};

struct soft_watch *soft_watch_create(const struct machine *machine)
{
    struct soft_watch *watch;

    if (machine->recording == NULL) {
        return NULL;
    }
    watch = g_new0(struct soft_watch, 1);
    watch->next_icount = SOFT_INTERVAL;
    watch->lists = machine->config->record_io;
    watch->list = g_byte_array_new();
    watch->payload = g_byte_array_new();
    return watch;
}

void soft_watch_destroy(struct soft_watch *watch)
{
    if (watch != NULL) {
        g_byte_array_unref(watch->list);
        g_byte_array_unref(watch->payload);
        g_free(watch);
    }
}

/* ---- accesses ---- */

static uint64_t fold(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * DIGEST_FACTOR;
    return digest ^ digest >> 29;
}

static void fold_access(struct soft_watch *watch, const struct payload_access *access)
{
    uint64_t digest = fold(watch->digest, access->icount);
    const uint8_t *value = access->value;

    digest = fold(digest, access->address << 16 | access->size << 8 | access->kind);
    for (unsigned i = 0; i < access->size; i += 8) {
        digest = fold(digest, bytes_load_le(value + i, MIN(access->size - i, 8u)));
    }
    watch->digest = digest;
    watch->count++;
}

static void print(GString *out, const struct payload_access *access)
{
    g_string_append_printf(out, "instruction %" PRIu64 ": ", access->icount);
    payload_access_print(access, out);
}

/* What the recording has at this place. */
static void print_expected(struct soft_watch *watch, uint64_t icount, GString *out)
{
    struct payload_access_context context = watch->context;
    struct payload_access expected;
    size_t at = watch->expected_at;
    bool found =
        payload_access_load(&context, watch->expected, watch->expected_bytes, &at, &expected);

    if (!found) {
        g_string_append_printf(out, "recorded was none up to instruction %" PRIu64,
                               watch->expected_icount);
        return;
    }
    g_string_append(out, "recorded was ");
    if (expected.icount != icount) {
        print(out, &expected);
    } else {
        payload_access_print(&expected, out);
    }
}

static void diverge(struct machine *machine, const char *text)
{
    recording_diverge(machine->recording, text);
    machine_note_divergence(machine);
    machine->soft->wants_out = true;
    soft_machine_break(machine);
}

/* The same access has the same bytes. */
static void compare(struct machine *machine, const struct payload_access *access)
{
    struct soft_watch *watch = machine->soft->watch;
    uint8_t bytes[PAYLOAD_ACCESS_BYTES_MAX];
    struct payload_access_context context = watch->context;
    size_t size = payload_access_store(&context, access, bytes);

    if (size <= watch->expected_bytes - watch->expected_at &&
        memcmp(bytes, watch->expected + watch->expected_at, size) == 0) {
        watch->expected_at += size;
        watch->context = context;
        return;
    }
    if (recording_divergence(machine->recording) == NULL) {
        g_autoptr(GString) text = g_string_new(NULL);

        print(text, access);
        g_string_append(text, "; ");
        print_expected(watch, access->icount, text);
        diverge(machine, text->str);
    }
}

static void list(struct machine *machine, const struct payload_access *access)
{
    struct soft_watch *watch = machine->soft->watch;
    uint8_t bytes[PAYLOAD_ACCESS_BYTES_MAX];

    g_byte_array_append(watch->list, bytes,
                        (guint)payload_access_store(&watch->context, access, bytes));
    if (watch->list->len >= LIST_BYTES_MAX) {
        machine->soft->wants_out = true;
        soft_machine_break(machine);
    }
}

void soft_watch_access(struct machine *machine, const struct payload_access *access)
{
    struct soft_watch *watch = machine->soft->watch;

    if (watch == NULL || machine->recording_failed) {
        return;
    }
    fold_access(watch, access);
    if (!watch->lists) {
        return;
    }
    if (machine_is_replaying(machine)) {
        compare(machine, access);
    } else {
        list(machine, access);
    }
}

/* ---- intervals ---- */

static bool records(const struct machine *machine)
{
    return machine->soft->watch != NULL && !machine_is_replaying(machine) &&
           !machine->recording_failed;
}

uint64_t soft_watch_icount(const struct machine *machine, uint64_t icount_max)
{
    return records(machine) ? MIN(icount_max, machine->soft->watch->next_icount) : icount_max;
}

static void next_interval(struct soft_watch *watch, uint64_t icount)
{
    watch->from_icount = icount;
    watch->is_partial = false;
    watch->next_icount = (icount / SOFT_INTERVAL + 1) * SOFT_INTERVAL;
    watch->count = 0;
    watch->digest = 0;
    watch->context = (struct payload_access_context){ 0 };
    g_byte_array_set_size(watch->list, 0);
}

/* A window of guest memory, another one each time. Only where an interval has its full length. */
static uint64_t ram_digest(struct machine *machine, uint64_t *out_offset)
{
    uint64_t icount = soft_machine_icount(machine);

    return icount > 0 && icount % SOFT_INTERVAL == 0
               ? recorded_state_ram_window(machine->recorded_state, icount / SOFT_INTERVAL,
                                           out_offset)
               : 0;
}

static void close_interval(struct machine *machine)
{
    struct soft_watch *watch = machine->soft->watch;
    struct payload_interval head;
    uint64_t offset;

    bytes_store_le64(head.from_icount, watch->from_icount);
    bytes_store_le64(head.count, watch->count);
    bytes_store_le64(head.digest, watch->digest);
    bytes_store_le64(head.ram_digest, ram_digest(machine, &offset));
    g_byte_array_set_size(watch->payload, 0);
    g_byte_array_append(watch->payload, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(watch->payload, watch->list->data, watch->list->len);
    next_interval(watch, soft_machine_icount(machine));
    machine_quiet_turn(machine, RECORDING_TURN_interval, watch->payload->data, watch->payload->len);
}

void soft_watch_serve(struct machine *machine)
{
    const struct soft_watch *watch = machine->soft->watch;

    if (records(machine) && (soft_machine_icount(machine) >= watch->next_icount ||
                             watch->list->len >= LIST_BYTES_MAX)) {
        close_interval(machine);
    }
}

void soft_watch_flush(struct machine *machine, bool is_last)
{
    const struct soft_watch *watch = machine->soft->watch;

    if (records(machine) && (is_last ? watch->count > 0 : watch->list->len > 0)) {
        close_interval(machine);
    }
}

/* ---- replay ---- */

/* Accesses in front of the checkpoint at which the replay began are not carried out again. */
static void skip_accesses(struct soft_watch *watch, uint64_t icount)
{
    struct payload_access_context context = watch->context;
    struct payload_access access;
    size_t at = watch->expected_at;

    while (payload_access_load(&context, watch->expected, watch->expected_bytes, &at, &access) &&
           access.icount < icount) {
        watch->context = context;
        watch->expected_at = at;
    }
}

void soft_watch_expect(struct machine *machine, const struct recording_turn *turn)
{
    struct soft_watch *watch = machine->soft->watch;
    size_t head = sizeof(struct payload_interval);
    bool has_list = turn->kind == RECORDING_TURN_interval && turn->payload_bytes > head;

    watch->expected = has_list ? (const uint8_t *)turn->payload + head : NULL;
    watch->expected_bytes = has_list ? turn->payload_bytes - head : 0;
    watch->expected_at = 0;
    watch->expected_icount = turn->icount;
    if (!watch->has_begun) {
        watch->has_begun = true;
        watch->is_partial = soft_machine_icount(machine) > 0;
        watch->from_icount = soft_machine_icount(machine);
    }
    if (watch->is_partial && has_list) {
        skip_accesses(watch, soft_machine_icount(machine));
    }
}

static void compare_interval(struct machine *machine, const struct payload_interval *recorded)
{
    struct soft_watch *watch = machine->soft->watch;
    uint64_t count = bytes_load_le64(recorded->count);
    uint64_t ram = bytes_load_le64(recorded->ram_digest);
    uint64_t offset;
    g_autoptr(GString) text = g_string_new(NULL);

    if (watch->lists && watch->expected_at < watch->expected_bytes) {
        g_string_append(text, "an access is missing: ");
        print_expected(watch, UINT64_MAX, text);
    } else if (!watch->is_partial &&
               (count != watch->count || bytes_load_le64(recorded->digest) != watch->digest)) {
        g_string_append_printf(
            text,
            "between instructions %" PRIu64 " and %" PRIu64
            " the guest did other things with devices (%" PRIu64
            " accesses and interrupts here, %" PRIu64
            " recorded); a recording made with -record FILE,verify=io tells which",
            watch->from_icount, soft_machine_icount(machine), watch->count, count);
    } else if (ram != 0 && ram != ram_digest(machine, &offset)) {
        g_string_append_printf(text,
                               "until instruction %" PRIu64 " guest memory became another, between "
                               "its bytes %" PRIu64 " and %" PRIu64,
                               soft_machine_icount(machine), offset,
                               offset + RECORDED_RAM_WINDOW_BYTES);
    }
    if (text->len > 0) {
        diverge(machine, text->str);
    }
}

void soft_watch_turn(struct machine *machine, const void *payload, size_t size)
{
    g_mutex_lock(&machine->lock);
    if (size < sizeof(struct payload_interval)) {
        diverge(machine, "the recording is damaged: this is no interval");
    } else {
        compare_interval(machine, payload);
    }
    next_interval(machine->soft->watch, soft_machine_icount(machine));
    machine_quiet_turn(machine, RECORDING_TURN_interval, payload, size);
    g_mutex_unlock(&machine->lock);
}
