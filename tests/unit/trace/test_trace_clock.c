/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_trace_clock.c - what a block says of its stamps; backtrace frames find modules. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "trace/backtrace.h"
#include "trace/trace_clock.h"
#include "trace/trace_format.h"
#include "unit.h"

static uint64_t now_ns;

static uint64_t told_time(void)
{
    return now_ns;
}

static void assert_stored(const struct trace_clock *clock, struct trace_clock_point from,
                          struct trace_clock_point to, const uint64_t expected[4])
{
    uint8_t bytes[TRACE_BLOCK_CLOCK_BYTES];

    memset(bytes, 0xaa, sizeof(bytes));
    trace_clock_store(clock, from, to, bytes);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(bytes_load_le64(bytes + (size_t)8 * i), expected[i]);
    }
}

static void a_block_tells_both_points(void **state)
{
    const struct trace_clock clock = { told_time, true };
    const struct trace_clock_point from = { 1000, 500000 }, to = { 5000, 502000 };

    (void)state;
    assert_stored(&clock, from, to, (uint64_t[]){ 1000, 500000, 5000, 502000 });
}

static void the_interval_is_never_empty_or_backward(void **state)
{
    const struct trace_clock clock = { told_time, true };
    const struct trace_clock_point from = { 1000, 500000 }, before = { 900, 499999 };

    (void)state;
    assert_stored(&clock, from, from, (uint64_t[]){ 1000, 500000, 1001, 500000 });
    assert_stored(&clock, from, before, (uint64_t[]){ 1000, 500000, 1001, 500000 });
}

static void without_ticks_the_callers_clock_is_the_stamp(void **state)
{
    const struct trace_clock clock = { told_time, false };
    struct trace_clock_point point;

    (void)state;
    now_ns = 77;
    assert_int_equal(trace_clock_stamp(&clock), 77);
    point = trace_clock_now(&clock);
    assert_int_equal(point.ns, 77);
    assert_stored(&clock, point, point, (uint64_t[]){ 0, 0, 0, 0 });
}

static void without_a_clock_all_is_zero(void **state)
{
    struct trace_clock clock;

    (void)state;
    trace_clock_init(&clock, NULL);
    assert_int_equal(trace_clock_stamp(&clock), 0);
    assert_int_equal(trace_clock_now(&clock).ns, 0);
    assert_int_equal(trace_clock_now(&clock).stamp, 0);
}

static const char *path_of(const struct trace_modules *modules, uint64_t address)
{
    uint64_t frame = trace_modules_frame(modules, address);
    const struct trace_module *module = trace_modules_at(modules, (unsigned)(frame >> 48));

    assert_int_equal(module->load_address + (frame & 0xffffffffffff), address);
    return module->path;
}

static void addresses_find_their_module(void **state)
{
    struct trace_modules *modules = trace_modules_create();
    g_autofree char *program = realpath("/proc/self/exe", NULL);
    int on_stack = 0;

    (void)state;
    assert_string_equal(path_of(modules, (uintptr_t)&addresses_find_their_module), program);
    assert_non_null(strstr(path_of(modules, (uintptr_t)&g_strdup), "libglib"));
    assert_int_equal(trace_modules_frame(modules, (uintptr_t)&on_stack), 0xffff000000000000);
    assert_int_equal(trace_modules_frame(modules, 0), 0xffff000000000000);
    assert_int_equal(trace_modules_frame(modules, UINT64_MAX), 0xffff000000000000);
    trace_modules_destroy(modules);
    trace_modules_destroy(NULL);
}

static void a_caller_that_is_not_on_the_stack_is_all_there_is(void **state)
{
    struct trace_modules *modules = trace_modules_create();
    uint64_t frames[BACKTRACE_FRAMES_MAX];
    const void *nowhere = (const void *)(uintptr_t)&addresses_find_their_module;

    (void)state;
    assert_int_equal(backtrace_take(modules, nowhere, frames), 1);
    assert_int_equal(frames[0], trace_modules_frame(modules, (uintptr_t)nowhere));
    trace_modules_destroy(modules);
}

__attribute__((noinline)) static uint32_t recurse(const struct trace_modules *modules,
                                                  unsigned depth, uint64_t *frames)
{
    uint32_t count = depth > 0 ? recurse(modules, depth - 1, frames)
                               : backtrace_take(modules, __builtin_return_address(0), frames);

    __asm__ volatile("" : "+r"(count)); /* no jump instead of the call */
    return count;
}

static void a_deep_stack_is_cut(void **state)
{
    struct trace_modules *modules = trace_modules_create();
    uint64_t frames[BACKTRACE_FRAMES_MAX];

    (void)state;
    assert_int_equal(recurse(modules, 1000, frames), BACKTRACE_FRAMES_MAX);
    assert_in_range(recurse(modules, 10, frames), 11, 40);
    assert_int_equal(frames[0], frames[5]);
    trace_modules_destroy(modules);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_tells_both_points),
        cmocka_unit_test(the_interval_is_never_empty_or_backward),
        cmocka_unit_test(without_ticks_the_callers_clock_is_the_stamp),
        cmocka_unit_test(without_a_clock_all_is_zero),
        cmocka_unit_test(addresses_find_their_module),
        cmocka_unit_test(a_caller_that_is_not_on_the_stack_is_all_there_is),
        cmocka_unit_test(a_deep_stack_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
