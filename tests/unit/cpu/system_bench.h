/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * system_bench.h - a software CPU with descriptor tables, a TSS, stacks and 256 handlers that are one
 * HLT each: a test runs a few bytes of code and looks at where it ended.
 */
#ifndef REPLUG_TESTS_UNIT_CPU_SYSTEM_BENCH_H
#define REPLUG_TESTS_UNIT_CPU_SYSTEM_BENCH_H

#include "soft_fixture.h"

#define BENCH_IDT       0x1000u
#define BENCH_HANDLERS  0x3000u /* vector v: a HLT at 3000h + v */
#define BENCH_GDT       FIXTURE_GDT
#define BENCH_GDT_LIMIT 0xffu
#define BENCH_TSS       0xa000u
#define BENCH_TSS2      0xa800u
#define BENCH_LDT       0xb000u
#define BENCH_STACK0    0x40000u /* of the TSS for privilege 0 */
#define BENCH_STACK1    0x44000u
#define BENCH_IST1      0x48000u
#define BENCH_STACK3    0x50000u /* where tests at CPL 3 begin */
#define BENCH_CODE2     0x12000u /* a page for a second piece of code */
#define BENCH_DATA      FIXTURE_DATA

/* Selectors. */
enum {
    BENCH_CODE32 = 0x08,
    BENCH_DATA0 = 0x10,
    BENCH_CODE64 = 0x18,
    BENCH_USER_CODE32 = 0x20,
    BENCH_USER_DATA = 0x28,
    BENCH_USER_CODE64 = 0x30,
    BENCH_TR = 0x38, /* two entries in long mode */
    BENCH_LDTR = 0x48,
    BENCH_TR2 = 0x58,
    BENCH_CONFORMING = 0x68,
    BENCH_ABSENT = 0x70, /* data */
    BENCH_DOWN = 0x78,   /* expand-down data: 1000h and above */
    BENCH_EXEC_ONLY = 0x80,
    BENCH_READ_ONLY = 0x88,
    BENCH_GATE = 0x90, /* for the tests to fill */
    BENCH_CODE16 = 0xa0,
    BENCH_DATA16 = 0xa8,
    BENCH_CODE1 = 0xb0, /* privilege 1, 32 bits */
    BENCH_DATA1 = 0xb8,
};

enum bench_mode { BENCH_REAL, BENCH_32, BENCH_64, BENCH_COMPAT };

struct bench {
    struct fixture *fixture;
    struct soft_cpu_state *state;
    enum bench_mode mode;
    unsigned cpl;
    unsigned code_size;
};

struct bench_frame {
    uint64_t code, rip, cs, flags, rsp, ss;
};

struct bench *bench_create(enum bench_mode mode, unsigned cpl);
struct bench *bench_create_model(enum bench_mode mode, unsigned cpl, const char *model);
void bench_destroy(struct bench *bench);

void bench_descriptor(struct bench *bench, unsigned selector, uint64_t bits);
/* Type and DPL as in a descriptor's byte 5, without P. size 8 or 16 bytes by mode. */
void bench_gate(struct bench *bench, uint64_t gpa, uint8_t type_dpl, uint16_t selector,
                uint64_t offset, unsigned ist_or_count);
void bench_idt_gate(struct bench *bench, unsigned vector, uint8_t type_dpl, uint16_t selector,
                    uint64_t offset, unsigned ist);

/* Runs code at FIXTURE_CODE until it halts or shuts down. */
void bench_run(struct bench *bench, const void *bytes, unsigned size);
#define BENCH_RUN(bench, ...)                                         \
    do {                                                              \
        static const uint8_t bench_bytes[] = { __VA_ARGS__ };         \
        bench_run(bench, bench_bytes, (unsigned)sizeof(bench_bytes)); \
    } while (0)
/* Sets a place for it, without running. */
void bench_put(struct bench *bench, uint64_t gpa, const void *bytes, unsigned size);
/* Goes on from the state as it is. */
void bench_continue(struct bench *bench);

/* What the handler finds on its stack. */
struct bench_frame bench_frame(struct bench *bench, bool has_code);
/* The code ran to its end (at CPL 3: to the HLT there, which is #GP). */
void assert_done(struct bench *bench);
void assert_vector(struct bench *bench, unsigned vector);
/* With the error code on top of the stack, and RIP that of the code's first byte. */
void assert_fault(struct bench *bench, unsigned vector, uint32_t code);

#define R(bench, reg) ((bench)->state->gpr[X86_##reg])

#endif
