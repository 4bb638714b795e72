/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_trace_clock.c - stamps become nanoseconds between two points; backtrace frames find modules. */
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

/* One record that is nothing but its length and its stamp. */
static uint64_t converted(const struct trace_clock *clock, struct trace_clock_point from,
                          struct trace_clock_point to, uint64_t stamp)
{
    uint8_t record[TRACE_RECORD_FIXED_BYTES] = { 0 };

    bytes_store_le16(record, sizeof(record));
    bytes_store_le64(record + TRACE_RECORD_HOST_NS, stamp);
    trace_clock_convert(clock, from, to, record, sizeof(record));
    return bytes_load_le64(record + TRACE_RECORD_HOST_NS);
}

static void ticks_are_interpolated(void **state)
{
    const struct trace_clock clock = { told_time, true };
    const struct trace_clock_point from = { 1000, 500000 }, to = { 5000, 502000 };

    (void)state;
    assert_int_equal(converted(&clock, from, to, 1000), 500000);
    assert_int_equal(converted(&clock, from, to, 3000), 501000);
    assert_int_equal(converted(&clock, from, to, 5000), 502000);
}

static void ticks_never_leave_the_interval(void **state)
{
    const struct trace_clock clock = { told_time, true };
    const struct trace_clock_point from = { 1000, 500000 }, to = { 5000, 502000 };

    (void)state;
    assert_int_equal(converted(&clock, from, to, 10), 500000);
    assert_int_equal(converted(&clock, from, to, UINT64_MAX), 502000);
    assert_int_equal(converted(&clock, from, from, 1000), 500000);
    assert_int_equal(converted(&clock, to, from, 3000), 502000); /* a counter that went back */
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
    assert_int_equal(converted(&clock, point, point, 1234), 1234);
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
        cmocka_unit_test(ticks_are_interpolated),
        cmocka_unit_test(ticks_never_leave_the_interval),
        cmocka_unit_test(without_ticks_the_callers_clock_is_the_stamp),
        cmocka_unit_test(without_a_clock_all_is_zero),
        cmocka_unit_test(addresses_find_their_module),
        cmocka_unit_test(a_caller_that_is_not_on_the_stack_is_all_there_is),
        cmocka_unit_test(a_deep_stack_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
