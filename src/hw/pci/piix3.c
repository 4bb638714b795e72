/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * piix3.c - the 82371SB, function 1.0 "PIIX3": ISA bridge, PIRQ routing, reset control.
 *
 *   config 0x60 to 0x63  PIRQA# to PIRQD#: bit 7 = not routed, bits 3:0 = ISA interrupt
 *   port 0xcf9           reset control: bit 1 = hard reset, bit 2 = reset the CPU, now
 *
 * INTA of slot 1 is PIRQA#, INTB PIRQB#; each further slot starts one later (QEMU's pc wires its
 * slots so).
 */
#include "base/invariant.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_internal.h"
#include "trace/trace.h"

#define PIRQ_ROUTE      0x60
#define PIRQ_COUNT      4
#define PIRQ_NOT_ROUTED 0x80
#define RESET_CPU       0x04
#define RESET_HARD      0x02
#define ISA_IRQ_COUNT   16

struct piix3_state {
    struct pci_device_state pci;
    uint32_t pirq_raised[PIRQ_COUNT]; /* bit = slot whose pin holds this PIRQ */
    uint8_t reset_control;
    uint8_t pad[3];
};

#define PIIX3_FIELDS(FIELD, NESTED, T) \
    NESTED(T, pci, pci_device_desc) FIELD(T, pirq_raised) FIELD(T, reset_control) FIELD(T, pad)
STATE_DECLARE(piix3_desc, struct piix3_state);
STATE_DESCRIBE(piix3_desc, struct piix3_state, PIIX3_FIELDS);

struct piix3 {
    struct pci_device pci;
    struct piix3_state state;
    struct irq_line isa[ISA_IRQ_COUNT];
    uint16_t isa_levels; /* what the lines were told, by bit; derived */
};

static struct piix3 *as_piix3(struct device *device)
{
    return (struct piix3 *)(void *)device;
}

/* ---- interrupt routing ---- */

/* The ISA interrupt of a PIRQ, ISA_IRQ_COUNT = none. */
static unsigned isa_irq_of(const struct piix3 *piix3, unsigned pirq)
{
    uint8_t route = piix3->state.pci.config[PIRQ_ROUTE + pirq];

    return (route & PIRQ_NOT_ROUTED) != 0 ? ISA_IRQ_COUNT : route & 0x0f;
}

/* Brings the ISA lines to what routes and PIRQs say: an interrupt is high while one of its PIRQs
 * is. */
static void update_isa(struct piix3 *piix3)
{
    uint16_t levels = 0;

    for (unsigned pirq = 0; pirq < PIRQ_COUNT; pirq++) {
        unsigned irq = isa_irq_of(piix3, pirq);

        if (irq < ISA_IRQ_COUNT && piix3->state.pirq_raised[pirq] != 0) {
            levels |= (uint16_t)(1u << irq);
        }
    }
    for (unsigned irq = 0; irq < ISA_IRQ_COUNT; irq++) {
        bool level = (levels >> irq & 1) != 0;

        if (level != ((piix3->isa_levels >> irq & 1) != 0)) {
            piix3->isa_levels ^= (uint16_t)(1u << irq);
            irq_line_set(&piix3->isa[irq], level);
        }
    }
}

static void route(void *router, unsigned slot, unsigned pin, int level)
{
    struct piix3 *piix3 = router;
    unsigned pirq = (slot + pin + PIRQ_COUNT - 1) % PIRQ_COUNT;
    uint32_t bit = 1u << slot;

    if (level != 0) {
        piix3->state.pirq_raised[pirq] |= bit;
    } else {
        piix3->state.pirq_raised[pirq] &= ~bit;
    }
    trace_piix3_pirq_routed((uint8_t)pirq, (uint8_t)isa_irq_of(piix3, pirq), level != 0);
    update_isa(piix3);
}

static void config_write(struct pci_device *device, uint32_t offset, uint32_t value, unsigned size)
{
    (void)value;
    if (offset < PIRQ_ROUTE + PIRQ_COUNT && PIRQ_ROUTE < offset + size) {
        update_isa(as_piix3(&device->device));
    }
}

/* ---- reset control ---- */

static uint8_t reset_control_read(void *router)
{
    const struct piix3 *piix3 = router;

    return piix3->state.reset_control;
}

static void reset_control_write(void *router, uint8_t value)
{
    struct piix3 *piix3 = router;
    const struct board *board = piix3->pci.device.board;

    if ((value & RESET_CPU) != 0) {
        trace_piix3_reset_requested(value);
        board->ops->request(board->opaque, BOARD_REQUEST_RESET, 0);
        return;
    }
    piix3->state.reset_control = value & RESET_HARD;
}

/* ---- device ---- */

static void reset(struct device *device)
{
    /* 82371SB §2.2: what differs from zero at power-up. */
    static const struct {
        uint8_t offset, value;
    } defaults[] = { { 0x4c, 0x4d }, { 0x4e, 0x03 }, { 0x60, 0x80 }, { 0x61, 0x80 }, { 0x62, 0x80 },
                     { 0x63, 0x80 }, { 0x69, 0x02 }, { 0x70, 0x80 }, { 0x76, 0x0c }, { 0x77, 0x0c },
                     { 0x78, 0x02 }, { 0xa0, 0x08 }, { 0xa8, 0x0f } };
    struct piix3 *piix3 = as_piix3(device);

    pci_device_reset(&piix3->pci);
    for (unsigned i = 0x40; i < PCI_CONFIG_BYTES; i++) {
        piix3->state.pci.config[i] = 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(defaults); i++) {
        piix3->state.pci.config[defaults[i].offset] = defaults[i].value;
    }
    piix3->state.pci.config[PCI_STATUS + 1] = 0x02; /* medium DEVSEL# timing */
    piix3->state.reset_control = 0;
    update_isa(piix3);
}

static bool realize(struct device *device, GError **error)
{
    struct piix3 *piix3 = as_piix3(device);
    struct pci_bus *bus;

    if (!pci_device_realize(&piix3->pci, error)) {
        return false;
    }
    bus = pci_device_bus(&piix3->pci);
    invariant(bus->router == NULL);
    bus->router = piix3;
    bus->route = route;
    bus->reset_control_read = reset_control_read;
    bus->reset_control_write = reset_control_write;
    reset(device);
    return true;
}

static void unrealize(struct device *device)
{
    struct piix3 *piix3 = as_piix3(device);
    struct pci_bus *bus = pci_device_bus(&piix3->pci);

    bus->router = NULL;
    bus->route = NULL;
    bus->reset_control_read = NULL;
    bus->reset_control_write = NULL;
    pci_device_unrealize(&piix3->pci);
}

static void after_load(struct device *device)
{
    pci_device_after_load(&as_piix3(device)->pci);
    update_isa(as_piix3(device));
}

static const struct pci_device_class piix3_class = {
    .device = { .description = "ISA bridge",
                .bus_type = TYPE_PCI_BUS,
                .realize = realize,
                .unrealize = unrealize,
                .reset = reset,
                .state = &piix3_desc,
                .state_offset = offsetof(struct piix3, state),
                .after_load = after_load },
    .vendor_id = 0x8086,
    .device_id = 0x7000,
    .class_id = 0x0601,
    .has_place = true,
    .place = PCI_DEVFN(1, 0),
    .multifunction = true,
    .config_offset = offsetof(struct piix3, state.pci),
    .config_write = config_write,
};

const struct type_info piix3_type_info = {
    .name = "PIIX3",
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(struct piix3),
    .class_methods = &piix3_class,
};

void piix3_connect_isa_irqs(struct device *piix3, const struct irq_line isa[16])
{
    for (unsigned i = 0; i < ISA_IRQ_COUNT; i++) {
        as_piix3(piix3)->isa[i] = isa[i];
    }
}
