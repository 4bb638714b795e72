/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_system_random.c - random descriptors, gates, page flags, TSSs and system instructions: nothing
 * may crash, and the same start ends the same however the run is cut.
 *
 * usage: test_system_random [SEED [COUNT]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define BUDGET    400u
#define RAM_USED  0x60000u /* compared; and the page tables */
#define PAGES     0x810000u
#define CODE_SIZE 256u

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * 0x2545f4914f6cdd1dull >> 11;
}

static unsigned below(uint64_t *seed, unsigned limit)
{
    return (unsigned)(next(seed) % limit);
}

/* One in n. */
static bool once(uint64_t *seed, unsigned n)
{
    return below(seed, n) == 0;
}

/* ---- a random machine ---- */

static void random_descriptors(struct bench *bench, uint64_t *seed)
{
    static const uint8_t types[] = { 0x9a, 0x92, 0x96, 0x9e, 0xfa, 0xf2, 0xb2, 0xba, 0x89,
                                     0x81, 0x8b, 0x82, 0x85, 0x8c, 0xec, 0x84, 0xe4, 0x12 };

    for (unsigned selector = 8; selector < 0xf8; selector += 8) {
        uint64_t bits;

        if (!once(seed, 5)) {
            continue;
        }
        bits = (uint64_t)types[below(seed, sizeof(types))] << 40 |
               (uint64_t)(below(seed, 16) | (once(seed, 2) ? 0xc : 0)) << 52;
        bits |= once(seed, 2) ? 0xffff | 0xfull << 48 : below(seed, 0x10000);
        if ((bits >> 44 & 1) == 0) {
            bits |= (uint64_t)(once(seed, 2) ? BENCH_TSS2 : BENCH_TSS) << 16 | 0x67;
        } else if (once(seed, 8)) {
            bits = next(seed) << 20 ^ next(seed);
        }
        bench_descriptor(bench, selector, bits);
    }
}

static uint16_t random_selector(uint64_t *seed)
{
    return (uint16_t)(once(seed, 12) ? next(seed) : (below(seed, 0x20) << 3 | below(seed, 4)));
}

static void random_gates(struct bench *bench, uint64_t *seed)
{
    static const uint8_t types[] = { 0xe, 0xf, 0x6e, 6, 7, 5, 0x65, 0xc };

    for (unsigned i = 0; i < 24; i++) {
        unsigned vector = once(seed, 3) ? below(seed, 256) : below(seed, 20);
        uint64_t offset = once(seed, 2) ? FIXTURE_CODE + below(seed, CODE_SIZE)
                                        : BENCH_HANDLERS + below(seed, 256);

        bench_idt_gate(bench, vector, types[below(seed, sizeof(types))], random_selector(seed),
                       offset, below(seed, 3));
    }
}

static void random_tasks(struct bench *bench, uint64_t *seed)
{
    for (unsigned at = 0; at < 0x68; at += 4) {
        uint64_t value = at == 0x20   ? FIXTURE_CODE + below(seed, CODE_SIZE)
                         : at == 0x24 ? next(seed) & 0x3fed7
                         : at >= 0x48 ? random_selector(seed)
                         : at == 0x1c ? PAGES
                                      : 0x30000 + below(seed, 0x20000);

        fixture_store(bench->fixture, BENCH_TSS2 + at, value, 4);
        if (once(seed, 8)) {
            fixture_store(bench->fixture, BENCH_TSS + at, value, 4);
        }
    }
}

/* Of the first 2 MiB, by 4 KiB pages. */
static void random_pages(struct bench *bench, uint64_t *seed)
{
    for (unsigned i = 0; i < 512; i++) {
        uint64_t flags = 7;

        if (once(seed, 40)) {
            flags = next(seed) & 0x1ff;
        } else if (once(seed, 100)) {
            flags |= 1ull << (40 + below(seed, 24));
        }
        fixture_store(bench->fixture, PAGES + i * 8, (uint64_t)i << 12 | flags, 8);
    }
    fixture_store(bench->fixture, FIXTURE_TABLES + 0x2000, PAGES | 7, 8);
}

/* ---- random code ---- */

static const uint8_t instructions[][8] = {
    /* length, bytes; 0xaa becomes a random selector or register value's byte */
    { 2, 0x8e, 0xd8 },
    { 2, 0x8e, 0xd0 },
    { 2, 0x8e, 0xc0 },
    { 2, 0x8e, 0xe8 },
    { 2, 0x8c, 0xd8 },
    { 3, 0x0f, 0x00, 0xd0 },
    { 3, 0x0f, 0x00, 0xd8 },
    { 3, 0x0f, 0x00, 0xe0 },
    { 3, 0x0f, 0x02, 0xd8 },
    { 3, 0x0f, 0x03, 0xd8 },
    { 1, 0xcf },
    { 2, 0x48, 0xcf },
    { 1, 0xcb },
    { 2, 0x48, 0xcb },
    { 2, 0xcd, 0x80 },
    { 2, 0xcd, 0x81 },
    { 1, 0xcc },
    { 2, 0x0f, 0x05 },
    { 3, 0x48, 0x0f, 0x07 },
    { 2, 0x0f, 0x34 },
    { 2, 0x0f, 0x35 },
    { 1, 0x9c },
    { 1, 0x9d },
    { 1, 0xfb },
    { 1, 0xfa },
    { 2, 0xff, 0x1b },
    { 2, 0xff, 0x2b },
    { 3, 0x48, 0xff, 0x1b },
    { 3, 0x0f, 0x01, 0x3b },
    { 3, 0x0f, 0x20, 0xc0 },
    { 3, 0x0f, 0x22, 0xc0 },
    { 3, 0x0f, 0x22, 0xe0 },
    { 3, 0x0f, 0x22, 0xd8 },
    { 3, 0x0f, 0x23, 0xf8 },
    { 3, 0x0f, 0x23, 0xc0 },
    { 2, 0x0f, 0x30 },
    { 2, 0x0f, 0x32 },
    { 2, 0x0f, 0xa2 },
    { 3, 0x0f, 0x01, 0xf8 },
    { 2, 0x0f, 0x06 },
    { 2, 0x8b, 0x03 },
    { 2, 0x89, 0x03 },
    { 2, 0x01, 0x0b },
    { 1, 0x50 },
    { 1, 0x58 },
    { 2, 0xeb, 0xfa },
    { 2, 0x75, 0x04 },
    { 2, 0x0f, 0x0b },
    { 1, 0xec },
    { 1, 0xef },
    { 2, 0xf3, 0xa4 },
    { 2, 0xf3, 0xab },
    { 3, 0x0f, 0x01, 0xcb },
    { 3, 0x0f, 0x01, 0xca },
    { 1, 0xf1 },
    { 1, 0x1f },
    { 1, 0x17 },
    { 1, 0x07 },
    { 5, 0x68, 0x02, 0x01, 0, 0 },
    { 2, 0xb0, 0xaa },
    { 2, 0x6a, 0xaa },
    { 7, 0xea, 0xaa, 0, 1, 0, 0xaa, 0 },
    { 7, 0x9a, 0xaa, 0, 1, 0, 0xaa, 0 },
    { 4, 0x66, 0xb8, 0xaa, 0 },
    { 3, 0x0f, 0x01, 0x13 },
    { 3, 0x0f, 0x01, 0x1b },
    { 3, 0x0f, 0x01, 0x03 },
    { 2, 0xf7, 0xf1 },
};

static void random_code(struct bench *bench, uint64_t *seed)
{
    uint8_t code[CODE_SIZE + 8];
    unsigned at = 0;

    while (at < CODE_SIZE) {
        const uint8_t *row = instructions[below(seed, sizeof(instructions) / 8)];

        for (unsigned i = 1; i <= row[0]; i++) {
            code[at++] = row[i] != 0xaa ? row[i] : (uint8_t)random_selector(seed);
        }
        if (once(seed, 30)) {
            code[at - 1] = (uint8_t)next(seed);
        }
    }
    fixture_code(bench->fixture, code, CODE_SIZE);
    fixture_store(bench->fixture, BENCH_DATA, FIXTURE_CODE + below(seed, CODE_SIZE), 4);
    fixture_store(bench->fixture, BENCH_DATA + 4, random_selector(seed), 2);
}

static void random_registers(struct bench *bench, uint64_t *seed)
{
    static const uint32_t msrs[] = { 0x3b,       0x174,      0x175,      0xc0000080,
                                     0xc0000081, 0xc0000082, 0xc0000101, 0x277 };
    struct soft_system_state *system = &bench->state->system;

    R(bench, RAX) = once(seed, 2) ? random_selector(seed) : next(seed);
    R(bench, RBX) = once(seed, 4) ? 0x1000 + below(seed, 0x5f000) : BENCH_DATA;
    R(bench, RCX) = once(seed, 2)
                        ? msrs[below(seed, 8)]
                        : below(seed, 0x2000) | 0x100; /* not the TSC: it counts by runs here */
    R(bench, RDX) = once(seed, 2) ? FIXTURE_PORT : FIXTURE_CODE + below(seed, CODE_SIZE);
    R(bench, RSI) = 0x20000 + below(seed, 0x10000);
    R(bench, RDI) = 0x20000 + below(seed, 0x30000);
    bench->state->rflags |= next(seed) & (SOFT_RFLAGS_IF | SOFT_RFLAGS_TF | SOFT_RFLAGS_NT |
                                          SOFT_RFLAGS_IOPL | SOFT_RFLAGS_AC);
    if (!once(seed, 4)) {
        bench->state->rflags &= ~SOFT_RFLAGS_TF;
    }
    system->cr4 |= next(seed) & (SOFT_CR4_DE | SOFT_CR4_FSGSBASE | SOFT_CR4_UMIP);
    system->star = next(seed) << 20;
    system->lstar = FIXTURE_CODE + below(seed, CODE_SIZE);
    system->fmask = next(seed) & 0x47700;
    system->sysenter_cs = random_selector(seed);
    system->sysenter_esp = FIXTURE_STACK;
    system->sysenter_eip = FIXTURE_CODE + below(seed, CODE_SIZE);
    if (once(seed, 6)) {
        system->dr[0] = FIXTURE_CODE + below(seed, CODE_SIZE);
        system->dr[1] = BENCH_DATA + below(seed, 16);
        system->dr[7] = 0x40f | 0xd0000000 >> below(seed, 9);
    }
}

static struct bench *random_bench(uint64_t seed)
{
    static const enum bench_mode modes[] = { BENCH_32, BENCH_64, BENCH_64, BENCH_REAL,
                                             BENCH_COMPAT };
    enum bench_mode mode = modes[below(&seed, 5)];
    struct bench *bench = bench_create(mode, mode != BENCH_REAL && once(&seed, 2) ? 3 : 0);

    bench->fixture->vector = 0x20 + (int)below(&seed, 64);
    if (mode != BENCH_REAL) {
        random_descriptors(bench, &seed);
        random_gates(bench, &seed);
        random_tasks(bench, &seed);
        random_pages(bench, &seed);
    }
    random_code(bench, &seed);
    random_registers(bench, &seed);
    soft_cpu_set_intr(bench->fixture->cpu, once(&seed, 3));
    soft_cpu_after_load(bench->fixture->cpu);
    return bench;
}

/* ---- comparing ---- */

/* Runs by pieces of at most piece instructions; returns how many were executed. */
static uint64_t run(struct bench *bench, unsigned piece)
{
    uint64_t executed = 0;

    while (executed < BUDGET) {
        uint64_t budget = MIN(piece, BUDGET - executed);
        uint64_t done = soft_cpu_run(bench->fixture->cpu, budget, &bench->fixture->stop);

        assert_true(done <= budget);
        executed += done;
        if (bench->fixture->stop == SOFT_STOP_HALT || bench->fixture->stop == SOFT_STOP_SHUTDOWN) {
            break;
        }
    }
    return executed;
}

static void compare(struct bench *a, struct bench *b)
{
    g_autoptr(GString) text_a = g_string_new(NULL);
    g_autoptr(GString) text_b = g_string_new(NULL);
    struct x86_state registers;

    soft_cpu_save_registers(a->fixture->cpu, &registers);
    x86_state_print(&registers, text_a);
    soft_cpu_save_registers(b->fixture->cpu, &registers);
    x86_state_print(&registers, text_b);
    assert_string_equal(text_a->str, text_b->str);
    assert_true(state_digest(&soft_cpu_state_desc, a->state, 0) ==
                state_digest(&soft_cpu_state_desc, b->state, 0));
    assert_memory_equal(a->fixture->ram, b->fixture->ram, RAM_USED);
    assert_memory_equal(a->fixture->ram + FIXTURE_TABLES, b->fixture->ram + FIXTURE_TABLES,
                        0x20000);
    assert_int_equal(a->fixture->access_count, b->fixture->access_count);
}

static uint64_t first_seed = 1;
static unsigned run_count = 300;

static void test_any_cut_ends_the_same(void **state)
{
    static const unsigned pieces[] = { 1, 3, 7, 50 };

    (void)state;
    for (unsigned i = 0; i < run_count; i++) {
        uint64_t seed = (first_seed + i) * 0x9e3779b97f4a7c15ull | 1;
        struct bench *whole = random_bench(seed);
        struct bench *cut = random_bench(seed);
        uint64_t executed = run(whole, BUDGET);
        uint64_t executed_cut = run(cut, pieces[i % 4]);

        if (executed != executed_cut || state_digest(&soft_cpu_state_desc, whole->state, 0) !=
                                            state_digest(&soft_cpu_state_desc, cut->state, 0)) {
            print_message("seed %" PRIu64 ": %" PRIu64 " and %" PRIu64 " instructions\n",
                          first_seed + i, executed, executed_cut);
        }
        assert_int_equal(executed, executed_cut);
        compare(whole, cut);
        bench_destroy(whole);
        bench_destroy(cut);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_cut_ends_the_same) };

    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 0);
    }
    if (argc > 2) {
        run_count = (unsigned)strtoul(argv[2], NULL, 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
