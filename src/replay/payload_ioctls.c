/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * payload_ioctls.c - the ioctls that a recording may hold, by their numbers on x86, and the
 * arguments that matter to a hotplug (Linux, KVM API), whatever the program was built for.
 */
#include <stddef.h>

#include "replay/payload_fields.h"

/* clang-format off */
static const struct {
    uint32_t request;
    const char *name;
} ioctls[] = {
    { 0x0000ae00, "KVM_GET_API_VERSION" },
    { 0x0000ae01, "KVM_CREATE_VM" },
    { 0xc004ae02, "KVM_GET_MSR_INDEX_LIST" },
    { 0x0000ae03, "KVM_CHECK_EXTENSION" },
    { 0x0000ae04, "KVM_GET_VCPU_MMAP_SIZE" },
    { 0xc008ae05, "KVM_GET_SUPPORTED_CPUID" },
    { 0xc008ae09, "KVM_GET_EMULATED_CPUID" },
    { 0xc004ae0a, "KVM_GET_MSR_FEATURE_INDEX_LIST" },
    { 0x0000ae41, "KVM_CREATE_VCPU" },
    { 0x4010ae42, "KVM_GET_DIRTY_LOG" },
    { 0x4020ae46, "KVM_SET_USER_MEMORY_REGION" },
    { 0x0000ae47, "KVM_SET_TSS_ADDR" },
    { 0x4008ae48, "KVM_SET_IDENTITY_MAP_ADDR" },
    { 0x0000ae60, "KVM_CREATE_IRQCHIP" },
    { 0x4008ae61, "KVM_IRQ_LINE" },
    { 0xc208ae62, "KVM_GET_IRQCHIP" },
    { 0x8208ae63, "KVM_SET_IRQCHIP" },
    { 0xc008ae67, "KVM_IRQ_LINE_STATUS" },
    { 0x4010ae67, "KVM_REGISTER_COALESCED_MMIO" },
    { 0x4010ae68, "KVM_UNREGISTER_COALESCED_MMIO" },
    { 0x4008ae6a, "KVM_SET_GSI_ROUTING" },
    { 0x4020ae76, "KVM_IRQFD" },
    { 0x4040ae77, "KVM_CREATE_PIT2" },
    { 0x0000ae78, "KVM_SET_BOOT_CPU_ID" },
    { 0x4040ae79, "KVM_IOEVENTFD" },
    { 0x4030ae7b, "KVM_SET_CLOCK" },
    { 0x8030ae7c, "KVM_GET_CLOCK" },
    { 0x0000ae80, "KVM_RUN" },
    { 0x8090ae81, "KVM_GET_REGS" },
    { 0x4090ae82, "KVM_SET_REGS" },
    { 0x8138ae83, "KVM_GET_SREGS" },
    { 0x4138ae84, "KVM_SET_SREGS" },
    { 0x4004ae86, "KVM_INTERRUPT" },
    { 0xc008ae88, "KVM_GET_MSRS" },
    { 0x4008ae89, "KVM_SET_MSRS" },
    { 0x4004ae8b, "KVM_SET_SIGNAL_MASK" },
    { 0x81a0ae8c, "KVM_GET_FPU" },
    { 0x41a0ae8d, "KVM_SET_FPU" },
    { 0x8400ae8e, "KVM_GET_LAPIC" },
    { 0x4400ae8f, "KVM_SET_LAPIC" },
    { 0x4008ae90, "KVM_SET_CPUID2" },
    { 0xc008ae91, "KVM_GET_CPUID2" },
    { 0x8004ae98, "KVM_GET_MP_STATE" },
    { 0x4004ae99, "KVM_SET_MP_STATE" },
    { 0x0000ae9a, "KVM_NMI" },
    { 0x8070ae9f, "KVM_GET_PIT2" },
    { 0x4070aea0, "KVM_SET_PIT2" },
    { 0x8040ae9f, "KVM_GET_VCPU_EVENTS" },
    { 0x4040aea0, "KVM_SET_VCPU_EVENTS" },
    { 0x8080aea1, "KVM_GET_DEBUGREGS" },
    { 0x4080aea2, "KVM_SET_DEBUGREGS" },
    { 0x4068aea3, "KVM_ENABLE_CAP" },
    { 0x9000aea4, "KVM_GET_XSAVE" },
    { 0x5000aea5, "KVM_SET_XSAVE" },
    { 0x8188aea6, "KVM_GET_XCRS" },
    { 0x4188aea7, "KVM_SET_XCRS" },
    { 0x4020aea5, "KVM_SIGNAL_MSI" },
    { 0x0000aead, "KVM_KVMCLOCK_CTRL" },
    { 0x9000aecf, "KVM_GET_XSAVE2" },
};

#define ROW(name, bytes, show) { #name, bytes, PAYLOAD_SHOW_##show },

/* userspace_addr is not in a recording, only that there is one: has_memory. */
static const struct payload_row region_rows[] = {
    ROW(slot, 4, NUMBER) ROW(flags, 4, HEX) ROW(gpa, 8, HEX)
    ROW(size_bytes, 8, HEX) ROW(has_memory, 8, NUMBER)
};
static const struct payload_row line_rows[] = { ROW(gsi, 4, NUMBER) ROW(level, 4, NUMBER) };
static const struct payload_row zone_rows[] = {
    ROW(gpa, 8, HEX) ROW(size_bytes, 4, HEX) ROW(pio, 4, NUMBER)
};
static const struct payload_row msi_rows[] = {
    ROW(address_low, 4, HEX) ROW(address_high, 4, HEX) ROW(data, 4, HEX) ROW(flags, 4, HEX)
    ROW(device, 4, NUMBER) ROW(pad, 12, BYTES)
};
static const struct payload_row mp_state_rows[] = { ROW(mp_state, 4, NUMBER) };
static const struct payload_row number_rows[] = { ROW(number, 8, HEX) };
static const struct payload_row regs_rows[] = {
    ROW(rax, 8, HEX) ROW(rbx, 8, HEX) ROW(rcx, 8, HEX) ROW(rdx, 8, HEX)
    ROW(rsi, 8, HEX) ROW(rdi, 8, HEX)
    ROW(rsp, 8, HEX) ROW(rbp, 8, HEX) ROW(r8, 8, HEX) ROW(r9, 8, HEX)
    ROW(r10, 8, HEX) ROW(r11, 8, HEX)
    ROW(r12, 8, HEX) ROW(r13, 8, HEX) ROW(r14, 8, HEX) ROW(r15, 8, HEX)
    ROW(rip, 8, HEX) ROW(rflags, 8, HEX)
};

#define ARGUMENT(request, size, rows) { request, size, rows, sizeof(rows) / sizeof((rows)[0]) }

static const struct {
    uint32_t request;
    size_t size;
    const struct payload_row *rows;
    size_t count;
} arguments[] = {
    ARGUMENT(0x4020ae46, 32, region_rows),
    ARGUMENT(0x4008ae61, 8, line_rows),
    ARGUMENT(0xc008ae67, 8, line_rows),
    ARGUMENT(0x4010ae67, 16, zone_rows),
    ARGUMENT(0x4010ae68, 16, zone_rows),
    ARGUMENT(0x4020aea5, 32, msi_rows),
    ARGUMENT(0x4090ae82, 144, regs_rows),
    ARGUMENT(0x4004ae99, 4, mp_state_rows),
};

/* clang-format on */

const char *payload_ioctl_name(uint32_t request)
{
    for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
        if (ioctls[i].request == request) {
            return ioctls[i].name;
        }
    }
    return NULL;
}

const struct payload_row *payload_ioctl_rows(uint32_t request, size_t size, size_t *out_count)
{
    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        if (arguments[i].request == request && arguments[i].size == size) {
            *out_count = arguments[i].count;
            return arguments[i].rows;
        }
    }
    /* Linux asm-generic/ioctl.h: without a direction (bits 30, 31) it takes a number. */
    if (request >> 30 == 0 && size == 8) {
        *out_count = 1;
        return number_rows;
    }
    return NULL;
}
