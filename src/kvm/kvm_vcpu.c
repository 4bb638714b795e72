/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_vcpu.c - vCPUs: creation, one thread each, the gate in front of the guest.
 *
 *      +-> gate: waits while a hold is in force
 *      |     | in_guest
 *      |   KVM_RUN        hold: immediate_exit, kick, waits for in_guest to end
 *      |     | translate
 *      +-- exit callback (takes the machine's lock)
 *
 * KVM can't be told to forget a vCPU. One that is unplugged is parked: its thread ends, and what KVM
 * has of it serves the next plug.
 *
 * The thread writes no trace event and takes no machine lock of its own accord: between two exits it
 * is no part of the machine.
 */
#include <errno.h>

#include "base/error.h"
#include "base/invariant.h"
#include "host/host_thread.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"

/* A string instruction makes one access after the other: this many while it is completed for a
 * reset, then something is wrong. */
#define COMPLETIONS_MAX 0x20000u

static int enter_kvm(const struct kvm_vcpu *vcpu)
{
    struct kvm_calls *calls = vcpu->vm->calls;

    return calls->call(calls->opaque, KVM_TARGET_VCPU, vcpu->index, KVM_RUN, NULL);
}

/* ---- the thread ---- */

enum passage {
    PASSAGE_ENTERS,
    PASSAGE_DEFERRED, /* an exit waits in the run page */
    PASSAGE_WINDOW, /* KVM said at the last exit that the vCPU can take the interrupt that has come */
};

static enum passage choose_passage(const struct kvm_vcpu *vcpu)
{
    if (vcpu->exit_deferred) {
        return PASSAGE_DEFERRED;
    }
    return vcpu->may_be_ready && kvm_vcpu_window_is_open(vcpu) ? PASSAGE_WINDOW : PASSAGE_ENTERS;
}

/* Waits until the guest may run. False = the thread shall end. */
static bool pass_gate(struct kvm_vcpu *vcpu, enum passage *out_passage)
{
    struct kvm_vm *vm = vcpu->vm;
    bool enters, goes_on;

    g_mutex_lock(&vm->gate);
    vcpu->exit_is_handled = false;
    while ((vm->holds > 0 || kvm_vcpu_is_asleep(vcpu)) && !vm->stopping && vcpu->wanted) {
        g_cond_wait(&vm->gate_opened, &vm->gate);
    }
    goes_on = !vm->stopping && vcpu->wanted;
    vcpu->thread_ended = !goes_on;
    *out_passage = choose_passage(vcpu);
    enters = *out_passage == PASSAGE_ENTERS;
    vcpu->exit_deferred = false;
    vcpu->may_be_ready = false;
    kvm_vcpu_prepare_passage(vcpu);
    if (goes_on && enters) {
        vcpu->in_guest = true;
        vcpu->io_pending = false;
        vcpu->entry_epoch = vcpu->epoch;
        vcpu->halted = false;
        __atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    }
    vcpu->exit_is_handled = goes_on && !enters;
    g_mutex_unlock(&vm->gate);
    return goes_on;
}

/* result: KVM_RUN's. False = there is nothing to handle. */
static bool exit_of(struct kvm_vcpu *vcpu, int result, struct vm_exit *out_exit, bool *out_pending)
{
    *out_pending = false;
    if (result == -EINTR || result == -EAGAIN) {
        bool is_open;

        *out_exit = (struct vm_exit){ .kind = VM_EXIT_INTERRUPT_WINDOW };
        kvm_vcpu_add_apic_details(vcpu, out_exit);
        g_mutex_lock(&vcpu->vm->gate);
        is_open = kvm_vcpu_window_is_open(vcpu);
        g_mutex_unlock(&vcpu->vm->gate);
        return is_open;
    }
    if (result < 0) {
        *out_exit = (struct vm_exit){ .kind = VM_EXIT_RUN_FAILED,
                                      .detail_count = 1,
                                      .detail = { (uint64_t)-result } };
        return true;
    }
    *out_pending = kvm_exit_translate(vcpu->run, vcpu->vm->run_bytes, out_exit);
    kvm_vcpu_add_apic_details(vcpu, out_exit);
    return out_exit->kind != VM_EXIT_INTERRUPTED;
}

static void leave_guest(struct kvm_vcpu *vcpu, const struct vm_exit *exit, bool pending,
                        bool handled)
{
    struct kvm_vm *vm = vcpu->vm;

    g_mutex_lock(&vm->gate);
    vcpu->in_guest = false;
    vcpu->io_pending = pending;
    vcpu->exit_is_handled = handled;
    vcpu->may_be_ready = !handled || exit->kind == VM_EXIT_PIO || exit->kind == VM_EXIT_MMIO;
    vcpu->halted = vm->options.irqchip == KVM_IRQCHIP_OFF && handled && exit->kind == VM_EXIT_HALT;
    vcpu->halted_deaf = vcpu->halted && vcpu->run->if_flag == 0;
    if (vm->holds > 0 || !vcpu->wanted) {
        g_cond_broadcast(&vm->guest_left);
    }
    g_mutex_unlock(&vm->gate);
}

static void vcpu_run(void *opaque)
{
    struct kvm_vcpu *vcpu = opaque;
    const struct kvm_vm_options *options = &vcpu->vm->options;
    struct vm_exit exit;
    enum passage passage;
    bool handled, pending;

    while (pass_gate(vcpu, &passage)) {
        int result = passage == PASSAGE_ENTERS   ? enter_kvm(vcpu)
                     : passage == PASSAGE_WINDOW ? -EINTR
                                                 : 0;

        handled = exit_of(vcpu, result, &exit, &pending);
        if (passage == PASSAGE_ENTERS) {
            leave_guest(vcpu, &exit, pending, handled);
        }
        if (handled) {
            options->exit(options->opaque, vcpu->index, &exit);
        }
    }
}

static bool start_thread(struct kvm_vcpu *vcpu, GError **error)
{
    g_autofree char *name = g_strdup_printf("CPU %u/KVM", vcpu->index);

    invariant(vcpu->thread == NULL);
    vcpu->wanted = true;
    vcpu->thread_ended = false;
    vcpu->thread = host_thread_create(name, vcpu_run, vcpu, error);
    vcpu->wanted = vcpu->thread != NULL;
    return vcpu->wanted;
}

bool kvm_vcpus_start(struct kvm_vm *vm, GError **error)
{
    vm->threads_run = vm->options.host != NULL;
    for (unsigned i = 0; i < vm->vcpu_count && vm->threads_run; i++) {
        if (vm->vcpus[i].plugged && !start_thread(&vm->vcpus[i], error)) {
            kvm_vcpus_stop(vm);
            return false;
        }
    }
    return true;
}

bool kvm_vcpu_start(struct kvm_vm *vm, unsigned index, GError **error)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];
    bool goes_on;

    if (!vm->threads_run) {
        return true;
    }
    g_mutex_lock(&vm->gate);
    goes_on = vcpu->thread != NULL && !vcpu->thread_ended;
    vcpu->wanted = true;
    g_mutex_unlock(&vm->gate);
    if (goes_on) {
        return true; /* it was parked, but its exit still waits for the machine's lock */
    }
    host_thread_join(vcpu->thread);
    vcpu->thread = NULL;
    return start_thread(vcpu, error);
}

/* immediate_exit catches a vCPU on its way into KVM_RUN, the kick one inside. */
void kvm_vcpu_send_out(struct kvm_vcpu *vcpu)
{
    if (vcpu->in_guest) {
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        host_thread_kick(vcpu->thread);
    }
}

void kvm_vcpus_stop(struct kvm_vm *vm)
{
    g_mutex_lock(&vm->gate);
    vm->stopping = true;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        kvm_vcpu_send_out(&vm->vcpus[i]);
    }
    g_cond_broadcast(&vm->gate_opened);
    g_mutex_unlock(&vm->gate);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        host_thread_join(vm->vcpus[i].thread);
        vm->vcpus[i].thread = NULL;
    }
    vm->stopping = false;
    vm->threads_run = false;
}

/* ---- the gate ---- */

static bool any_in_guest(const struct kvm_vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].in_guest) {
            return true;
        }
    }
    return false;
}

void kvm_vcpus_hold(struct kvm_vm *vm)
{
    unsigned holds;

    g_mutex_lock(&vm->gate);
    holds = ++vm->holds;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        kvm_vcpu_send_out(&vm->vcpus[i]);
    }
    while (any_in_guest(vm)) {
        g_cond_wait(&vm->guest_left, &vm->gate);
    }
    g_mutex_unlock(&vm->gate);
    trace_kvm_vcpus_held(holds);
}

void kvm_vcpus_release(struct kvm_vm *vm)
{
    unsigned holds;

    g_mutex_lock(&vm->gate);
    invariant(vm->holds > 0);
    holds = --vm->holds;
    if (holds == 0) {
        g_cond_broadcast(&vm->gate_opened);
    }
    g_mutex_unlock(&vm->gate);
    trace_kvm_vcpus_released(holds);
}

bool kvm_vcpu_exit_is_current(const struct kvm_vm *vm, unsigned index)
{
    GMutex *gate = (GMutex *)&vm->gate;
    const struct kvm_vcpu *vcpu = &vm->vcpus[index];
    bool current;

    g_mutex_lock(gate);
    current = vcpu->entry_epoch == vcpu->epoch;
    g_mutex_unlock(gate);
    return current;
}

void kvm_vcpu_exit_answered(struct kvm_vm *vm, unsigned index)
{
    g_mutex_lock(&vm->gate);
    vm->vcpus[index].exit_is_handled = false;
    g_mutex_unlock(&vm->gate);
}

/* ---- pending I/O ---- */

#define NO_END 1 /* of COMPLETIONS_MAX; other failures are a -errno */

/* The gate's lock is held and no hold can end meanwhile: only our own thread uses the vCPU. */
static int complete_locked(struct kvm_vcpu *vcpu, bool discard)
{
    struct vm_exit exit;
    int result;

    for (unsigned i = 0; i < COMPLETIONS_MAX; i++) {
        /* KVM finishes the instruction first and then sees that it shall not enter the guest (KVM
         * API, KVM_RUN: immediate_exit). */
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        result = enter_kvm(vcpu);
        vcpu->exit_deferred = false;
        if (result == -EINTR || result == -EAGAIN) {
            vcpu->io_pending = false;
            return 0;
        }
        if (result < 0) {
            return result;
        }
        /* The same instruction makes another access. */
        vcpu->io_pending = kvm_exit_translate(vcpu->run, vcpu->vm->run_bytes, &exit);
        if (!discard) {
            vcpu->exit_deferred = true;
            return 0;
        }
        if (!vcpu->io_pending) {
            return 0;
        }
    }
    return NO_END;
}

static bool check_completion(const struct kvm_vcpu *vcpu, int result, GError **error)
{
    if (result < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "KVM_RUN(immediate_exit=1) of vCPU %u failed: %s", vcpu->index,
                    g_strerror(-result));
    } else if (result != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "an I/O instruction of vCPU %u does not come to an end after %u accesses",
                    vcpu->index, COMPLETIONS_MAX);
    }
    return result == 0;
}

bool kvm_vcpu_complete_io(struct kvm_vcpu *vcpu, bool discard, GError **error)
{
    struct kvm_vm *vm = vcpu->vm;
    int result = 0;

    g_mutex_lock(&vm->gate);
    invariant(!vcpu->in_guest);
    if (discard) {
        vcpu->epoch++;
        vcpu->may_be_ready = false;
        vcpu->exit_deferred = false;
    }
    /* An exit that is being handled has no answer yet: the registers are those before it. */
    if (vcpu->io_pending && (discard || (!vcpu->exit_is_handled && !vcpu->exit_deferred))) {
        result = complete_locked(vcpu, discard);
    }
    g_mutex_unlock(&vm->gate);
    /* Whether something was left is a matter of the threads' speed: who records must not depend on
     * it. */
    if (vm->calls->io_completed != NULL) {
        result = vm->calls->io_completed(vm->calls->opaque, vcpu->index, result);
    }
    return check_completion(vcpu, result, error);
}

/* ---- creation ---- */

static bool create_in_kvm(struct kvm_vm *vm, unsigned index, uint32_t apic_id, GError **error)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];
    struct kvm_request request = KVM_VM_REQUEST(KVM_CREATE_VCPU, KVM_NUMBER(apic_id));

    request.vcpu = index;
    *vcpu = (struct kvm_vcpu){ .vm = vm, .index = index, .apic_id = apic_id };
    if (kvm_ioctl(vm, request, error, "index=%u, apic_id=%u", index, apic_id) < 0) {
        return false;
    }
    if (vm->options.host != NULL) {
        vcpu->run = host_kvm_run_page(vm->options.host, index);
        invariant(vcpu->run != NULL);
    }
    vcpu->exists = true;
    vm->vcpu_count = MAX(vm->vcpu_count, index + 1);
    trace_kvm_vcpu_created(index, apic_id);
    return true;
}

bool kvm_vcpu_create(struct kvm_vm *vm, unsigned index, uint32_t apic_id, GError **error)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];
    bool ok;

    invariant(index < KVM_VCPUS_MAX);
    invariant(!vcpu->plugged);
    if (!vcpu->exists && !create_in_kvm(vm, index, apic_id, error)) {
        return false;
    }
    invariant(vcpu->apic_id == apic_id);
    if (vcpu->created != NULL) {
        trace_kvm_unpark_vcpu(index, apic_id);
        ok = kvm_snapshot_restore_vcpu(vm, index, error);
    } else {
        ok = kvm_cpuid_set(vm, index, error) && kvm_snapshot_vcpu(vm, index, error);
    }
    vcpu->plugged = ok;
    return ok;
}

bool kvm_vcpu_park(struct kvm_vm *vm, unsigned index, GError **error)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];

    invariant(vcpu->plugged);
    g_mutex_lock(&vm->gate);
    vcpu->wanted = false;
    kvm_vcpu_send_out(vcpu);
    while (vcpu->in_guest) {
        g_cond_wait(&vm->guest_left, &vm->gate);
    }
    g_cond_broadcast(&vm->gate_opened);
    g_mutex_unlock(&vm->gate);
    vcpu->plugged = false;
    trace_kvm_park_vcpu(index, vcpu->apic_id);
    return kvm_vcpu_complete_io(vcpu, true, error);
}

unsigned kvm_vcpu_count(const struct kvm_vm *vm)
{
    unsigned count = 0;

    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        count += vm->vcpus[i].plugged;
    }
    return count;
}

int64_t kvm_vcpu_thread_id(const struct kvm_vm *vm, unsigned index)
{
    return vm->vcpus[index].thread != NULL ? host_thread_id(vm->vcpus[index].thread) : 0;
}
