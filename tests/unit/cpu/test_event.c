/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_event.c - exceptions and interrupts: gates, stacks, error codes, double and triple faults. */
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define INT_80 0xcd, 0x80
#define INT_81 0xcd, 0x81 /* its gate has DPL 3 */
#define UD2    0x0f, 0x0b

/* ---- frames ---- */

static void test_frame_in_long_mode(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);
    struct bench_frame frame;

    (void)state;
    R(bench, RSP) = FIXTURE_STACK - 3; /* the frame is aligned to 16 bytes */
    bench->state->rflags |= SOFT_RFLAGS_IF | SOFT_RFLAGS_NT;
    BENCH_RUN(bench, UD2);
    assert_vector(bench, 6);
    frame = bench_frame(bench, false);
    assert_int_equal(frame.rip, FIXTURE_CODE);
    assert_int_equal(frame.cs, BENCH_CODE64);
    assert_int_equal(frame.rsp, FIXTURE_STACK - 3);
    assert_int_equal(frame.ss, BENCH_DATA0);
    assert_int_equal(frame.flags & (SOFT_RFLAGS_IF | SOFT_RFLAGS_NT | SOFT_RFLAGS_RF),
                     SOFT_RFLAGS_IF | SOFT_RFLAGS_NT | SOFT_RFLAGS_RF);
    assert_int_equal(bench->state->rflags & (SOFT_RFLAGS_IF | SOFT_RFLAGS_NT | SOFT_RFLAGS_RF), 0);
    assert_int_equal(R(bench, RSP), FIXTURE_STACK - 16 - 40);
    assert_int_equal(bench->state->segments[X86_SS].selector, BENCH_DATA0);
    bench_destroy(bench);
}

static void test_user_to_supervisor_in_long_mode(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 3);
    struct bench_frame frame;

    (void)state;
    BENCH_RUN(bench, INT_81);
    assert_vector(bench, 0x81);
    frame = bench_frame(bench, false);
    assert_int_equal(frame.rip, FIXTURE_CODE + 2);
    assert_int_equal(frame.cs, BENCH_USER_CODE64 | 3);
    assert_int_equal(frame.ss, BENCH_USER_DATA | 3);
    assert_int_equal(frame.rsp, BENCH_STACK3);
    assert_int_equal(frame.flags & SOFT_RFLAGS_RF, 0);
    assert_int_equal(R(bench, RSP), BENCH_STACK0 - 40);
    assert_int_equal(bench->state->segments[X86_SS].selector, 0);
    assert_int_equal(bench->state->segments[X86_CS].selector, BENCH_CODE64);
    bench_destroy(bench);
}

static void test_ist_is_used_whatever_the_privilege(void **state)
{
    (void)state;
    for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
        struct bench *bench = bench_create(BENCH_64, cpl);

        bench_idt_gate(bench, 6, 0xe, BENCH_CODE64, BENCH_HANDLERS + 6, 1);
        BENCH_RUN(bench, UD2);
        assert_vector(bench, 6);
        assert_int_equal(R(bench, RSP), BENCH_IST1 - 40);
        assert_int_equal(bench_frame(bench, false).rsp, cpl == 0 ? FIXTURE_STACK : BENCH_STACK3);
        bench_destroy(bench);
    }
}

static void test_frame_in_protected_mode(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);
    struct bench_frame frame;

    (void)state;
    BENCH_RUN(bench, UD2);
    assert_vector(bench, 6);
    frame = bench_frame(bench, false);
    assert_int_equal(frame.rip, FIXTURE_CODE);
    assert_int_equal(frame.cs, BENCH_CODE32);
    assert_int_equal(R(bench, RSP), FIXTURE_STACK - 12);
    bench_destroy(bench);

    bench = bench_create(BENCH_32, 3);
    BENCH_RUN(bench, INT_81);
    assert_vector(bench, 0x81);
    frame = bench_frame(bench, false);
    assert_int_equal(frame.rip, FIXTURE_CODE + 2);
    assert_int_equal(frame.cs, BENCH_USER_CODE32 | 3);
    assert_int_equal(frame.rsp, BENCH_STACK3);
    assert_int_equal(frame.ss, BENCH_USER_DATA | 3);
    assert_int_equal(R(bench, RSP), BENCH_STACK0 - 20);
    assert_int_equal(bench->state->segments[X86_SS].selector, BENCH_DATA0);
    bench_destroy(bench);
}

static void test_gates_of_16_bits_and_traps(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    bench->state->rflags |= SOFT_RFLAGS_IF;
    bench_idt_gate(bench, 0x80, 6, BENCH_CODE32, BENCH_HANDLERS + 0x80, 0);
    BENCH_RUN(bench, INT_80);
    assert_vector(bench, 0x80);
    assert_int_equal(R(bench, RSP), FIXTURE_STACK - 6);
    assert_int_equal(fixture_load(bench->fixture, FIXTURE_STACK - 6, 2), 2);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_IF, 0);

    bench->state->rflags |= SOFT_RFLAGS_IF;
    bench_idt_gate(bench, 0x80, 0xf, BENCH_CODE32, BENCH_HANDLERS + 0x80, 0);
    bench->fixture->vector = 0;
    BENCH_RUN(bench, INT_80);
    assert_vector(bench, 0x80);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_IF, SOFT_RFLAGS_IF);
    bench_destroy(bench);
}

static void test_real_mode_vector(void **state)
{
    struct bench *bench = bench_create(BENCH_REAL, 0);

    (void)state;
    bench->state->rflags |= SOFT_RFLAGS_IF;
    BENCH_RUN(bench, INT_80);
    assert_int_equal(bench->state->segments[X86_CS].selector, 0);
    assert_int_equal(bench->state->rip, BENCH_HANDLERS + 0x80 + 1);
    assert_int_equal(bench_frame(bench, false).rip, 2);
    assert_int_equal(bench_frame(bench, false).cs, 0x1000);
    assert_int_equal(bench_frame(bench, false).flags & SOFT_RFLAGS_IF, SOFT_RFLAGS_IF);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_IF, 0);
    bench_destroy(bench);
}

/* ---- error codes of delivery itself ---- */

static void test_software_interrupt_needs_the_gates_privilege(void **state)
{
    static const enum bench_mode modes[] = { BENCH_32, BENCH_64 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *bench = bench_create(modes[i], 3);

        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, 0x80 * 8 + 2);
        bench_destroy(bench);
        /* An exception does not ask. */
        bench = bench_create(modes[i], 3);
        BENCH_RUN(bench, UD2);
        assert_vector(bench, 6);
        bench_destroy(bench);
    }
}

static void test_bad_gates(void **state)
{
    static const enum bench_mode modes[] = { BENCH_32, BENCH_64 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *bench = bench_create(modes[i], 0);
        unsigned size = i == 0 ? 8 : 16;
        uint64_t gate = BENCH_IDT + 0x80 * size;
        uint16_t code = i == 0 ? BENCH_CODE32 : BENCH_CODE64;

        /* Not present. */
        fixture_store(bench->fixture, gate + 5, 0x0e, 1);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 11, 0x80 * 8 + 2);
        /* No gate. */
        fixture_store(bench->fixture, gate + 5, 0x8c, 1);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, 0x80 * 8 + 2);
        /* The null selector; data; code that is absent, more privileged code than the gate's. */
        bench_idt_gate(bench, 0x80, 0xe, 3, BENCH_HANDLERS + 0x80, 0);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, 0);
        bench_idt_gate(bench, 0x80, 0xe, BENCH_DATA0, BENCH_HANDLERS + 0x80, 0);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, BENCH_DATA0);
        bench_idt_gate(bench, 0x80, 0xe, BENCH_USER_CODE64, BENCH_HANDLERS + 0x80, 0);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, BENCH_USER_CODE64);
        bench_descriptor(bench, BENCH_GATE,
                         fixture_load(bench->fixture, BENCH_GDT + code, 8) & ~(1ull << 47));
        bench_idt_gate(bench, 0x80, 0xe, BENCH_GATE, BENCH_HANDLERS + 0x80, 0);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 11, BENCH_GATE);
        /* Beyond the GDT and beyond the IDT. */
        bench_idt_gate(bench, 0x80, 0xe, 0x1000, BENCH_HANDLERS + 0x80, 0);
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, 0x1000);
        bench->state->system.idt_limit = 0x80 * size - 1;
        BENCH_RUN(bench, INT_80);
        assert_fault(bench, 13, 0x80 * 8 + 2);
        bench_destroy(bench);
    }
}

/* An event that the program did not ask for sets bit 0. */
static void test_external_bit(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench->fixture->vector = 0x40;
    bench_idt_gate(bench, 0x40, 0xe, BENCH_DATA0, 0, 0);
    bench->state->rflags |= SOFT_RFLAGS_IF;
    soft_cpu_set_intr(bench->fixture->cpu, true);
    BENCH_RUN(bench, 0x90);
    assert_fault(bench, 13, BENCH_DATA0 | 1);
    fixture_store(bench->fixture, BENCH_IDT + 0x40 * 16 + 5, 0x0e, 1);
    bench->state->rflags |= SOFT_RFLAGS_IF;
    soft_cpu_set_intr(bench->fixture->cpu, true);
    BENCH_RUN(bench, 0x90);
    assert_fault(bench, 11, 0x40 * 8 + 3);
    bench_destroy(bench);
}

static void test_32bit_handler_is_refused_in_long_mode(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench_idt_gate(bench, 0x80, 0xe, BENCH_CODE32, BENCH_HANDLERS + 0x80, 0);
    BENCH_RUN(bench, INT_80);
    assert_fault(bench, 13, BENCH_CODE32);
    bench_destroy(bench);
}

/* ---- inner stacks ---- */

static void test_bad_inner_stacks(void **state)
{
    static const struct {
        uint16_t selector;
        uint8_t vector;
        uint32_t code;
    } rows[] = {
        { 0, 10, 0 },
        { BENCH_USER_DATA | 3, 10, BENCH_USER_DATA },
        { BENCH_CODE32, 10, BENCH_CODE32 },
        { BENCH_READ_ONLY, 10, BENCH_READ_ONLY },
        { 0x1000, 10, 0x1000 },
        { BENCH_GATE, 12, BENCH_GATE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench *bench = bench_create(BENCH_32, 3);

        /* The fault's own handler is code of the user's privilege: it needs no other stack. */
        bench_descriptor(bench, BENCH_GATE, 0x00cf12000000ffffull);
        bench_idt_gate(bench, 10, 0xe, BENCH_USER_CODE32, BENCH_HANDLERS + 10, 0);
        bench_idt_gate(bench, 12, 0xe, BENCH_USER_CODE32, BENCH_HANDLERS + 12, 0);
        fixture_store(bench->fixture, BENCH_HANDLERS + 10, 0xfeeb, 2); /* jmp itself */
        fixture_store(bench->fixture, BENCH_HANDLERS + 12, 0xfeeb, 2);
        fixture_store(bench->fixture, BENCH_TSS + 8, rows[i].selector, 2);
        fixture_code(bench->fixture, (const uint8_t[]){ INT_81 }, 2);
        (void)soft_cpu_run(bench->fixture->cpu, 10, &bench->fixture->stop);
        assert_int_equal(bench->state->rip, BENCH_HANDLERS + rows[i].vector);
        assert_int_equal(bench_frame(bench, true).code, rows[i].code);
        assert_int_equal(bench_frame(bench, true).rip, FIXTURE_CODE);
        bench_destroy(bench);
    }
}

static void test_stack_beyond_its_limit(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    /* A stack segment that ends below ESP: #SS(0), and no stack for that: double, then triple. */
    bench->state->segments[X86_SS].limit = 0x100;
    BENCH_RUN(bench, INT_80);
    assert_int_equal(bench->fixture->stop, SOFT_STOP_SHUTDOWN);
    bench_destroy(bench);
}

static void test_noncanonical_stack(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench_idt_gate(bench, 12, 0xe, BENCH_CODE64, BENCH_HANDLERS + 12, 1);
    R(bench, RSP) = 0x0000900000000000ull;
    BENCH_RUN(bench, INT_80);
    assert_fault(bench, 12, 0);
    bench_destroy(bench);
}

/* ---- double and triple faults (SDM 3A table 6-5) ---- */

/* Makes the delivery of vector fail by a fault of its own class. */
static void break_gate(struct bench *bench, unsigned vector)
{
    bench_idt_gate(bench, vector, 0xe, BENCH_DATA0, 0, 0);
}

static void test_double_fault_classes(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    /* Contributory on contributory: #GP (by a null pointer beyond the canonical) with a bad gate. */
    break_gate(bench, 13);
    R(bench, RBX) = 0x0000800000000000ull;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_fault(bench, 8, 0);
    /* Contributory on a page fault. */
    break_gate(bench, 14);
    R(bench, RBX) = 0x7f0000000000ull;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_fault(bench, 8, 0);
    assert_int_equal(bench->state->system.cr2, 0x7f0000000000ull);
    bench_destroy(bench);

    /* Contributory on benign (#UD): handled one after the other. */
    bench = bench_create(BENCH_64, 0);
    break_gate(bench, 6);
    BENCH_RUN(bench, UD2);
    assert_fault(bench, 13, BENCH_DATA0 | 1);
    bench_destroy(bench);
}

static void test_page_fault_during_delivery(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    /* Of a benign exception and of a contributory one: the page fault is delivered. */
    bench_idt_gate(bench, 14, 0xe, BENCH_CODE64, BENCH_HANDLERS + 14, 1);
    R(bench, RSP) = 0x7f0000001000ull;
    BENCH_RUN(bench, UD2);
    assert_fault(bench, 14, 2);
    assert_int_equal(bench->state->system.cr2, 0x7f0000000ff8ull);
    R(bench, RSP) = 0x7f0000001000ull;
    R(bench, RBX) = 0x0000800000000000ull;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_fault(bench, 14, 2);
    /* Of a page fault: a double fault, CR2 from the second. */
    bench_idt_gate(bench, 14, 0xe, BENCH_CODE64, BENCH_HANDLERS + 14, 0);
    bench_idt_gate(bench, 8, 0xe, BENCH_CODE64, BENCH_HANDLERS + 8, 1);
    R(bench, RSP) = 0x7f0000001000ull;
    R(bench, RBX) = 0x7f0000005000ull;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_fault(bench, 8, 0);
    assert_int_equal(bench->state->system.cr2, 0x7f0000000ff8ull);
    bench_destroy(bench);
}

static void test_triple_fault(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench->state->system.idt_limit = 0;
    BENCH_RUN(bench, UD2);
    assert_int_equal(bench->fixture->stop, SOFT_STOP_SHUTDOWN);
    assert_int_equal(bench->state->activity, SOFT_ACTIVITY_SHUTDOWN);
    assert_false(soft_cpu_is_runnable(bench->fixture->cpu));
    soft_cpu_nmi(bench->fixture->cpu);
    assert_false(soft_cpu_is_runnable(bench->fixture->cpu));
    soft_cpu_init(bench->fixture->cpu);
    assert_true(soft_cpu_is_runnable(bench->fixture->cpu));
    bench_destroy(bench);
}

/* ---- lines ---- */

static void test_nmi_is_blocked_until_iret(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    fixture_store(bench->fixture, BENCH_HANDLERS + 2, 0xcf48, 2); /* iretq; hlt of vector 4 */
    soft_cpu_nmi(bench->fixture->cpu);
    fixture_code(bench->fixture, "\x90", 1);
    assert_int_equal(soft_cpu_run(bench->fixture->cpu, 1, &bench->fixture->stop), 1);
    assert_int_equal(bench->state->rip, FIXTURE_CODE); /* IRETQ has been executed */
    assert_false(bench->state->nmi_blocked);

    fixture_store(bench->fixture, BENCH_HANDLERS + 2, 0x90, 1);
    soft_cluster_ram_changed(bench->fixture->cluster, bench->fixture->ram + BENCH_HANDLERS, 8);
    soft_cpu_nmi(bench->fixture->cpu);
    assert_int_equal(soft_cpu_run(bench->fixture->cpu, 1, &bench->fixture->stop), 1);
    assert_true(bench->state->nmi_blocked);
    soft_cpu_nmi(bench->fixture->cpu);
    assert_int_equal(soft_cpu_run(bench->fixture->cpu, 1, &bench->fixture->stop), 1);
    assert_true(bench->state->nmi_pending);
    bench_destroy(bench);
}

static void test_init_and_sipi(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 3);
    struct soft_cpu *cpu = bench->fixture->cpu;

    (void)state;
    bench->state->system.dr[7] = 0x401;
    bench->state->system.lstar = 1234;
    soft_cpu_init(cpu);
    (void)soft_cpu_run(cpu, 1, &bench->fixture->stop);
    /* The bootstrap processor goes on at the reset vector: nothing is there but all ones. */
    assert_int_equal(bench->state->system.cr0 & ~(SOFT_CR0_CD | SOFT_CR0_NW), SOFT_CR0_ET);
    assert_int_equal(bench->state->system.efer, 0);
    assert_int_equal(bench->state->system.dr[7], 0x400);
    assert_int_equal(bench->state->system.lstar, 1234);
    assert_int_equal(bench->state->segments[X86_TR].selector, 0);
    /* An application processor that waits takes a start-up IPI. */
    bench->state->activity = SOFT_ACTIVITY_WAIT_FOR_SIPI;
    assert_false(soft_cpu_is_runnable(cpu));
    soft_cpu_sipi(cpu, 0x12);
    bench_put(bench, 0x12000, "\xf4", 1);
    assert_true(soft_cpu_is_runnable(cpu));
    (void)soft_cpu_run(cpu, 1, &bench->fixture->stop);
    assert_int_equal(bench->state->segments[X86_CS].selector, 0x1200);
    assert_int_equal(bench->state->segments[X86_CS].base, 0x12000);
    assert_int_equal(bench->state->rip, 1);
    bench_destroy(bench);
}

/* ---- virtual-8086 mode ---- */

static void enter_v86(struct bench *bench, unsigned iopl)
{
    struct x86_state state;

    soft_cpu_save_registers(bench->fixture->cpu, &state);
    state.rflags = 2 | SOFT_RFLAGS_VM | (uint64_t)iopl << 12;
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        state.segments[i] = (struct x86_segment){ .base = 0x10000 + i * 0x1000,
                                                  .limit = 0xffff,
                                                  .attributes = 0xf3,
                                                  .selector = (uint16_t)(0x1000 + i * 0x100) };
    }
    state.segments[X86_CS].base = 0x10000;
    state.segments[X86_CS].selector = 0x1000;
    state.gpr[X86_RSP] = 0x800;
    soft_cpu_load_registers(bench->fixture->cpu, &state);
}

static void test_interrupt_out_of_v86(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 3);
    struct bench_frame frame;

    (void)state;
    enter_v86(bench, 3);
    BENCH_RUN(bench, INT_81);
    assert_vector(bench, 0x81);
    frame = bench_frame(bench, false);
    assert_int_equal(frame.rip, 2);
    assert_int_equal(frame.cs, 0x1000);
    assert_int_equal(frame.rsp, 0x800);
    assert_int_equal(frame.ss, 0x1200);
    assert_int_equal(frame.flags & SOFT_RFLAGS_VM, SOFT_RFLAGS_VM);
    assert_int_equal(fixture_load(bench->fixture, R(bench, RSP) + 20, 4), 0x1000); /* ES */
    assert_int_equal(fixture_load(bench->fixture, R(bench, RSP) + 24, 4), 0x1300); /* DS */
    assert_int_equal(fixture_load(bench->fixture, R(bench, RSP) + 32, 4), 0x1500); /* GS */
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_VM, 0);
    assert_int_equal(bench->state->segments[X86_DS].selector, 0);
    /* With a lower IOPL INT n is #GP(0), INT3 is not. */
    enter_v86(bench, 0);
    BENCH_RUN(bench, INT_81);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).code, 0);
    enter_v86(bench, 0);
    bench_idt_gate(bench, 3, 0x6e, BENCH_CODE32, BENCH_HANDLERS + 3, 0);
    BENCH_RUN(bench, 0xcc);
    assert_vector(bench, 3);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_in_long_mode),
        cmocka_unit_test(test_user_to_supervisor_in_long_mode),
        cmocka_unit_test(test_ist_is_used_whatever_the_privilege),
        cmocka_unit_test(test_frame_in_protected_mode),
        cmocka_unit_test(test_gates_of_16_bits_and_traps),
        cmocka_unit_test(test_real_mode_vector),
        cmocka_unit_test(test_software_interrupt_needs_the_gates_privilege),
        cmocka_unit_test(test_bad_gates),
        cmocka_unit_test(test_external_bit),
        cmocka_unit_test(test_32bit_handler_is_refused_in_long_mode),
        cmocka_unit_test(test_bad_inner_stacks),
        cmocka_unit_test(test_stack_beyond_its_limit),
        cmocka_unit_test(test_noncanonical_stack),
        cmocka_unit_test(test_double_fault_classes),
        cmocka_unit_test(test_page_fault_during_delivery),
        cmocka_unit_test(test_triple_fault),
        cmocka_unit_test(test_nmi_is_blocked_until_iret),
        cmocka_unit_test(test_init_and_sipi),
        cmocka_unit_test(test_interrupt_out_of_v86),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
