/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_kvm.c - see fake_kvm.h. */
#include "fake_kvm.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define MSR_TSC 0x10u

static bool ranges_overlap(const struct kvm_userspace_memory_region *a,
                           const struct kvm_userspace_memory_region *b)
{
    return a->guest_phys_addr < b->guest_phys_addr + b->memory_size &&
           b->guest_phys_addr < a->guest_phys_addr + a->memory_size;
}

/* KVM's own rules: a slot is made once, deleted once, and overlaps no other. */
static int set_region(struct fake_kvm *fake, const struct kvm_userspace_memory_region *region)
{
    struct kvm_userspace_memory_region *slot = &fake->slots[region->slot];

    if (region->slot >= fake->slots_max || region->guest_phys_addr % 4096 != 0 ||
        region->memory_size % 4096 != 0 || region->userspace_addr % 4096 != 0) {
        return -EINVAL;
    }
    if (region->memory_size == 0) {
        if (slot->memory_size == 0) {
            return -EINVAL;
        }
        slot->memory_size = 0;
        return 0;
    }
    if (slot->memory_size != 0) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < fake->slots_max; i++) {
        if (fake->slots[i].memory_size != 0 && ranges_overlap(&fake->slots[i], region)) {
            return -EEXIST;
        }
    }
    *slot = *region;
    return 0;
}

static int check_extension(const struct fake_kvm *fake, uint64_t capability)
{
    if (capability == fake->missing_capability) {
        return 0;
    }
    if (capability == KVM_CAP_NR_MEMSLOTS) {
        return (int)fake->slots_max;
    }
    return capability == KVM_CAP_XSAVE2 ? 8192 : 1;
}

static int supported_cpuid(struct kvm_cpuid2 *cpuid)
{
    static const struct kvm_cpuid_entry2 entries[] = {
        { .function = 0, .eax = 0x1f, .ebx = 0x68747541, .ecx = 0x444d4163, .edx = 0x69746e65 },
        { .function = 1, .ebx = 0xff080800, .ecx = ~0x81000000u, .edx = 0x078bfbff },
        { .function = 4, .index = 0, .flags = 1, .eax = 0xfc000121 },
        { .function = 4, .index = 1, .flags = 1, .eax = 0xfc000163 },
        { .function = 4, .index = 2, .flags = 1 },
        { .function = 0xb, .index = 0, .flags = 1, .edx = 77 },
        { .function = 0x1f, .index = 0, .flags = 1, .edx = 77 },
        { .function = 0x80000001, .ecx = 2 },
        { .function = 0x80000008, .eax = 0x3030, .ecx = 0x7001 },
        { .function = 0x8000001e, .eax = 77, .ebx = 0x0101, .ecx = 0x300 },
    };

    if (cpuid->nent < G_N_ELEMENTS(entries)) {
        return -E2BIG;
    }
    cpuid->nent = G_N_ELEMENTS(entries);
    memcpy(cpuid->entries, entries, sizeof(entries));
    return 0;
}

static int msr_index_list(struct kvm_msr_list *list)
{
    uint32_t given = list->nmsrs;

    list->nmsrs = 5;
    if (given < 5) {
        return -E2BIG;
    }
    for (unsigned i = 0; i < 4; i++) {
        list->indices[i] = FAKE_MSR + i;
    }
    list->indices[4] = MSR_TSC;
    return 0;
}

static int system_call(struct fake_kvm *fake, unsigned long request, void *argument)
{
    switch (request) {
    case KVM_GET_VCPU_MMAP_SIZE: return FAKE_RUN_BYTES;
    case KVM_GET_SUPPORTED_CPUID: return supported_cpuid(argument);
    case KVM_GET_MSR_INDEX_LIST: return msr_index_list(argument);
    case KVM_CHECK_EXTENSION: return check_extension(fake, (uintptr_t)argument);
    default: return 0;
    }
}

static int vm_call(struct fake_kvm *fake, unsigned vcpu, unsigned long request, void *argument)
{
    struct kvm_irqchip *chip = argument;

    switch (request) {
    case KVM_SET_USER_MEMORY_REGION: return set_region(fake, argument);
    case KVM_GET_IRQCHIP: *chip = fake->chips[chip->chip_id]; return 0;
    case KVM_SET_IRQCHIP: fake->chips[chip->chip_id] = *chip; return 0;
    case KVM_SIGNAL_MSI:
        return ((struct kvm_msi *)argument)->address_lo >> 20 == 0xfee ? 1 : -EINVAL;
    case KVM_IRQ_LINE_STATUS: ((struct kvm_irq_level *)argument)->status = 1; return 0;
    case KVM_CREATE_VCPU: fake->vcpus[vcpu].mp_state.mp_state = vcpu == 0 ? 0 : 1; return 0;
    default: return 0;
    }
}

static int msrs_call(struct fake_kvm *fake, struct fake_vcpu *vcpu, bool setting,
                     struct kvm_msrs *msrs)
{
    uint32_t i;

    for (i = 0; i < msrs->nmsrs; i++) {
        uint32_t index = msrs->entries[i].index;

        if (index == MSR_TSC) {
            continue;
        }
        if (setting && index == fake->refused_msr) {
            break;
        }
        if (setting) {
            vcpu->msrs[index - FAKE_MSR] = msrs->entries[i].data;
        } else {
            msrs->entries[i].data = vcpu->msrs[index - FAKE_MSR];
        }
    }
    return (int)i;
}

static int set_cpuid(struct fake_vcpu *vcpu, const struct kvm_cpuid2 *cpuid)
{
    g_array_set_size(vcpu->cpuid, 0);
    g_array_append_vals(vcpu->cpuid, cpuid->entries, cpuid->nent);
    return 0;
}

static int vcpu_call(struct fake_kvm *fake, struct fake_vcpu *vcpu, unsigned long request,
                     void *argument)
{
    switch (request) {
    case KVM_GET_REGS: *(struct kvm_regs *)argument = vcpu->regs; return 0;
    case KVM_SET_REGS: vcpu->regs = *(struct kvm_regs *)argument; return 0;
    case KVM_GET_SREGS: *(struct kvm_sregs *)argument = vcpu->sregs; return 0;
    case KVM_SET_SREGS: vcpu->sregs = *(struct kvm_sregs *)argument; return 0;
    case KVM_GET_MP_STATE: *(struct kvm_mp_state *)argument = vcpu->mp_state; return 0;
    case KVM_SET_MP_STATE: vcpu->mp_state = *(struct kvm_mp_state *)argument; return 0;
    case KVM_GET_LAPIC: *(struct kvm_lapic_state *)argument = vcpu->lapic; return 0;
    case KVM_SET_LAPIC: vcpu->lapic = *(struct kvm_lapic_state *)argument; return 0;
    case KVM_GET_DEBUGREGS: *(struct kvm_debugregs *)argument = vcpu->debugregs; return 0;
    case KVM_SET_DEBUGREGS: vcpu->debugregs = *(struct kvm_debugregs *)argument; return 0;
    case KVM_GET_MSRS: return msrs_call(fake, vcpu, false, argument);
    case KVM_SET_MSRS: return msrs_call(fake, vcpu, true, argument);
    case KVM_SET_CPUID2: return set_cpuid(vcpu, argument);
    default: return 0;
    }
}

static int run_call(struct fake_kvm *fake, unsigned index)
{
    struct fake_vcpu *vcpu = &fake->vcpus[index];
    struct kvm_run *run = fake_kvm_run_page(fake, index);

    if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
        vcpu->completions++;
        if (vcpu->more_accesses > 0) {
            vcpu->more_accesses--;
            return 0;
        }
        return -EINTR;
    }
    g_atomic_int_inc(&vcpu->runs);
    if (fake->run != NULL) {
        return fake->run(fake, index, run);
    }
    while (!__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
        g_thread_yield(); /* the guest spins */
    }
    return -EINTR;
}

static bool shall_fail(struct fake_kvm *fake, unsigned long request)
{
    if (request != fake->fail_request || fake->fail_countdown == 0) {
        return false;
    }
    if (fake->fail_countdown > 1) {
        fake->fail_countdown--;
        return false;
    }
    fake->fail_countdown = fake->fail_always ? 1 : 0;
    return true;
}

static int dispatch(struct fake_kvm *fake, enum kvm_target target, unsigned vcpu,
                    unsigned long request, void *argument)
{
    if (shall_fail(fake, request)) {
        return -fake->fail_error;
    }
    switch (target) {
    case KVM_TARGET_SYSTEM: return system_call(fake, request, argument);
    case KVM_TARGET_VM: return vm_call(fake, vcpu, request, argument);
    case KVM_TARGET_VCPU: return vcpu_call(fake, &fake->vcpus[vcpu], request, argument);
    }
    return -EINVAL;
}

static int call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                void *argument)
{
    struct fake_kvm *fake = opaque;
    struct fake_call entry = { target, vcpu, request, (uintptr_t)argument, { 0 }, 0, 0 };

    if (request == KVM_RUN) {
        return run_call(fake, vcpu);
    }
    if ((uintptr_t)argument > UINT32_MAX) { /* a pointer, not a number */
        memcpy(entry.bytes, argument, MIN(_IOC_SIZE(request), sizeof(entry.bytes)));
    }
    entry.holds = fake->vm != NULL ? fake->vm->holds : 0;
    entry.result = dispatch(fake, target, vcpu, request, argument);
    if (request != KVM_CHECK_EXTENSION) {
        g_mutex_lock(&fake->lock);
        g_array_append_val(fake->log, entry);
        g_mutex_unlock(&fake->lock);
    }
    return entry.result;
}

static bool coalesced_next(void *opaque, struct kvm_coalesced_mmio *out_entry)
{
    struct fake_kvm *fake = opaque;

    if (fake->ring->len == 0) {
        return false;
    }
    *out_entry = g_array_index(fake->ring, struct kvm_coalesced_mmio, 0);
    g_array_remove_index(fake->ring, 0);
    return true;
}

struct kvm_run *host_kvm_run_page(struct host_kvm *kvm, unsigned vcpu)
{
    return fake_kvm_run_page((struct fake_kvm *)kvm, vcpu);
}

struct kvm_run *fake_kvm_run_page(struct fake_kvm *fake, unsigned vcpu)
{
    return (struct kvm_run *)fake->vcpus[vcpu].page;
}

struct fake_kvm *fake_kvm_create(void)
{
    struct fake_kvm *fake = g_new0(struct fake_kvm, 1);

    fake->calls = (struct kvm_calls){ fake, call, coalesced_next, NULL };
    g_mutex_init(&fake->lock);
    fake->log = g_array_new(FALSE, FALSE, sizeof(struct fake_call));
    fake->ring = g_array_new(FALSE, FALSE, sizeof(struct kvm_coalesced_mmio));
    fake->slots_max = 512;
    fake->missing_capability = UINT32_MAX;
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        fake->vcpus[i].cpuid = g_array_new(FALSE, FALSE, sizeof(struct kvm_cpuid_entry2));
    }
    for (unsigned i = 0; i < 3; i++) {
        fake->chips[i].chip_id = i;
    }
    fake->memory = memory_system_create(&fake->errors);
    memory_region_init_container(&fake->root, fake->memory, "system", MEMORY_SIZE_ALL);
    memory_region_init_container(&fake->io_root, fake->memory, "io", 65536);
    fake->memory_space = address_space_create(fake->memory, &fake->root, "memory");
    fake->io_space = address_space_create(fake->memory, &fake->io_root, "I/O");
    return fake;
}

void fake_kvm_destroy(struct fake_kvm *fake)
{
    kvm_vm_destroy(fake->vm);
    address_space_destroy(fake->io_space);
    address_space_destroy(fake->memory_space);
    memory_region_fini(&fake->io_root);
    memory_region_fini(&fake->root);
    memory_system_destroy(fake->memory);
    g_clear_error(&fake->errors.first);
    for (unsigned i = 0; i < FAKE_VCPUS; i++) {
        g_array_unref(fake->vcpus[i].cpuid);
    }
    g_array_unref(fake->log);
    g_array_unref(fake->ring);
    g_mutex_clear(&fake->lock);
    g_free(fake);
}

struct kvm_vm *fake_kvm_create_vm(struct fake_kvm *fake, kvm_exit_fn exit, void *opaque,
                                  GError **error)
{
    struct kvm_vm_options options = { .irqchip = fake->irqchip,
                                      .calls = &fake->calls,
                                      .host = exit != NULL ? (struct host_kvm *)fake : NULL,
                                      .memory = fake->memory,
                                      .memory_space = fake->memory_space,
                                      .io_space = fake->io_space,
                                      .errors = &fake->errors,
                                      .faults = &fake->faults,
                                      .exit = exit,
                                      .opaque = opaque };

    fake->vm = kvm_vm_create(&options, error);
    return fake->vm;
}

void fake_kvm_fail(struct fake_kvm *fake, unsigned long request, unsigned nth, int error)
{
    fake->fail_request = request;
    fake->fail_countdown = nth;
    fake->fail_error = error;
    fake->fail_always = false;
}

void fake_kvm_forget(struct fake_kvm *fake)
{
    g_array_set_size(fake->log, 0);
}

const struct fake_call *fake_kvm_nth(struct fake_kvm *fake, unsigned long request, unsigned nth)
{
    for (guint i = 0; i < fake->log->len; i++) {
        const struct fake_call *entry = &g_array_index(fake->log, struct fake_call, i);

        if (entry->request == request && nth-- == 0) {
            return entry;
        }
    }
    return NULL;
}

unsigned fake_kvm_count(struct fake_kvm *fake, unsigned long request)
{
    unsigned count = 0;

    while (fake_kvm_nth(fake, request, count) != NULL) {
        count++;
    }
    return count;
}

void fake_kvm_push_write(struct fake_kvm *fake, uint64_t gpa, uint64_t value, uint32_t size,
                         bool pio)
{
    struct kvm_coalesced_mmio entry = { .phys_addr = gpa, .len = size, .pio = pio };

    memcpy(entry.data, &value, sizeof(value));
    g_array_append_val(fake->ring, entry);
}
