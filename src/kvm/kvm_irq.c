/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_irq.c - GSI routing, interrupt lines, and the state of the controllers in the kernel as text. */
#include <inttypes.h>

#include "base/error_latch.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"

#define PIC_LINES    8u
#define ISA_LINES    16u
#define IOAPIC_LINES 24u
#define ROUTES_MAX   (ISA_LINES + IOAPIC_LINES)

struct routing {
    struct kvm_irq_routing head;
    struct kvm_irq_routing_entry entries[ROUTES_MAX];
};

static void add_route(struct routing *routing, uint32_t gsi, uint32_t chip, uint32_t pin)
{
    routing->entries[routing->head.nr++] = (struct kvm_irq_routing_entry){
        .gsi = gsi,
        .type = KVM_IRQ_ROUTING_IRQCHIP,
        .u.irqchip = { .irqchip = chip, .pin = pin },
    };
}

/* The 8259's INT takes IOAPIC pin 0 and the 8254, IRQ 0, takes pin 2, where the cascade would be
 * (Intel MP Specification 1.4, section 3.6.2.2 and its example wiring). */
static void fill_routes(struct routing *routing)
{
    for (uint32_t gsi = 0; gsi < ISA_LINES; gsi++) {
        bool master = gsi < PIC_LINES;

        add_route(routing, gsi, master ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
                  gsi % PIC_LINES);
    }
    for (uint32_t gsi = 0; gsi < IOAPIC_LINES; gsi++) {
        if (gsi != 2) {
            add_route(routing, gsi, KVM_IRQCHIP_IOAPIC, gsi == 0 ? 2 : gsi);
        }
    }
}

bool kvm_pc_setup_irq_routing(struct kvm_vm *vm, GError **error)
{
    struct routing routing = { 0 };
    bool ok;

    trace_kvm_pc_setup_irq_routing_enter();
    fill_routes(&routing);
    ok = kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_GSI_ROUTING, &routing), error, "routes=%u",
                   routing.head.nr) >= 0;
    trace_kvm_pc_setup_irq_routing_leave(ok ? routing.head.nr : 0);
    return ok;
}

/* KVM_IRQ_LINE_STATUS also says what became of the interrupt. */
void kvm_set_irq(struct kvm_vm *vm, uint32_t gsi, int level)
{
    struct kvm_irq_level line = { .irq = gsi, .level = (uint32_t)level };
    GError *error = NULL;
    int result;

    trace_kvm_set_irq_enter(gsi, level);
    if (vm->has_irq_status) {
        result = kvm_ioctl(vm, KVM_VM_REQUEST(KVM_IRQ_LINE_STATUS, &line), &error,
                           "gsi=%u, level=%d", gsi, level);
        result = result < 0 ? result : line.status;
    } else {
        result = kvm_ioctl(vm, KVM_VM_REQUEST(KVM_IRQ_LINE, &line), &error, "gsi=%u, level=%d", gsi,
                           level);
    }
    if (error != NULL) {
        error_latch_set(vm->options.errors, error);
    }
    trace_kvm_set_irq_leave(result);
}

bool kvm_send_msi(struct kvm_vm *vm, uint64_t address, uint32_t data)
{
    struct kvm_msi msi = {
        .address_lo = (uint32_t)address,
        .address_hi = (uint32_t)(address >> 32),
        .data = data,
    };
    int result;

    trace_kvm_send_msi_enter(address, data);
    result = kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SIGNAL_MSI, &msi), NULL,
                       "address=0x%" PRIx64 ", data=0x%x", address, data);
    trace_kvm_send_msi_leave(result);
    return result > 0;
}

bool kvm_irqchip_get(struct kvm_vm *vm, uint32_t chip_id, struct kvm_irqchip *out_chip,
                     GError **error)
{
    struct kvm_irqchip chip = { .chip_id = chip_id };

    if (kvm_ioctl(vm, KVM_VM_REQUEST(KVM_GET_IRQCHIP, &chip), error, "chip_id=%u", chip_id) < 0) {
        return false;
    }
    *out_chip = chip;
    return true;
}

static void print_pic(unsigned index, const struct kvm_pic_state *pic, GString *out)
{
    g_string_append_printf(out,
                           "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x rr_sel=%u "
                           "elcr=%02x fnm=%u\n",
                           index, pic->irr, pic->imr, pic->isr, pic->priority_add, pic->irq_base,
                           pic->read_reg_select, pic->elcr, pic->special_fully_nested_mode);
}

static void print_redirection(unsigned pin, uint64_t entry, GString *out)
{
    static const char *const delivery[] = { "fixed", "lowest", "SMI",  "reserved",
                                            "NMI",   "INIT",   "resv", "ExtINT" };

    g_string_append_printf(
        out, "  pin %-2u 0x%016" PRIx64 " dest=%02x vec=%-3u active-%s %-5s %s%s %s\n", pin, entry,
        (unsigned)(entry >> 56), (unsigned)(entry & 0xff), entry & (1u << 13) ? "lo" : "hi",
        entry & (1u << 15) ? "level" : "edge", entry & (1u << 16) ? "masked " : "",
        delivery[entry >> 8 & 7], entry & (1u << 11) ? "logical" : "physical");
}

static void print_ioapic(const struct kvm_ioapic_state *ioapic, GString *out)
{
    g_string_append_printf(out, "ioapic0: id=0x%02x sel=0x%02x irr=%06x\n", ioapic->id,
                           ioapic->ioregsel, ioapic->irr);
    for (unsigned pin = 0; pin < IOAPIC_LINES; pin++) {
        print_redirection(pin, ioapic->redirtbl[pin].bits, out);
    }
}

bool kvm_irqchip_print(struct kvm_vm *vm, GString *out, GError **error)
{
    struct kvm_irqchip master, slave, ioapic;

    if (!kvm_irqchip_get(vm, KVM_IRQCHIP_PIC_MASTER, &master, error) ||
        !kvm_irqchip_get(vm, KVM_IRQCHIP_PIC_SLAVE, &slave, error) ||
        !kvm_irqchip_get(vm, KVM_IRQCHIP_IOAPIC, &ioapic, error)) {
        return false;
    }
    print_pic(0, &master.chip.pic, out);
    print_pic(1, &slave.chip.pic, out);
    print_ioapic(&ioapic.chip.ioapic, out);
    return true;
}
