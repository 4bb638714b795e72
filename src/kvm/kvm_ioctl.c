/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_ioctl.c - asks KVM for something: faults on demand before it, a trace event after it, an error
 * that names everything. */
#include <errno.h>

#include "base/error.h"
#include "base/fault.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

static const struct {
    unsigned long number;
    enum fault_point point;
} fault_rows[] = {
    { KVM_SET_USER_MEMORY_REGION, FAULT_kvm_set_user_memory_region },
    { KVM_REGISTER_COALESCED_MMIO, FAULT_kvm_register_coalesced_mmio },
    { KVM_UNREGISTER_COALESCED_MMIO, FAULT_kvm_unregister_coalesced_mmio },
    { KVM_IRQ_LINE, FAULT_kvm_irq_line },
    { KVM_IRQ_LINE_STATUS, FAULT_kvm_irq_line },
    { KVM_SET_GSI_ROUTING, FAULT_kvm_set_gsi_routing },
    { KVM_CREATE_VCPU, FAULT_kvm_create_vcpu },
    { KVM_GET_REGS, FAULT_kvm_get_regs },
    { KVM_SET_REGS, FAULT_kvm_set_regs },
    { KVM_CREATE_VM, FAULT_kvm_create_vm },
    { KVM_CREATE_IRQCHIP, FAULT_kvm_create_irqchip },
    { KVM_CREATE_PIT2, FAULT_kvm_create_pit },
    { KVM_GET_IRQCHIP, FAULT_kvm_get_irqchip },
    { KVM_SET_IRQCHIP, FAULT_kvm_set_irqchip },
    { KVM_GET_SREGS, FAULT_kvm_get_sregs },
    { KVM_SET_SREGS, FAULT_kvm_set_sregs },
    { KVM_SET_CPUID2, FAULT_kvm_set_cpuid },
};

static int fault_of(struct fault_plan *plan, unsigned long number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fault_rows); i++) {
        if (fault_rows[i].number == number) {
            return fault_take(plan, fault_rows[i].point);
        }
    }
    return 0;
}

static void set_error(const struct kvm_request *request, const char *text, int number,
                      GError **error)
{
    const char *symbol = fault_errno_name(number);
    g_autofree char *vcpu = request->target == KVM_TARGET_VCPU
                                ? g_strdup_printf(" of vCPU %u", request->vcpu)
                                : g_strdup("");

    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "%s(%s)%s failed: %s (%s)", request->name,
                text, vcpu, g_strerror(number), symbol != NULL ? symbol : "errno");
}

int kvm_ioctl(struct kvm_vm *vm, struct kvm_request request, GError **error, const char *arguments,
              ...)
{
    int result = -fault_of(vm->options.faults, request.number);
    g_autofree char *text = NULL;
    va_list list;

    if (result == 0) {
        result = vm->calls->call(vm->calls->opaque, request.target, request.vcpu, request.number,
                                 request.argument);
    }
    if (result >= 0 && !trace_kvm_ioctl_enabled()) {
        return result;
    }
    va_start(list, arguments);
    text = g_strdup_vprintf(arguments, list);
    va_end(list);
    trace_kvm_ioctl(request.name,
                    request.target == KVM_TARGET_VCPU ? (uint16_t)request.vcpu
                                                      : (uint16_t)TRACE_VCPU_NONE,
                    text, result < 0 ? -1 : result, result < 0 ? -result : 0);
    if (result < 0) {
        set_error(&request, text, -result, error);
    }
    return result;
}
