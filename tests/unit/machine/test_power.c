/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_power.c - run states, resets, power-off and quit: what each announces and where it leaves the machine. */
#include <string.h>

#include "base/error.h"
#include "machine_fixture.h"

#define RESET_CONTROL 0xcf9
#define PM1_CONTROL   0xb004
#define SLEEP_S5      0x2000 /* SLP_TYP 0, SLP_EN */
#define DEBUG_EXIT    0x501

typedef void (*action_fn)(struct machine *machine);

static void turn(struct machine_fixture *fixture, action_fn action)
{
    machine_turn_begin(fixture->machine, 0xffff, RECORDING_TURN_command, NULL, 0);
    action(fixture->machine);
    machine_turn_end(fixture->machine);
}

static void cont(struct machine *machine)
{
    assert_true(machine_cont(machine, NULL));
}

static void test_stop_and_cont(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-S");

    (void)state;
    assert_string_equal(run_state_name(f->machine->run_state), "prelaunch");
    turn(f, machine_stop);
    assert_string_equal(machine_fixture_events(f), "");
    turn(f, cont);
    turn(f, cont);
    assert_string_equal(machine_fixture_events(f), "RESUME \n");
    assert_string_equal(run_state_name(f->machine->run_state), "running");
    turn(f, machine_stop);
    assert_string_equal(machine_fixture_events(f), "STOP \n");
    assert_string_equal(run_state_name(f->machine->run_state), "paused");
    machine_fixture_destroy(f);
}

/* Virtual time stands while the machine does. */
static void test_clock_stands(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-S");
    uint64_t stopped_at;

    (void)state;
    turn(f, cont);
    g_usleep(2000);
    turn(f, machine_stop);
    stopped_at = f->machine->clock.now_ns;
    assert_true(stopped_at > 0);
    g_usleep(2000);
    turn(f, cont);
    assert_int_equal(f->machine->clock.now_ns, stopped_at);
    machine_fixture_destroy(f);
}

static void test_reset(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");

    (void)state;
    turn(f, cont);
    (void)machine_fixture_events(f);
    turn(f, machine_system_reset);
    assert_string_equal(machine_fixture_events(f),
                        "RESET {\"guest\":false,\"reason\":\"host-qmp-system-reset\"}\n");
    machine_fixture_port_write(f, RESET_CONTROL, 6, 1);
    assert_string_equal(machine_fixture_events(f),
                        "RESET {\"guest\":true,\"reason\":\"guest-reset\"}\n");
    assert_int_equal(f->machine->run_state, RUN_STATE_RUNNING);
    machine_fixture_destroy(f);
}

static void test_no_reboot(void **state)
{
    static const char *const reasons[] = { "host-qmp-system-reset", "guest-reset" };

    (void)state;
    for (unsigned by_guest = 0; by_guest < 2; by_guest++) {
        struct machine_fixture *f = machine_fixture_create("-no-reboot");
        g_autofree char *expected = g_strdup_printf("SHUTDOWN {\"guest\":%s,\"reason\":\"%s\"}\n",
                                                    by_guest ? "true" : "false", reasons[by_guest]);

        if (by_guest) {
            machine_fixture_port_write(f, RESET_CONTROL, 6, 1);
        } else {
            turn(f, machine_system_reset);
        }
        assert_string_equal(machine_fixture_events(f), expected);
        assert_true(f->machine->quitting);
        machine_fixture_destroy(f);
    }
}

static void test_power_off(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");

    (void)state;
    machine_fixture_port_write(f, PM1_CONTROL, SLEEP_S5, 2);
    assert_string_equal(machine_fixture_events(f),
                        "SHUTDOWN {\"guest\":true,\"reason\":\"guest-shutdown\"}\n");
    assert_true(f->machine->quitting);
    assert_int_equal(machine_exit_status(f->machine), 0);
    machine_fixture_destroy(f);
}

static void test_no_shutdown(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-no-shutdown");
    g_autoptr(GError) error = NULL;

    (void)state;
    turn(f, cont);
    (void)machine_fixture_events(f);
    machine_fixture_port_write(f, PM1_CONTROL, SLEEP_S5, 2);
    assert_string_equal(machine_fixture_events(f),
                        "SHUTDOWN {\"guest\":true,\"reason\":\"guest-shutdown\"}\nSTOP \n");
    assert_false(f->machine->quitting);
    assert_int_equal(f->machine->run_state, RUN_STATE_SHUTDOWN);
    machine_turn_begin(f->machine, 0xffff, RECORDING_TURN_command, NULL, 0);
    assert_false(machine_cont(f->machine, &error));
    machine_turn_end(f->machine);
    assert_non_null(strstr(error->message, "Resetting the Virtual Machine is required"));
    turn(f, machine_system_reset);
    assert_int_equal(f->machine->run_state, RUN_STATE_PAUSED);
    turn(f, cont);
    assert_int_equal(f->machine->run_state, RUN_STATE_RUNNING);
    machine_fixture_destroy(f);
}

static void test_quit_and_signal(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-no-shutdown");

    (void)state;
    turn(f, machine_quit);
    assert_string_equal(machine_fixture_events(f),
                        "SHUTDOWN {\"guest\":false,\"reason\":\"host-qmp-quit\"}\n");
    machine_fixture_destroy(f);
    f = machine_fixture_create("-no-shutdown");
    machine_host_signal(f->machine);
    assert_string_equal(machine_fixture_events(f),
                        "SHUTDOWN {\"guest\":false,\"reason\":\"host-signal\"}\n");
    assert_true(f->machine->quitting);
    machine_fixture_destroy(f);
}

static void test_powerdown(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");

    (void)state;
    turn(f, machine_system_powerdown);
    assert_string_equal(machine_fixture_events(f), "POWERDOWN \n");
    /* PWRBTN_STS (ACPI 4.8.3.1.1) */
    assert_int_equal(machine_fixture_port_read(f, 0xb000, 2) & 0x100, 0x100);
    machine_fixture_destroy(f);
}

static void test_debug_exit(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-device isa-debug-exit");

    (void)state;
    machine_fixture_port_write(f, DEBUG_EXIT, 0x10, 1);
    assert_true(f->machine->quitting);
    assert_int_equal(machine_exit_status(f->machine), 0x21);
    machine_fixture_destroy(f);
}

static void exit_with(struct machine_fixture *f, enum vm_exit_kind kind, uint64_t detail)
{
    struct vm_exit exit = { .kind = kind, .detail_count = 1, .detail = { detail } };

    machine_turn_begin(f->machine, 0, RECORDING_TURN_exit, NULL, 0);
    exit_dispatch(f->machine, 0, &exit);
    machine_turn_end(f->machine);
}

/* What a vCPU can't go on from stops the machine for inspection; only a reset helps. */
static void test_failed_exits(void **state)
{
    static const enum vm_exit_kind kinds[] = { VM_EXIT_FAIL_ENTRY, VM_EXIT_INTERNAL_ERROR,
                                               VM_EXIT_RUN_FAILED, VM_EXIT_UNKNOWN };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct machine_fixture *f = machine_fixture_create("-m 64M");

        turn(f, cont);
        exit_with(f, kinds[i], 5);
        assert_string_equal(machine_fixture_events(f), "RESUME \nSTOP \n");
        assert_string_equal(run_state_name(f->machine->run_state), "internal-error");
        turn(f, machine_system_reset);
        assert_string_equal(run_state_name(f->machine->run_state), "paused");
        machine_fixture_destroy(f);
    }
}

static void test_system_exits(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");

    (void)state;
    turn(f, cont);
    (void)machine_fixture_events(f);
    exit_with(f, VM_EXIT_SHUTDOWN, 0);
    assert_non_null(strstr(machine_fixture_events(f), "RESET {\"guest\":true"));
    exit_with(f, VM_EXIT_SYSTEM_EVENT, 2);
    assert_non_null(strstr(machine_fixture_events(f), "RESET {\"guest\":true"));
    exit_with(f, VM_EXIT_SYSTEM_EVENT, 3);
    assert_int_equal(f->machine->run_state, RUN_STATE_INTERNAL_ERROR);
    exit_with(f, VM_EXIT_SYSTEM_EVENT, 1);
    assert_non_null(strstr(machine_fixture_events(f), "SHUTDOWN {\"guest\":true"));
    machine_fixture_destroy(f);
}

/* A reset that the host lets fail stops the machine, and the next one brings it back. */
static void test_reset_fails(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");

    (void)state;
    turn(f, cont);
    assert_null(machine_fixture_fault(f, "kvm_set_regs=EIO"));
    turn(f, machine_system_reset);
    assert_int_equal(f->machine->run_state, RUN_STATE_INTERNAL_ERROR);
    turn(f, machine_system_reset);
    assert_int_equal(f->machine->run_state, RUN_STATE_PAUSED);
    machine_fixture_destroy(f);
}

static void test_set_action(void **state)
{
    struct machine_fixture *f = machine_fixture_create("-m 64M");
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(machine_set_action(f->machine, "never", NULL, &error));
    assert_non_null(strstr(error->message, "expected reset or shutdown"));
    g_clear_error(&error);
    assert_false(machine_set_action(f->machine, NULL, "never", &error));
    assert_non_null(strstr(error->message, "expected poweroff or pause"));
    assert_true(machine_set_action(f->machine, NULL, "pause", NULL));
    machine_fixture_port_write(f, PM1_CONTROL, SLEEP_S5, 2);
    assert_int_equal(f->machine->run_state, RUN_STATE_SHUTDOWN);
    machine_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_and_cont),   cmocka_unit_test(test_clock_stands),
        cmocka_unit_test(test_reset),           cmocka_unit_test(test_no_reboot),
        cmocka_unit_test(test_power_off),       cmocka_unit_test(test_no_shutdown),
        cmocka_unit_test(test_quit_and_signal), cmocka_unit_test(test_powerdown),
        cmocka_unit_test(test_debug_exit),      cmocka_unit_test(test_failed_exits),
        cmocka_unit_test(test_system_exits),    cmocka_unit_test(test_reset_fails),
        cmocka_unit_test(test_set_action),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
