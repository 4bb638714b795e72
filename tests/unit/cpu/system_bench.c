/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system_bench.c - tables, stacks and handlers for tests of system behaviour. */
#include "system_bench.h"

#include <string.h>

#include "cpu/soft_registers.h"

#define HLT 0xf4

void bench_descriptor(struct bench *bench, unsigned selector, uint64_t bits)
{
    fixture_store(bench->fixture, BENCH_GDT + (selector & 0xfff8), bits, 8);
}

void bench_gate(struct bench *bench, uint64_t gpa, uint8_t type_dpl, uint16_t selector,
                uint64_t offset, unsigned ist_or_count)
{
    uint64_t low = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist_or_count << 32 |
                   (uint64_t)(type_dpl | 0x80) << 40 | (offset & 0xffff0000) << 32;

    fixture_store(bench->fixture, gpa, low, 8);
    if (bench->mode == BENCH_64 || bench->mode == BENCH_COMPAT) {
        fixture_store(bench->fixture, gpa + 8, offset >> 32, 8);
    }
}

void bench_idt_gate(struct bench *bench, unsigned vector, uint8_t type_dpl, uint16_t selector,
                    uint64_t offset, unsigned ist)
{
    unsigned size = bench->mode == BENCH_64 || bench->mode == BENCH_COMPAT ? 16 : 8;

    bench_gate(bench, BENCH_IDT + vector * size, type_dpl, selector, offset, ist);
}

static uint64_t tss_descriptor(uint32_t base, uint8_t type)
{
    return 0x67 | (uint64_t)base << 16 | (uint64_t)(0x80 | type) << 40;
}

static void write_gdt(struct bench *bench)
{
    static const struct {
        unsigned selector;
        uint64_t bits;
    } rows[] = {
        { BENCH_CODE32, 0x00cf9a000000ffffull },     { BENCH_DATA0, 0x00cf92000000ffffull },
        { BENCH_CODE64, 0x00af9a000000ffffull },     { BENCH_USER_CODE32, 0x00cffa000000ffffull },
        { BENCH_USER_DATA, 0x00cff2000000ffffull },  { BENCH_USER_CODE64, 0x00affa000000ffffull },
        { BENCH_CONFORMING, 0x00cf9e000000ffffull }, { BENCH_ABSENT, 0x00cf72000000ffffull },
        { BENCH_DOWN, 0x0040960000000fffull },       { BENCH_EXEC_ONLY, 0x00cf98000000ffffull },
        { BENCH_READ_ONLY, 0x00cf90000000ffffull },  { BENCH_CODE16, 0x00009a000000ffffull },
        { BENCH_DATA16, 0x000092000000ffffull },     { BENCH_CODE1, 0x00cfba000000ffffull },
        { BENCH_DATA1, 0x00cfb2000000ffffull },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench_descriptor(bench, rows[i].selector, rows[i].bits);
    }
    bench_descriptor(bench, BENCH_TR, tss_descriptor(BENCH_TSS, 0xb));
    bench_descriptor(bench, BENCH_LDTR, 0xff | (uint64_t)BENCH_LDT << 16 | 0x82ull << 40);
    if (bench->mode == BENCH_32) {
        bench_descriptor(bench, BENCH_TR2, tss_descriptor(BENCH_TSS2, 9));
    }
}

static void write_tss(struct bench *bench)
{
    struct fixture *fixture = bench->fixture;

    if (bench->mode == BENCH_32) {
        fixture_store(fixture, BENCH_TSS + 4, BENCH_STACK0, 4);
        fixture_store(fixture, BENCH_TSS + 8, BENCH_DATA0, 4);
        fixture_store(fixture, BENCH_TSS + 12, BENCH_STACK1, 4);
        fixture_store(fixture, BENCH_TSS + 16, BENCH_DATA1 | 1, 4);
    } else {
        fixture_store(fixture, BENCH_TSS + 4, BENCH_STACK0, 8);
        fixture_store(fixture, BENCH_TSS + 0x24, BENCH_IST1, 8);
    }
    fixture_store(fixture, BENCH_TSS + 0x66, 0x68, 2);
}

static void write_idt(struct bench *bench)
{
    uint16_t selector = bench->mode == BENCH_32 ? BENCH_CODE32 : BENCH_CODE64;

    for (unsigned v = 0; v < 256; v++) {
        if (bench->mode == BENCH_REAL) {
            fixture_store(bench->fixture, BENCH_IDT + v * 4, BENCH_HANDLERS + v, 4);
        } else {
            bench_idt_gate(bench, v, v == 0x81 ? 0x6e : 0xe, selector, BENCH_HANDLERS + v, 0);
        }
        fixture_store(bench->fixture, BENCH_HANDLERS + v, HLT, 1);
    }
}

/* All pages of the fixture's map become the user's too. */
static void open_pages(struct bench *bench)
{
    for (unsigned i = 0; i < 6 * 512; i++) {
        uint64_t gpa = FIXTURE_TABLES + i * 8;

        fixture_store(bench->fixture, gpa, fixture_load(bench->fixture, gpa, 8) | 4, 8);
    }
}

static void set_segment(struct x86_segment *segment, uint16_t selector, uint32_t attributes)
{
    *segment =
        (struct x86_segment){ .limit = UINT32_MAX, .attributes = attributes, .selector = selector };
}

static void set_privilege(struct bench *bench, struct x86_state *state, unsigned cpl)
{
    unsigned data = cpl == 3 ? BENCH_USER_DATA | 3 : cpl == 1 ? BENCH_DATA1 | 1 : BENCH_DATA0;
    unsigned code = cpl == 3 ? BENCH_USER_CODE32 | 3 : cpl == 1 ? BENCH_CODE1 | 1 : BENCH_CODE32;
    uint32_t bits = 0xc09b;

    if (bench->mode == BENCH_64) {
        code = cpl == 3 ? BENCH_USER_CODE64 | 3 : BENCH_CODE64;
        bits = 0xa09b;
    }
    set_segment(&state->segments[X86_CS], (uint16_t)code, bits | cpl << 5);
    set_segment(&state->segments[X86_SS], (uint16_t)data, 0xc093 | cpl << 5);
    set_segment(&state->segments[X86_DS], (uint16_t)data, 0xc093 | cpl << 5);
    set_segment(&state->segments[X86_ES], (uint16_t)data, 0xc093 | cpl << 5);
    state->gpr[X86_RSP] = cpl == 3 ? BENCH_STACK3 : FIXTURE_STACK;
}

struct bench *bench_create_model(enum bench_mode mode, unsigned cpl, const char *model)
{
    static const enum fixture_mode modes[] = { FIXTURE_REAL, FIXTURE_PROTECTED, FIXTURE_LONG,
                                               FIXTURE_LONG };
    struct bench *bench = g_new0(struct bench, 1);
    struct x86_state state;

    bench->fixture = fixture_create_model(modes[mode], model);
    bench->state = bench->fixture->state;
    bench->mode = mode;
    bench->cpl = cpl;
    write_idt(bench);
    soft_cpu_save_registers(bench->fixture->cpu, &state);
    state.idt_base = BENCH_IDT;
    state.idt_limit = 0xfff;
    if (mode != BENCH_REAL) {
        write_gdt(bench);
        write_tss(bench);
        open_pages(bench);
        state.gdt_limit = BENCH_GDT_LIMIT;
        set_privilege(bench, &state, cpl);
        state.segments[X86_TR] = (struct x86_segment){
            .base = BENCH_TSS, .limit = 0x67, .attributes = 0x8b, .selector = BENCH_TR
        };
        state.segments[X86_LDTR] = (struct x86_segment){ .attributes = 0x10000 };
    }
    soft_cpu_load_registers(bench->fixture->cpu, &state);
    return bench;
}

struct bench *bench_create(enum bench_mode mode, unsigned cpl)
{
    return bench_create_model(mode, cpl, NULL);
}

void bench_destroy(struct bench *bench)
{
    fixture_destroy(bench->fixture);
    g_free(bench);
}

void bench_put(struct bench *bench, uint64_t gpa, const void *bytes, unsigned size)
{
    memcpy(bench->fixture->ram + gpa, bytes, size);
    soft_cluster_ram_changed(bench->fixture->cluster, bench->fixture->ram + gpa, size);
}

void bench_continue(struct bench *bench)
{
    bench->state->activity = SOFT_ACTIVITY_RUNNING;
    (void)soft_cpu_run(bench->fixture->cpu, 1000, &bench->fixture->stop);
    assert_true(bench->fixture->stop == SOFT_STOP_HALT ||
                bench->fixture->stop == SOFT_STOP_SHUTDOWN);
}

void bench_run(struct bench *bench, const void *bytes, unsigned size)
{
    bench->code_size = size;
    fixture_code(bench->fixture, bytes, size);
    soft_cpu_flush(bench->fixture->cpu);
    bench_continue(bench);
}

static uint64_t frame_word(const struct bench *bench, unsigned index)
{
    unsigned size = bench->mode == BENCH_REAL ? 2 : bench->mode == BENCH_32 ? 4 : 8;
    uint64_t base = bench->mode == BENCH_REAL ? bench->state->segments[X86_SS].base : 0;

    return fixture_load(bench->fixture, base + R(bench, RSP) + index * size, size);
}

struct bench_frame bench_frame(struct bench *bench, bool has_code)
{
    unsigned at = has_code ? 1 : 0;

    return (struct bench_frame){ .code = has_code ? frame_word(bench, 0) : 0,
                                 .rip = frame_word(bench, at),
                                 .cs = frame_word(bench, at + 1),
                                 .flags = frame_word(bench, at + 2),
                                 .rsp = frame_word(bench, at + 3),
                                 .ss = frame_word(bench, at + 4) };
}

void assert_vector(struct bench *bench, unsigned vector)
{
    assert_int_equal(bench->fixture->stop, SOFT_STOP_HALT);
    assert_int_equal(bench->state->rip, BENCH_HANDLERS + vector + 1);
}

void assert_fault(struct bench *bench, unsigned vector, uint32_t code)
{
    struct bench_frame frame = bench_frame(bench, true);

    assert_vector(bench, vector);
    assert_int_equal(frame.code, code);
    assert_int_equal(frame.rip, FIXTURE_CODE);
}

void assert_done(struct bench *bench)
{
    uint64_t end = FIXTURE_CODE + bench->code_size;

    if (bench->cpl == 0) {
        assert_int_equal(bench->fixture->stop, SOFT_STOP_HALT);
        assert_int_equal(bench->state->rip + bench->state->segments[X86_CS].base, end + 1);
    } else {
        assert_vector(bench, 13);
        assert_int_equal(bench_frame(bench, true).rip, end);
    }
}
