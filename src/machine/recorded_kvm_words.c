/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorded_kvm_words.c - a recorded ioctl in words, for reports of divergences. */
#include <inttypes.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/bytes.h"
#include "machine/recorded_kvm.h"

#define HEAD_BYTES    6u
#define HEX_BYTES_MAX 48u

#define REQUEST(name)           \
    {                           \
        (uint32_t)(name), #name \
    }

/* clang-format off */
static const struct {
    uint32_t number;
    const char *name;
} requests[] = {
    REQUEST(KVM_CHECK_EXTENSION), REQUEST(KVM_GET_VCPU_MMAP_SIZE), REQUEST(KVM_CREATE_VM),
    REQUEST(KVM_SET_IDENTITY_MAP_ADDR), REQUEST(KVM_SET_TSS_ADDR), REQUEST(KVM_CREATE_IRQCHIP),
    REQUEST(KVM_CREATE_PIT2), REQUEST(KVM_CREATE_VCPU), REQUEST(KVM_SET_USER_MEMORY_REGION),
    REQUEST(KVM_REGISTER_COALESCED_MMIO), REQUEST(KVM_UNREGISTER_COALESCED_MMIO),
    REQUEST(KVM_IRQ_LINE), REQUEST(KVM_IRQ_LINE_STATUS), REQUEST(KVM_SET_GSI_ROUTING),
    REQUEST(KVM_GET_SUPPORTED_CPUID), REQUEST(KVM_SET_CPUID2), REQUEST(KVM_GET_MSR_INDEX_LIST),
    REQUEST(KVM_GET_MSRS), REQUEST(KVM_SET_MSRS), REQUEST(KVM_GET_REGS), REQUEST(KVM_SET_REGS),
    REQUEST(KVM_GET_SREGS), REQUEST(KVM_SET_SREGS), REQUEST(KVM_GET_MP_STATE),
    REQUEST(KVM_SET_MP_STATE), REQUEST(KVM_GET_LAPIC), REQUEST(KVM_SET_LAPIC),
    REQUEST(KVM_GET_DEBUGREGS), REQUEST(KVM_SET_DEBUGREGS), REQUEST(KVM_GET_VCPU_EVENTS),
    REQUEST(KVM_SET_VCPU_EVENTS), REQUEST(KVM_GET_XCRS), REQUEST(KVM_SET_XCRS),
    REQUEST(KVM_GET_XSAVE), REQUEST(KVM_GET_XSAVE2), REQUEST(KVM_SET_XSAVE),
    REQUEST(KVM_GET_IRQCHIP), REQUEST(KVM_SET_IRQCHIP), REQUEST(KVM_GET_PIT2),
    REQUEST(KVM_SET_PIT2), REQUEST(KVM_SIGNAL_MSI), REQUEST(KVM_ENABLE_CAP),
    REQUEST(KVM_INTERRUPT), REQUEST(KVM_NMI),
};

/* clang-format on */

static void append_name(GString *out, uint32_t number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (requests[i].number == number) {
            g_string_append(out, requests[i].name);
            return;
        }
    }
    g_string_append_printf(out, "ioctl 0x%08x", number);
}

static void append_hex(GString *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < MIN(size, (size_t)HEX_BYTES_MAX); i++) {
        g_string_append_printf(out, "%s%02x", i > 0 ? " " : "", bytes[i]);
    }
    if (size > HEX_BYTES_MAX) {
        g_string_append_printf(out, " ... (%zu bytes)", size);
    }
}

static void append_argument(GString *out, uint32_t number, const uint8_t *bytes, size_t size)
{
    struct kvm_userspace_memory_region region;
    struct kvm_irq_level line;
    struct kvm_coalesced_mmio_zone zone;

    if (number == (uint32_t)KVM_SET_USER_MEMORY_REGION && size == sizeof(region)) {
        memcpy(&region, bytes, sizeof(region));
        g_string_append_printf(out, "slot=%u, gpa=0x%" PRIx64 ", size=0x%" PRIx64 ", flags=%u",
                               region.slot, (uint64_t)region.guest_phys_addr,
                               (uint64_t)region.memory_size, region.flags);
    } else if ((number == (uint32_t)KVM_IRQ_LINE || number == (uint32_t)KVM_IRQ_LINE_STATUS) &&
               size == sizeof(line)) {
        memcpy(&line, bytes, sizeof(line));
        g_string_append_printf(out, "gsi=%u, level=%u", line.irq, line.level);
    } else if ((number == (uint32_t)KVM_REGISTER_COALESCED_MMIO ||
                number == (uint32_t)KVM_UNREGISTER_COALESCED_MMIO) &&
               size == sizeof(zone)) {
        memcpy(&zone, bytes, sizeof(zone));
        g_string_append_printf(out, "gpa=0x%" PRIx64 ", size=0x%x", (uint64_t)zone.addr, zone.size);
    } else if (_IOC_DIR(number) == _IOC_NONE && size == 8) {
        g_string_append_printf(out, "%" PRIu64, bytes_load_le64(bytes));
    } else {
        append_hex(out, bytes, size);
    }
}

char *recorded_kvm_words(const uint8_t *bytes, size_t size)
{
    g_autoptr(GString) out = NULL;
    uint32_t number;

    if (bytes == NULL || size < HEAD_BYTES) {
        return NULL;
    }
    out = g_string_new(NULL);
    number = bytes_load_le32(bytes + 2);
    append_name(out, number);
    g_string_append_c(out, '(');
    append_argument(out, number, bytes + HEAD_BYTES, size - HEAD_BYTES);
    g_string_append_c(out, ')');
    if (bytes[0] == KVM_TARGET_VCPU) {
        g_string_append_printf(out, " of vCPU %u", bytes[1]);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
