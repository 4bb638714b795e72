/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpuid.c - CPUID: what the model has, the topology, and what the registers make of it. */
#include "cpu/soft_registers.h"
#include "cpu/soft_translate.h"

#define LEAF_MAX          0xdu
#define LEAF_EXTENDED     0x80000000u
#define LEAF_EXTENDED_MAX 0x80000008u
#define LEAF_HYPERVISOR   0x40000000u

/* Family 15, model 107, stepping 1: an early 64-bit processor, of which no kernel expects registers
 * that it does not look for. */
#define SIGNATURE     0x00060fb1u
#define VENDOR        "AuthenticAMD"
#define HYPERVISOR    "ReplugReplug"
#define BRAND         "Replug software CPU"
#define CACHE_LINE    64u
#define XSAVE_LEGACY  576u /* legacy region and header */
#define XSAVE_AVX     256u
#define ADDRESS_SIZES (48u << 8 | SOFT_PHYSICAL_BITS)

struct answer {
    uint32_t a, b, c, d;
};

uint32_t soft_cpu_signature(const struct soft_cpu *cpu)
{
    (void)cpu;
    return SIGNATURE;
}

static const struct {
    uint32_t leaf;
    uint8_t feature, subleaf, bit;
    char reg;
} feature_bits[] = {

#define SOFT_FEATURE_BIT(name, text, leaf, subleaf, reg, bit) \
    { leaf, SOFT_FEATURE_##name, subleaf, bit, reg },
    SOFT_FEATURES(SOFT_FEATURE_BIT)
#undef SOFT_FEATURE_BIT
};

static void add_features(const struct soft_cpu *cpu, uint32_t leaf, uint32_t subleaf,
                         struct answer *answer)
{
    uint32_t *const registers[] = { &answer->a, &answer->b, &answer->c, &answer->d };

    for (unsigned i = 0; i < G_N_ELEMENTS(feature_bits); i++) {
        if (feature_bits[i].leaf == leaf && feature_bits[i].subleaf == subleaf &&
            soft_has_feature(cpu, feature_bits[i].feature)) {
            *registers[feature_bits[i].reg - 'a'] |= 1u << feature_bits[i].bit;
        }
    }
}

static void put_text(const char *text, unsigned offset, uint32_t *const registers[], unsigned count)
{
    char bytes[48] = { 0 };

    g_strlcpy(bytes, text, sizeof(bytes));
    for (unsigned i = 0; i < count; i++) {
        memcpy(registers[i], bytes + offset + i * 4, 4);
    }
}

static unsigned cpu_count(const struct soft_cpu *cpu)
{
    return MAX(cpu->options.cpu_count, 1u);
}

/* Bits of an APIC id that number the cores of a package. */
static unsigned core_bits(const struct soft_cpu *cpu)
{
    unsigned bits = 0;

    while (1u << bits < cpu_count(cpu)) {
        bits++;
    }
    return bits;
}

/* Duplicates in 80000001h EDX of AMD's. */
#define EXTENDED_SHARED 0x0183f3ffu

static void leaf_1(const struct soft_cpu *cpu, struct answer *answer)
{
    unsigned count = cpu_count(cpu);

    add_features(cpu, 1, 0, answer);
    answer->a = SIGNATURE;
    answer->b = (cpu->options.index & 0xff) << 24 | (count > 1 ? count << 16 : 0) |
                (soft_has_feature(cpu, SOFT_FEATURE_CLFLUSH) ? CACHE_LINE / 8 << 8 : 0);
    if (count > 1) {
        answer->d |= 1u << 28;
    }
    if ((cpu->state.system.cr4 & SOFT_CR4_OSXSAVE) != 0) {
        answer->c |= 1u << 27;
    }
}

/* One package, its cores of one thread each. */
static void leaf_b(const struct soft_cpu *cpu, uint32_t subleaf, struct answer *answer)
{
    answer->c = subleaf & 0xff;
    answer->d = cpu->options.index;
    if (subleaf == 0) {
        answer->b = 1;
        answer->c |= 1u << 8;
    } else if (subleaf == 1) {
        answer->a = core_bits(cpu);
        answer->b = cpu_count(cpu);
        answer->c |= 2u << 8;
    }
}

static uint32_t supported_xcr0(const struct soft_cpu *cpu)
{
    return 3 | (soft_has_feature(cpu, SOFT_FEATURE_AVX) ? 4u : 0);
}

static uint32_t xsave_size(uint64_t mask)
{
    return XSAVE_LEGACY + ((mask & 4) != 0 ? XSAVE_AVX : 0);
}

static void leaf_d(const struct soft_cpu *cpu, uint32_t subleaf, struct answer *answer)
{
    if (!soft_has_feature(cpu, SOFT_FEATURE_XSAVE)) {
        return;
    }
    if (subleaf == 0) {
        answer->a = supported_xcr0(cpu);
        answer->b = xsave_size(cpu->state.vector.xcr0);
        answer->c = xsave_size(supported_xcr0(cpu));
    } else if (subleaf == 1) {
        add_features(cpu, 0xd, 1, answer);
        answer->b = xsave_size(cpu->state.vector.xcr0);
    } else if (subleaf == 2 && (supported_xcr0(cpu) & 4) != 0) {
        answer->a = XSAVE_AVX;
        answer->b = XSAVE_LEGACY;
    }
}

static void basic_leaf(const struct soft_cpu *cpu, uint32_t leaf, uint32_t subleaf,
                       struct answer *answer)
{
    uint32_t *const vendor[] = { &answer->b, &answer->d, &answer->c };

    switch (leaf) {
    case 0:
        answer->a = LEAF_MAX;
        put_text(VENDOR, 0, vendor, 3);
        break;
    case 1: leaf_1(cpu, answer); break;
    case 6: add_features(cpu, 6, 0, answer); break;
    case 7: add_features(cpu, 7, subleaf, answer); break;
    case 0xb: leaf_b(cpu, subleaf, answer); break;
    case 0xd: leaf_d(cpu, subleaf, answer); break;
    default: break;
    }
}

/* 64 KiB 2-way L1, 512 KiB 16-way L2, 16 MiB 16-way L3; small TLBs (AMD APM 3, E.4). */
static void leaf_caches(uint32_t leaf, struct answer *answer)
{
    if (leaf == 0x80000005) {
        *answer = (struct answer){ 0x01ff01ff, 0x01ff01ff, 64u << 24 | 2u << 16 | 1u << 8 | 64,
                                   64u << 24 | 2u << 16 | 1u << 8 | 64 };
    } else {
        *answer = (struct answer){ 0, 0x42004200, 512u << 16 | 8u << 12 | 1u << 8 | 64,
                                   32u << 18 | 8u << 12 | 1u << 8 | 64 };
    }
}

static void extended_leaf(const struct soft_cpu *cpu, uint32_t leaf, struct answer *answer)
{
    uint32_t *const vendor[] = { &answer->b, &answer->d, &answer->c };
    uint32_t *const brand[] = { &answer->a, &answer->b, &answer->c, &answer->d };
    struct answer basic = { 0 };

    switch (leaf) {
    case LEAF_EXTENDED:
        answer->a = LEAF_EXTENDED_MAX;
        put_text(VENDOR, 0, vendor, 3);
        break;
    case 0x80000001:
        add_features(cpu, 1, 0, &basic);
        add_features(cpu, leaf, 0, answer);
        answer->a = SIGNATURE;
        answer->d |= basic.d & EXTENDED_SHARED;
        answer->c |= cpu_count(cpu) > 1 ? 2 : 0; /* CmpLegacy: the APIC ids number cores */
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: put_text(BRAND, (leaf - 0x80000002) * 16, brand, 4); break;
    case 0x80000005:
    case 0x80000006: leaf_caches(leaf, answer); break;
    case 0x80000007: add_features(cpu, leaf, 0, answer); break;
    case 0x80000008:
        answer->a = ADDRESS_SIZES;
        answer->c = core_bits(cpu) << 12 | (cpu_count(cpu) - 1);
        break;
    default: break;
    }
}

static const struct op *cpuid(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t *gpr = cpu->state.gpr;
    uint32_t leaf = (uint32_t)gpr[X86_RAX];
    struct answer answer = { 0 };
    uint32_t *const signature[] = { &answer.b, &answer.c, &answer.d };

    if (leaf >= LEAF_EXTENDED) {
        extended_leaf(cpu, leaf, &answer);
    } else if (leaf == LEAF_HYPERVISOR && soft_has_feature(cpu, SOFT_FEATURE_HYPERVISOR)) {
        answer.a = LEAF_HYPERVISOR;
        put_text(HYPERVISOR, 0, signature, 3);
    } else {
        basic_leaf(cpu, leaf, (uint32_t)gpr[X86_RCX], &answer);
    }
    gpr[X86_RAX] = answer.a;
    gpr[X86_RBX] = answer.b;
    gpr[X86_RCX] = answer.c;
    gpr[X86_RDX] = answer.d;
    return SOFT_NEXT(cpu, op);
}

static const struct soft_simple simple_cpuid = { cpuid, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_CPUID, SOFT_FEATURE_NONE, soft_translate_simple, &simple_cpuid },
};
SOFT_DEFINE_GROUP(soft_group_cpuid, rows);
