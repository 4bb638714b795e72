/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.h - PCI bus and functions: configuration space (PCI Local Bus 3.0 chapter 6), BARs,
 * configuration mechanism 1.
 */
#ifndef REPLUG_HW_PCI_PCI_H
#define REPLUG_HW_PCI_PCI_H

#include "hw/core/board.h"
#include "hw/core/device.h"
#include "hw/core/irq_line.h"
#include "memory/region.h"
#include "state/state.h"

#define TYPE_PCI_BUS              "PCI"
#define TYPE_PCI_DEVICE           "pci-device"
#define PCI_CONFIG_BYTES          256
#define PCI_BAR_COUNT             6
#define PCI_DEVFN(slot, function) ((uint8_t)((slot) << 3 | (function)))
#define PCI_DEVFN_AUTO            0xffffffffu

struct pci_device;
struct pci_msix;
struct type_registry;

/* Standard header offsets (type 0). */
enum pci_config_offset {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION_ID = 0x08,
    PCI_CLASS_PROG = 0x09,
    PCI_CLASS_DEVICE = 0x0a,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};

#define PCI_COMMAND_IO           0x1
#define PCI_COMMAND_MEMORY       0x2
#define PCI_COMMAND_MASTER       0x4
#define PCI_COMMAND_INTX_DISABLE 0x400

struct pci_device_class {
    struct device_class device;
    uint16_t vendor_id, device_id;
    uint8_t revision;
    uint16_t class_id;                          /* base class << 8 | subclass */
    uint16_t subsystem_vendor_id, subsystem_id; /* both 0 = 1af4:1100, as QEMU's devices have */
    bool has_place;     /* without "addr" it goes to place, not to the first free slot */
    uint8_t place;      /* devfn */
    bool multifunction; /* without "multifunction": the header says that more functions follow */
    uint32_t config_offset; /* of its struct pci_device_state in the instance: a member of the
                               type's own state struct, which nests it by pci_device_desc */
    /* Called before config space is read: brings what is not plain storage up to date. NULL = all is. */
    void (*config_read)(struct pci_device *device, uint32_t offset, unsigned size);
    /* Called after the common part has stored and served the write; NULL = only the common. */
    void (*config_write)(struct pci_device *device, uint32_t offset, uint32_t value, unsigned size);
};

struct pci_device_state {
    uint8_t config[PCI_CONFIG_BYTES];
};

#define PCI_DEVICE_FIELDS(FIELD, NESTED, T) FIELD(T, config)
STATE_DECLARE(pci_device_desc, struct pci_device_state);

struct pci_bar {
    struct memory_region *region; /* NULL = none; borrowed from the device */
    bool io;
};

struct pci_device {
    struct device device;
    uint32_t devfn; /* property "addr" ("3" or "3.1"); PCI_DEVFN_AUTO until realize */
    bool multifunction;
    struct pci_device_state *pci;       /* config space, at the class's config_offset */
    uint8_t writable[PCI_CONFIG_BYTES]; /* bits that the guest may change */
    struct pci_bar bars[PCI_BAR_COUNT];
    uint16_t capabilities_end; /* 0 = there are none */
    uint8_t msi_offset;        /* of the MSI capability; 0 = none (pci_msi.h) */
    struct pci_msix *msix;     /* NULL = none; embedded in the device */
    struct irq_line intx;      /* to the bus, which routes it on; unconnected until realize */
    bool intx_level;           /* what the function drives */
    bool
        intx_raised; /* what the bus was told: 0 while the guest has disabled INTx or uses messages */
};

struct pci_bus {
    struct bus bus;
    struct pci_device *functions[256]; /* by devfn; borrowed */
    /* Interrupt routing: level of pin (0 to 3 = INTA to INTD) of a slot; set by the south bridge.
     */
    void (*route)(void *router, unsigned slot, unsigned pin, int level);
    /* Port 0xcf9 lies among the ports of mechanism 1: the host bridge hands its accesses on. */
    uint8_t (*reset_control_read)(void *router);
    void (*reset_control_write)(void *router, uint8_t value);
    void *router;
    uint8_t intx_count[32][4];         /* functions of a slot that raise a pin */
    struct memory_region *memory, *io; /* where BARs are mapped */
};

extern const struct type_info pci_bus_type_info;
extern const struct type_info pci_device_type_info;

/*
 * What every function's class calls first in its own realize and reset and last in its own
 * unrealize. realize takes the place on the bus (the device is on one) and fills the header; the
 * class then sets what is its own. Errors: no bus, place taken, no place left, function rules.
 */
bool pci_device_realize(struct pci_device *device, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pci_device_unrealize(struct pci_device *device);
void pci_device_reset(struct pci_device *device);
/* Maps the BARs and drives INTx as config space says: for a class's after_load. */
void pci_device_after_load(struct pci_device *device);

/* For a function's realize: registers a BAR before the guest sees the device. size is a power of
 * two. */
void pci_device_register_bar(struct pci_device *device, unsigned index,
                             struct memory_region *region, bool io);

/* Level of the function's INTx pin (PCI_INTERRUPT_PIN says which). */
void pci_device_set_irq(struct pci_device *device, int level);

static inline struct pci_bus *pci_device_bus(const struct pci_device *device)
{
    return (struct pci_bus *)(void *)device->device.parent_bus;
}

/* Configuration accesses by mechanism 1 or from tests; absent functions read all-ones. size 1, 2
 * or 4. */
uint32_t pci_bus_config_read(struct pci_bus *bus, uint8_t devfn, uint32_t offset, unsigned size);
void pci_bus_config_write(struct pci_bus *bus, uint8_t devfn, uint32_t offset, uint32_t value,
                          unsigned size);

/* The child bus "pci.0" of an i440FX host bridge; NULL before realize. */
struct pci_bus *i440fx_pci_bus(struct device *host_bridge);

/* Where the host bridge finds the types "PCI" and "i440FX", which it makes at realize. Before
 * realize; the registry outlives it. */
void i440fx_pcihost_set_types(struct device *host_bridge, const struct type_registry *types);

/* The guest has firmware: PAM registers steer accesses to 0xc0000 to 0xfffff from now on (hw/pci/i440fx_pam.h). After
 * realize; ram begins at address 0 and outlives the bridge. */
void i440fx_connect_shadow_ram(struct device *host_bridge, struct memory_region *ram);

/* ---- the chipset, as device types (QEMU's names) ---- */
extern const struct type_info
    i440fx_pcihost_type_info; /* "i440FX-pcihost": ports 0xcf8, 0xcfc; creates bus pci.0 and the
                                 bridge function at realize */
extern const struct type_info
    i440fx_type_info; /* "i440FX": function 0.0; PAM and SMRAM registers (82441FX §3.2) are kept
                         and read back; PAM steers memory where there is firmware to shadow */
extern const struct type_info piix3_type_info; /* "PIIX3": function 1.0, ISA bridge, PIRQ routing
                                                  (82371SB), reset control 0xcf9 */

/* Interrupt lines out of the PIIX3: ISA pins 0 to 15; connected by the wiring. */
void piix3_connect_isa_irqs(struct device *piix3, const struct irq_line isa[16]);

#endif
