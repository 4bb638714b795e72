/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fault.c - faults are armed by text, counted down, and refused when malformed. */
#include <errno.h>

#include "base/fault.h"
#include "unit.h"

static void test_second_call_fails_once(void **state)
{
    struct fault_plan plan = { 0 };

    (void)state;
    assert_true(fault_plan_arm(&plan, "kvm_set_user_memory_region=EEXIST,at=2", NULL));
    assert_int_equal(fault_take(&plan, FAULT_kvm_set_user_memory_region), 0);
    assert_int_equal(fault_take(&plan, FAULT_kvm_irq_line), 0);
    assert_int_equal(fault_take(&plan, FAULT_kvm_set_user_memory_region), EEXIST);
    assert_int_equal(fault_take(&plan, FAULT_kvm_set_user_memory_region), 0);
}

static void test_all_keeps_failing_until_off(void **state)
{
    struct fault_plan plan = { 0 };

    (void)state;
    assert_true(fault_plan_arm(&plan, "memory_map=ENOMEM,at=all", NULL));
    assert_int_equal(fault_take(&plan, FAULT_memory_map), ENOMEM);
    assert_int_equal(fault_take(&plan, FAULT_memory_map), ENOMEM);
    assert_true(fault_plan_arm(&plan, "memory_map=off", NULL));
    assert_int_equal(fault_take(&plan, FAULT_memory_map), 0);
}

static void test_bad_text_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "", "x", "nosuch=EIO", "memory_map=EWHAT", "memory_map=EIO,at=0", "memory_map=EIO,when=1"
    };
    struct fault_plan plan = { 0 };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        assert_false(fault_plan_arm(&plan, bad[i], &error));
        assert_non_null(error);
        assert_int_equal(fault_take(&plan, FAULT_memory_map), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_call_fails_once),
        cmocka_unit_test(test_all_keeps_failing_until_off),
        cmocka_unit_test(test_bad_text_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
