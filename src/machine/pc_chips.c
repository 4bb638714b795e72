/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc_chips.c - interrupt controllers, timers and keyboard controller of our own: made, wired, taken down. */
#include "machine/pc_chips.h"

#include "hw/input/i8042.h"
#include "hw/input/port92.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/pci/pci.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "machine/soft_machine.h"
#include "qom/property.h"

#define GSI_OF_PIT 0

void pc_chips_create(struct machine *machine)
{
    machine->chips = g_new0(struct pc_chips, 1);
    apic_bus_init(&machine->chips->bus, &machine->board);
    kvm_chips_connect(machine);
}

void pc_chips_destroy(struct machine *machine)
{
    if (machine->chips != NULL) {
        apic_bus_fini(&machine->chips->bus);
        g_free(machine->chips);
        machine->chips = NULL;
    }
}

struct device *pc_chips_create_lapic(struct machine *machine, struct x86_cpu *cpu,
                                     const struct lapic_cpu_ops *ops, void *opaque, GError **error)
{
    g_autofree char *id = g_strdup_printf("%u", cpu->apic_id);
    struct device *lapic =
        pc_builtin_create(machine, TYPE_APIC, &cpu->device.object, "lapic", error);

    if (lapic == NULL) {
        return NULL;
    }
    lapic_connect(lapic, &machine->chips->bus, ops, opaque);
    if (!object_property_parse(&lapic->object, "id", id, machine->root, error) ||
        !pc_builtin_realize(machine, lapic, NULL, error)) {
        object_destroy(&lapic->object);
        return NULL;
    }
    return lapic;
}

void pc_chips_destroy_lapic(struct machine *machine, const struct x86_cpu *cpu)
{
    struct object *lapic = object_child(&cpu->device.object, "lapic");

    if (lapic != NULL) { /* a machine that ends has taken it down before */
        machine_device_destroy(machine, (struct device *)lapic);
    }
}

static struct device *create_isa(struct machine *machine, const char *type, GError **error)
{
    struct device *device = pc_builtin_create(machine, type, NULL, NULL, error);

    if (device != NULL) {
        bus_add_device(machine->isa_bus, device);
    }
    return device;
}

static bool create_interrupt_chips(struct machine *machine, GError **error)
{
    struct apic_bus *bus = &machine->chips->bus;
    struct gsi_chips *chips = &machine->chips->gsi;

    chips->bus = bus;
    chips->i8259_master = create_isa(machine, TYPE_I8259, error);
    chips->i8259_slave =
        chips->i8259_master != NULL ? create_isa(machine, TYPE_I8259, error) : NULL;
    chips->ioapic =
        chips->i8259_slave != NULL
            ? pc_builtin_create(machine, TYPE_IOAPIC, &machine->pci_host->object, "ioapic", error)
            : NULL;
    if (chips->ioapic == NULL || !gsi_chips_init(chips, machine->gsi, error)) {
        return false;
    }
    g_ptr_array_add(machine->devices, chips->i8259_master);
    g_ptr_array_add(machine->devices, chips->i8259_slave);
    g_ptr_array_add(machine->devices, chips->ioapic);
    piix3_connect_isa_irqs(machine->piix3, machine->gsi);
    return true;
}

static bool create_timers(struct machine *machine, GError **error)
{
    struct device *pit = pc_builtin_create(machine, TYPE_I8254, NULL, NULL, error);
    struct device *hpet;

    if (pit == NULL) {
        return false;
    }
    hpet = pc_builtin_create(machine, TYPE_HPET, NULL, NULL, error);
    if (hpet == NULL) {
        return false;
    }
    i8254_connect_irq(pit, machine->gsi[GSI_OF_PIT]);
    hpet_connect(hpet, machine->gsi, GSI_NUM_PINS, i8254_irq_control(pit));
    machine->chips->rtc_input = hpet_rtc_input(hpet);
    return pc_builtin_realize(machine, pit, machine->isa_bus, error) &&
           pc_builtin_realize(machine, hpet, NULL, error);
}

/* Either source opens the gate. Port 0x92 says nothing until it is written; the keyboard controller's pin is high. */
static void a20_changed(void *sink, unsigned source, int level)
{
    struct machine *machine = sink;
    struct pc_chips *chips = machine->chips;
    uint8_t bit = (uint8_t)(1u << source);

    chips->a20_sources =
        (uint8_t)(level != 0 ? chips->a20_sources | bit : chips->a20_sources & ~bit);
    if (machine->soft != NULL) { /* KVM's vCPUs have no such gate */
        soft_machine_set_a20(machine, chips->a20_sources != 0);
    }
}

static bool create_keyboard(struct machine *machine, GError **error)
{
    struct i8042_lines lines = {
        .keyboard = machine->gsi[1],
        .mouse = machine->gsi[12],
        .a20 = { .set = a20_changed, .sink = machine, .pin = 0 },
    };
    struct device *i8042 = pc_builtin_create(machine, TYPE_I8042, NULL, NULL, error);
    struct device *port92;

    if (i8042 == NULL) {
        return false;
    }
    i8042_connect(i8042, &lines);
    if (!pc_builtin_realize(machine, i8042, machine->isa_bus, error)) {
        return false;
    }
    port92 = pc_builtin_create(machine, TYPE_PORT92, NULL, NULL, error);
    if (port92 != NULL) {
        port92_connect_a20(port92,
                           (struct irq_line){ .set = a20_changed, .sink = machine, .pin = 1 });
    }
    return port92 != NULL && pc_builtin_realize(machine, port92, machine->isa_bus, error);
}

bool pc_chips_build(struct machine *machine, GError **error)
{
    return create_interrupt_chips(machine, error) && create_timers(machine, error) &&
           create_keyboard(machine, error);
}
