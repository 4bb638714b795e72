/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_vm.c - makes and unmakes the virtual machine: capabilities, irqchip, timer, listener.
 *
 * Order (KVM API): identity map and TSS pages before the first vCPU, the irqchip before the timer and
 * before the vCPUs, whose LAPICs it brings.
 */
#include "kvm/kvm_vm.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/error_latch.h"
#include "base/invariant.h"
#include "kvm/kvm_internal.h"
#include "memory/transaction.h"

/* Four pages below the firmware's 256 KiB that Intel processors without unrestricted guest mode need
 * (KVM API, KVM_SET_TSS_ADDR and KVM_SET_IDENTITY_MAP_ADDR). */
#define IDENTITY_MAP_GPA 0xfffbc000ull
#define TSS_GPA          0xfffbd000ull

#define SPLIT_IOAPIC_PINS 24u

#define MEMSLOTS_WITHOUT_ANSWER 32u /* KVM API: KVM_CAP_NR_MEMSLOTS */

static const struct {
    unsigned capability;
    const char *name;
    const char *use;
} needed[] = {
    { KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "guest memory" },
    { KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "KVM_CAP_DESTROY_MEMORY_REGION_WORKS",
      "unplugging memory" },
    { KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "ROM" },
    { KVM_CAP_COALESCED_MMIO, "KVM_CAP_COALESCED_MMIO", "batched writes" },
    { KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR", "real mode" },
    { KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR", "real mode" },
    { KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", "8259s, IOAPIC and LAPICs in the kernel" },
    { KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING", "GSI routing" },
    { KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI", "message signalled interrupts" },
    { KVM_CAP_PIT2, "KVM_CAP_PIT2", "the 8254 in the kernel" },
    { KVM_CAP_PIT_STATE2, "KVM_CAP_PIT_STATE2", "resetting the 8254" },
    { KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "CPUID" },
    { KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "several vCPUs" },
    { KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS", "resetting a vCPU" },
    { KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS", "resetting a vCPU" },
    { KVM_CAP_XSAVE, "KVM_CAP_XSAVE", "resetting a vCPU" },
    { KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "stopping vCPUs" },
};

/* A failed question is a no. */
static int capability(struct kvm_vm *vm, unsigned number)
{
    int answer = kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_CHECK_EXTENSION, KVM_NUMBER(number)), NULL,
                           "capability=%u", number);

    return MAX(answer, 0);
}

static bool check_capabilities(struct kvm_vm *vm, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    int slots_max = capability(vm, KVM_CAP_NR_MEMSLOTS);

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (capability(vm, needed[i].capability) == 0) {
            g_string_append_printf(missing, "%s%s (needed for %s)", missing->len > 0 ? ", " : "",
                                   needed[i].name, needed[i].use);
        }
    }
    if (missing->len > 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED, "this host's KVM lacks %s",
                    missing->str);
        return false;
    }
    kvm_slots_init(&vm->slots, slots_max > 0 ? (uint32_t)slots_max : MEMSLOTS_WITHOUT_ANSWER);
    vm->has_irq_status = capability(vm, KVM_CAP_IRQ_INJECT_STATUS) > 0;
    vm->has_xcrs = capability(vm, KVM_CAP_XCRS) > 0;
    vm->has_tsc_deadline = capability(vm, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    if (vm->options.irqchip == KVM_IRQCHIP_OFF) {
        vm->has_tsc_deadline = false; /* our LAPICs have a timer of their own */
    }
    vm->xsave_bytes = (uint32_t)capability(vm, KVM_CAP_XSAVE2);
    return true;
}

static bool create_chips(struct kvm_vm *vm, GError **error)
{
    /* Port 61h, the 8254's gate and output, is answered next to it in the kernel. */
    struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
    struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { SPLIT_IOAPIC_PINS } };

    switch (vm->options.irqchip) {
    case KVM_IRQCHIP_ON:
        return kvm_ioctl(vm, KVM_VM_REQUEST(KVM_CREATE_IRQCHIP, NULL), error, "%s", "") >= 0 &&
               kvm_ioctl(vm, KVM_VM_REQUEST(KVM_CREATE_PIT2, &pit), error, "flags=%u", pit.flags) >=
                   0;
    case KVM_IRQCHIP_SPLIT:
        return kvm_ioctl(vm, KVM_VM_REQUEST(KVM_ENABLE_CAP, &split), error,
                         "capability=KVM_CAP_SPLIT_IRQCHIP, pins=%u", SPLIT_IOAPIC_PINS) >= 0;
    case KVM_IRQCHIP_OFF: break;
    }
    return true;
}

static bool create_vm_and_chips(struct kvm_vm *vm, GError **error)
{
    uint64_t identity_map = IDENTITY_MAP_GPA;
    int run_bytes =
        kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_GET_VCPU_MMAP_SIZE, NULL), error, "%s", "");

    if (run_bytes < 0) {
        return false;
    }
    vm->run_bytes = (uint32_t)run_bytes;
    return kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_CREATE_VM, NULL), error, "type=0") >= 0 &&
           kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_IDENTITY_MAP_ADDR, &identity_map), error,
                     "gpa=0x%" PRIx64, identity_map) >= 0 &&
           kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_TSS_ADDR, KVM_NUMBER(TSS_GPA)), error, "gpa=0x%llx",
                     TSS_GPA) >= 0 &&
           create_chips(vm, error);
}

static void flush(void *opaque)
{
    kvm_flush_coalesced(opaque);
}

/* What the memory space holds already gets its slots now; a failure there is the creation's. */
static bool listen(struct kvm_vm *vm, GError **error)
{
    invariant(!error_latch_is_set(vm->options.errors));
    kvm_memory_listener_register(vm);
    if (!error_latch_take(vm->options.errors, error)) {
        return false;
    }
    memory_system_set_coalesced_flush(vm->options.memory, flush, vm);
    return true;
}

struct kvm_vm *kvm_vm_create(const struct kvm_vm_options *options, GError **error)
{
    struct kvm_vm *vm = g_new0(struct kvm_vm, 1);

    vm->options = *options;
    vm->calls = options->calls;
    vm->holds = 1;
    vm->zones = g_array_new(FALSE, FALSE, sizeof(struct kvm_zone));
    g_mutex_init(&vm->gate);
    g_cond_init(&vm->gate_opened);
    g_cond_init(&vm->guest_left);
    if (!check_capabilities(vm, error) || !create_vm_and_chips(vm, error) ||
        !kvm_snapshot_chips(vm, error) || !kvm_cpuid_read_supported(vm, error) ||
        !kvm_msr_list_read(vm, error) || !listen(vm, error)) {
        kvm_vm_destroy(vm);
        return NULL;
    }
    return vm;
}

void kvm_vm_destroy(struct kvm_vm *vm)
{
    if (vm == NULL) {
        return;
    }
    for (unsigned i = 0; i < KVM_VCPUS_MAX; i++) {
        invariant(vm->vcpus[i].thread == NULL);
        kvm_vcpu_snapshot_destroy(vm->vcpus[i].created);
    }
    if (vm->listens) {
        memory_system_set_coalesced_flush(vm->options.memory, NULL, NULL);
    }
    vm->closing = true;
    kvm_memory_listener_unregister(vm);
    kvm_slots_fini(&vm->slots);
    g_array_unref(vm->zones);
    g_free(vm->cpuid);
    g_free(vm->msr_list);
    g_mutex_clear(&vm->gate);
    g_cond_clear(&vm->gate_opened);
    g_cond_clear(&vm->guest_left);
    g_free(vm);
}
