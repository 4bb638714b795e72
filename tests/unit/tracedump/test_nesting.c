/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_nesting.c - which spans nesting believes to be open, with all events, with some, with gaps. */
#include <glib.h>

#include "tracedump/nesting.h"
#include "unit.h"

static void note_closed(const struct open_span *span, void *opaque)
{
    g_string_append_printf(opaque, "%s%s ", span->name, span->has_child ? "" : "!");
}

static void enter(struct nesting *nesting, const char *name, uint64_t sequence, uint64_t parent)
{
    const struct trace_event event = {
        .name = name, .phase = EVENT_ENTER, .sequence = sequence, .span = sequence, .parent = parent
    };

    nesting_advance(nesting, &event);
    assert_non_null(nesting_enter(nesting, &event));
}

static void leave(struct nesting *nesting, uint64_t sequence, uint64_t span, uint64_t parent)
{
    const struct trace_event event = {
        .phase = EVENT_LEAVE, .sequence = sequence, .span = span, .parent = parent
    };

    nesting_advance(nesting, &event);
    nesting_leave(nesting, &event);
}

static void instant(struct nesting *nesting, uint64_t sequence, uint64_t parent, uint64_t turn)
{
    const struct trace_event event = { .sequence = sequence, .parent = parent, .turn = turn };

    nesting_advance(nesting, &event);
}

static void test_whole(void **state)
{
    g_autoptr(GString) closed = g_string_new(NULL);
    struct nesting nesting = { .closed = note_closed, .opaque = closed };

    (void)state;
    enter(&nesting, "a", 1, 0);
    enter(&nesting, "b", 2, 1);
    instant(&nesting, 3, 2, 0);
    assert_int_equal(nesting.depth, 2);
    leave(&nesting, 4, 2, 1);
    assert_int_equal(nesting.depth, 1);
    enter(&nesting, "c", 5, 1);
    leave(&nesting, 6, 5, 1);
    leave(&nesting, 7, 1, 0);
    assert_int_equal(nesting.depth, 0);
    assert_string_equal(closed->str, "b! c! a ");
}

/* Spans between are not seen: parents name what isn't open here. */
static void test_filtered(void **state)
{
    g_autoptr(GString) closed = g_string_new(NULL);
    struct nesting nesting = { .closed = note_closed, .opaque = closed };

    (void)state;
    enter(&nesting, "a", 1, 0);
    enter(&nesting, "c", 3, 2);
    assert_int_equal(nesting.depth, 2);
    leave(&nesting, 4, 3, 2);
    enter(&nesting, "d", 6, 5);
    assert_int_equal(nesting.depth, 2);
    leave(&nesting, 7, 6, 5);
    leave(&nesting, 9, 1, 0);
    assert_string_equal(closed->str, "c! d! a ");
}

static void test_lost_leaves(void **state)
{
    g_autoptr(GString) closed = g_string_new(NULL);
    struct nesting nesting = { .closed = note_closed, .opaque = closed };

    (void)state;
    enter(&nesting, "a", 1, 0);
    enter(&nesting, "b", 2, 1);
    enter(&nesting, "c", 3, 2);
    instant(&nesting, 9, 1, 0); /* Inside a: b and c are over. */
    assert_int_equal(nesting.depth, 1);
    assert_string_equal(closed->str, "c! b ");
    enter(&nesting, "d", 10, 1);
    instant(&nesting, 11, 10, 1); /* Another turn: nothing outlives its own. */
    assert_int_equal(nesting.depth, 0);
    assert_string_equal(closed->str, "c! b d! a ");
    enter(&nesting, "e", 12, 0);
    leave(&nesting, 13, 7, 0); /* Its enter was lost; and e is over, since 7 was before it. */
    assert_string_equal(closed->str, "c! b d! a e! ");
    enter(&nesting, "f", 14, 0);
    leave(&nesting, 15, 0, 14); /* An enter inside f was not traced. */
    assert_int_equal(nesting.depth, 1);
    nesting_finish(&nesting);
    assert_string_equal(closed->str, "c! b d! a e! f! ");
}

static void test_too_deep(void **state)
{
    struct nesting nesting = { 0 };
    struct trace_event event = { .name = "x", .phase = EVENT_ENTER };

    (void)state;
    for (uint64_t i = 1; i <= NESTING_DEPTH_MAX; i++) {
        enter(&nesting, "x", i, i - 1);
    }
    event.sequence = event.span = NESTING_DEPTH_MAX + 1;
    event.parent = NESTING_DEPTH_MAX;
    nesting_advance(&nesting, &event);
    assert_null(nesting_enter(&nesting, &event));
    leave(&nesting, NESTING_DEPTH_MAX + 2, NESTING_DEPTH_MAX + 1, NESTING_DEPTH_MAX);
    assert_int_equal(nesting.depth, NESTING_DEPTH_MAX);
    leave(&nesting, NESTING_DEPTH_MAX + 3, NESTING_DEPTH_MAX, NESTING_DEPTH_MAX - 1);
    assert_int_equal(nesting.depth, NESTING_DEPTH_MAX - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_filtered),
        cmocka_unit_test(test_lost_leaves),
        cmocka_unit_test(test_too_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
