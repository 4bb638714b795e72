/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_snapshot.c - what KVM created, kept for a machine reset: controllers, timer, and of each vCPU
 * what struct x86_state leaves out (LAPIC, MSRs, FPU, XCRs, debug registers, pending events).
 *
 * KVM has no reset of its own; writing back its first state is one.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"

#define MSR_TSC 0x10u

struct kvm_vcpu_snapshot {
    struct kvm_sregs sregs;
    struct kvm_lapic_state lapic;
    struct kvm_debugregs debugregs;
    struct kvm_vcpu_events events;
    struct kvm_xcrs xcrs;
    struct kvm_xsave *xsave; /* vm->xsave_bytes or sizeof(struct kvm_xsave) */
    struct kvm_msrs *msrs;
};

void kvm_vcpu_snapshot_destroy(struct kvm_vcpu_snapshot *snapshot)
{
    if (snapshot != NULL) {
        g_free(snapshot->xsave);
        g_free(snapshot->msrs);
        g_free(snapshot);
    }
}

/* ---- MSRs ---- */

static struct kvm_msrs *msrs_new(uint32_t count)
{
    return g_malloc0(sizeof(struct kvm_msrs) + (size_t)count * sizeof(struct kvm_msr_entry));
}

/* KVM fails with E2BIG and the number it needs when the list is too short for it. */
bool kvm_msr_list_read(struct kvm_vm *vm, GError **error)
{
    struct kvm_msr_list probe = { .nmsrs = 0 };
    g_autofree struct kvm_msr_list *list = NULL;

    (void)kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_GET_MSR_INDEX_LIST, &probe), NULL, "entries=0");
    list = g_malloc0(sizeof(*list) + (size_t)probe.nmsrs * sizeof(list->indices[0]));
    list->nmsrs = probe.nmsrs;
    if (kvm_ioctl(vm, KVM_SYSTEM_REQUEST(KVM_GET_MSR_INDEX_LIST, list), error, "entries=%u",
                  probe.nmsrs) < 0) {
        return false;
    }
    vm->msr_list = g_steal_pointer(&list);
    return true;
}

/*
 * Hands entries to KVM_GET_MSRS or KVM_SET_MSRS. KVM stops at the first MSR that it refuses and says
 * how many it did; that one is taken out and the rest tried again.
 */
static bool keep_accepted(struct kvm_vm *vm, unsigned index, struct kvm_msrs *msrs, bool setting,
                          GError **error)
{
    g_autofree struct kvm_msrs *part = msrs_new(msrs->nmsrs);
    uint32_t kept = 0;
    uint32_t next = 0;

    while (next < msrs->nmsrs) {
        struct kvm_request request = setting ? KVM_VCPU_REQUEST(index, KVM_SET_MSRS, part)
                                             : KVM_VCPU_REQUEST(index, KVM_GET_MSRS, part);
        int done;

        part->nmsrs = msrs->nmsrs - next;
        memcpy(part->entries, &msrs->entries[next], part->nmsrs * sizeof(part->entries[0]));
        done = kvm_ioctl(vm, request, error, "entries=%u", part->nmsrs);
        if (done < 0) {
            return false;
        }
        done = MIN(done, (int)part->nmsrs);
        memmove(&msrs->entries[kept], part->entries, (size_t)done * sizeof(part->entries[0]));
        kept += (uint32_t)done;
        next += (uint32_t)done + 1;
    }
    msrs->nmsrs = kept;
    return true;
}

/* The time stamp counter has moved on since the creation; a reset starts it at 0, on all vCPUs, which
 * KVM takes as a wish to keep them in step. */
static bool save_msrs(struct kvm_vm *vm, unsigned index, struct kvm_msrs **out_msrs, GError **error)
{
    g_autofree struct kvm_msrs *msrs = msrs_new(vm->msr_list->nmsrs);
    bool has_tsc = false;

    for (uint32_t i = 0; i < vm->msr_list->nmsrs; i++) {
        if (vm->msr_list->indices[i] == MSR_TSC) {
            has_tsc = true;
        } else {
            msrs->entries[msrs->nmsrs++].index = vm->msr_list->indices[i];
        }
    }
    if (!keep_accepted(vm, index, msrs, false, error) ||
        !keep_accepted(vm, index, msrs, true, error)) {
        return false;
    }
    if (has_tsc) {
        msrs->entries[msrs->nmsrs++] = (struct kvm_msr_entry){ .index = MSR_TSC };
    }
    *out_msrs = g_steal_pointer(&msrs);
    return true;
}

static bool restore_msrs(struct kvm_vm *vm, unsigned index, struct kvm_msrs *msrs, GError **error)
{
    int done = kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_SET_MSRS, msrs), error, "entries=%u",
                         msrs->nmsrs);

    if (done < 0) {
        return false;
    }
    if ((uint32_t)done < msrs->nmsrs) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "KVM_SET_MSRS of vCPU %u refused MSR 0x%x = 0x%" PRIx64, index,
                    msrs->entries[done].index, (uint64_t)msrs->entries[done].data);
        return false;
    }
    return true;
}

/* ---- a vCPU ---- */

static bool has_state(struct kvm_vm *vm, struct kvm_request request, GError **error)
{
    return kvm_ioctl(vm, request, error, "%s", "") >= 0;
}

static bool has_lapics(const struct kvm_vm *vm)
{
    return vm->options.irqchip != KVM_IRQCHIP_OFF;
}

static bool save_xsave(struct kvm_vm *vm, unsigned index, struct kvm_vcpu_snapshot *to,
                       GError **error)
{
    to->xsave = g_malloc0(MAX(vm->xsave_bytes, sizeof(struct kvm_xsave)));
    return has_state(vm,
                     vm->xsave_bytes > 0 ? KVM_VCPU_REQUEST(index, KVM_GET_XSAVE2, to->xsave)
                                         : KVM_VCPU_REQUEST(index, KVM_GET_XSAVE, to->xsave),
                     error);
}

static bool take(struct kvm_vm *vm, unsigned index, struct kvm_vcpu_snapshot *to, GError **error)
{
    return has_state(vm, KVM_VCPU_REQUEST(index, KVM_GET_SREGS, &to->sregs), error) &&
           (!has_lapics(vm) ||
            has_state(vm, KVM_VCPU_REQUEST(index, KVM_GET_LAPIC, &to->lapic), error)) &&
           has_state(vm, KVM_VCPU_REQUEST(index, KVM_GET_DEBUGREGS, &to->debugregs), error) &&
           has_state(vm, KVM_VCPU_REQUEST(index, KVM_GET_VCPU_EVENTS, &to->events), error) &&
           (!vm->has_xcrs ||
            has_state(vm, KVM_VCPU_REQUEST(index, KVM_GET_XCRS, &to->xcrs), error)) &&
           save_xsave(vm, index, to, error) && save_msrs(vm, index, &to->msrs, error);
}

/*
 * Writing the LAPIC back has an effect: KVM looks up destinations in a map that it has made before the vCPU was in its list, and
 * makes anew only when a LAPIC changes. Without it an INIT for a processor that was plugged at run time reaches nobody.
 */
bool kvm_snapshot_vcpu(struct kvm_vm *vm, unsigned index, GError **error)
{
    struct kvm_vcpu_snapshot *to = g_new0(struct kvm_vcpu_snapshot, 1);

    invariant(vm->vcpus[index].created == NULL);
    if (!take(vm, index, to, error) ||
        (has_lapics(vm) &&
         !has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_LAPIC, &to->lapic), error))) {
        kvm_vcpu_snapshot_destroy(to);
        return false;
    }
    vm->vcpus[index].created = to;
    return true;
}

/* Control registers come first: they take paging and x2APIC mode away, which the MSRs and the LAPIC's
 * registers are checked against. */
bool kvm_snapshot_restore_vcpu(struct kvm_vm *vm, unsigned index, GError **error)
{
    struct kvm_vcpu_snapshot *from = vm->vcpus[index].created;

    return has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_SREGS, &from->sregs), error) &&
           restore_msrs(vm, index, from->msrs, error) &&
           (!vm->has_xcrs ||
            has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_XCRS, &from->xcrs), error)) &&
           has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_XSAVE, from->xsave), error) &&
           has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_DEBUGREGS, &from->debugregs), error) &&
           has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_VCPU_EVENTS, &from->events), error) &&
           (!has_lapics(vm) ||
            has_state(vm, KVM_VCPU_REQUEST(index, KVM_SET_LAPIC, &from->lapic), error));
}

/* ---- the chips ---- */

bool kvm_snapshot_chips(struct kvm_vm *vm, GError **error)
{
    if (vm->options.irqchip != KVM_IRQCHIP_ON) {
        return true;
    }
    for (uint32_t id = KVM_IRQCHIP_PIC_MASTER; id <= KVM_IRQCHIP_IOAPIC; id++) {
        if (!kvm_irqchip_get(vm, id, &vm->created_chips[id], error)) {
            return false;
        }
    }
    return has_state(vm, KVM_VM_REQUEST(KVM_GET_PIT2, &vm->created_pit), error);
}

static bool restore_chips(struct kvm_vm *vm, GError **error)
{
    for (uint32_t id = KVM_IRQCHIP_PIC_MASTER; id <= KVM_IRQCHIP_IOAPIC; id++) {
        if (kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_IRQCHIP, &vm->created_chips[id]), error,
                      "chip_id=%u", id) < 0) {
            return false;
        }
    }
    return has_state(vm, KVM_VM_REQUEST(KVM_SET_PIT2, &vm->created_pit), error);
}

static bool restore_all(struct kvm_vm *vm, GError **error)
{
    /* Before anything is put back: what is completed here may still write to guest memory. */
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].plugged && !kvm_vcpu_complete_io(&vm->vcpus[i], true, error)) {
            return false;
        }
    }
    if (vm->options.irqchip == KVM_IRQCHIP_ON && !restore_chips(vm, error)) {
        return false;
    }
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].plugged && !kvm_snapshot_restore_vcpu(vm, i, error)) {
            return false;
        }
    }
    return true;
}

bool kvm_vm_reset_irqchip(struct kvm_vm *vm, GError **error)
{
    bool ok;

    invariant(vm->holds > 0);
    trace_kvm_vm_reset_irqchip_enter();
    ok = restore_all(vm, error);
    trace_kvm_vm_reset_irqchip_leave(ok);
    return ok;
}
