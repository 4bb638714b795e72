/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_task.c - hardware tasks: jumps, calls, returns, task gates, faults before and after the switch. */
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define JMP_TASK  0xea, 0, 0, 0, 0, BENCH_TR2, 0
#define CALL_TASK 0x9a, 0, 0, 0, 0, BENCH_TR2, 0

#define TSS32_EIP   0x20
#define TSS32_FLAGS 0x24
#define TSS32_EAX   0x28
#define TSS32_ESP   0x38
#define TSS32_ES    0x48
#define TSS32_LDT   0x60
#define TSS32_TRAP  0x64

#define STACK2 0x58000u

static void put(struct bench *bench, unsigned offset, uint32_t value)
{
    fixture_store(bench->fixture, BENCH_TSS2 + offset, value, 4);
}

static uint32_t old(const struct bench *bench, unsigned offset)
{
    return (uint32_t)fixture_load(bench->fixture, BENCH_TSS + offset, 4);
}

/* The second task begins at BENCH_CODE2 with registers of its own. */
static struct bench *create(unsigned cpl)
{
    static const uint16_t segments[6] = { BENCH_DATA0, BENCH_CODE32,   BENCH_DATA0, BENCH_DATA0,
                                          0,           BENCH_USER_DATA };
    struct bench *bench = bench_create(BENCH_32, cpl);

    memset(bench->fixture->ram + BENCH_CODE2, 0xf4, 64);
    put(bench, TSS32_EIP, BENCH_CODE2);
    put(bench, TSS32_FLAGS, 2);
    for (unsigned i = 0; i < 8; i++) {
        put(bench, TSS32_EAX + i * 4, 0x100 + i);
    }
    put(bench, TSS32_ESP, STACK2);
    for (unsigned i = 0; i < 6; i++) {
        put(bench, TSS32_ES + i * 4, segments[i]);
    }
    fixture_store(bench->fixture, BENCH_TSS2 + 0x66, 0x68, 2);
    return bench;
}

static uint8_t type_of(const struct bench *bench, unsigned selector)
{
    return (uint8_t)fixture_load(bench->fixture, BENCH_GDT + selector + 5, 1) & 0xf;
}

static void test_jump_switches_all(void **state)
{
    struct bench *bench = create(0);

    (void)state;
    R(bench, RAX) = 0xaaaa5555;
    R(bench, RDI) = 77;
    bench->state->rflags |= SOFT_RFLAGS_IF;
    BENCH_RUN(bench, JMP_TASK);
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(R(bench, RAX), 0x100);
    assert_int_equal(R(bench, RSP), STACK2);
    assert_int_equal(bench->state->segments[X86_TR].selector, BENCH_TR2);
    assert_int_equal(bench->state->segments[X86_FS].selector, 0);
    assert_int_equal(bench->state->segments[X86_GS].selector, BENCH_USER_DATA);
    assert_int_equal(bench->state->rflags & (SOFT_RFLAGS_IF | SOFT_RFLAGS_NT), 0);
    assert_int_equal(bench->state->system.cr0 & SOFT_CR0_TS, SOFT_CR0_TS);
    assert_int_equal(type_of(bench, BENCH_TR2), 0xb);
    assert_int_equal(type_of(bench, BENCH_TR), 9);
    assert_int_equal(old(bench, TSS32_EIP), FIXTURE_CODE + 7);
    assert_int_equal(old(bench, TSS32_FLAGS), 0x202);
    assert_int_equal(old(bench, TSS32_EAX), 0xaaaa5555);
    assert_int_equal(old(bench, TSS32_EAX + 7 * 4), 77);
    assert_int_equal(old(bench, TSS32_ES + 4), BENCH_CODE32);
    bench_destroy(bench);
}

static void test_call_nests_and_iret_returns(void **state)
{
    struct bench *bench = create(0);

    (void)state;
    bench_put(bench, BENCH_CODE2, "\x40\xcf", 2); /* inc eax; iret */
    R(bench, RAX) = 5;
    BENCH_RUN(bench, CALL_TASK);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 5);
    assert_int_equal(bench->state->segments[X86_TR].selector, BENCH_TR);
    assert_int_equal(type_of(bench, BENCH_TR), 0xb);
    assert_int_equal(type_of(bench, BENCH_TR2), 9);
    assert_int_equal(fixture_load(bench->fixture, BENCH_TSS2, 2), BENCH_TR);
    assert_int_equal(fixture_load(bench->fixture, BENCH_TSS2 + TSS32_EAX, 4), 0x101);
    assert_int_equal(fixture_load(bench->fixture, BENCH_TSS2 + TSS32_EIP, 4), BENCH_CODE2 + 2);
    /* NT is set while nested, and cleared in the image that IRET saves. */
    assert_int_equal(fixture_load(bench->fixture, BENCH_TSS2 + TSS32_FLAGS, 4) & SOFT_RFLAGS_NT, 0);
    bench_destroy(bench);
}

static void test_checks_before_the_switch(void **state)
{
    struct bench *bench = create(0);

    (void)state;
    fixture_store(bench->fixture, BENCH_GDT + BENCH_TR2 + 5, 0x8b, 1);
    BENCH_RUN(bench, JMP_TASK);
    assert_fault(bench, 13, BENCH_TR2);
    fixture_store(bench->fixture, BENCH_GDT + BENCH_TR2 + 5, 0x09, 1);
    BENCH_RUN(bench, JMP_TASK);
    assert_fault(bench, 11, BENCH_TR2);
    fixture_store(bench->fixture, BENCH_GDT + BENCH_TR2 + 5, 0x89, 1);
    fixture_store(bench->fixture, BENCH_GDT + BENCH_TR2, 0x66, 2);
    BENCH_RUN(bench, JMP_TASK);
    assert_fault(bench, 10, BENCH_TR2);
    assert_int_equal(bench->state->segments[X86_TR].selector, BENCH_TR);
    bench_destroy(bench);
    bench = create(3);
    BENCH_RUN(bench, JMP_TASK);
    assert_fault(bench, 13, BENCH_TR2);
    bench_destroy(bench);
}

/* Faults of the new task's segments find TR, registers and EIP switched. */
static void test_faults_in_the_new_task(void **state)
{
    static const struct {
        unsigned offset;
        uint32_t value;
        uint8_t vector;
        uint32_t code;
    } rows[] = {
        { TSS32_LDT, BENCH_DATA0, 10, BENCH_DATA0 },
        { TSS32_ES + 4, BENCH_DATA0, 10, BENCH_DATA0 },
        { TSS32_ES, BENCH_EXEC_ONLY, 10, BENCH_EXEC_ONLY },
        { TSS32_ES, BENCH_ABSENT, 11, BENCH_ABSENT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench *bench = create(0);

        /* Handlers of the CPL that the new CS has need no SS check, but a stack segment. */
        put(bench, rows[i].offset, rows[i].value);
        bench_idt_gate(bench, rows[i].vector, 5, BENCH_LDTR, 0, 0);
        bench_descriptor(bench, BENCH_LDTR, 0x67 | 0xac00ull << 16 | 0x89ull << 40);
        fixture_store(bench->fixture, 0xac00 + TSS32_EIP, BENCH_HANDLERS + rows[i].vector, 4);
        fixture_store(bench->fixture, 0xac00 + TSS32_FLAGS, 2, 4);
        fixture_store(bench->fixture, 0xac00 + TSS32_ESP, STACK2 + 0x1000, 4);
        for (unsigned k = 0; k < 6; k++) {
            fixture_store(bench->fixture, 0xac00 + TSS32_ES + k * 4,
                          k == 1 ? BENCH_CODE32 : BENCH_DATA0, 4);
        }
        BENCH_RUN(bench, JMP_TASK);
        assert_vector(bench, rows[i].vector);
        /* A task gate: the error code alone is on the stack; the second TSS holds where it was. */
        assert_int_equal(fixture_load(bench->fixture, STACK2 + 0x1000 - 4, 4), rows[i].code);
        assert_int_equal(fixture_load(bench->fixture, BENCH_TSS2 + TSS32_EIP, 4), BENCH_CODE2);
        assert_int_equal(fixture_load(bench->fixture, 0xac00, 2), BENCH_TR2);
        assert_int_equal(bench->state->rflags & SOFT_RFLAGS_NT, SOFT_RFLAGS_NT);
        bench_destroy(bench);
    }
}

static void test_task_gate_for_an_exception(void **state)
{
    struct bench *bench = create(3);

    (void)state;
    bench_idt_gate(bench, 13, 5, BENCH_TR2, 0, 0);
    BENCH_RUN(bench, 0xfa); /* cli: #GP(0) */
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(R(bench, RSP), STACK2 - 4);
    assert_int_equal(fixture_load(bench->fixture, STACK2 - 4, 4), 0);
    assert_int_equal(old(bench, TSS32_EIP), FIXTURE_CODE);
    assert_int_equal(old(bench, TSS32_ES + 4), BENCH_USER_CODE32 | 3);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_NT, SOFT_RFLAGS_NT);
    bench_destroy(bench);
}

static void test_trap_bit(void **state)
{
    struct bench *bench = create(0);

    (void)state;
    put(bench, TSS32_TRAP, 1 | 0x680000);
    BENCH_RUN(bench, JMP_TASK);
    assert_vector(bench, 1);
    assert_int_equal(bench_frame(bench, false).rip, BENCH_CODE2);
    assert_int_equal(bench->state->system.dr[6] & SOFT_DR6_BT, SOFT_DR6_BT);
    bench_destroy(bench);
}

static void test_16bit_task(void **state)
{
    struct bench *bench = create(0);

    (void)state;
    memset(bench->fixture->ram + BENCH_TSS2, 0, 0x68);
    bench_descriptor(bench, BENCH_TR2, 0x2b | (uint64_t)BENCH_TSS2 << 16 | 0x81ull << 40);
    fixture_store(bench->fixture, BENCH_TSS2 + 0x0e, 0x2000, 2);
    fixture_store(bench->fixture, BENCH_TSS2 + 0x10, 2, 2);
    fixture_store(bench->fixture, BENCH_TSS2 + 0x12, 0x4711, 2);
    fixture_store(bench->fixture, BENCH_TSS2 + 0x24, BENCH_CODE32, 2);
    fixture_store(bench->fixture, BENCH_TSS2 + 0x26, BENCH_DATA0, 2);
    bench_put(bench, 0x2000, "\xf4", 1);
    BENCH_RUN(bench, JMP_TASK);
    assert_int_equal(bench->state->rip, 0x2001);
    assert_int_equal(R(bench, RAX) & 0xffff, 0x4711);
    assert_int_equal(bench->state->segments[X86_DS].selector, 0);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jump_switches_all),
        cmocka_unit_test(test_call_nests_and_iret_returns),
        cmocka_unit_test(test_checks_before_the_switch),
        cmocka_unit_test(test_faults_in_the_new_task),
        cmocka_unit_test(test_task_gate_for_an_exception),
        cmocka_unit_test(test_trap_bit),
        cmocka_unit_test(test_16bit_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
