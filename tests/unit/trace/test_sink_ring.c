/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_sink_ring.c - the ring against a plain list of what was put into it. */
#include <glib.h>
#include <string.h>

#include "base/bytes.h"
#include "trace/sink_ring.h"
#include "unit.h"

#define RING_BYTES (70u * 1024)
#define RECORDS    20000u

/* A record of its own length and content. */
static void put(struct sink_ring *ring, uint32_t number, uint32_t size)
{
    uint8_t *record = sink_ring_reserve(ring, size);

    bytes_store_le16(record, (uint16_t)size);
    bytes_store_le32(record + 2, number);
    memset(record + 6, (int)(number & 0xff), size - 6);
}

/* What the ring holds is what was put last, in order and untouched; returns how much it is. */
static uint64_t check(const struct sink_ring *ring, const uint32_t *sizes, uint32_t count)
{
    uint32_t number = count - ring->record_count;
    uint64_t total = 0;
    const uint8_t *pieces[2];
    uint32_t piece_bytes[2];

    assert_int_equal(ring->dropped_count, number);
    sink_ring_pieces(ring, pieces, piece_bytes);
    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t at = 0; at < piece_bytes[i]; number++) {
            const uint8_t *record = pieces[i] + at;

            assert_int_equal(bytes_load_le16(record), sizes[number]);
            assert_int_equal(bytes_load_le32(record + 2), number);
            assert_int_equal(record[6], number & 0xff);
            assert_int_equal(record[sizes[number] - 1], number & 0xff);
            at += sizes[number];
            total += sizes[number];
        }
    }
    assert_int_equal(number, count);
    return total;
}

static void run(uint32_t seed, uint32_t size_max)
{
    struct sink_ring *ring = sink_ring_create(RING_BYTES);
    GRand *random = g_rand_new_with_seed(seed);
    g_autofree uint32_t *sizes = g_new(uint32_t, RECORDS);
    uint64_t put_bytes = 0;

    for (uint32_t i = 0; i < RECORDS; i++) {
        uint64_t held;

        sizes[i] = (uint32_t)g_rand_int_range(random, 64, (gint32)size_max + 1);
        put(ring, i, sizes[i]);
        put_bytes += sizes[i];
        if (i % 7 == 0 || i < 100) {
            held = check(ring, sizes, i + 1);
            /* No more is dropped than the newest and the end of the memory need. */
            assert_true(held == put_bytes || held + 2 * (uint64_t)size_max >= RING_BYTES);
        }
    }
    g_rand_free(random);
    sink_ring_destroy(ring);
}

static void small_records(void **state)
{
    (void)state;
    run(1, 200);
}

static void mixed_records(void **state)
{
    (void)state;
    run(2, 3000);
}

static void records_nearly_as_large_as_the_ring(void **state)
{
    (void)state;
    run(3, 65535);
}

static void an_empty_ring_has_nothing(void **state)
{
    struct sink_ring *ring = sink_ring_create(RING_BYTES);

    (void)state;
    assert_int_equal(check(ring, NULL, 0), 0);
    sink_ring_destroy(ring);
    sink_ring_destroy(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_records),
        cmocka_unit_test(mixed_records),
        cmocka_unit_test(records_nearly_as_large_as_the_ring),
        cmocka_unit_test(an_empty_ring_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
