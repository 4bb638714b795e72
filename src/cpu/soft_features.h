/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_features.h - what a CPU model may have, by CPUID's names; an instruction whose feature is
 * off is undefined.
 */
#ifndef REPLUG_CPU_SOFT_FEATURES_H
#define REPLUG_CPU_SOFT_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

struct soft_cluster;

/* name in lower case as in "-cpu max,-name", CPUID leaf, subleaf, register (a b c d), bit */
#define SOFT_FEATURES(F)                                 \
    F(FPU, "fpu", 1, 0, 'd', 0)                          \
    F(DE, "de", 1, 0, 'd', 2)                            \
    F(PSE, "pse", 1, 0, 'd', 3)                          \
    F(TSC, "tsc", 1, 0, 'd', 4)                          \
    F(MSR, "msr", 1, 0, 'd', 5)                          \
    F(PAE, "pae", 1, 0, 'd', 6)                          \
    F(MCE, "mce", 1, 0, 'd', 7)                          \
    F(CX8, "cx8", 1, 0, 'd', 8)                          \
    F(APIC, "apic", 1, 0, 'd', 9)                        \
    F(SEP, "sep", 1, 0, 'd', 11)                         \
    F(MTRR, "mtrr", 1, 0, 'd', 12)                       \
    F(PGE, "pge", 1, 0, 'd', 13)                         \
    F(MCA, "mca", 1, 0, 'd', 14)                         \
    F(CMOV, "cmov", 1, 0, 'd', 15)                       \
    F(PAT, "pat", 1, 0, 'd', 16)                         \
    F(PSE36, "pse36", 1, 0, 'd', 17)                     \
    F(CLFLUSH, "clflush", 1, 0, 'd', 19)                 \
    F(MMX, "mmx", 1, 0, 'd', 23)                         \
    F(FXSR, "fxsr", 1, 0, 'd', 24)                       \
    F(SSE, "sse", 1, 0, 'd', 25)                         \
    F(SSE2, "sse2", 1, 0, 'd', 26)                       \
    F(SSE3, "sse3", 1, 0, 'c', 0)                        \
    F(PCLMULQDQ, "pclmulqdq", 1, 0, 'c', 1)              \
    F(SSSE3, "ssse3", 1, 0, 'c', 9)                      \
    F(FMA, "fma", 1, 0, 'c', 12)                         \
    F(CX16, "cx16", 1, 0, 'c', 13)                       \
    F(PCID, "pcid", 1, 0, 'c', 17)                       \
    F(SSE41, "sse4.1", 1, 0, 'c', 19)                    \
    F(SSE42, "sse4.2", 1, 0, 'c', 20)                    \
    F(X2APIC, "x2apic", 1, 0, 'c', 21)                   \
    F(MOVBE, "movbe", 1, 0, 'c', 22)                     \
    F(POPCNT, "popcnt", 1, 0, 'c', 23)                   \
    F(TSC_DEADLINE, "tsc-deadline", 1, 0, 'c', 24)       \
    F(AES, "aes", 1, 0, 'c', 25)                         \
    F(XSAVE, "xsave", 1, 0, 'c', 26)                     \
    F(AVX, "avx", 1, 0, 'c', 28)                         \
    F(F16C, "f16c", 1, 0, 'c', 29)                       \
    F(RDRAND, "rdrand", 1, 0, 'c', 30)                   \
    F(HYPERVISOR, "hypervisor", 1, 0, 'c', 31)           \
    F(ARAT, "arat", 6, 0, 'a', 2)                        \
    F(FSGSBASE, "fsgsbase", 7, 0, 'b', 0)                \
    F(TSC_ADJUST, "tsc-adjust", 7, 0, 'b', 1)            \
    F(BMI1, "bmi1", 7, 0, 'b', 3)                        \
    F(AVX2, "avx2", 7, 0, 'b', 5)                        \
    F(SMEP, "smep", 7, 0, 'b', 7)                        \
    F(BMI2, "bmi2", 7, 0, 'b', 8)                        \
    F(ERMS, "erms", 7, 0, 'b', 9)                        \
    F(INVPCID, "invpcid", 7, 0, 'b', 10)                 \
    F(RDSEED, "rdseed", 7, 0, 'b', 18)                   \
    F(ADX, "adx", 7, 0, 'b', 19)                         \
    F(SMAP, "smap", 7, 0, 'b', 20)                       \
    F(CLFLUSHOPT, "clflushopt", 7, 0, 'b', 23)           \
    F(CLWB, "clwb", 7, 0, 'b', 24)                       \
    F(SHA, "sha-ni", 7, 0, 'b', 29)                      \
    F(UMIP, "umip", 7, 0, 'c', 2)                        \
    F(VAES, "vaes", 7, 0, 'c', 9)                        \
    F(VPCLMULQDQ, "vpclmulqdq", 7, 0, 'c', 10)           \
    F(RDPID, "rdpid", 7, 0, 'c', 22)                     \
    F(FSRM, "fsrm", 7, 0, 'd', 4)                        \
    F(XSAVEOPT, "xsaveopt", 13, 1, 'a', 0)               \
    F(XSAVEC, "xsavec", 13, 1, 'a', 1)                   \
    F(XGETBV1, "xgetbv1", 13, 1, 'a', 2)                 \
    F(LAHF64, "lahf-lm", 0x80000001, 0, 'c', 0)          \
    F(ABM, "abm", 0x80000001, 0, 'c', 5)                 \
    F(PREFETCHW, "3dnowprefetch", 0x80000001, 0, 'c', 8) \
    F(SYSCALL, "syscall", 0x80000001, 0, 'd', 11)        \
    F(NX, "nx", 0x80000001, 0, 'd', 20)                  \
    F(PDPE1GB, "pdpe1gb", 0x80000001, 0, 'd', 26)        \
    F(RDTSCP, "rdtscp", 0x80000001, 0, 'd', 27)          \
    F(LM, "lm", 0x80000001, 0, 'd', 29)                  \
    F(INVTSC, "invtsc", 0x80000007, 0, 'd', 8)

enum soft_feature {
    SOFT_FEATURE_NONE, /* of an instruction that every model has */

#define SOFT_FEATURE_ENUM(name, text, leaf, subleaf, register, bit) SOFT_FEATURE_##name,
    SOFT_FEATURES(SOFT_FEATURE_ENUM)
#undef SOFT_FEATURE_ENUM
        SOFT_FEATURE_COUNT
};

struct soft_features {
    uint64_t bits[2];
};

static inline bool soft_features_has(const struct soft_features *features,
                                     enum soft_feature feature)
{
    return ((features->bits[feature / 64] >> (feature % 64)) & 1) != 0;
}

#endif
