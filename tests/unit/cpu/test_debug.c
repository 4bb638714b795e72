/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_debug.c - single step and breakpoints. */
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define BREAK(index, type, length)                                \
    (1ull << ((index)*2) | (uint64_t)(type) << (16 + (index)*4) | \
     (uint64_t)(length) << (18 + (index)*4))
#define EXECUTE 0
#define WRITE   1
#define PORT    2
#define ACCESS  3

static void set_breakpoint(struct bench *bench, unsigned index, uint64_t address, unsigned type,
                           unsigned length)
{
    bench->state->system.dr[index] = address;
    bench->state->system.dr[7] |= BREAK(index, type, length) | 0x400;
}

static void assert_debug(struct bench *bench, uint64_t rip, uint64_t bits)
{
    assert_vector(bench, 1);
    assert_int_equal(bench_frame(bench, false).rip, rip);
    assert_int_equal(bench->state->system.dr[6] & 0xe00f, bits);
}

static void test_single_step_traps_after_an_instruction(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench->state->rflags |= SOFT_RFLAGS_TF;
    BENCH_RUN(bench, 0x90, 0x90);
    assert_debug(bench, FIXTURE_CODE + 1, SOFT_DR6_BS);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_TF, 0);
    assert_int_equal(bench_frame(bench, false).flags & (SOFT_RFLAGS_TF | SOFT_RFLAGS_RF),
                     SOFT_RFLAGS_TF);
    bench_destroy(bench);
}

/* POPF that sets TF: the trap comes after the next instruction. */
static void test_popf_sets_tf_for_the_next(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    /* push 102h; popfq; nop; nop */
    BENCH_RUN(bench, 0x68, 0x02, 0x01, 0, 0, 0x9d, 0x90, 0x90);
    assert_debug(bench, FIXTURE_CODE + 7, SOFT_DR6_BS);
    bench_destroy(bench);
}

static void test_faults_and_interrupts_beat_the_step(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench->state->rflags |= SOFT_RFLAGS_TF;
    BENCH_RUN(bench, 0x0f, 0x0b);
    assert_vector(bench, 6);
    /* INT n clears TF itself: no trap in its handler. */
    bench->state->rflags |= SOFT_RFLAGS_TF;
    BENCH_RUN(bench, 0xcd, 0x80);
    assert_vector(bench, 0x80);
    assert_int_equal(bench->state->system.dr[6] & SOFT_DR6_BS, 0);
    bench_destroy(bench);
}

/* mov ss,ax holds the trap off; it comes after the next instruction. */
static void test_mov_ss_holds_it_off(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    R(bench, RAX) = BENCH_DATA0;
    bench->state->rflags |= SOFT_RFLAGS_TF;
    BENCH_RUN(bench, 0x8e, 0xd0, 0x90, 0x90);
    assert_debug(bench, FIXTURE_CODE + 3, SOFT_DR6_BS);
    bench_destroy(bench);
}

static void test_instruction_breakpoint_is_a_fault(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    set_breakpoint(bench, 2, FIXTURE_CODE + 1, EXECUTE, 0);
    BENCH_RUN(bench, 0x90, 0xff, 0xc0);
    assert_debug(bench, FIXTURE_CODE + 1, 4);
    assert_int_equal(bench_frame(bench, false).flags & SOFT_RFLAGS_RF, 0);
    /* IRET with RF set steps over it, once. */
    R(bench, RAX) = 0;
    R(bench, RSP) += 0;
    fixture_store(bench->fixture, R(bench, RSP) + 16, 2 | SOFT_RFLAGS_RF, 8);
    bench_put(bench, BENCH_HANDLERS + 2, "\x48\xcf", 2); /* after the HLT of vector 1 */
    bench_continue(bench);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 1);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_RF, 0);
    bench_destroy(bench);
}

static void test_data_breakpoints_trap(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RBX) = BENCH_DATA;
    set_breakpoint(bench, 0, BENCH_DATA + 2, WRITE, 0);
    BENCH_RUN(bench, 0x8b, 0x03, 0x88, 0x03, 0x89, 0x03, 0x90); /* load; 1 byte; 4 bytes */
    assert_debug(bench, FIXTURE_CODE + 6, 1);
    bench->state->system.dr[7] = 0x400;
    bench->state->system.dr[6] = SOFT_DR6_FIXED;
    set_breakpoint(bench, 3, BENCH_DATA + 8, ACCESS, 2); /* 8 bytes */
    BENCH_RUN(bench, 0x8b, 0x03, 0x8b, 0x43, 0x0c, 0x90);
    assert_debug(bench, FIXTURE_CODE + 5, 8);
    bench_destroy(bench);
}

static void test_data_breakpoint_across_a_page(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RBX) = BENCH_DATA + 0xffe;
    set_breakpoint(bench, 1, BENCH_DATA + 0x1000, WRITE, 1);
    BENCH_RUN(bench, 0x89, 0x03, 0x90);
    assert_debug(bench, FIXTURE_CODE + 2, 2);
    bench_destroy(bench);
}

static void test_port_breakpoint_needs_de(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RDX) = FIXTURE_PORT;
    set_breakpoint(bench, 0, FIXTURE_PORT, PORT, 0);
    BENCH_RUN(bench, 0xec, 0x90);
    assert_done(bench);
    bench->state->system.cr4 |= SOFT_CR4_DE;
    BENCH_RUN(bench, 0xec, 0x90);
    assert_debug(bench, FIXTURE_CODE + 1, 1);
    assert_int_equal(bench->fixture->access_count, 2);
    bench_destroy(bench);
}

static void test_debug_registers(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RAX) = UINT32_MAX;
    BENCH_RUN(bench, 0x0f, 0x23, 0xf0, 0x0f, 0x21, 0xf3); /* mov dr6,rax; mov rbx,dr6 */
    assert_int_equal(R(bench, RBX), 0xffffefff);
    R(bench, RAX) = 0;
    BENCH_RUN(bench, 0x0f, 0x23, 0xf8, 0x0f, 0x21, 0xfb);
    assert_int_equal(R(bench, RBX), 0x400);
    R(bench, RAX) = 1ull << 32;
    BENCH_RUN(bench, 0x0f, 0x23, 0xf8);
    assert_fault(bench, 13, 0);
    /* DR4 is DR6 until DE says it isn't there. */
    BENCH_RUN(bench, 0x0f, 0x21, 0xe3);
    assert_done(bench);
    bench->state->system.cr4 |= SOFT_CR4_DE;
    BENCH_RUN(bench, 0x0f, 0x21, 0xe3);
    assert_vector(bench, 6);
    /* General detect. */
    bench->state->system.dr[6] = SOFT_DR6_FIXED;
    bench->state->system.dr[7] |= SOFT_DR7_GD;
    BENCH_RUN(bench, 0x0f, 0x21, 0xc3);
    assert_debug(bench, FIXTURE_CODE, SOFT_DR6_BD);
    assert_int_equal(bench->state->system.dr[7] & SOFT_DR7_GD, 0);
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    BENCH_RUN(bench, 0x0f, 0x21, 0xc3);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_step_traps_after_an_instruction),
        cmocka_unit_test(test_popf_sets_tf_for_the_next),
        cmocka_unit_test(test_faults_and_interrupts_beat_the_step),
        cmocka_unit_test(test_mov_ss_holds_it_off),
        cmocka_unit_test(test_instruction_breakpoint_is_a_fault),
        cmocka_unit_test(test_data_breakpoints_trap),
        cmocka_unit_test(test_data_breakpoint_across_a_page),
        cmocka_unit_test(test_port_breakpoint_needs_de),
        cmocka_unit_test(test_debug_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
