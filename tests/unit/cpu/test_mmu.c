/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_mmu.c - paging in all its forms: fault codes, accessed and dirty bits, what the TLB may keep. */
#include <string.h>

#include "cpu/soft_registers.h"
#include "system_bench.h"

#define TARGET      0x40000000u /* linear; its page table is the tests' */
#define TARGET_AT   (TARGET + 0x123)
#define PAGE_TABLE  0x810000u
#define FRAME       0x100000u /* what the first page maps */
#define OTHER_FRAME 0x101000u
#define PAE_TABLES  0x820000u
#define OLD_TABLES  0x830000u                 /* of 32-bit paging */
#define PDE_LONG    (FIXTURE_TABLES + 0x3000) /* of TARGET */
#define PDE_PAE     (PAE_TABLES + 0x2000)
#define PDE_OLD     (OLD_TABLES + 0x100 * 4)

#define P  0x1u
#define W  0x2u
#define U  0x4u
#define A  0x20u
#define D  0x40u
#define PS 0x80u
#define G  0x100u
#define NX (1ull << 63)

#define LOAD  0x8b, 0x03 /* mov eax, [rbx] */
#define STORE 0x89, 0x03
#define JUMP  0xff, 0xe3

static void set_paging(struct bench *bench, uint64_t cr3, uint64_t cr4)
{
    struct x86_state state;

    soft_cpu_save_registers(bench->fixture->cpu, &state);
    state.cr3 = cr3;
    state.cr4 = cr4;
    state.cr0 |= SOFT_CR0_PG;
    soft_cpu_load_registers(bench->fixture->cpu, &state);
}

static struct bench *create_long(unsigned cpl)
{
    struct bench *bench = bench_create(BENCH_64, cpl);

    fixture_store(bench->fixture, PDE_LONG, PAGE_TABLE | P | W | U, 8);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 8);
    R(bench, RBX) = TARGET_AT;
    return bench;
}

static struct bench *create_pae(unsigned cpl)
{
    struct bench *bench = bench_create(BENCH_32, cpl);

    for (unsigned i = 0; i < 4; i++) {
        fixture_store(bench->fixture, PAE_TABLES + i * 8, (PAE_TABLES + 0x1000 + i * 0x1000) | P,
                      8);
    }
    for (unsigned i = 0; i < 2048; i++) {
        fixture_store(bench->fixture, PAE_TABLES + 0x1000 + i * 8,
                      (uint64_t)i << 21 | P | W | U | PS, 8);
    }
    fixture_store(bench->fixture, PDE_PAE, PAGE_TABLE | P | W | U, 8);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 8);
    set_paging(bench, PAE_TABLES, SOFT_CR4_PAE);
    R(bench, RBX) = TARGET_AT;
    return bench;
}

static struct bench *create_old(unsigned cpl)
{
    struct bench *bench = bench_create(BENCH_32, cpl);

    for (unsigned i = 0; i < 1024; i++) {
        fixture_store(bench->fixture, OLD_TABLES + i * 4, i << 22 | P | W | U | PS, 4);
    }
    fixture_store(bench->fixture, PDE_OLD, PAGE_TABLE | P | W | U, 4);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 4);
    set_paging(bench, OLD_TABLES, SOFT_CR4_PSE);
    R(bench, RBX) = TARGET_AT;
    return bench;
}

/* ---- fault codes ---- */

enum format { FORMAT_LONG, FORMAT_PAE, FORMAT_OLD };

enum access { DO_LOAD, DO_STORE, DO_JUMP };

#define OK UINT32_MAX

struct paging_case {
    enum format format;
    unsigned cpl;
    enum access access;
    uint64_t pde, pte;               /* flags */
    uint64_t cr0, cr4, efer, rflags; /* added */
    uint32_t code;
};

#define FULL (P | W | U)

static const struct paging_case cases[] = {
    /* Present, write, user. */
    { FORMAT_LONG, 0, DO_LOAD, FULL, 0, 0, 0, 0, 0, 0 },
    { FORMAT_LONG, 0, DO_STORE, FULL, 0, 0, 0, 0, 0, 2 },
    { FORMAT_LONG, 3, DO_LOAD, FULL, 0, 0, 0, 0, 0, 4 },
    { FORMAT_LONG, 3, DO_STORE, FULL, 0, 0, 0, 0, 0, 6 },
    { FORMAT_LONG, 3, DO_STORE, 0, FULL, 0, 0, 0, 0, 6 },
    { FORMAT_LONG, 3, DO_LOAD, FULL, FULL, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 3, DO_STORE, FULL, FULL, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 3, DO_LOAD, FULL, P | W, 0, 0, 0, 0, 5 },
    { FORMAT_LONG, 3, DO_LOAD, P | W, FULL, 0, 0, 0, 0, 5 },
    { FORMAT_LONG, 3, DO_STORE, FULL, P | U, 0, 0, 0, 0, 7 },
    { FORMAT_LONG, 3, DO_STORE, P | U, FULL, 0, 0, 0, 0, 7 },
    { FORMAT_LONG, 3, DO_LOAD, FULL, P | U, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 3, DO_JUMP, FULL, P | U, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 3, DO_JUMP, FULL, 0, 0, 0, 0, 0, 4 },
    /* WP. */
    { FORMAT_LONG, 0, DO_STORE, FULL, P, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 0, DO_STORE, FULL, P, SOFT_CR0_WP, 0, 0, 0, 3 },
    { FORMAT_LONG, 0, DO_STORE, P, FULL, SOFT_CR0_WP, 0, 0, 0, 3 },
    { FORMAT_LONG, 0, DO_LOAD, FULL, P, SOFT_CR0_WP, 0, 0, 0, OK },
    { FORMAT_LONG, 3, DO_STORE, FULL, P | U, SOFT_CR0_WP, 0, 0, 0, 7 },
    /* NX. */
    { FORMAT_LONG, 0, DO_JUMP, FULL, FULL | NX, 0, 0, SOFT_EFER_NXE, 0, 0x11 },
    { FORMAT_LONG, 0, DO_JUMP, FULL | NX, FULL, 0, 0, SOFT_EFER_NXE, 0, 0x11 },
    { FORMAT_LONG, 3, DO_JUMP, FULL, FULL | NX, 0, 0, SOFT_EFER_NXE, 0, 0x15 },
    { FORMAT_LONG, 3, DO_JUMP, FULL, 0, 0, 0, SOFT_EFER_NXE, 0, 0x14 },
    { FORMAT_LONG, 3, DO_LOAD, FULL, FULL | NX, 0, 0, SOFT_EFER_NXE, 0, OK },
    { FORMAT_LONG, 3, DO_LOAD, FULL, FULL | NX, 0, 0, 0, 0, 0xd },
    { FORMAT_LONG, 3, DO_JUMP, FULL, FULL | NX, 0, 0, 0, 0, 0xd },
    /* SMEP, SMAP. The bench's own pages are the user's: these run where a supervisor's are. */
    { FORMAT_LONG, 0, DO_JUMP, FULL, FULL, 0, SOFT_CR4_SMEP, 0, 0, 0x11 },
    { FORMAT_LONG, 0, DO_JUMP, FULL, P | W, 0, SOFT_CR4_SMEP, 0, 0, OK },
    { FORMAT_LONG, 0, DO_JUMP, FULL, 0, 0, SOFT_CR4_SMEP, 0, 0, 0x10 },
    { FORMAT_LONG, 0, DO_LOAD, FULL, FULL, 0, SOFT_CR4_SMAP, 0, 0, 1 },
    { FORMAT_LONG, 0, DO_STORE, FULL, FULL, 0, SOFT_CR4_SMAP, 0, 0, 3 },
    { FORMAT_LONG, 0, DO_LOAD, FULL, FULL, 0, SOFT_CR4_SMAP, 0, SOFT_RFLAGS_AC, OK },
    { FORMAT_LONG, 0, DO_STORE, FULL, FULL, 0, SOFT_CR4_SMAP, 0, SOFT_RFLAGS_AC, OK },
    { FORMAT_LONG, 0, DO_LOAD, FULL, P | W, 0, SOFT_CR4_SMAP, 0, 0, OK },
    { FORMAT_LONG, 0, DO_JUMP, FULL, FULL, 0, SOFT_CR4_SMAP, 0, 0, OK },
    /* Reserved bits: above the physical address; in a large page. */
    { FORMAT_LONG, 0, DO_LOAD, FULL, FULL | 1ull << 40, 0, 0, 0, 0, 9 },
    { FORMAT_LONG, 0, DO_STORE, FULL | 1ull << 51, FULL, 0, 0, 0, 0, 0xb },
    { FORMAT_LONG, 3, DO_LOAD, FULL, FULL | 1ull << 45, 0, 0, 0, 0, 0xd },
    { FORMAT_LONG, 0, DO_LOAD, FULL, FULL | 1ull << 52, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 0, DO_LOAD, FULL, FULL | 1ull << 62, 0, 0, 0, 0, OK },
    { FORMAT_LONG, 0, DO_LOAD, FULL | PS | 0x2000, 0, 0, 0, 0, 0, 9 },
    { FORMAT_LONG, 0, DO_LOAD, FULL, 1ull << 40, 0, 0, 0, 0, 0 },
    { FORMAT_PAE, 0, DO_LOAD, FULL, 0, 0, 0, 0, 0, 0 },
    { FORMAT_PAE, 3, DO_STORE, FULL, P | U, 0, 0, 0, 0, 7 },
    { FORMAT_PAE, 3, DO_LOAD, FULL, P | W, 0, 0, 0, 0, 5 },
    { FORMAT_PAE, 3, DO_STORE, FULL, FULL, 0, 0, 0, 0, OK },
    { FORMAT_PAE, 3, DO_LOAD, FULL, FULL | 1ull << 52, 0, 0, 0, 0, 0xd },
    { FORMAT_PAE, 3, DO_LOAD, FULL, FULL | 1ull << 41, 0, 0, 0, 0, 0xd },
    { FORMAT_PAE, 0, DO_JUMP, FULL, FULL | NX, 0, 0, SOFT_EFER_NXE, 0, 0x11 },
    { FORMAT_PAE, 0, DO_LOAD, FULL, FULL | NX, 0, 0, 0, 0, 9 },
    { FORMAT_OLD, 0, DO_LOAD, FULL, 0, 0, 0, 0, 0, 0 },
    { FORMAT_OLD, 3, DO_LOAD, FULL, P | W, 0, 0, 0, 0, 5 },
    { FORMAT_OLD, 3, DO_LOAD, P | W, FULL, 0, 0, 0, 0, 5 },
    { FORMAT_OLD, 3, DO_STORE, FULL, P | U, 0, 0, 0, 0, 7 },
    { FORMAT_OLD, 0, DO_STORE, FULL, P | U, 0, 0, 0, 0, OK },
    { FORMAT_OLD, 0, DO_STORE, FULL, P | U, SOFT_CR0_WP, 0, 0, 0, 3 },
    { FORMAT_OLD, 3, DO_JUMP, FULL, FULL, 0, 0, 0, 0, OK },
    { FORMAT_OLD, 0, DO_JUMP, FULL, 0, 0, 0, SOFT_EFER_NXE, 0, 0 },
    { FORMAT_OLD, 0, DO_LOAD, FULL | PS | 0x200000, FULL, 0, 0, 0, 0, 9 },
};

/* The bench's pages become the supervisor's alone: SMEP and SMAP would refuse them. */
static void close_pages(struct bench *bench)
{
    for (unsigned i = 0; i < 2048; i++) {
        uint64_t gpa = FIXTURE_TABLES + 0x2000 + i * 8;

        if (gpa != PDE_LONG) {
            fixture_store(bench->fixture, gpa, fixture_load(bench->fixture, gpa, 8) & ~4ull, 8);
        }
    }
}

static struct bench *prepare(const struct paging_case *c)
{
    static struct bench *(*const creators[])(unsigned) = { create_long, create_pae, create_old };
    static const uint32_t pde_places[] = { PDE_LONG, PDE_PAE, PDE_OLD };
    struct bench *bench = creators[c->format](c->cpl);
    unsigned size = c->format == FORMAT_OLD ? 4 : 8;
    uint64_t frame = (c->pde & PS) != 0 ? 0 : PAGE_TABLE;

    fixture_store(bench->fixture, pde_places[c->format], frame | c->pde, size);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | c->pte, size);
    fixture_store(bench->fixture, FRAME + 0x123, 0xf4f4f4f4, 4);
    bench->state->system.cr0 |= c->cr0;
    bench->state->system.cr4 |= c->cr4;
    bench->state->system.efer |= c->efer;
    bench->state->rflags |= c->rflags;
    if ((c->cr4 & (SOFT_CR4_SMEP | SOFT_CR4_SMAP)) != 0) {
        close_pages(bench);
    }
    return bench;
}

static void check_ok(struct bench *bench, const struct paging_case *c)
{
    unsigned size = c->format == FORMAT_OLD ? 4 : 8;
    uint64_t pte = fixture_load(bench->fixture, PAGE_TABLE, size);

    assert_int_not_equal(pte & A, 0);
    assert_int_equal((pte & D) != 0, c->access == DO_STORE);
    if (c->access != DO_JUMP) {
        assert_done(bench);
    } else if (c->cpl == 0) {
        assert_int_equal(bench->state->rip, TARGET_AT + 1);
    } else {
        assert_vector(bench, 13); /* HLT at CPL 3 */
        assert_int_equal(bench_frame(bench, true).rip, TARGET_AT);
    }
}

static void check_fault(struct bench *bench, const struct paging_case *c)
{
    struct bench_frame frame = bench_frame(bench, true);
    unsigned size = c->format == FORMAT_OLD ? 4 : 8;

    assert_vector(bench, 14);
    assert_int_equal(frame.code, c->code);
    assert_int_equal(frame.rip, c->access == DO_JUMP ? TARGET_AT : FIXTURE_CODE);
    assert_int_equal(frame.cs & 3, c->cpl);
    assert_int_equal(bench->state->system.cr2, TARGET_AT);
    assert_int_equal(fixture_load(bench->fixture, PAGE_TABLE, size) & (A | D), 0);
    assert_int_not_equal(frame.flags & SOFT_RFLAGS_RF, 0);
}

static void test_fault_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct paging_case *c = &cases[i];
        struct bench *bench = prepare(c);

        if (c->access == DO_LOAD) {
            BENCH_RUN(bench, LOAD);
        } else if (c->access == DO_STORE) {
            BENCH_RUN(bench, STORE);
        } else {
            BENCH_RUN(bench, JUMP);
        }
        if (c->code == OK) {
            check_ok(bench, c);
        } else {
            check_fault(bench, c);
        }
        bench_destroy(bench);
    }
}

/* ---- large pages ---- */

static void test_large_pages_reach_their_frame(void **state)
{
    static const uint64_t entries[] = { 0x200000, 0x600000 };
    struct bench *bench = create_long(0);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fixture_store(bench->fixture, PDE_LONG, entries[i] | P | W | PS, 8);
        fixture_store(bench->fixture, entries[i] + 0x54320, 0x1000 + i, 4);
        R(bench, RBX) = TARGET + 0x54320;
        BENCH_RUN(bench, LOAD, STORE);
        assert_done(bench);
        assert_int_equal(R(bench, RAX), 0x1000 + i);
        assert_int_equal(fixture_load(bench->fixture, PDE_LONG, 8) & (A | D), A | D);
    }
    /* 1 GiB: the PDPT's second entry maps the first gigabyte again. */
    fixture_store(bench->fixture, FIXTURE_TABLES + 0x1008, P | W | PS, 8);
    fixture_store(bench->fixture, 0x654320, 77, 4);
    R(bench, RBX) = TARGET + 0x654320;
    BENCH_RUN(bench, LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 77);
    fixture_store(bench->fixture, FIXTURE_TABLES + 0x1008, 0x2000 | P | W | PS, 8);
    BENCH_RUN(bench, LOAD);
    assert_fault(bench, 14, 9);
    bench_destroy(bench);
}

static void test_pse36_takes_high_address_bits(void **state)
{
    struct bench *bench = create_old(0);

    (void)state;
    fixture_store(bench->fixture, PDE_OLD, 0x400000 | P | W | PS, 4);
    fixture_store(bench->fixture, 0x400120, 4711, 4);
    R(bench, RBX) = TARGET + 0x120;
    BENCH_RUN(bench, LOAD);
    assert_int_equal(R(bench, RAX), 4711);
    /* Bit 13 is bit 32 of the address: nothing is there. */
    fixture_store(bench->fixture, PDE_OLD, 0x400000 | 0x2000 | P | W | PS, 4);
    BENCH_RUN(bench, LOAD);
    assert_done(bench);
    assert_int_equal((uint32_t)R(bench, RAX), UINT32_MAX);
    bench_destroy(bench);
}

/* ---- what the TLB keeps ---- */

/* mov eax,[rbx]; mov dword [rcx],edx; INSTRUCTION; mov eax,[rbx]: the store changes the entry. */
#define CHANGE LOAD, 0x48, 0x89, 0x11

static void prepare_change(struct bench *bench)
{
    fixture_store(bench->fixture, FRAME + 0x123, 1, 4);
    fixture_store(bench->fixture, OTHER_FRAME + 0x123, 2, 4);
    R(bench, RCX) = PAGE_TABLE;
    R(bench, RDX) = OTHER_FRAME | P | W | U;
}

static void test_flushes_show_the_new_page(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    prepare_change(bench);
    BENCH_RUN(bench, CHANGE, 0x0f, 0x01, 0x3b /* invlpg [rbx] */, LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 2);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 8);
    BENCH_RUN(bench, CHANGE, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8 /* mov rax,cr3; mov cr3,rax */,
              LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 2);
    bench_destroy(bench);
}

static void test_global_pages_outlive_cr3(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    prepare_change(bench);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U | G, 8);
    BENCH_RUN(bench, CHANGE, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8, LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 1);
    /* A change of CR4.PGE drops them: mov rax,cr4; xor al,80h; mov cr4,rax */
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U | G, 8);
    BENCH_RUN(bench, CHANGE, 0x0f, 0x20, 0xe0, 0x34, 0x80, 0x0f, 0x22, 0xe0, LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 2);
    bench_destroy(bench);
}

static void test_invlpg_drops_all_of_a_large_page(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    fixture_store(bench->fixture, PDE_LONG, 0x200000 | P | W | PS, 8);
    fixture_store(bench->fixture, 0x205000, 5, 4);
    fixture_store(bench->fixture, 0x605000, 6, 4);
    R(bench, RBX) = TARGET + 0x5000;
    R(bench, RSI) = TARGET + 0x1ff000;
    R(bench, RCX) = PDE_LONG;
    R(bench, RDX) = 0x600000 | P | W | PS;
    BENCH_RUN(bench, CHANGE, 0x0f, 0x01, 0x3e /* invlpg [rsi] */, LOAD);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 6);
    bench_destroy(bench);
}

static void test_invpcid(void **state)
{
    struct bench *bench = create_long(0);
    static const uint8_t flush[] = { CHANGE, 0x66, 0x0f, 0x38, 0x82, 0x3e, LOAD };

    (void)state;
    prepare_change(bench);
    bench->state->system.cr4 |= SOFT_CR4_PCIDE;
    R(bench, RSI) = BENCH_DATA; /* PCID, address */
    fixture_store(bench->fixture, BENCH_DATA, 0, 8);
    fixture_store(bench->fixture, BENCH_DATA + 8, TARGET_AT, 8);
    for (unsigned type = 0; type < 4; type++) {
        fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 8);
        R(bench, RDI) = type;
        bench_run(bench, flush, sizeof(flush));
        assert_done(bench);
        assert_int_equal(R(bench, RAX), 2);
    }
    R(bench, RDI) = 4;
    BENCH_RUN(bench, 0x66, 0x0f, 0x38, 0x82, 0x3e);
    assert_fault(bench, 13, 0);
    R(bench, RDI) = 0;
    fixture_store(bench->fixture, BENCH_DATA, 0x1000, 8);
    BENCH_RUN(bench, 0x66, 0x0f, 0x38, 0x82, 0x3e);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

/* A read makes no page dirty; the first write after it does, though the TLB knows the page. */
static void test_dirty_comes_with_the_first_write(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    BENCH_RUN(bench, LOAD, LOAD);
    assert_int_equal(fixture_load(bench->fixture, PAGE_TABLE, 8) & (A | D), A);
    BENCH_RUN(bench, LOAD, STORE);
    assert_int_equal(fixture_load(bench->fixture, PAGE_TABLE, 8) & (A | D), A | D);
    assert_int_equal(fixture_load(bench->fixture, PDE_LONG, 8) & (A | D), A);
    assert_int_equal(fixture_load(bench->fixture, FIXTURE_TABLES, 8) & A, A);
    bench_destroy(bench);
}

static void test_crossing_store_writes_nothing_before_a_fault(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    fixture_store(bench->fixture, FRAME + 0xffe, 0, 2);
    R(bench, RBX) = TARGET + 0xffe;
    R(bench, RAX) = 0x11223344;
    BENCH_RUN(bench, STORE);
    assert_fault(bench, 14, 2);
    assert_int_equal(bench->state->system.cr2, TARGET + 0x1000);
    assert_int_equal(fixture_load(bench->fixture, FRAME + 0xffe, 2), 0);
    bench_destroy(bench);
}

static void test_noncanonical_addresses(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    R(bench, RBX) = 0x0000800000000000ull;
    BENCH_RUN(bench, LOAD);
    assert_fault(bench, 13, 0);
    R(bench, RBP) = 0x0000800000000000ull;
    BENCH_RUN(bench, 0x8b, 0x45, 0x00 /* mov eax,[rbp] */);
    assert_fault(bench, 12, 0);
    bench_destroy(bench);
}

/* ---- loads of CR3 and its kind ---- */

static void test_pdptes_are_checked_and_kept(void **state)
{
    struct bench *bench = create_pae(0);

    (void)state;
    /* mov eax,cr3; mov cr3,eax with a reserved bit in the second PDPTE */
    fixture_store(bench->fixture, PAE_TABLES + 8, (PAE_TABLES + 0x2000) | P | W, 8);
    R(bench, RCX) = PAE_TABLES;
    BENCH_RUN(bench, 0x0f, 0x22, 0xd9);
    assert_fault(bench, 13, 0);
    /* Without a load of CR3 a PDPTE in memory counts nothing. */
    fixture_store(bench->fixture, PAE_TABLES + 8, 0, 8);
    BENCH_RUN(bench, LOAD);
    assert_done(bench);
    BENCH_RUN(bench, 0x0f, 0x22, 0xd9, LOAD);
    assert_vector(bench, 14);
    assert_int_equal(bench_frame(bench, true).code, 0);
    bench_destroy(bench);
}

static void test_page_tables_outside_ram_map_nothing(void **state)
{
    struct bench *bench = create_long(0);

    (void)state;
    fixture_store(bench->fixture, PDE_LONG, FIXTURE_MMIO | P | W | U, 8);
    BENCH_RUN(bench, LOAD);
    assert_fault(bench, 14, 0);
    assert_int_equal(bench->fixture->access_count, 0);
    bench_destroy(bench);
}

/* mov eax,5: the linear address 5 is the bench's own; from there a walk through the debugger's eyes. */
static void test_debug_access_has_no_side_effects(void **state)
{
    struct bench *bench = create_long(0);
    uint32_t value = 0;

    (void)state;
    fixture_store(bench->fixture, FRAME + 0x10, 99, 4);
    assert_true(soft_cpu_debug_access(bench->fixture->cpu, TARGET + 0x10, &value, 4, false));
    assert_int_equal(value, 99);
    assert_int_equal(fixture_load(bench->fixture, PAGE_TABLE, 8) & (A | D), 0);
    assert_false(soft_cpu_debug_access(bench->fixture->cpu, TARGET + 0x1000, &value, 4, false));
    bench_destroy(bench);
}

/* With A20 closed odd MiBs are the even ones below them, for tables too, and what the TLB holds follows at once. */
static void test_a20(void **state)
{
    struct bench *bench = create_long(0);
    struct soft_cluster *cluster = bench->fixture->cluster;

    (void)state;
    fixture_store(bench->fixture, FRAME + 0x123, 1, 4);
    fixture_store(bench->fixture, 0x123, 2, 4);
    BENCH_RUN(bench, LOAD);
    assert_int_equal(R(bench, RAX), 1);
    soft_cluster_set_a20(cluster, false);
    BENCH_RUN(bench, LOAD);
    assert_int_equal(R(bench, RAX), 2);
    R(bench, RAX) = 3;
    BENCH_RUN(bench, STORE);
    assert_int_equal(fixture_load(bench->fixture, 0x123, 4), 3);
    /* The table is looked for without bit 20, and its accessed bit is set there. */
    fixture_store(bench->fixture, PDE_LONG, (PAGE_TABLE + 0x100000) | P | W | U, 8);
    fixture_store(bench->fixture, PAGE_TABLE, FRAME | P | W | U, 8);
    soft_tlb_flush(bench->fixture->cpu, true);
    BENCH_RUN(bench, LOAD);
    assert_int_equal(R(bench, RAX), 3);
    assert_int_equal(fixture_load(bench->fixture, PAGE_TABLE, 8) & A, A);
    fixture_store(bench->fixture, PDE_LONG, PAGE_TABLE | P | W | U, 8);
    soft_cluster_set_a20(cluster, true);
    BENCH_RUN(bench, LOAD);
    assert_int_equal(R(bench, RAX), 1);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_codes),
        cmocka_unit_test(test_large_pages_reach_their_frame),
        cmocka_unit_test(test_pse36_takes_high_address_bits),
        cmocka_unit_test(test_flushes_show_the_new_page),
        cmocka_unit_test(test_global_pages_outlive_cr3),
        cmocka_unit_test(test_invlpg_drops_all_of_a_large_page),
        cmocka_unit_test(test_invpcid),
        cmocka_unit_test(test_dirty_comes_with_the_first_write),
        cmocka_unit_test(test_crossing_store_writes_nothing_before_a_fault),
        cmocka_unit_test(test_noncanonical_addresses),
        cmocka_unit_test(test_pdptes_are_checked_and_kept),
        cmocka_unit_test(test_page_tables_outside_ram_map_nothing),
        cmocka_unit_test(test_debug_access_has_no_side_effects),
        cmocka_unit_test(test_a20),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
