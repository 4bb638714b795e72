/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_soft_run.c - the run loop: counting, budgets, stops, devices, interrupts, changed code. */
#include <string.h>

#include "soft_fixture.h"

static int setup(void **state)
{
    *state = fixture_create(FIXTURE_LONG);
    return 0;
}

static int setup_real(void **state)
{
    *state = fixture_create(FIXTURE_REAL);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

#define RAX(fixture) (*fixture_gpr(fixture, X86_RAX))
#define RCX(fixture) (*fixture_gpr(fixture, X86_RCX))
#define RBX(fixture) (*fixture_gpr(fixture, X86_RBX))

/* mov ecx, 1000; xor eax, eax; again: add eax, ecx; dec ecx; jnz again */
#define SUM_LOOP 0xb9, 0xe8, 0x03, 0, 0, 0x31, 0xc0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa

static void test_loop_is_counted(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, SUM_LOOP);
    assert_int_equal(fixture_run(fixture), 3002);
    assert_int_equal(RAX(fixture), 500500);
    assert_int_equal(fixture->state->executed, 3003);
    assert_int_equal(fixture->state->gpr[SOFT_GPR_CODE], 0);
}

/* However the budget is cut, the state after n instructions is the same. */
static void test_any_budget_gives_the_same(void **state)
{
    struct fixture *fixture = *state;
    uint64_t rdx = *fixture_gpr(fixture, X86_RDX);
    uint64_t digests[200];

    FIXTURE_CODE_BYTES(fixture, SUM_LOOP);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(soft_cpu_run(fixture->cpu, 1, &fixture->stop), 1);
        assert_int_equal(fixture->stop, SOFT_STOP_BUDGET);
        digests[i] = state_digest(&soft_cpu_state_desc, fixture->state, 0);
    }
    for (unsigned budget = 2; budget < 60; budget++) {
        fixture->state->executed = 0;
        memset(fixture->state->gpr, 0, sizeof(fixture->state->gpr));
        *fixture_gpr(fixture, X86_RSP) = FIXTURE_STACK;
        *fixture_gpr(fixture, X86_RDX) = rdx;
        fixture->state->rflags = 2;
        fixture->state->rip = FIXTURE_CODE;
        for (unsigned at = budget; at <= 200; at += budget) {
            assert_int_equal(soft_cpu_run(fixture->cpu, budget, &fixture->stop), budget);
            assert_true(state_digest(&soft_cpu_state_desc, fixture->state, 0) == digests[at - 1]);
        }
    }
}

static void test_hlt_and_pause_stop(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0x90, 0xf3, 0x90, 0x90, 0xf4);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 2);
    assert_int_equal(fixture->stop, SOFT_STOP_PAUSE);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 2);
    assert_int_equal(fixture->stop, SOFT_STOP_HALT);
    assert_int_equal(fixture->state->rip, FIXTURE_CODE + 5);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 0);
    assert_int_equal(fixture->stop, SOFT_STOP_HALT);
    assert_false(soft_cpu_is_runnable(fixture->cpu));
}

/* inc eax; mov [MMIO], eax; inc eax; mov eax, [MMIO] ; inc eax; out dx, eax */
static void test_device_sees_exact_count(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xbb, 0, 0, 0, 0xe0, 0xff, 0xc0, 0x89, 0x03, 0xff, 0xc0, 0x8b, 0x4b,
                       4, 0xff, 0xc0, 0x66, 0xba, 0x04, 0x05, 0xef, 0xff, 0xc0);
    RAX(fixture) = 10;
    fixture->read_value = 0x1122334455667788ull;
    assert_int_equal(fixture_run(fixture), 9);
    assert_int_equal(fixture->access_count, 3);
    assert_int_equal(fixture->accesses[0].executed, 2);
    assert_int_equal(fixture->accesses[0].value, 11);
    assert_true(fixture->accesses[0].is_write);
    assert_int_equal(fixture->accesses[1].executed, 4);
    assert_int_equal(fixture->accesses[1].offset, 4);
    assert_int_equal(RCX(fixture), 0x55667788);
    assert_int_equal(fixture->accesses[2].executed, 7);
    assert_true(fixture->accesses[2].is_port);
    assert_int_equal(fixture->accesses[2].offset, 4);
    assert_int_equal(fixture->accesses[2].value, 13);
    assert_int_equal(RAX(fixture), 14);
}

static void break_run(struct fixture *fixture)
{
    soft_cpu_break(fixture->cpu);
}

static void test_break_after_the_instruction(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xbb, 0, 0, 0, 0xe0, 0x89, 0x03, 0xff, 0xc0, 0xff, 0xc0);
    fixture->on_access = break_run;
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 2);
    assert_int_equal(fixture->stop, SOFT_STOP_BREAK);
    assert_int_equal(fixture->state->rip, FIXTURE_CODE + 7);
    assert_int_equal(fixture_run(fixture), 2);
}

/* ---- changed code ---- */

/* mov byte [rip + 1], 5 (the immediate of the next instruction); mov al, 1 */
static void test_code_that_changes_the_next_instruction(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xc6, 0x05, 1, 0, 0, 0, 5, 0xb0, 1);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(RAX(fixture), 5);
}

/* Counts al up in a loop whose add gets another immediate each time:
 * mov ecx, 4; again: inc byte [rip + 2 -> imm]; add al, 0; dec ecx; jnz again */
static void test_loop_that_changes_itself(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xb9, 4, 0, 0, 0, 0xfe, 0x05, 1, 0, 0, 0, 0x04, 0, 0xff, 0xc9, 0x75,
                       0xf4);
    assert_int_equal(fixture_run(fixture), 1 + 4 * 4);
    assert_int_equal(RAX(fixture), 1 + 2 + 3 + 4);
}

static void test_dma_changes_code(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t new_code[] = { 0xb0, 9 };

    FIXTURE_CODE_BYTES(fixture, 0xb0, 1, 0xeb, 0, 0xb3, 1);
    (void)fixture_run(fixture);
    assert_int_equal(RAX(fixture), 1);
    assert_true(address_space_write(fixture->memory, FIXTURE_CODE, new_code, 2));
    fixture->state->rip = FIXTURE_CODE;
    fixture->state->activity = SOFT_ACTIVITY_RUNNING;
    (void)fixture_run(fixture);
    assert_int_equal(RAX(fixture), 9);
}

/* Data beside code in one page: writes don't lose the code, and the count stays right. */
static void test_data_in_a_code_page(void **state)
{
    struct fixture *fixture = *state;

    /* mov ecx, 100; again: inc dword [rip + 0x400]; dec ecx; jnz again */
    FIXTURE_CODE_BYTES(fixture, 0xb9, 100, 0, 0, 0, 0xff, 0x05, 0, 4, 0, 0, 0xff, 0xc9, 0x75, 0xf6);
    fixture_store(fixture, FIXTURE_CODE + 0x40b, 0, 4);
    assert_int_equal(fixture_run(fixture), 301);
    assert_int_equal(fixture_load(fixture, FIXTURE_CODE + 0x40b, 4), 100);
}

/* An instruction over a page border, and its second half changed later. */
static void test_page_crossing_instruction(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t code[] = { 0xb8, 1, 2, 3, 4, 0xf4 }; /* mov eax, 04030201h; hlt */

    memcpy(fixture->ram + FIXTURE_CODE + 0xffd, code, sizeof(code));
    for (unsigned i = 0; i < 2; i++) {
        fixture->state->rip = FIXTURE_CODE + 0xffd;
        fixture->state->activity = SOFT_ACTIVITY_RUNNING;
        assert_int_equal(fixture_run(fixture), 1);
        assert_int_equal(RAX(fixture), 0x04030201);
    }
    assert_true(address_space_write(fixture->memory, FIXTURE_CODE + 0x1001, "\x55", 1));
    fixture->state->rip = FIXTURE_CODE + 0xffd;
    fixture->state->activity = SOFT_ACTIVITY_RUNNING;
    (void)fixture_run(fixture);
    assert_int_equal(RAX(fixture), 0x55030201);
}

/* ---- REP ---- */

static void test_rep_counts_pieces(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xf3, 0xaa);
    *fixture_gpr(fixture, X86_RDI) = 0x100001;
    RAX(fixture) = 0x5a;
    RCX(fixture) = 10000;
    /* Cut where 8192 and 4096 are left. */
    assert_int_equal(soft_cpu_run(fixture->cpu, 1, &fixture->stop), 1);
    assert_int_equal(RCX(fixture), 8192);
    assert_int_equal(fixture->state->rip, FIXTURE_CODE);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(RCX(fixture), 0);
    assert_int_equal(*fixture_gpr(fixture, X86_RDI), 0x100001 + 10000);
    assert_int_equal(fixture_load(fixture, 0x100000, 1), 0);
    assert_int_equal(fixture_load(fixture, 0x100001 + 9999, 2), 0x5a);
}

static void test_rep_movs_overlapping(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xf3, 0xa4);
    fixture->ram[0x100000] = 'a';
    fixture->ram[0x100001] = 'b';
    *fixture_gpr(fixture, X86_RSI) = 0x100000;
    *fixture_gpr(fixture, X86_RDI) = 0x100002;
    RCX(fixture) = 6;
    assert_int_equal(fixture_run(fixture), 1);
    assert_memory_equal(fixture->ram + 0x100000, "abababab", 8);
}

/* REP into a device from RAM: the device is reached only by the instruction alone. */
static void test_rep_into_device(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0xff, 0xc3, 0xf3, 0xa5);
    fixture_store(fixture, 0x100000, 0x0000000200000001ull, 8);
    *fixture_gpr(fixture, X86_RSI) = 0x100000;
    *fixture_gpr(fixture, X86_RDI) = FIXTURE_MMIO;
    RCX(fixture) = 2;
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture->access_count, 2);
    assert_int_equal(fixture->accesses[0].value, 1);
    assert_int_equal(fixture->accesses[1].value, 2);
    assert_int_equal(fixture->accesses[1].executed, 1);
}

/* ---- events in real mode ---- */

static void set_vector(struct fixture *fixture, unsigned vector, uint16_t segment, uint16_t offset)
{
    fixture_store(fixture, vector * 4, (uint32_t)segment << 16 | offset, 4);
}

static void test_divide_error_counts_as_one(void **state)
{
    struct fixture *fixture = *state;

    set_vector(fixture, 0, 0x1000, 0x100);
    FIXTURE_CODE_BYTES(fixture, 0x31, 0xdb, 0x90, 0xf7, 0xf3,
                       0x90); /* xor bx,bx; nop; div bx; nop */
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 4);
    assert_int_equal(fixture->stop, SOFT_STOP_HALT);
    assert_int_equal(fixture->state->rip, 0x101);
    /* The frame: IP of the division, CS, FLAGS. */
    assert_int_equal(*fixture_gpr(fixture, X86_RSP), 0x8000 - 6);
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 6, 2), 3);
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 4, 2), 0x1000);
}

static void raise_line(struct fixture *fixture)
{
    soft_cpu_set_intr(fixture->cpu, true);
}

/* The device raises INTR at an OUT: taken right after it. */
static void test_interrupt_after_the_instruction(void **state)
{
    struct fixture *fixture = *state;

    set_vector(fixture, 0x20, 0x1000, 0x100);
    fixture->vector = 0x20;
    fixture->on_access = raise_line;
    FIXTURE_CODE_BYTES(fixture, 0xba, 0, 5, 0xfb, 0x90, 0xee, 0x40, 0x40);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 5);
    assert_int_equal(fixture->acknowledged, 1);
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 6, 2), 6);
    assert_int_equal(fixture->state->rflags & 0x200, 0);
}

/* STI; HLT with INTR up: HLT is executed first, then wakes. */
static void test_sti_shadow(void **state)
{
    struct fixture *fixture = *state;

    set_vector(fixture, 0x21, 0x1000, 0x100);
    fixture->vector = 0x21;
    FIXTURE_CODE_BYTES(fixture, 0xfb, 0xf4, 0x90);
    soft_cpu_set_intr(fixture->cpu, true);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 3);
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 6, 2), 2);
    assert_int_equal(fixture->state->rip, 0x101);
}

static void test_spurious_interrupt(void **state)
{
    struct fixture *fixture = *state;

    fixture->vector = -1;
    FIXTURE_CODE_BYTES(fixture, 0xfb, 0x90, 0x90);
    soft_cpu_set_intr(fixture->cpu, true);
    assert_int_equal(fixture_run(fixture), 3);
    assert_int_equal(fixture->acknowledged, 1);
}

static void test_nmi_and_int(void **state)
{
    struct fixture *fixture = *state;

    set_vector(fixture, 2, 0x1000, 0x100);
    set_vector(fixture, 0x80, 0x1000, 0x200);
    FIXTURE_CODE_BYTES(fixture, 0xcd, 0x80);
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 2);
    assert_int_equal(fixture->state->rip, 0x201);
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 6, 2), 2);
    soft_cpu_nmi(fixture->cpu);
    assert_true(soft_cpu_is_runnable(fixture->cpu));
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 1);
    assert_int_equal(fixture->state->rip, 0x101);
    assert_true(fixture->state->nmi_blocked);
}

/* A fault whose handler faults at once counts on and on, so the budget ends it. */
static void test_endless_faults_end(void **state)
{
    struct fixture *fixture = *state;

    set_vector(fixture, 6, 0x1000, 0);
    FIXTURE_CODE_BYTES(fixture, 0x0f, 0x0b);
    assert_int_equal(soft_cpu_run(fixture->cpu, 1000, &fixture->stop), 1000);
    assert_int_equal(fixture->stop, SOFT_STOP_BUDGET);
}

static void test_ip_beyond_the_limit(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t nops[2] = { 0x90, 0x90 };

    set_vector(fixture, 13, 0x1000, 0x100);
    FIXTURE_CODE_BYTES(fixture, 0x90);
    memcpy(fixture->ram + FIXTURE_CODE + 0xfffe, nops, 2);
    fixture->state->rip = 0xfffe;
    assert_int_equal(soft_cpu_run(fixture->cpu, 100, &fixture->stop), 4);
    assert_int_equal(fixture->state->rip, 0x101);
}

static void test_rdtsc_is_exact(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0x90, 0x90, 0x0f, 0x31, 0x89, 0xc3, 0x0f, 0x31);
    assert_int_equal(fixture_run(fixture), 5);
    assert_int_equal(RBX(fixture), 1000002);
    assert_int_equal(RAX(fixture), 1000004);
}

/* The map changes: code is fetched from what is there now. */
static void test_map_change_drops_code(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t code[] = { 0xb0, 7, 0xf4 };

    FIXTURE_CODE_BYTES(fixture, 0xb0, 1);
    (void)fixture_run(fixture);
    memcpy(fixture->ram + FIXTURE_CODE + 0x1000, code, sizeof(code));
    memory_region_set_offset(&fixture->ram_region, 0x1000);
    fixture->state->rip = FIXTURE_CODE + 0x2000;
    fixture->state->activity = SOFT_ACTIVITY_RUNNING;
    memory_region_set_offset(&fixture->ram_region, 0);
    fixture->state->rip = FIXTURE_CODE + 0x1000;
    (void)fixture_run(fixture);
    assert_int_equal(RAX(fixture), 7);
}

int main(void)
{
#define LONG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define REAL_TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)
    const struct CMUnitTest tests[] = {
        LONG_TEST(test_loop_is_counted),
        LONG_TEST(test_any_budget_gives_the_same),
        LONG_TEST(test_hlt_and_pause_stop),
        LONG_TEST(test_device_sees_exact_count),
        LONG_TEST(test_break_after_the_instruction),
        LONG_TEST(test_code_that_changes_the_next_instruction),
        LONG_TEST(test_loop_that_changes_itself),
        LONG_TEST(test_dma_changes_code),
        LONG_TEST(test_data_in_a_code_page),
        LONG_TEST(test_page_crossing_instruction),
        LONG_TEST(test_rep_counts_pieces),
        LONG_TEST(test_rep_movs_overlapping),
        LONG_TEST(test_rep_into_device),
        REAL_TEST(test_divide_error_counts_as_one),
        REAL_TEST(test_interrupt_after_the_instruction),
        REAL_TEST(test_sti_shadow),
        REAL_TEST(test_spurious_interrupt),
        REAL_TEST(test_nmi_and_int),
        REAL_TEST(test_endless_faults_end),
        REAL_TEST(test_ip_beyond_the_limit),
        LONG_TEST(test_rdtsc_is_exact),
        LONG_TEST(test_map_change_drops_code),
    };

    return cmocka_run_group_tests_name("soft_run", tests, NULL, NULL);
}
