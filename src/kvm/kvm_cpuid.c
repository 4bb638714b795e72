/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_cpuid.c - a vCPU's CPUID: KVM's supported set with this vCPU's APIC ID and the machine's
 * topology in it (Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E).
 */
#include <errno.h>
#include <string.h>

#include "kvm/kvm_internal.h"

#define ENTRIES_FIRST   256u
#define ENTRIES_MAX     4096u
#define TOPOLOGY_LEVELS 3u

/* Leaf 1. */
#define ECX_X2APIC       (1u << 21)
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_OSXSAVE      (1u << 27)
#define ECX_HYPERVISOR   (1u << 31)
#define EDX_HTT          (1u << 28)
/* Leaf 8000_0001h. */
#define ECX_CMP_LEGACY (1u << 1)

struct topology {
    uint32_t apic_id;
    uint32_t cores, threads; /* per socket, per core */
    uint32_t thread_bits, core_bits;
    bool has_tsc_deadline, has_x2apic, is_amd;
};

static struct kvm_cpuid2 *entries_new(uint32_t count)
{
    struct kvm_cpuid2 *cpuid =
        g_malloc0(sizeof(*cpuid) + (size_t)count * sizeof(cpuid->entries[0]));

    cpuid->nent = count;
    return cpuid;
}

/* KVM says E2BIG while the array is too short and then sets the length. */
bool kvm_cpuid_read_supported(struct kvm_vm *vm, GError **error)
{
    for (uint32_t count = ENTRIES_FIRST;; count *= 2) {
        g_autofree struct kvm_cpuid2 *cpuid = entries_new(count);
        GError *failure = NULL;
        int result = kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_GET_SUPPORTED_CPUID, cpuid), &failure,
                               "entries=%u", count);

        if (result >= 0 && cpuid->nent <= count) {
            vm->cpuid = g_steal_pointer(&cpuid);
            return true;
        }
        if (result != -E2BIG || count * 2 > ENTRIES_MAX) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
    }
}

static uint32_t bits_for(uint32_t count)
{
    return count <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(count - 1);
}

static bool vendor_is_amd(const struct kvm_cpuid2 *cpuid)
{
    const struct kvm_cpuid_entry2 *first = cpuid->nent > 0 ? &cpuid->entries[0] : NULL;
    char vendor[12];

    if (first == NULL || first->function != 0) {
        return false;
    }
    memcpy(vendor, &first->ebx, 4);
    memcpy(vendor + 4, &first->edx, 4);
    memcpy(vendor + 8, &first->ecx, 4);
    return memcmp(vendor, "AuthenticAMD", 12) == 0 || memcmp(vendor, "HygonGenuine", 12) == 0;
}

static void put_bits(uint32_t *to, unsigned shift, unsigned width, uint32_t value)
{
    uint32_t mask = ((1u << width) - 1) << shift;

    *to = (*to & ~mask) | (value << shift & mask);
}

static void fill_features(struct kvm_cpuid_entry2 *entry, const struct topology *topology)
{
    uint32_t logical = topology->cores * topology->threads;

    put_bits(&entry->ebx, 24, 8, topology->apic_id);
    put_bits(&entry->ebx, 16, 8, logical);
    entry->ecx = (entry->ecx & ~ECX_TSC_DEADLINE) | ECX_HYPERVISOR |
                 (topology->has_tsc_deadline ? ECX_TSC_DEADLINE : 0);
    entry->ecx &= topology->has_x2apic ? UINT32_MAX : ~ECX_X2APIC;
    entry->ecx &= ~ECX_OSXSAVE; /* KVM mirrors CR4.OSXSAVE there */
    entry->edx = logical > 1 ? entry->edx | EDX_HTT : entry->edx & ~EDX_HTT;
}

/* Leaf 4 and, in the same form, AMD's 8000_001Dh: how many logical processors share a cache. */
static void fill_cache(struct kvm_cpuid_entry2 *entry, const struct topology *topology)
{
    uint32_t level = entry->eax >> 5 & 7;
    uint32_t bits = topology->thread_bits + (level >= 3 ? topology->core_bits : 0);

    if ((entry->eax & 31) == 0) {
        return; /* no more caches */
    }
    put_bits(&entry->eax, 14, 12, (1u << bits) - 1);
    if (entry->function == 4) {
        put_bits(&entry->eax, 26, 6, (1u << topology->core_bits) - 1);
    }
}

static void fill_entry(struct kvm_cpuid_entry2 *entry, const struct topology *topology)
{
    uint32_t logical = topology->cores * topology->threads;

    switch (entry->function) {
    case 1: fill_features(entry, topology); break;
    case 4:
    case 0x8000001d: fill_cache(entry, topology); break;
    case 0x80000001:
        if (topology->is_amd) {
            entry->ecx = logical > 1 ? entry->ecx | ECX_CMP_LEGACY : entry->ecx & ~ECX_CMP_LEGACY;
        }
        break;
    case 0x80000008:
        if (topology->is_amd) {
            put_bits(&entry->ecx, 0, 8, logical - 1);
            put_bits(&entry->ecx, 12, 4, topology->thread_bits + topology->core_bits);
        }
        break;
    case 0x8000001e:
        entry->eax = topology->apic_id;
        put_bits(&entry->ebx, 0, 8, topology->apic_id >> topology->thread_bits);
        put_bits(&entry->ebx, 8, 8, topology->threads - 1);
        entry->ecx = 0;
        break;
    default: break;
    }
}

/* Leaf 0bh: threads of a core, logical processors of a socket, the end. */
static void add_levels(struct kvm_cpuid2 *cpuid, const struct topology *topology)
{
    const struct {
        uint32_t shift, count, type;
    } levels[TOPOLOGY_LEVELS] = {
        { topology->thread_bits, topology->threads, 1 },
        { topology->thread_bits + topology->core_bits, topology->cores * topology->threads, 2 },
        { 0, 0, 0 },
    };

    for (uint32_t i = 0; i < TOPOLOGY_LEVELS; i++) {
        cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
            .function = 0xb,
            .index = i,
            .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
            .eax = levels[i].shift,
            .ebx = levels[i].count,
            .ecx = i | levels[i].type << 8,
            .edx = topology->apic_id,
        };
    }
}

bool kvm_cpuid_set(struct kvm_vm *vm, unsigned index, GError **error)
{
    g_autofree struct kvm_cpuid2 *cpuid = entries_new(vm->cpuid->nent + TOPOLOGY_LEVELS);
    struct topology topology = {
        .apic_id = vm->vcpus[index].apic_id,
        .cores = MAX(vm->options.cores_per_socket, 1),
        .threads = MAX(vm->options.threads_per_core, 1),
        .has_tsc_deadline = vm->has_tsc_deadline,
        .has_x2apic = vm->options.irqchip != KVM_IRQCHIP_OFF,
        .is_amd = vendor_is_amd(vm->cpuid),
    };
    bool has_levels = vm->cpuid->nent > 0 && vm->cpuid->entries[0].eax >= 0xb;

    topology.thread_bits = bits_for(topology.threads);
    topology.core_bits = bits_for(topology.cores);
    cpuid->nent = 0;
    for (uint32_t i = 0; i < vm->cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *entry = &cpuid->entries[cpuid->nent];

        /* The host's topology is not the guest's; 1fh would take precedence over 0bh. */
        if (vm->cpuid->entries[i].function == 0xb || vm->cpuid->entries[i].function == 0x1f) {
            continue;
        }
        *entry = vm->cpuid->entries[i];
        fill_entry(entry, &topology);
        cpuid->nent++;
    }
    if (has_levels) {
        add_levels(cpuid, &topology);
    }
    return kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_SET_CPUID2, cpuid), error, "entries=%u",
                     cpuid->nent) >= 0;
}
