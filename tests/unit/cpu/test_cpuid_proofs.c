/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_cpuid_proofs.c - CPUID reports exactly what works: for each feature something that goes with it and fails without, on
 * each model, and on "max" without that feature alone.
 */
#include <string.h>

#include "cpu/soft_features.h"
#include "cpu/soft_registers.h"
#include "system_bench.h"

#define UD 6
#define GP 13
#define PF 14

/* What is tried. Most are an instruction that is undefined without the feature. */
enum proof_kind {
    PROOF_MISSING, /* this test fails: a new feature needs a proof */
    PROOF_CODE,    /* bytes; without the feature #UD */
    PROOF_CODE_GP, /* bytes; without the feature #GP, or #UD */
    PROOF_CR4,     /* that bit may be set */
    PROOF_MSR,     /* that register may be read */
    PROOF_FUNCTION,
    PROOF_HINT, /* nothing that could be absent: how fast or steady something is */
};

struct proof {
    enum proof_kind kind;
    enum bench_mode mode;
    uint32_t number;
    uint8_t size, code[15];
    bool (*works)(struct bench *bench);
};

#define BYTES(...) \
    .size = sizeof((uint8_t[]){ __VA_ARGS__ }), .code = { __VA_ARGS__ }, .mode = BENCH_64
#define CODE(...)                              \
    {                                          \
        .kind = PROOF_CODE, BYTES(__VA_ARGS__) \
    }
#define CODE_GP(...)                              \
    {                                             \
        .kind = PROOF_CODE_GP, BYTES(__VA_ARGS__) \
    }
#define CR4(bit)                                           \
    {                                                      \
        .kind = PROOF_CR4, .number = bit, .mode = BENCH_64 \
    }
#define MSR(index)                                           \
    {                                                        \
        .kind = PROOF_MSR, .number = index, .mode = BENCH_64 \
    }
#define DOES(function, bench_mode)                                    \
    {                                                                 \
        .kind = PROOF_FUNCTION, .works = function, .mode = bench_mode \
    }
#define HINT                                 \
    {                                        \
        .kind = PROOF_HINT, .mode = BENCH_64 \
    }

/* True when the code ran to its end, false when the exception came. */
static bool runs(struct bench *bench, unsigned vector)
{
    assert_int_equal(bench->fixture->stop, SOFT_STOP_HALT);
    if (bench->state->rip == BENCH_HANDLERS + vector + 1) {
        return false;
    }
    assert_done(bench);
    return true;
}

static bool try_cr4(struct bench *bench, uint64_t bits)
{
    R(bench, RAX) = bench->state->system.cr4 | bits;
    BENCH_RUN(bench, 0x0f, 0x22, 0xe0);
    return runs(bench, GP);
}

static bool try_write_msr(struct bench *bench, uint32_t number, uint64_t value)
{
    R(bench, RCX) = number;
    R(bench, RAX) = value & UINT32_MAX;
    R(bench, RDX) = value >> 32;
    BENCH_RUN(bench, 0x0f, 0x30);
    return runs(bench, GP);
}

/* In a mode that needs no long mode. */
static bool pae_works(struct bench *bench)
{
    return try_cr4(bench, SOFT_CR4_PAE);
}

static bool lm_works(struct bench *bench)
{
    return try_write_msr(bench, 0xc0000080, SOFT_EFER_LME);
}

static bool nx_works(struct bench *bench)
{
    return try_write_msr(bench, 0xc0000080, bench->state->system.efer | SOFT_EFER_NXE);
}

static bool x2apic_works(struct bench *bench)
{
    return try_write_msr(bench, 0x1b, 0xfee00d00);
}

static bool tsc_deadline_works(struct bench *bench)
{
    return try_write_msr(bench, 0x6e0, 12345) && bench->fixture->tsc_deadline == 12345;
}

/* With a null SYSENTER_CS what exists is #GP. */
static bool sysenter_works(struct bench *bench)
{
    BENCH_RUN(bench, 0x0f, 0x34);
    assert_true(bench->state->rip == BENCH_HANDLERS + GP + 1 ||
                bench->state->rip == BENCH_HANDLERS + UD + 1);
    return bench->state->rip == BENCH_HANDLERS + GP + 1;
}

/* A page of 4 MiB whose bit 13 is bit 32 of its address: reserved, or beyond the RAM. */
static bool pse36_works(struct bench *bench)
{
    enum { DIRECTORY = 0x700000 };

    for (unsigned i = 0; i < 1024; i++) {
        fixture_store(bench->fixture, DIRECTORY + i * 4, i << 22 | 0x83, 4);
    }
    fixture_store(bench->fixture, DIRECTORY + 4, 1u << 13 | 0x83, 4);
    fixture_store(bench->fixture, 0x400010, 0x11, 1);
    bench->state->system.cr3 = DIRECTORY;
    bench->state->system.cr4 = SOFT_CR4_PSE;
    R(bench, RAX) = bench->state->system.cr0 | SOFT_CR0_PG;
    R(bench, RBX) = 0x400010;
    BENCH_RUN(bench, 0x0f, 0x22, 0xc0, 0x8a, 0x0b); /* mov cr0, eax; mov cl, [ebx] */
    if (!runs(bench, PF)) {
        assert_int_equal(bench_frame(bench, true).code, 9); /* present, reserved */
        return false;
    }
    assert_int_equal(R(bench, RCX) & 0xff, 0xff);
    return true;
}

static bool pdpe1gb_works(struct bench *bench)
{
    fixture_store(bench->fixture, FIXTURE_TABLES + 0x1000 + 8, 0x87, 8); /* the first GiB again */
    fixture_store(bench->fixture, FIXTURE_DATA, 0x5a, 1);
    R(bench, RBX) = 0x40000000 + FIXTURE_DATA;
    BENCH_RUN(bench, 0x8a, 0x0b);
    return runs(bench, PF) && (R(bench, RCX) & 0xff) == 0x5a;
}

/* Without it the bytes are BSR. */
static bool lzcnt_works(struct bench *bench)
{
    R(bench, RBX) = 1;
    BENCH_RUN(bench, 0xf3, 0x48, 0x0f, 0xbd, 0xcb);
    assert_done(bench);
    return R(bench, RCX) == 63;
}

static bool hypervisor_works(struct bench *bench)
{
    R(bench, RAX) = 0x40000000;
    BENCH_RUN(bench, 0x0f, 0xa2);
    assert_done(bench);
    return R(bench, RAX) == 0x40000000;
}

/* RBX points to memory, RAX and RDX are 0, RCX is 1. */
static const struct proof proofs[SOFT_FEATURE_COUNT] = {
    [SOFT_FEATURE_FPU] = CODE(0xd9, 0xe8, 0xd8, 0xc0, 0xdd, 0x1b), /* fld1; fadd; fstp */
    [SOFT_FEATURE_DE] = CR4(SOFT_CR4_DE),
    [SOFT_FEATURE_PSE] = CR4(SOFT_CR4_PSE),
    [SOFT_FEATURE_TSC] = CODE(0x0f, 0x31),
    [SOFT_FEATURE_MSR] = CODE(0xb9, 0x10, 0, 0, 0, 0x0f, 0x32),
    [SOFT_FEATURE_PAE] = DOES(pae_works, BENCH_32),
    [SOFT_FEATURE_MCE] = CR4(SOFT_CR4_MCE),
    [SOFT_FEATURE_CX8] = CODE(0xf0, 0x0f, 0xc7, 0x0b),
    [SOFT_FEATURE_APIC] = MSR(0x1b),
    [SOFT_FEATURE_SEP] = DOES(sysenter_works, BENCH_32),
    [SOFT_FEATURE_MTRR] = MSR(0xfe),
    [SOFT_FEATURE_PGE] = CR4(SOFT_CR4_PGE),
    [SOFT_FEATURE_MCA] = MSR(0x179),
    [SOFT_FEATURE_CMOV] = CODE(0x48, 0x0f, 0x44, 0xc1),
    [SOFT_FEATURE_PAT] = MSR(0x277),
    [SOFT_FEATURE_PSE36] = DOES(pse36_works, BENCH_32),
    [SOFT_FEATURE_CLFLUSH] = CODE(0x0f, 0xae, 0x3b),
    [SOFT_FEATURE_MMX] = CODE(0x0f, 0xfc, 0xc1),
    [SOFT_FEATURE_FXSR] = CODE(0x0f, 0xae, 0x03),
    [SOFT_FEATURE_SSE] = CODE(0x0f, 0x58, 0xc1),
    [SOFT_FEATURE_SSE2] = CODE(0x66, 0x0f, 0x58, 0xc1),
    [SOFT_FEATURE_SSE3] = CODE(0xf2, 0x0f, 0x7c, 0xc1),
    [SOFT_FEATURE_PCLMULQDQ] = CODE(0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00),
    [SOFT_FEATURE_SSSE3] = CODE(0x66, 0x0f, 0x38, 0x00, 0xc1),
    [SOFT_FEATURE_FMA] = CODE(0xc4, 0xe2, 0xf1, 0x98, 0xc2),
    [SOFT_FEATURE_CX16] = CODE(0x48, 0x0f, 0xc7, 0x0b),
    [SOFT_FEATURE_PCID] = CR4(SOFT_CR4_PCIDE),
    [SOFT_FEATURE_SSE41] = CODE(0x66, 0x0f, 0x38, 0x40, 0xc1),
    [SOFT_FEATURE_SSE42] = CODE(0x66, 0x0f, 0x38, 0x37, 0xc1),
    [SOFT_FEATURE_X2APIC] = DOES(x2apic_works, BENCH_64),
    [SOFT_FEATURE_MOVBE] = CODE(0x0f, 0x38, 0xf0, 0x03),
    [SOFT_FEATURE_POPCNT] = CODE(0xf3, 0x0f, 0xb8, 0xc1),
    [SOFT_FEATURE_TSC_DEADLINE] = DOES(tsc_deadline_works, BENCH_64),
    [SOFT_FEATURE_AES] = CODE(0x66, 0x0f, 0x38, 0xdc, 0xc1),
    [SOFT_FEATURE_XSAVE] = CODE(0x48, 0x0f, 0xae, 0x23),
    [SOFT_FEATURE_AVX] = CODE(0xc5, 0xf4, 0x58, 0xc2),
    [SOFT_FEATURE_F16C] = CODE(0xc4, 0xe2, 0x79, 0x13, 0xc1),
    [SOFT_FEATURE_RDRAND] = CODE(0x0f, 0xc7, 0xf0),
    [SOFT_FEATURE_HYPERVISOR] = DOES(hypervisor_works, BENCH_64),
    [SOFT_FEATURE_ARAT] = HINT, /* the timer runs while the CPU is halted: tests of hw/intc */
    [SOFT_FEATURE_FSGSBASE] = CODE(0xf3, 0x48, 0x0f, 0xae, 0xc0),
    [SOFT_FEATURE_TSC_ADJUST] = MSR(0x3b),
    [SOFT_FEATURE_BMI1] = CODE(0xc4, 0xe2, 0x70, 0xf2, 0xc2),
    [SOFT_FEATURE_AVX2] = CODE(0xc5, 0xf5, 0xfe, 0xc2),
    /* Without paging: the bench's code lies in user pages. */
    [SOFT_FEATURE_SMEP] = { .kind = PROOF_CR4, .number = SOFT_CR4_SMEP, .mode = BENCH_32 },
    [SOFT_FEATURE_BMI2] = CODE(0xc4, 0xe2, 0x73, 0xf5, 0xc2),
    [SOFT_FEATURE_ERMS] = HINT,
    [SOFT_FEATURE_INVPCID] = CODE(0x31, 0xc0, 0x66, 0x0f, 0x38, 0x82, 0x03),
    [SOFT_FEATURE_RDSEED] = CODE(0x0f, 0xc7, 0xf8),
    [SOFT_FEATURE_ADX] = CODE(0x66, 0x0f, 0x38, 0xf6, 0xc1),
    [SOFT_FEATURE_SMAP] = CODE(0x0f, 0x01, 0xcb, 0x0f, 0x01, 0xca),
    [SOFT_FEATURE_CLFLUSHOPT] = CODE(0x66, 0x0f, 0xae, 0x3b),
    [SOFT_FEATURE_CLWB] = CODE(0x66, 0x0f, 0xae, 0x33),
    [SOFT_FEATURE_SHA] = CODE(0x0f, 0x38, 0xc8, 0xc1),
    [SOFT_FEATURE_UMIP] = CR4(SOFT_CR4_UMIP),
    [SOFT_FEATURE_VAES] = CODE(0xc4, 0xe2, 0x75, 0xdc, 0xc2),
    [SOFT_FEATURE_VPCLMULQDQ] = CODE(0xc4, 0xe3, 0x75, 0x44, 0xc2, 0x00),
    [SOFT_FEATURE_RDPID] = CODE(0xf3, 0x0f, 0xc7, 0xf8),
    [SOFT_FEATURE_FSRM] = HINT,
    [SOFT_FEATURE_XSAVEOPT] = CODE(0x48, 0x0f, 0xae, 0x33),
    [SOFT_FEATURE_XSAVEC] = CODE(0x48, 0x0f, 0xc7, 0x23),
    [SOFT_FEATURE_XGETBV1] = CODE_GP(0xb9, 1, 0, 0, 0, 0x0f, 0x01, 0xd0),
    [SOFT_FEATURE_LAHF64] = CODE(0x9f, 0x9e),
    [SOFT_FEATURE_ABM] = DOES(lzcnt_works, BENCH_64),
    [SOFT_FEATURE_PREFETCHW] = HINT, /* what has long mode has the instruction (AMD APM 3) */
    [SOFT_FEATURE_SYSCALL] = CODE(0x48, 0x8d, 0x0d, 0x04, 0, 0, 0, 0x0f, 0x05, 0xf4),
    [SOFT_FEATURE_NX] = DOES(nx_works, BENCH_64),
    [SOFT_FEATURE_PDPE1GB] = DOES(pdpe1gb_works, BENCH_64),
    [SOFT_FEATURE_RDTSCP] = CODE(0x0f, 0x01, 0xf9),
    [SOFT_FEATURE_LM] = DOES(lm_works, BENCH_32),
    [SOFT_FEATURE_INVTSC] = HINT,
};

static const struct {
    const char *name;
    uint32_t leaf, subleaf;
    unsigned reg, bit;
} features[] = { { 0 },

#define ROW(name, text, leaf, subleaf, reg, bit) { text, leaf, subleaf, (reg) - 'a', bit },
                 SOFT_FEATURES(ROW)
#undef ROW
};

struct answer {
    uint32_t registers[4];
};

static struct answer cpuid(struct bench *bench, uint32_t leaf, uint32_t subleaf)
{
    R(bench, RAX) = leaf;
    R(bench, RCX) = subleaf;
    BENCH_RUN(bench, 0x0f, 0xa2);
    assert_done(bench);
    return (struct answer){ { (uint32_t)R(bench, RAX), (uint32_t)R(bench, RBX),
                              (uint32_t)R(bench, RCX), (uint32_t)R(bench, RDX) } };
}

static bool has(struct bench *bench, unsigned feature)
{
    struct answer answer = cpuid(bench, features[feature].leaf, features[feature].subleaf);

    return (answer.registers[features[feature].reg] >> features[feature].bit & 1) != 0;
}

/* As an operating system does that wants all of it. */
static void enable_state(struct bench *bench)
{
    struct soft_system_state *system = &bench->state->system;

    system->cr4 |= has(bench, SOFT_FEATURE_FSGSBASE) ? SOFT_CR4_FSGSBASE : 0;
    if (has(bench, SOFT_FEATURE_XSAVE)) {
        system->cr4 |= SOFT_CR4_OSXSAVE;
        bench->state->vector.xcr0 = has(bench, SOFT_FEATURE_AVX) ? 7 : 3;
    }
    system->lstar = FIXTURE_CODE + 10; /* behind the SYSCALL, at its HLT */
    system->star = (uint64_t)BENCH_CODE64 << 32;
    R(bench, RAX) = R(bench, RDX) = 0;
    R(bench, RBX) = 0x20100;
    R(bench, RCX) = 1;
}

static bool works(struct bench *bench, const struct proof *proof)
{
    switch (proof->kind) {
    case PROOF_CODE:
    case PROOF_CODE_GP:
        enable_state(bench);
        bench_run(bench, proof->code, proof->size);
        return !(proof->kind == PROOF_CODE_GP && bench->state->rip == BENCH_HANDLERS + GP + 1) &&
               runs(bench, UD);
    case PROOF_CR4:
        bench->state->system.cr4 &= ~(uint64_t)proof->number;
        return try_cr4(bench, proof->number);
    case PROOF_MSR:
        R(bench, RCX) = proof->number;
        BENCH_RUN(bench, 0x0f, 0x32);
        return runs(bench, GP);
    case PROOF_FUNCTION: return proof->works(bench);
    case PROOF_MISSING:
    case PROOF_HINT: break;
    }
    return true;
}

/* On a model: the bit, and what it stands for. */
static void check(const char *model, unsigned feature)
{
    const struct proof *proof = &proofs[feature];
    struct bench *bench = bench_create_model(proof->mode, 0, model);
    bool reported = has(bench, feature), found;

    if (proof->kind == PROOF_MISSING) {
        fail_msg("feature %s has no proof", features[feature].name);
    }
    found = works(bench, proof);
    if (proof->kind != PROOF_HINT && found != reported) {
        fail_msg("-cpu %s: %s is %sreported, and does %swork", model, features[feature].name,
                 reported ? "" : "not ", found ? "" : "not ");
    }
    bench_destroy(bench);
}

static const char *const models[] = { "qemu64",    "max",       "x86-64-v1",
                                      "x86-64-v2", "x86-64-v3", "x86-64-v3,-avx2" };

static void test_each_feature_of_each_model(void **state)
{
    (void)state;
    for (unsigned m = 0; m < G_N_ELEMENTS(models); m++) {
        for (unsigned feature = 1; feature < SOFT_FEATURE_COUNT; feature++) {
            check(models[m], feature);
        }
    }
}

/* And with it what needs it. */
static void test_max_without_each_feature(void **state)
{
    (void)state;
    for (unsigned feature = 1; feature < SOFT_FEATURE_COUNT; feature++) {
        g_autofree char *model = g_strdup_printf("max,-%s", features[feature].name);
        struct bench *bench = bench_create_model(BENCH_32, 0, model);

        assert_false(has(bench, feature));
        bench_destroy(bench);
        check(model, feature);
    }
}

/* Bits that are no feature of the table. */
static uint32_t other_bits(struct bench *bench, uint32_t leaf, unsigned reg)
{
    if (leaf == 1) {
        return reg == 2 ? 1u << 27 /* OSXSAVE */ : reg < 2 ? UINT32_MAX : 0;
    }
    if (leaf == 0xd) {
        return reg > 0 ? UINT32_MAX : 0;
    }
    if (leaf == 0x80000001) {
        return reg == 0 ? UINT32_MAX : reg == 3 ? cpuid(bench, 1, 0).registers[3] & 0x183f3ff : 0;
    }
    return 0;
}

/* In the leaves of features no bit is set that this test does not know. */
static void test_no_other_bits(void **state)
{
    (void)state;
    for (unsigned m = 0; m < G_N_ELEMENTS(models); m++) {
        struct bench *bench = bench_create_model(BENCH_64, 0, models[m]);

        for (unsigned i = 1; i < SOFT_FEATURE_COUNT; i++) {
            struct answer answer = cpuid(bench, features[i].leaf, features[i].subleaf);

            for (unsigned k = 1; k < SOFT_FEATURE_COUNT; k++) {
                if (features[k].leaf == features[i].leaf &&
                    features[k].subleaf == features[i].subleaf) {
                    answer.registers[features[k].reg] &= ~(1u << features[k].bit);
                }
            }
            for (unsigned reg = 0; reg < 4; reg++) {
                assert_int_equal(answer.registers[reg] & ~other_bits(bench, features[i].leaf, reg),
                                 0);
            }
        }
        bench_destroy(bench);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_feature_of_each_model),
        cmocka_unit_test(test_max_without_each_feature),
        cmocka_unit_test(test_no_other_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
