/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_recording_state.c - changes of state: what is written, what is made of it, what is refused. */
#include <string.h>

#include "replay/recording_reader.h"
#include "replay/recording_state.h"
#include "unit.h"

static void check_change(const char *before, const char *after, const uint8_t *change,
                         size_t change_size)
{
    struct recording_state state = { g_memdup2(before, strlen(before)), strlen(before) };
    g_autoptr(GByteArray) out = g_byte_array_new();

    recording_state_diff(&state, (const uint8_t *)after, strlen(after), out);
    assert_int_equal(out->len, change_size);
    assert_memory_equal(out->data, change, change_size);
    assert_true(recording_state_apply(&state, out->data, out->len));
    assert_int_equal(state.size, strlen(after));
    assert_memory_equal(state.bytes, after, state.size);
    recording_state_fini(&state);
}

static void test_changes(void **unused)
{
    (void)unused;
    check_change("abcdefgh", "abcdefgh", (const uint8_t *)"", 0);
    check_change("abcdefgh", "abXdefgh", (const uint8_t *)"\x8\x2\x1X", 4);
    /* Few equal bytes between changed ones don't end a run, four do. */
    check_change("abcdefgh", "XbcdYfgh", (const uint8_t *)"\x8\x0\x5XbcdY", 8);
    check_change("abcdefgh", "XbcdeYgh", (const uint8_t *)"\x8\x0\x1X\x4\x1Y", 7);
    check_change("abcdefgh", "abcdefgX", (const uint8_t *)"\x8\x7\x1X", 4);
    check_change("abc", "abcd",
                 (const uint8_t *)"\x4\x0\x4"
                                  "abcd",
                 7);
    check_change("abc", "", (const uint8_t *)"\x0", 1);
}

static void refuse(const char *change, size_t size)
{
    struct recording_state state = { g_memdup2("abcdefgh", 8), 8 };

    assert_false(recording_state_apply(&state, (const uint8_t *)change, size));
    recording_state_fini(&state);
}

static void test_malformed(void **unused)
{
    (void)unused;
    refuse("\x8\x0\x9"
           "abcdefghi",
           12);                         /* longer than the state */
    refuse("\x8\x7\x2xy", 5);           /* over its end */
    refuse("\x8\x9\x1x", 4);            /* behind its end */
    refuse("\x8\x0\x1x\x7\x1y", 7);     /* second run behind its end */
    refuse("\x8\x0\x2x", 4);            /* cut */
    refuse("\x8\x0", 2);                /* cut */
    refuse("\x8\x0\x0", 3);             /* an empty run */
    refuse("\x88", 1);                  /* a cut number */
    refuse("\x88\x00\x0\x1x", 5);       /* a number that could be shorter */
    refuse("\x9\x0\x1x", 4);            /* a new size without all bytes */
    refuse("\x4\x0\x4wxyz\x0\x1z", 10); /* a new size with something behind */
    refuse("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x0\x1x", 13); /* over the limit */
    refuse("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x0", 12); /* more than 64 bits */
}

/* Random changes of a large state, with runs at the edges of all blocks. */
static void test_random_changes(void **unused)
{
    guint32 seed = g_random_int();
    GRand *random = g_rand_new_with_seed(seed);
    struct recording_state state = { g_malloc0(5000), 5000 };
    uint8_t after[5000] = { 0 };
    g_autoptr(GByteArray) change = g_byte_array_new();

    (void)unused;
    print_message("seed %u\n", seed);
    for (unsigned i = 0; i < 20000; i++) {
        for (int runs = g_rand_int_range(random, 0, 4); runs > 0; runs--) {
            size_t at = (size_t)g_rand_int_range(random, 0, 5000);
            size_t count = (size_t)g_rand_int_range(random, 1, 70);

            for (count = MIN(count, 5000 - at); count > 0; count--) {
                after[at++] ^= (uint8_t)g_rand_int_range(random, 0, 4);
            }
        }
        recording_state_diff(&state, after, sizeof(after), change);
        assert_int_equal(change->len == 0, memcmp(state.bytes, after, sizeof(after)) == 0);
        assert_true(recording_state_apply(&state, change->data, change->len));
        assert_memory_equal(state.bytes, after, sizeof(after));
    }
    recording_state_fini(&state);
    g_rand_free(random);
}

static void test_runs(void **unused)
{
    struct recording_run run;
    size_t at = 0;

    (void)unused;
    assert_true(recording_run_next((const uint8_t *)"\x8\x0\x1X\x4\x1Y", 7, &at, &run));
    assert_int_equal(run.offset, 0);
    assert_int_equal(run.size, 1);
    assert_true(recording_run_next((const uint8_t *)"\x8\x0\x1X\x4\x1Y", 7, &at, &run));
    assert_int_equal(run.offset, 5);
    assert_int_equal(*run.bytes, 'Y');
    assert_false(recording_run_next((const uint8_t *)"\x8\x0\x1X\x4\x1Y", 7, &at, &run));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_random_changes),
        cmocka_unit_test(test_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
