/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci_fixture.h - a board with the 440FX, the PIIX3 and a function of the test's own. */
#ifndef REPLUG_TESTS_UNIT_HW_PCI_PCI_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_PCI_PCI_FIXTURE_H

#include "hw/board_fixture.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_msi.h"

struct probe_state {
    struct pci_device_state pci;
};

/* A function with a memory BAR of 4 KiB, an I/O BAR of 16 bytes and INTA. */
struct probe {
    struct pci_device pci;
    struct probe_state state;
    struct memory_region memory, io;
    uint64_t written;
    unsigned config_writes;
    struct pci_msix msix; /* for tests that give it one */
    struct pci_msix_state msix_state;
};

static inline uint64_t probe_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    (void)size;
    return 0x50 + offset;
}

static inline void probe_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    ((struct probe *)opaque)->written = value;
}

static inline bool probe_realize(struct device *device, GError **error)
{
    static const struct memory_region_ops ops = { .read = probe_read, .write = probe_write };
    struct probe *probe = (struct probe *)(void *)device;

    if (!pci_device_realize(&probe->pci, error)) {
        return false;
    }
    probe->state.pci.config[PCI_INTERRUPT_PIN] = 1;
    memory_region_init_io(&probe->memory, device->board->memory, "probe-mem", &ops, probe, 4096);
    memory_region_init_io(&probe->io, device->board->memory, "probe-io", &ops, probe, 16);
    pci_device_register_bar(&probe->pci, 0, &probe->memory, false);
    pci_device_register_bar(&probe->pci, 2, &probe->io, true);
    return true;
}

static inline void probe_unrealize(struct device *device)
{
    struct probe *probe = (struct probe *)(void *)device;

    pci_device_unrealize(&probe->pci);
    pci_msix_fini(&probe->msix);
    memory_region_fini(&probe->memory);
    memory_region_fini(&probe->io);
}

static inline void probe_reset(struct device *device)
{
    pci_device_reset((struct pci_device *)(void *)device);
}

static inline void probe_after_load(struct device *device)
{
    pci_device_after_load((struct pci_device *)(void *)device);
}

static inline void probe_config_write(struct pci_device *device, uint32_t offset, uint32_t value,
                                      unsigned size)
{
    (void)offset;
    (void)value;
    (void)size;
    ((struct probe *)(void *)device)->config_writes++;
}

struct pci_fixture {
    struct board_fixture *board;
    struct device *host, *piix3;
    struct pci_bus *bus;
};

static inline struct pci_fixture *pci_fixture_create(void)
{
    static const struct pci_device_class probe_class = {
        .device = { .bus_type = TYPE_PCI_BUS,
                    .realize = probe_realize,
                    .unrealize = probe_unrealize,
                    .reset = probe_reset,
                    .after_load = probe_after_load,
                    .hotpluggable = true },
        .vendor_id = 0x1234,
        .device_id = 0x5678,
        .revision = 9,
        .class_id = 0x00ff,
        .subsystem_vendor_id = 0xaaaa,
        .subsystem_id = 0xbbbb,
        .config_offset = offsetof(struct probe, state.pci),
        .config_write = probe_config_write,
    };
    static const struct type_info probe_type = { .name = "probe",
                                                 .parent = TYPE_PCI_DEVICE,
                                                 .instance_size = sizeof(struct probe),
                                                 .class_methods = &probe_class };
    static const struct type_info *const types[] = {
        &pci_bus_type_info,
        &pci_device_type_info,
        &i440fx_pcihost_type_info,
        &i440fx_type_info,
        &piix3_type_info,
        &probe_type,
        NULL,
    };
    struct pci_fixture *p = g_new0(struct pci_fixture, 1);
    struct irq_line isa[16];

    p->board = board_fixture_create(types);
    p->host = board_fixture_device(p->board, "i440FX-pcihost", "host");
    i440fx_pcihost_set_types(p->host, p->board->registry);
    board_fixture_realize(p->host);
    p->bus = i440fx_pci_bus(p->host);
    p->piix3 = board_fixture_device(p->board, "PIIX3", NULL);
    bus_add_device(&p->bus->bus, p->piix3);
    for (unsigned i = 0; i < G_N_ELEMENTS(isa); i++) {
        isa[i] = board_fixture_line(p->board, i);
    }
    piix3_connect_isa_irqs(p->piix3, isa);
    board_fixture_realize(p->piix3);
    return p;
}

static inline void pci_fixture_destroy(struct pci_fixture *p)
{
    board_fixture_destroy(p->board);
    g_free(p);
}

/* On the bus, not realized. addr NULL = wherever there is room. */
static inline struct probe *probe_prepare(struct pci_fixture *p, const char *id, const char *addr)
{
    struct device *device = board_fixture_device(p->board, "probe", id);

    bus_add_device(&p->bus->bus, device);
    if (addr != NULL) {
        assert_true(object_property_parse(&device->object, "addr", addr, NULL, NULL));
    }
    return (struct probe *)(void *)device;
}

static inline struct probe *probe_at(struct pci_fixture *p, const char *id, const char *addr)
{
    struct probe *probe = probe_prepare(p, id, addr);

    board_fixture_realize(&probe->pci.device);
    return probe;
}

/* Through the ports, as a guest does. */
static inline uint64_t config_read(struct pci_fixture *p, uint8_t devfn, uint32_t offset,
                                   unsigned size)
{
    port_write(p->board, 0xcf8, 0x80000000u | (uint32_t)devfn << 8 | (offset & 0xfc), 4);
    return port_read(p->board, (uint16_t)(0xcfc + (offset & 3)), size);
}

static inline void config_write(struct pci_fixture *p, uint8_t devfn, uint32_t offset,
                                uint32_t value, unsigned size)
{
    port_write(p->board, 0xcf8, 0x80000000u | (uint32_t)devfn << 8 | (offset & 0xfc), 4);
    port_write(p->board, (uint16_t)(0xcfc + (offset & 3)), value, size);
}

static inline int pci_fixture_setup(void **state)
{
    *state = pci_fixture_create();
    return 0;
}

static inline int pci_fixture_teardown(void **state)
{
    pci_fixture_destroy(*state);
    return 0;
}

#endif
