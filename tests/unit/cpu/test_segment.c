/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_segment.c - segment loads, far transfers through gates, IRET between privileges, ports. */
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define NONE UINT32_MAX

/* ---- loads ---- */

struct load_case {
    uint16_t selector;
    uint8_t vector;
    uint32_t code; /* NONE: loaded */
};

static void check_loads(enum bench_mode mode, unsigned cpl, bool is_ss,
                        const struct load_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bench *bench = bench_create(mode, cpl);
        unsigned index = is_ss ? X86_SS : X86_DS;

        R(bench, RAX) = cases[i].selector;
        if (is_ss) {
            BENCH_RUN(bench, 0x8e, 0xd0);
        } else {
            BENCH_RUN(bench, 0x8e, 0xd8);
        }
        if (cases[i].code == NONE) {
            assert_done(bench);
            if (cpl == 0) {
                assert_int_equal(bench->state->segments[index].selector, cases[i].selector);
            }
        } else {
            assert_fault(bench, cases[i].vector, cases[i].code);
        }
        bench_destroy(bench);
    }
}

static void test_data_segment_checks(void **state)
{
    static const struct load_case inner[] = {
        { BENCH_DATA0, 0, NONE },
        { BENCH_USER_DATA, 0, NONE },
        { BENCH_USER_DATA | 3, 0, NONE },
        { 0, 0, NONE },
        { 3, 0, NONE },
        { BENCH_CODE32, 0, NONE },
        { BENCH_READ_ONLY, 0, NONE },
        { BENCH_CONFORMING | 3, 0, NONE },
        { BENCH_DATA0 | 3, 13, BENCH_DATA0 },
        { BENCH_EXEC_ONLY, 13, BENCH_EXEC_ONLY },
        { BENCH_ABSENT, 11, BENCH_ABSENT },
        { BENCH_TR, 13, BENCH_TR },
        { 0x1000, 13, 0x1000 },
        { 0x14, 13, 0x14 }, /* no LDT */
        { 0xfb, 13, 0xf8 },
    };
    static const struct load_case outer[] = {
        { BENCH_DATA0, 13, BENCH_DATA0 },
        { BENCH_USER_DATA, 0, NONE },
        { BENCH_CODE32, 13, BENCH_CODE32 },
        { BENCH_CONFORMING, 0, NONE },
        { 0, 0, NONE },
        { BENCH_ABSENT, 11, BENCH_ABSENT },
    };

    (void)state;
    check_loads(BENCH_32, 0, false, inner, sizeof(inner) / sizeof(inner[0]));
    check_loads(BENCH_32, 3, false, outer, sizeof(outer) / sizeof(outer[0]));
    check_loads(BENCH_64, 0, false, inner, sizeof(inner) / sizeof(inner[0]));
}

static void test_stack_segment_checks(void **state)
{
    static const struct load_case inner[] = {
        { BENCH_DATA0, 0, NONE },
        { BENCH_DOWN, 0, NONE },
        { BENCH_USER_DATA, 13, BENCH_USER_DATA },
        { BENCH_DATA0 | 3, 13, BENCH_DATA0 },
        { BENCH_READ_ONLY, 13, BENCH_READ_ONLY },
        { BENCH_CODE32, 13, BENCH_CODE32 },
        { 0, 13, 0 },
        { BENCH_GATE, 13, BENCH_GATE },
    };
    static const struct load_case longer[] = { { 0, 0, NONE }, { 3, 13, 0 } };
    static const struct load_case user[] = { { 3, 13, 0 }, { BENCH_USER_DATA | 3, 0, NONE } };

    (void)state;
    check_loads(BENCH_32, 0, true, inner, sizeof(inner) / sizeof(inner[0]));
    check_loads(BENCH_64, 0, true, longer, sizeof(longer) / sizeof(longer[0]));
    check_loads(BENCH_64, 3, true, user, sizeof(user) / sizeof(user[0]));
}

static void test_absent_stack_segment(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    bench_descriptor(bench, BENCH_GATE, 0x00cf12000000ffffull);
    R(bench, RAX) = BENCH_GATE;
    BENCH_RUN(bench, 0x8e, 0xd0);
    assert_fault(bench, 12, BENCH_GATE);
    bench_destroy(bench);
}

static void test_a_load_sets_the_accessed_bit(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    assert_int_equal(fixture_load(bench->fixture, BENCH_GDT + BENCH_USER_DATA + 5, 1), 0xf2);
    R(bench, RAX) = BENCH_USER_DATA;
    BENCH_RUN(bench, 0x8e, 0xd8);
    assert_int_equal(fixture_load(bench->fixture, BENCH_GDT + BENCH_USER_DATA + 5, 1), 0xf3);
    bench_destroy(bench);
}

static void test_limits_and_types(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    /* mov ds,ax; mov [ebx],ecx and the load */
    R(bench, RAX) = BENCH_DOWN;
    R(bench, RBX) = 0xfff;
    BENCH_RUN(bench, 0x8e, 0xd8, 0x89, 0x0b);
    assert_vector(bench, 13);
    R(bench, RBX) = 0x20000;
    BENCH_RUN(bench, 0x8e, 0xd8, 0x89, 0x0b);
    assert_done(bench);
    R(bench, RAX) = BENCH_READ_ONLY;
    BENCH_RUN(bench, 0x8e, 0xd8, 0x89, 0x0b);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).code, 0);
    BENCH_RUN(bench, 0x8e, 0xd8, 0x8b, 0x0b);
    assert_done(bench);
    R(bench, RAX) = 0;
    BENCH_RUN(bench, 0x8e, 0xd8, 0x8b, 0x0b);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, FIXTURE_CODE + 2);
    bench_destroy(bench);
}

/* ---- far jumps and calls ---- */

#define FAR(opcode, selector, offset)                                                       \
    opcode, (offset)&0xff, ((offset) >> 8) & 0xff, ((offset) >> 16) & 0xff, (offset) >> 24, \
        (selector)&0xff, (selector) >> 8
#define JMP_FAR(selector, offset)  FAR(0xea, selector, offset)
#define CALL_FAR(selector, offset) FAR(0x9a, selector, offset)

static struct bench *create_with_target(enum bench_mode mode, unsigned cpl)
{
    struct bench *bench = bench_create(mode, cpl);

    memset(bench->fixture->ram + BENCH_CODE2, 0xf4, 16);
    return bench;
}

static void test_far_jump_checks(void **state)
{
    struct bench *bench = create_with_target(BENCH_32, 0);

    (void)state;
    BENCH_RUN(bench, JMP_FAR(BENCH_CODE32, BENCH_CODE2));
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    BENCH_RUN(bench, JMP_FAR(BENCH_CONFORMING, BENCH_CODE2));
    assert_int_equal(bench->state->segments[X86_CS].selector, BENCH_CONFORMING);
    BENCH_RUN(bench, JMP_FAR(0, BENCH_CODE2));
    assert_fault(bench, 13, 0);
    BENCH_RUN(bench, JMP_FAR(BENCH_DATA0, BENCH_CODE2));
    assert_fault(bench, 13, BENCH_DATA0);
    BENCH_RUN(bench, JMP_FAR(BENCH_USER_CODE32, BENCH_CODE2));
    assert_fault(bench, 13, BENCH_USER_CODE32);
    BENCH_RUN(bench, JMP_FAR(BENCH_CODE32 | 3, BENCH_CODE2));
    assert_fault(bench, 13, BENCH_CODE32);
    BENCH_RUN(bench, JMP_FAR(BENCH_CODE16, 0x12000));
    assert_fault(bench, 13, 0); /* beyond its limit */
    bench_destroy(bench);

    bench = create_with_target(BENCH_32, 3);
    BENCH_RUN(bench, JMP_FAR(BENCH_CONFORMING, BENCH_CODE2));
    assert_vector(bench, 13); /* by HLT: still CPL 3 */
    assert_int_equal(bench_frame(bench, true).rip, BENCH_CODE2);
    assert_int_equal(bench_frame(bench, true).cs, BENCH_CONFORMING | 3);
    bench_destroy(bench);
}

/* From 64-bit code to compatibility mode and back, by RETF. */
static void test_between_64bit_and_compatibility_mode(void **state)
{
    /* push 8; push offset of "here"; retfq; here: jmp far 18h:BENCH_CODE2 */
    struct bench *bench = create_with_target(BENCH_64, 0);

    (void)state;
    BENCH_RUN(bench, 0x6a, BENCH_CODE32, 0x68, 0x09, 0x00, 0x01, 0x00, 0x48, 0xcb,
              JMP_FAR(BENCH_CODE64, BENCH_CODE2));
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(bench->state->segments[X86_CS].selector, BENCH_CODE64);
    assert_int_equal(R(bench, RSP), FIXTURE_STACK);
    bench_destroy(bench);
}

static void put_gate(struct bench *bench, uint8_t type_dpl, uint16_t selector, unsigned count)
{
    bench_gate(bench, BENCH_GDT + BENCH_GATE, type_dpl, selector, BENCH_CODE2, count);
}

static void test_call_gate_to_an_inner_level(void **state)
{
    struct bench *bench = create_with_target(BENCH_32, 3);
    uint64_t top = BENCH_STACK0;

    (void)state;
    put_gate(bench, 0x6c, BENCH_CODE32, 2);
    fixture_store(bench->fixture, BENCH_STACK3, 0x11111111, 4);
    fixture_store(bench->fixture, BENCH_STACK3 + 4, 0x22222222, 4);
    BENCH_RUN(bench, CALL_FAR(BENCH_GATE, 0));
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(bench->state->segments[X86_CS].selector, BENCH_CODE32);
    assert_int_equal(bench->state->segments[X86_SS].selector, BENCH_DATA0);
    assert_int_equal(R(bench, RSP), top - 24);
    assert_int_equal(fixture_load(bench->fixture, top - 4, 4), BENCH_USER_DATA | 3);
    assert_int_equal(fixture_load(bench->fixture, top - 8, 4), BENCH_STACK3);
    assert_int_equal(fixture_load(bench->fixture, top - 12, 4), 0x22222222);
    assert_int_equal(fixture_load(bench->fixture, top - 16, 4), 0x11111111);
    assert_int_equal(fixture_load(bench->fixture, top - 20, 4), BENCH_USER_CODE32 | 3);
    assert_int_equal(fixture_load(bench->fixture, top - 24, 4), FIXTURE_CODE + 7);

    /* And back: retf 8 releases the parameters on both stacks; segments that CPL 3 may not have go. */
    bench->state->segments[X86_ES] = bench->state->segments[X86_SS];
    bench_put(bench, BENCH_CODE2 + 1, "\xca\x08\x00", 3);
    bench->state->rip = BENCH_CODE2 + 1;
    bench_continue(bench);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, FIXTURE_CODE + 7);
    assert_int_equal(bench_frame(bench, true).rsp, BENCH_STACK3 + 8);
    assert_int_equal(bench_frame(bench, true).cs, BENCH_USER_CODE32 | 3);
    assert_int_equal(bench->state->segments[X86_ES].selector, 0);
    assert_int_equal(bench->state->segments[X86_DS].selector, BENCH_USER_DATA | 3);
    bench_destroy(bench);
}

static void test_call_gate_checks(void **state)
{
    struct bench *bench = create_with_target(BENCH_32, 3);

    (void)state;
    put_gate(bench, 0x0c, BENCH_CODE32, 0);
    BENCH_RUN(bench, CALL_FAR(BENCH_GATE, 0));
    assert_fault(bench, 13, BENCH_GATE); /* the gate's DPL */
    bench_destroy(bench);

    bench = create_with_target(BENCH_32, 3);
    put_gate(bench, 0x6c, BENCH_CODE32, 0);
    BENCH_RUN(bench, JMP_FAR(BENCH_GATE, 0));
    assert_fault(bench, 13, BENCH_CODE32); /* a jump changes no privilege */
    bench_destroy(bench);

    bench = create_with_target(BENCH_32, 0);
    put_gate(bench, 0x0c, BENCH_CODE32, 0);
    BENCH_RUN(bench, JMP_FAR(BENCH_GATE, 0));
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    put_gate(bench, 0x0c, 0, 0);
    BENCH_RUN(bench, CALL_FAR(BENCH_GATE, 0));
    assert_fault(bench, 13, 0);
    put_gate(bench, 0x0c, BENCH_DATA0, 0);
    BENCH_RUN(bench, CALL_FAR(BENCH_GATE, 0));
    assert_fault(bench, 13, BENCH_DATA0);
    fixture_store(bench->fixture, BENCH_GDT + BENCH_GATE + 5, 0x0c, 1);
    BENCH_RUN(bench, CALL_FAR(BENCH_GATE, 0));
    assert_fault(bench, 11, BENCH_GATE);
    bench_destroy(bench);
}

/* call far [rbx] */
static void test_call_gate_in_long_mode(void **state)
{
    struct bench *bench = create_with_target(BENCH_64, 3);

    (void)state;
    put_gate(bench, 0x6c, BENCH_CODE64, 0);
    fixture_store(bench->fixture, BENCH_DATA + 4, BENCH_GATE, 2);
    R(bench, RBX) = BENCH_DATA;
    BENCH_RUN(bench, 0xff, 0x1b);
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(R(bench, RSP), BENCH_STACK0 - 32);
    assert_int_equal(bench->state->segments[X86_SS].selector, 0);
    assert_int_equal(fixture_load(bench->fixture, BENCH_STACK0 - 8, 8), BENCH_USER_DATA | 3);
    assert_int_equal(fixture_load(bench->fixture, BENCH_STACK0 - 16, 8), BENCH_STACK3);
    assert_int_equal(fixture_load(bench->fixture, BENCH_STACK0 - 32, 8), FIXTURE_CODE + 2);
    bench_destroy(bench);

    bench = create_with_target(BENCH_64, 0);
    put_gate(bench, 0x0c, BENCH_CODE32, 0); /* no 64-bit code */
    fixture_store(bench->fixture, BENCH_DATA + 4, BENCH_GATE, 2);
    R(bench, RBX) = BENCH_DATA;
    BENCH_RUN(bench, 0xff, 0x1b);
    assert_fault(bench, 13, BENCH_CODE32);
    bench_destroy(bench);
}

static void test_real_mode_far_call_and_return(void **state)
{
    struct bench *bench = bench_create(BENCH_REAL, 0);

    (void)state;
    /* call 1200:0004; hlt, there: retf */
    bench_put(bench, 0x12004, "\xcb", 1);
    BENCH_RUN(bench, 0x9a, 0x04, 0x00, 0x00, 0x12);
    assert_done(bench);
    assert_int_equal(R(bench, RSP), 0x8000);
    assert_int_equal(fixture_load(bench->fixture, 0x37ffe, 2), 0x1000);
    assert_int_equal(fixture_load(bench->fixture, 0x37ffc, 2), 5);
    bench_destroy(bench);
}

/* ---- IRET ---- */

static void push_frame(struct bench *bench, const uint64_t *words, unsigned count, unsigned size)
{
    R(bench, RSP) = FIXTURE_STACK - count * size;
    for (unsigned i = 0; i < count; i++) {
        fixture_store(bench->fixture, R(bench, RSP) + i * size, words[i], size);
    }
}

#define IRETQ 0x48, 0xcf
#define IRETD 0xcf

static void test_iretq_to_user(void **state)
{
    const uint64_t frame[] = { BENCH_CODE2, BENCH_USER_CODE64 | 3, 0x202 | SOFT_RFLAGS_IOPL,
                               BENCH_STACK3, BENCH_USER_DATA | 3 };
    struct bench *bench = create_with_target(BENCH_64, 0);

    (void)state;
    push_frame(bench, frame, 5, 8);
    BENCH_RUN(bench, IRETQ);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, BENCH_CODE2);
    assert_int_equal(bench_frame(bench, true).cs, BENCH_USER_CODE64 | 3);
    assert_int_equal(bench_frame(bench, true).rsp, BENCH_STACK3);
    assert_int_equal(bench_frame(bench, true).flags & 0x3202, 0x3202);
    bench_destroy(bench);
}

static void test_iretq_to_compatibility_mode(void **state)
{
    const uint64_t frame[] = { BENCH_CODE2, BENCH_USER_CODE32 | 3, 2, BENCH_STACK3,
                               BENCH_USER_DATA | 3 };
    struct bench *bench = create_with_target(BENCH_64, 0);

    (void)state;
    bench_put(bench, BENCH_CODE2, "\x40\xf4", 2); /* inc eax: no REX here */
    R(bench, RAX) = 0xffffffff;
    push_frame(bench, frame, 5, 8);
    BENCH_RUN(bench, IRETQ);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, BENCH_CODE2 + 1);
    assert_int_equal(R(bench, RAX), 0);
    bench_destroy(bench);
}

static void test_iret_checks(void **state)
{
    static const struct {
        uint64_t frame[5];
        uint8_t vector;
        uint32_t code;
    } rows[] = {
        { { BENCH_CODE2, 0, 2, FIXTURE_STACK, BENCH_DATA0 }, 13, 0 },
        { { BENCH_CODE2, BENCH_DATA0, 2, FIXTURE_STACK, BENCH_DATA0 }, 13, BENCH_DATA0 },
        { { BENCH_CODE2, BENCH_CODE64 | 3, 2, FIXTURE_STACK, BENCH_USER_DATA | 3 },
          13,
          BENCH_CODE64 },
        { { BENCH_CODE2, BENCH_USER_CODE64 | 3, 2, BENCH_STACK3, BENCH_DATA0 }, 13, BENCH_DATA0 },
        { { BENCH_CODE2, BENCH_USER_CODE64 | 3, 2, BENCH_STACK3, 3 }, 13, 0 },
        { { BENCH_CODE2, BENCH_CODE64, 2, FIXTURE_STACK, 0 }, 0, NONE },
        { { 0x800000000000ull, BENCH_CODE64, 2, FIXTURE_STACK, 0 }, 13, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench *bench = create_with_target(BENCH_64, 0);

        push_frame(bench, rows[i].frame, 5, 8);
        BENCH_RUN(bench, IRETQ);
        if (rows[i].code == NONE) {
            assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
            assert_int_equal(R(bench, RSP), FIXTURE_STACK);
        } else {
            assert_fault(bench, rows[i].vector, rows[i].code);
        }
        bench_destroy(bench);
    }
}

static void test_iretd_privileges_and_flags(void **state)
{
    const uint64_t outer[] = { BENCH_CODE2, BENCH_USER_CODE32 | 3, 0x3202, BENCH_STACK3,
                               BENCH_USER_DATA | 3 };
    const uint64_t same[] = { BENCH_CODE2, BENCH_USER_CODE32 | 3, 0x3202 };
    struct bench *bench = create_with_target(BENCH_32, 0);

    (void)state;
    push_frame(bench, outer, 5, 4);
    BENCH_RUN(bench, IRETD);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, BENCH_CODE2);
    assert_int_equal(bench_frame(bench, true).flags & 0x3202, 0x3202);
    bench_destroy(bench);
    /* CPL 3 with IOPL 0 changes neither IF nor IOPL. */
    bench = create_with_target(BENCH_32, 3);
    push_frame(bench, same, 3, 4);
    BENCH_RUN(bench, IRETD);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, BENCH_CODE2);
    assert_int_equal(bench_frame(bench, true).flags & 0x3200, 0);
    assert_int_equal(bench_frame(bench, true).rsp, FIXTURE_STACK);
    bench_destroy(bench);
    /* NT in long mode. */
    bench = create_with_target(BENCH_64, 0);
    bench->state->rflags |= SOFT_RFLAGS_NT;
    BENCH_RUN(bench, IRETQ);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

static void test_iretd_to_v86_and_ports_there(void **state)
{
    const uint64_t frame[] = { 0x10,   0x1200, SOFT_RFLAGS_VM | 2, 0x800, 0x1100, 0x2000, 0x2100,
                               0x2200, 0x2300 };
    struct bench *bench = create_with_target(BENCH_32, 0);

    (void)state;
    push_frame(bench, frame, 9, 4);
    bench_put(bench, 0x12010, "\x8c\xd8\xf4", 3); /* mov ax,ds; hlt */
    BENCH_RUN(bench, IRETD);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, 0x12);
    assert_int_equal(bench_frame(bench, true).cs, 0x1200);
    assert_int_equal(bench_frame(bench, true).ss, 0x1100);
    assert_int_equal(R(bench, RAX) & 0xffff, 0x2100);
    bench_destroy(bench);
}

/* ---- ports ---- */

static void test_port_permission_map(void **state)
{
    struct bench *bench;

    (void)state;
    for (unsigned permitted = 0; permitted < 2; permitted++) {
        bench = bench_create(BENCH_64, 3);
        bench->state->segments[X86_TR].limit = 0x168;
        memset(bench->fixture->ram + BENCH_TSS + 0x68, 0xff, 0x101);
        if (permitted != 0) {
            /* Ports 500h to 503h. */
            fixture_store(bench->fixture, BENCH_TSS + 0x68 + 0xa0, 0xf0, 1);
        }
        R(bench, RDX) = FIXTURE_PORT;
        BENCH_RUN(bench, 0xed /* in eax,dx */);
        if (permitted != 0) {
            assert_done(bench);
            assert_int_equal(bench->fixture->access_count, 1);
        } else {
            assert_fault(bench, 13, 0);
            assert_int_equal(bench->fixture->access_count, 0);
        }
        bench_destroy(bench);
    }
    /* One port of the four is not permitted; beyond the TSS's limit; by IOPL. */
    bench = bench_create(BENCH_64, 3);
    bench->state->segments[X86_TR].limit = 0x168;
    fixture_store(bench->fixture, BENCH_TSS + 0x68 + 0xa0, 0x08, 1);
    R(bench, RDX) = FIXTURE_PORT;
    BENCH_RUN(bench, 0xed);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    R(bench, RDX) = FIXTURE_PORT;
    BENCH_RUN(bench, 0xed);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    bench->state->rflags |= SOFT_RFLAGS_IOPL;
    R(bench, RDX) = FIXTURE_PORT;
    BENCH_RUN(bench, 0xed);
    assert_done(bench);
    bench_destroy(bench);
}

/* ---- LAR, LSL, VERR, VERW, ARPL ---- */

static void test_looks_at_descriptors(void **state)
{
    static const struct {
        uint16_t selector;
        bool lar, lsl, verr, verw;
        uint32_t rights, limit;
    } rows[] = {
        { BENCH_DATA0, true, true, true, true, 0x00cf9200, UINT32_MAX },
        { BENCH_DATA0 | 3, false, false, false, false, 0, 0 },
        { BENCH_READ_ONLY, true, true, true, false, 0x00cf9000, UINT32_MAX },
        { BENCH_EXEC_ONLY, true, true, false, false, 0x00cf9800, UINT32_MAX },
        { BENCH_CODE32, true, true, true, false, 0x00cf9a00, UINT32_MAX },
        { BENCH_DOWN, true, true, true, true, 0x00409600, 0xfff },
        { BENCH_TR, true, true, false, false, 0x00008b00, 0x67 },
        { BENCH_LDTR, true, true, false, false, 0x00008200, 0xff },
        { BENCH_GATE, true, false, false, false, 0x00008c00, 0 },
        { 0, false, false, false, false, 0, 0 },
        { 0x1000, false, false, false, false, 0, 0 },
    };
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    put_gate(bench, 0x0c, BENCH_CODE32, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        R(bench, RAX) = rows[i].selector;
        R(bench, RBX) = R(bench, RCX) = 0;
        /* lar ebx,eax; setz dl; lsl ecx,eax; setz dh; verr ax; setz [mem].. by registers: */
        BENCH_RUN(bench, 0x0f, 0x02, 0xd8, 0x0f, 0x94, 0xc2, 0x0f, 0x03, 0xc8, 0x0f, 0x94, 0xc6);
        assert_done(bench);
        assert_int_equal(R(bench, RDX) & 0xff, rows[i].lar);
        assert_int_equal(R(bench, RDX) >> 8 & 0xff, rows[i].lsl);
        assert_int_equal(R(bench, RBX), rows[i].lar ? rows[i].rights & 0xfff0ff00 : 0);
        assert_int_equal(R(bench, RCX), rows[i].lsl ? rows[i].limit : 0);
        BENCH_RUN(bench, 0x0f, 0x00, 0xe0, 0x0f, 0x94, 0xc2, 0x0f, 0x00, 0xe8, 0x0f, 0x94, 0xc6);
        assert_done(bench);
        assert_int_equal(R(bench, RDX) & 0xff, rows[i].verr);
        assert_int_equal(R(bench, RDX) >> 8 & 0xff, rows[i].verw);
    }
    R(bench, RAX) = 0x11;
    R(bench, RBX) = 3;
    BENCH_RUN(bench, 0x63, 0xd8, 0x0f, 0x94, 0xc2, 0x63, 0xd8, 0x0f, 0x94, 0xc6); /* arpl ax,bx */
    assert_int_equal(R(bench, RAX), 0x13);
    assert_int_equal(R(bench, RDX) & 0xffff, 0x0001);
    bench_destroy(bench);
}

static void test_real_mode_knows_no_descriptors(void **state)
{
    struct bench *bench = bench_create(BENCH_REAL, 0);

    (void)state;
    BENCH_RUN(bench, 0x0f, 0x02, 0xd8);
    assert_int_equal(bench->state->rip, BENCH_HANDLERS + 6 + 1);
    bench_destroy(bench);
}

/* ---- LDTR, TR, tables ---- */

static void test_ltr_and_lldt(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench_descriptor(bench, BENCH_TR2, 0x67 | (uint64_t)BENCH_TSS2 << 16 | 0x89ull << 40);
    bench_descriptor(bench, BENCH_TR2 + 8, 0xffff8000);
    R(bench, RAX) = BENCH_TR2;
    BENCH_RUN(bench, 0x0f, 0x00, 0xd8, 0x0f, 0x00, 0xcb); /* ltr ax; str ebx */
    assert_done(bench);
    assert_int_equal(R(bench, RBX), BENCH_TR2);
    assert_true(bench->state->segments[X86_TR].base == 0xffff800000000000ull + BENCH_TSS2);
    assert_int_equal(fixture_load(bench->fixture, BENCH_GDT + BENCH_TR2 + 5, 1), 0x8b);
    BENCH_RUN(bench, 0x0f, 0x00, 0xd8);
    assert_fault(bench, 13, BENCH_TR2); /* busy */
    R(bench, RAX) = 0;
    BENCH_RUN(bench, 0x0f, 0x00, 0xd8);
    assert_fault(bench, 13, 0);
    R(bench, RAX) = BENCH_LDTR;
    BENCH_RUN(bench, 0x0f, 0x00, 0xd0, 0x0f, 0x00, 0xc3);
    assert_done(bench);
    assert_int_equal(R(bench, RBX), BENCH_LDTR);
    assert_int_equal(bench->state->segments[X86_LDTR].base, BENCH_LDT);
    R(bench, RAX) = BENCH_DATA0;
    BENCH_RUN(bench, 0x0f, 0x00, 0xd0);
    assert_fault(bench, 13, BENCH_DATA0);
    bench_destroy(bench);
}

static void test_selectors_in_the_ldt(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    fixture_store(bench->fixture, BENCH_LDT + 0x10, 0x00cf92123400ffffull, 8);
    R(bench, RAX) = BENCH_LDTR;
    R(bench, RCX) = 0x14;
    BENCH_RUN(bench, 0x0f, 0x00, 0xd0, 0x8e, 0xc1); /* lldt ax; mov es,cx */
    assert_done(bench);
    assert_int_equal(bench->state->segments[X86_ES].base, 0x123400);
    bench_destroy(bench);
}

static void test_table_registers(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RBX) = BENCH_DATA;
    BENCH_RUN(bench, 0x0f, 0x01, 0x03); /* sgdt [rbx] */
    assert_int_equal(fixture_load(bench->fixture, BENCH_DATA, 2), BENCH_GDT_LIMIT);
    assert_int_equal(fixture_load(bench->fixture, BENCH_DATA + 2, 8), BENCH_GDT);
    fixture_store(bench->fixture, BENCH_DATA, 0x1fff, 2);
    fixture_store(bench->fixture, BENCH_DATA + 2, 0xffff812345678000ull, 8);
    BENCH_RUN(bench, 0x0f, 0x01, 0x1b); /* lidt [rbx] */
    assert_done(bench);
    assert_true(bench->state->system.idt_base == 0xffff812345678000ull);
    assert_int_equal(bench->state->system.idt_limit, 0x1fff);
    bench->state->system.idt_base = BENCH_IDT;
    fixture_store(bench->fixture, BENCH_DATA + 2, 0x0000812345678000ull, 8);
    BENCH_RUN(bench, 0x0f, 0x01, 0x13); /* lgdt [rbx] */
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
    /* Descriptor tables are the supervisor's; with UMIP even their places. */
    bench = bench_create(BENCH_64, 3);
    R(bench, RBX) = BENCH_DATA;
    BENCH_RUN(bench, 0x0f, 0x01, 0x13);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    R(bench, RBX) = BENCH_DATA;
    bench->state->system.cr4 |= SOFT_CR4_UMIP;
    BENCH_RUN(bench, 0x0f, 0x01, 0x03);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_segment_checks),
        cmocka_unit_test(test_stack_segment_checks),
        cmocka_unit_test(test_absent_stack_segment),
        cmocka_unit_test(test_a_load_sets_the_accessed_bit),
        cmocka_unit_test(test_limits_and_types),
        cmocka_unit_test(test_far_jump_checks),
        cmocka_unit_test(test_between_64bit_and_compatibility_mode),
        cmocka_unit_test(test_call_gate_to_an_inner_level),
        cmocka_unit_test(test_call_gate_checks),
        cmocka_unit_test(test_call_gate_in_long_mode),
        cmocka_unit_test(test_real_mode_far_call_and_return),
        cmocka_unit_test(test_iretq_to_user),
        cmocka_unit_test(test_iretq_to_compatibility_mode),
        cmocka_unit_test(test_iret_checks),
        cmocka_unit_test(test_iretd_privileges_and_flags),
        cmocka_unit_test(test_iretd_to_v86_and_ports_there),
        cmocka_unit_test(test_port_permission_map),
        cmocka_unit_test(test_looks_at_descriptors),
        cmocka_unit_test(test_real_mode_knows_no_descriptors),
        cmocka_unit_test(test_ltr_and_lldt),
        cmocka_unit_test(test_selectors_in_the_ldt),
        cmocka_unit_test(test_table_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
