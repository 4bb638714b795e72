/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_system.c - control registers and the ways between modes, MSRs, CPUID and models, SYSCALL and
 * SYSENTER.
 */
#include <string.h>

#include "cpu/soft_features.h"
#include "cpu/soft_internal.h"
#include "cpu/soft_registers.h"
#include "system_bench.h"

/* ---- control registers ---- */

#define MOV_CR0_RAX 0x0f, 0x22, 0xc0
#define MOV_CR3_RAX 0x0f, 0x22, 0xd8
#define MOV_CR4_RAX 0x0f, 0x22, 0xe0

static void test_cr0_refusals(void **state)
{
    static const uint64_t values[] = {
        SOFT_CR0_PG,                                         /* without PE */
        SOFT_CR0_PE | SOFT_CR0_PG | SOFT_CR0_NW,             /* without CD */
        SOFT_CR0_PE | SOFT_CR0_PG | 1ull << 32, SOFT_CR0_PE, /* paging off in 64-bit mode */
    };
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        R(bench, RAX) = values[i];
        BENCH_RUN(bench, MOV_CR0_RAX);
        assert_fault(bench, 13, 0);
    }
    R(bench, RAX) = SOFT_CR0_PE | SOFT_CR0_PG | SOFT_CR0_WP | 0x40;
    BENCH_RUN(bench, MOV_CR0_RAX, 0x0f, 0x20, 0xc3);
    assert_done(bench);
    assert_int_equal(R(bench, RBX), SOFT_CR0_PE | SOFT_CR0_PG | SOFT_CR0_WP | SOFT_CR0_ET);
    bench_destroy(bench);
}

static void test_cr4_and_cr3_refusals(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RAX) = 0x80; /* PAE off */
    BENCH_RUN(bench, MOV_CR4_RAX);
    assert_fault(bench, 13, 0);
    R(bench, RAX) = 0x6a0 | 1ull << 23;
    BENCH_RUN(bench, MOV_CR4_RAX);
    assert_fault(bench, 13, 0);
    R(bench, RAX) = FIXTURE_TABLES | 1ull << 40;
    BENCH_RUN(bench, MOV_CR3_RAX);
    assert_fault(bench, 13, 0);
    R(bench, RAX) = FIXTURE_TABLES | 1ull << 63; /* means something with PCIDs alone */
    BENCH_RUN(bench, MOV_CR3_RAX);
    assert_fault(bench, 13, 0);
    bench->state->system.cr3 |= 0x18;
    R(bench, RAX) = 0x6a0 | SOFT_CR4_PCIDE; /* CR3 names a PCID already */
    BENCH_RUN(bench, MOV_CR4_RAX);
    assert_fault(bench, 13, 0);
    bench->state->system.cr3 &= ~0xfffull;
    BENCH_RUN(bench, MOV_CR4_RAX);
    assert_done(bench);
    R(bench, RAX) = FIXTURE_TABLES | 5 | 1ull << 63;
    BENCH_RUN(bench, MOV_CR3_RAX, 0x0f, 0x20, 0xdb);
    assert_done(bench);
    assert_int_equal(R(bench, RBX), FIXTURE_TABLES | 5);
    bench_destroy(bench);
}

/* What user code may not do. */
static void test_privileged_instructions(void **state)
{
    static const uint8_t codes[][4] = {
        { 0x0f, 0x20, 0xc0 },
        { 0x0f, 0x22, 0xc0 },
        { 0x0f, 0x06 },
        { 0x0f, 0x08 },
        { 0x0f, 0x09 },
        { 0x0f, 0x30 },
        { 0x0f, 0x32 },
        { 0x0f, 0x33 },
        { 0x0f, 0x01, 0x38 },
        { 0x0f, 0x01, 0xf0 },
        { 0x0f, 0x01, 0xf8 },
        { 0xf4 },
        { 0xfa },
        { 0xfb },
        { 0x0f, 0x00, 0xd0 },
        { 0x0f, 0x00, 0xd8 },
        { 0x48, 0x0f, 0x07 },
        { 0x0f, 0x35 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct bench *bench = bench_create(BENCH_64, 3);

        bench_run(bench, codes[i], 4);
        assert_fault(bench, 13, 0);
        bench_destroy(bench);
    }
}

/* lmsw sets PE but does not clear it; smsw shows it. */
static void test_machine_status_word(void **state)
{
    struct bench *bench = bench_create(BENCH_REAL, 0);

    (void)state;
    R(bench, RAX) = 0xf;
    BENCH_RUN(bench, 0x0f, 0x01, 0xf0, 0x31, 0xc0, 0x0f, 0x01, 0xf0, 0x0f, 0x01, 0xe3);
    assert_done(bench);
    assert_int_equal(R(bench, RBX) & 0xffff, 0x11);
    bench_destroy(bench);
}

/* From real mode to 64-bit code in the guest's own steps. */
static void test_from_real_to_long_mode(void **state)
{
    static const uint8_t code[] = {
        0x66, 0x0f, 0x01, 0x16, 0x00, 0x01,       /* lgdt [0100h] */
        0x0f, 0x20, 0xe0, 0x66, 0x83, 0xc8, 0x20, /* mov eax,cr4; or eax,20h */
        0x0f, 0x22, 0xe0,                         /* mov cr4,eax */
        0x66, 0xb8, 0,    0,    0x80, 0,    0x0f,         0x22,
        0xd8,                                                   /* mov eax,tables; mov cr3,eax */
        0x66, 0xb9, 0x80, 0,    0,    0xc0, 0x0f,         0x32, /* mov ecx,EFER; rdmsr */
        0x80, 0xcc, 0x01, 0x0f, 0x30,                           /* or ah,1; wrmsr */
        0x66, 0xb8, 0x01, 0,    0,    0x80, 0x0f,         0x22,
        0xc0,                                                /* mov eax,PG|PE; mov cr0,eax */
        0x66, 0xea, 0x00, 0x20, 0x01, 0x00, BENCH_CODE64, 0, /* jmp 18h:12000h */
    };
    struct bench *pages = bench_create(BENCH_64, 0);
    struct bench *bench = bench_create(BENCH_REAL, 0);

    (void)state;
    memcpy(bench->fixture->ram + BENCH_GDT, pages->fixture->ram + BENCH_GDT, 256);
    memcpy(bench->fixture->ram + FIXTURE_TABLES, pages->fixture->ram + FIXTURE_TABLES, 0x6000);
    fixture_store(bench->fixture, FIXTURE_DATA + 0x100, 0xff, 2);
    fixture_store(bench->fixture, FIXTURE_DATA + 0x102, BENCH_GDT, 4);
    bench_put(bench, BENCH_CODE2, "\x48\xff\xc3\xf4", 4); /* inc rbx */
    R(bench, RBX) = UINT32_MAX;
    bench_run(bench, code, sizeof(code));
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 4);
    assert_true(R(bench, RBX) == 1ull << 32);
    assert_int_equal(bench->state->system.efer, SOFT_EFER_LME | SOFT_EFER_LMA);
    bench_destroy(bench);
    bench_destroy(pages);
}

static void test_long_mode_needs_pae(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 0);

    (void)state;
    bench->state->system.efer = SOFT_EFER_LME;
    R(bench, RAX) = SOFT_CR0_PG | SOFT_CR0_PE;
    BENCH_RUN(bench, MOV_CR0_RAX);
    assert_fault(bench, 13, 0);
    assert_int_equal(bench->state->system.efer, SOFT_EFER_LME);
    bench_destroy(bench);
}

/* ---- MSRs ---- */

static void write_msr(struct bench *bench, uint32_t number, uint64_t value)
{
    R(bench, RCX) = number;
    R(bench, RAX) = (uint32_t)value;
    R(bench, RDX) = value >> 32;
    BENCH_RUN(bench, 0x0f, 0x30);
}

static uint64_t read_msr(struct bench *bench, uint32_t number)
{
    R(bench, RCX) = number;
    BENCH_RUN(bench, 0x0f, 0x32);
    assert_done(bench);
    return R(bench, RDX) << 32 | R(bench, RAX);
}

static void test_msrs_keep_what_they_may(void **state)
{
    static const struct {
        uint32_t number;
        uint64_t good, bad; /* bad 0: all are good */
    } rows[] = {
        { 0x174, 0x10, 1ull << 32 },
        { 0x175, 0xffff800000001000ull, 0x0000800000000000ull },
        { 0x176, 0x1234, 0x8000000000000000ull },
        { 0x200, 0x80000006, 1ull << 40 },
        { 0x201, 0xff80000800, 0x7ff },
        { 0x250, 0x0606060606060606ull, 0x0707070707070707ull },
        { 0x26f, 0x0505050505050505ull, 0x0200000000000000ull },
        { 0x277, 0x0007010600070106ull, 0x0003000000000000ull },
        { 0x2ff, 0xc06, 0x10000 },
        { 0x17a, 4, 8 },
        { 0x1d9, 1, 1ull << 40 },
        { 0xc0000080, 0xd01, 0x1d01 },
        { 0xc0000081, 0x0023001000000000ull, 0 },
        { 0xc0000082, 0xffffffff81000000ull, 0x0000800000000000ull },
        { 0xc0000084, 0x47700, 1ull << 32 },
        { 0xc0000100, 0x7f0000000000ull, 0x1000000000000000ull },
        { 0xc0000101, 0xffff888000000000ull, 0x0000900000000000ull },
        { 0xc0000102, 0xffff888000000000ull, 0x0000900000000000ull },
        { 0xc0000103, 0x11223344, 1ull << 32 },
    };
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_msr(bench, rows[i].number, rows[i].good);
        assert_done(bench);
        if (rows[i].bad != 0) {
            write_msr(bench, rows[i].number, rows[i].bad);
            assert_fault(bench, 13, 0);
        }
        assert_true(read_msr(bench, rows[i].number) ==
                    (rows[i].number == 0xc0000080 ? rows[i].good | SOFT_EFER_LMA : rows[i].good));
    }
    R(bench, RCX) = 0x12345;
    BENCH_RUN(bench, 0x0f, 0x32);
    assert_fault(bench, 13, 0);
    write_msr(bench, 0x12345, 0);
    assert_fault(bench, 13, 0);
    write_msr(bench, 0xc0000080, 0); /* LME off while paging is on */
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

/* Kernels look for LFENCE_SERIALIZE on AMD's processors; it is always so. */
static void test_lfence_serializes(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    assert_int_equal(read_msr(bench, 0xc0011029), 2);
    write_msr(bench, 0xc0011029, 0);
    assert_int_equal(read_msr(bench, 0xc0011029), 2);
    bench_destroy(bench);
}

static void test_tsc_and_its_adjustment(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);
    uint64_t before = read_msr(bench, 0x10);

    (void)state;
    assert_int_equal(before, 1000000); /* as the fixture's clock says */
    write_msr(bench, 0x10, 5000000);
    assert_done(bench);
    assert_int_equal(read_msr(bench, 0x10), 5000000);
    assert_int_equal(read_msr(bench, 0x3b), 4000000);
    write_msr(bench, 0x3b, 0);
    assert_int_equal(read_msr(bench, 0x10), 1000000);
    bench_destroy(bench);
}

/* ---- CPUID ---- */

static void cpuid(struct bench *bench, uint32_t leaf, uint32_t subleaf)
{
    R(bench, RAX) = leaf;
    R(bench, RCX) = subleaf;
    BENCH_RUN(bench, 0x0f, 0xa2);
    assert_done(bench);
}

static void test_cpuid(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);
    char text[13] = { 0 };

    (void)state;
    cpuid(bench, 0, 0);
    assert_int_equal(R(bench, RAX), 0xd);
    memcpy(text, &R(bench, RBX), 4);
    memcpy(text + 4, &R(bench, RDX), 4);
    memcpy(text + 8, &R(bench, RCX), 4);
    assert_string_equal(text, "AuthenticAMD");
    cpuid(bench, 1, 0);
    assert_int_equal(R(bench, RDX) & 0x2030871, 0x2030871 & R(bench, RDX));
    assert_int_equal(R(bench, RDX) & 1u << 25, 1u << 25);
    assert_int_equal(R(bench, RCX) & 1u << 27, 0);
    bench->state->system.cr4 |= SOFT_CR4_OSXSAVE;
    cpuid(bench, 1, 0);
    assert_int_equal(R(bench, RCX) & 1u << 27, 1u << 27);
    cpuid(bench, 0xd, 0);
    assert_int_equal(R(bench, RBX), 576); /* XCR0 is 1 */
    assert_int_equal(R(bench, RCX), 832);
    cpuid(bench, 0x80000008, 0);
    assert_int_equal(R(bench, RAX), 0x3028);
    cpuid(bench, 0x80000001, 0);
    assert_int_equal(R(bench, RDX) & (1u << 29 | 1u << 20 | 1u << 11),
                     1u << 29 | 1u << 20 | 1u << 11);
    cpuid(bench, 0xb, 1);
    assert_int_equal(R(bench, RBX), 1);
    cpuid(bench, 0x12345678, 0);
    assert_int_equal(R(bench, RAX) | R(bench, RBX) | R(bench, RCX) | R(bench, RDX), 0);
    bench_destroy(bench);
}

static void check_model(const char *model, enum soft_feature feature, bool expected)
{
    struct soft_features features;
    GError *error = NULL;

    assert_true(soft_model_parse(model, &features, &error));
    assert_null(error);
    assert_int_equal(soft_features_has(&features, feature), expected);
}

static void test_models(void **state)
{
    struct soft_features features;
    GError *error = NULL;

    (void)state;
    check_model("qemu64", SOFT_FEATURE_SSE3, true);
    check_model("qemu64", SOFT_FEATURE_SSSE3, false);
    check_model("qemu64,+ssse3", SOFT_FEATURE_SSSE3, true);
    check_model("qemu64,sse4_1=on,ssse3", SOFT_FEATURE_SSE41, true);
    check_model("max,-nx", SOFT_FEATURE_NX, false);
    check_model("max,smep=off", SOFT_FEATURE_SMEP, false);
    check_model("max,-sse2", SOFT_FEATURE_SSE42, false); /* what needs it goes too */
    check_model("x86-64-v1", SOFT_FEATURE_SSE2, true);
    check_model("x86-64-v1", SOFT_FEATURE_SSE3, false);
    check_model("x86-64-v2", SOFT_FEATURE_POPCNT, true);
    check_model("x86-64-v2", SOFT_FEATURE_AVX, false);
    check_model("max", SOFT_FEATURE_SHA, true);
    assert_false(soft_model_parse("pentium5", &features, &error));
    assert_string_equal(error->message,
                        "unable to find CPU model 'pentium5'; there are qemu64, max, x86-64-v1, "
                        "x86-64-v2, x86-64-v3");
    g_clear_error(&error);
    assert_false(soft_model_parse("max,+warp", &features, &error));
    assert_string_equal(error->message, "unknown CPU feature 'warp'");
    g_clear_error(&error);
    assert_false(soft_model_parse("max,nx=maybe", &features, &error));
    assert_string_equal(error->message, "CPU feature 'nx' is on or off, not 'maybe'");
    g_clear_error(&error);
}

/* ---- fast system calls ---- */

static void test_syscall_and_sysret(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 3);
    struct soft_system_state *system = &bench->state->system;

    (void)state;
    system->star = (uint64_t)(BENCH_USER_CODE32 | 3) << 48 | (uint64_t)BENCH_CODE32 << 32;
    system->lstar = BENCH_CODE2;
    system->fmask = SOFT_RFLAGS_IF | SOFT_RFLAGS_DF;
    bench_put(bench, BENCH_CODE2, "\x48\x0f\x07", 3); /* sysretq */
    bench->state->rflags |= SOFT_RFLAGS_IF | SOFT_RFLAGS_DF;
    BENCH_RUN(bench, 0x0f, 0x05, 0xf4);
    assert_vector(bench, 13);
    assert_int_equal(bench_frame(bench, true).rip, FIXTURE_CODE + 2);
    assert_int_equal(bench_frame(bench, true).cs, (BENCH_USER_CODE32 + 16) | 3);
    assert_int_equal(bench_frame(bench, true).ss, (BENCH_USER_CODE32 + 8) | 3);
    assert_int_equal(bench_frame(bench, true).flags & (SOFT_RFLAGS_IF | SOFT_RFLAGS_DF),
                     SOFT_RFLAGS_IF | SOFT_RFLAGS_DF);
    assert_int_equal(R(bench, RCX), FIXTURE_CODE + 2);
    bench_destroy(bench);

    bench = bench_create(BENCH_64, 3);
    bench->state->system.star = (uint64_t)BENCH_CODE32 << 32;
    bench->state->system.lstar = BENCH_CODE2;
    bench->state->system.fmask = SOFT_RFLAGS_DF;
    bench_put(bench, BENCH_CODE2, "\xf4", 1);
    bench->state->rflags |= SOFT_RFLAGS_DF;
    BENCH_RUN(bench, 0x0f, 0x05);
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_DF, 0);
    assert_int_equal(bench->state->gpr[11] & SOFT_RFLAGS_DF, SOFT_RFLAGS_DF);
    assert_int_equal(bench->state->segments[X86_SS].selector, BENCH_CODE32 + 8);
    assert_int_equal(R(bench, RSP), BENCH_STACK3); /* the stack is the handler's affair */
    bench->state->system.efer &= ~SOFT_EFER_SCE;
    BENCH_RUN(bench, 0x0f, 0x05);
    assert_vector(bench, 6);
    bench_destroy(bench);
}

static void test_sysenter_and_sysexit(void **state)
{
    struct bench *bench = bench_create(BENCH_32, 3);
    struct soft_system_state *system = &bench->state->system;

    (void)state;
    system->sysenter_cs = BENCH_CODE32;
    system->sysenter_esp = BENCH_STACK0;
    system->sysenter_eip = BENCH_CODE2;
    bench_put(bench, BENCH_CODE2, "\xf4", 1);
    bench->state->rflags |= SOFT_RFLAGS_IF;
    BENCH_RUN(bench, 0x0f, 0x34);
    assert_int_equal(bench->state->rip, BENCH_CODE2 + 1);
    assert_int_equal(R(bench, RSP), BENCH_STACK0);
    assert_int_equal(bench->state->segments[X86_SS].selector, BENCH_DATA0);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_IF, 0);
    /* SYSEXIT: CS + 16, ESP from ECX, EIP from EDX. */
    R(bench, RCX) = BENCH_STACK3;
    R(bench, RDX) = BENCH_CODE2;
    BENCH_RUN(bench, 0x0f, 0x35);
    assert_vector(bench, 13); /* the HLT */
    assert_int_equal(bench_frame(bench, true).cs, (BENCH_CODE32 + 16) | 3);
    assert_int_equal(bench_frame(bench, true).rsp, BENCH_STACK3);
    bench_destroy(bench);
    bench = bench_create(BENCH_32, 3);
    BENCH_RUN(bench, 0x0f, 0x34);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

static void test_swapgs_and_the_bases(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    bench->state->segments[X86_GS].base = 0x1000;
    bench->state->system.kernel_gs_base = 0xffff800000000000ull;
    BENCH_RUN(bench, 0x0f, 0x01, 0xf8);
    assert_done(bench);
    assert_true(bench->state->segments[X86_GS].base == 0xffff800000000000ull);
    assert_int_equal(bench->state->system.kernel_gs_base, 0x1000);
    /* rdgsbase rbx; wrfsbase rax */
    BENCH_RUN(bench, 0xf3, 0x48, 0x0f, 0xae, 0xcb);
    assert_vector(bench, 6);
    bench->state->system.cr4 |= SOFT_CR4_FSGSBASE;
    R(bench, RAX) = 0x7f1234567000;
    BENCH_RUN(bench, 0xf3, 0x48, 0x0f, 0xae, 0xcb, 0xf3, 0x48, 0x0f, 0xae, 0xd0);
    assert_done(bench);
    assert_true(R(bench, RBX) == 0xffff800000000000ull);
    assert_int_equal(bench->state->segments[X86_FS].base, 0x7f1234567000);
    R(bench, RAX) = 0x0000800000000000ull;
    BENCH_RUN(bench, 0xf3, 0x48, 0x0f, 0xae, 0xd0);
    assert_fault(bench, 13, 0);
    bench_destroy(bench);
}

/* ---- extended control register, AC ---- */

static void test_xcr0(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    R(bench, RCX) = R(bench, RDX) = 0;
    R(bench, RAX) = 7;
    BENCH_RUN(bench, 0x0f, 0x01, 0xd1);
    assert_vector(bench, 6); /* without CR4.OSXSAVE */
    bench->state->system.cr4 |= SOFT_CR4_OSXSAVE;
    BENCH_RUN(bench, 0x0f, 0x01, 0xd1, 0x0f, 0x01, 0xd0);
    assert_done(bench);
    assert_int_equal(R(bench, RAX), 7);
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t bad[] = { 5, 6, 0xf };

        R(bench, RAX) = bad[i];
        BENCH_RUN(bench, 0x0f, 0x01, 0xd1);
        assert_fault(bench, 13, 0);
    }
    bench_destroy(bench);
}

static void test_stac_and_clac(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 0);

    (void)state;
    BENCH_RUN(bench, 0x0f, 0x01, 0xcb);
    assert_done(bench);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_AC, SOFT_RFLAGS_AC);
    BENCH_RUN(bench, 0x0f, 0x01, 0xca);
    assert_int_equal(bench->state->rflags & SOFT_RFLAGS_AC, 0);
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    BENCH_RUN(bench, 0x0f, 0x01, 0xcb);
    assert_vector(bench, 6);
    bench_destroy(bench);
}

static void test_alignment_check(void **state)
{
    struct bench *bench = bench_create(BENCH_64, 3);

    (void)state;
    R(bench, RBX) = BENCH_DATA + 1;
    bench->state->rflags |= SOFT_RFLAGS_AC;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_done(bench); /* CR0.AM is clear */
    bench_destroy(bench);
    bench = bench_create(BENCH_64, 3);
    R(bench, RBX) = BENCH_DATA + 1;
    bench->state->rflags |= SOFT_RFLAGS_AC;
    bench->state->system.cr0 |= SOFT_CR0_AM;
    BENCH_RUN(bench, 0x8b, 0x03);
    assert_fault(bench, 17, 0);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cr0_refusals),
        cmocka_unit_test(test_cr4_and_cr3_refusals),
        cmocka_unit_test(test_privileged_instructions),
        cmocka_unit_test(test_machine_status_word),
        cmocka_unit_test(test_from_real_to_long_mode),
        cmocka_unit_test(test_long_mode_needs_pae),
        cmocka_unit_test(test_msrs_keep_what_they_may),
        cmocka_unit_test(test_tsc_and_its_adjustment),
        cmocka_unit_test(test_lfence_serializes),
        cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_syscall_and_sysret),
        cmocka_unit_test(test_sysenter_and_sysexit),
        cmocka_unit_test(test_swapgs_and_the_bases),
        cmocka_unit_test(test_xcr0),
        cmocka_unit_test(test_stac_and_clac),
        cmocka_unit_test(test_alignment_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
