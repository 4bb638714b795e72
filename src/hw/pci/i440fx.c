/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i440fx.c - the 82441FX: "i440FX-pcihost" with configuration mechanism 1, "i440FX" its function
 * 0.0.
 *
 *   0xcf8 (4 bytes, whole accesses only)  bit 31 enable, 23:16 bus, 15:8 devfn, 7:2 register
 *   0xcf9 (1 byte)                        reset control of the PIIX3, handed on
 *   0xcfc (4 bytes)                       data, bytes and words too
 *   config 0x59 to 0x5f PAM, 0x72 SMRAM (82441FX §3.2.15, §3.2.18)
 */
#include "base/error.h"
#include "base/invariant.h"
#include "hw/pci/i440fx_pam.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_internal.h"
#include "trace/trace.h"

#define CONFIG_ADDRESS_PORT 0xcf8
#define CONFIG_DATA_PORT    0xcfc
#define CONFIG_ENABLE       0x80000000u
#define RESET_CONTROL       1 /* offset of 0xcf9 from 0xcf8 */

#define SMRAM         0x72
#define SMRAM_DEFAULT 0x02 /* C_BASE_SEG: always 010 */
#define SMRAM_OPEN    0x40
#define SMRAM_LOCK    0x10
#define SMRAM_BITS    0x78 /* D_OPEN, D_CLS, D_LCK, G_SMRAME */

/* ---- the host bridge ---- */

struct i440fx_host_state {
    uint32_t config_address;
};

#define I440FX_HOST_FIELDS(FIELD, NESTED, T) FIELD(T, config_address)
STATE_DECLARE(i440fx_host_desc, struct i440fx_host_state);
STATE_DESCRIBE(i440fx_host_desc, struct i440fx_host_state, I440FX_HOST_FIELDS);

struct i440fx_host {
    struct device device;
    struct i440fx_host_state state;
    const struct type_registry *types;
    struct pci_bus *bus;      /* child */
    struct device *bridge;    /* child */
    struct memory_region pci; /* container of the memory BARs, below RAM */
    struct memory_region index, data;
};

static struct i440fx_host *as_host(struct device *device)
{
    return (struct i440fx_host *)(void *)device;
}

static uint64_t all_ones(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

static uint64_t index_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct i440fx_host *host = opaque;

    if (offset == 0 && size == 4) {
        return host->state.config_address;
    }
    if (offset == RESET_CONTROL && size == 1 && host->bus->reset_control_read != NULL) {
        return host->bus->reset_control_read(host->bus->router);
    }
    trace_guest_error("i440FX-pcihost", CONFIG_ADDRESS_PORT + offset, size,
                      "configuration address is read whole only: all-ones");
    return all_ones(size);
}

static void index_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct i440fx_host *host = opaque;

    if (offset == 0 && size == 4) {
        host->state.config_address = (uint32_t)value;
    } else if (offset == RESET_CONTROL && size == 1 && host->bus->reset_control_write != NULL) {
        host->bus->reset_control_write(host->bus->router, (uint8_t)value);
    } else {
        trace_guest_error("i440FX-pcihost", CONFIG_ADDRESS_PORT + offset, value,
                          "configuration address is written whole only: ignored");
    }
}

/* The register that a data access at offset (0 to 3) means; false = none: disabled, or another
 * bus. */
static bool decode(const struct i440fx_host *host, uint64_t offset, uint8_t *out_devfn,
                   uint32_t *out_register)
{
    uint32_t address = host->state.config_address;

    if ((address & CONFIG_ENABLE) == 0 || (address >> 16 & 0xff) != 0) {
        return false;
    }
    *out_devfn = (uint8_t)(address >> 8);
    *out_register = (address & 0xfc) + (uint32_t)offset;
    return true;
}

static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct i440fx_host *host = opaque;
    uint32_t where;
    uint8_t devfn;

    return decode(host, offset, &devfn, &where) ? pci_bus_config_read(host->bus, devfn, where, size)
                                                : all_ones(size);
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    const struct i440fx_host *host = opaque;
    uint32_t where;
    uint8_t devfn;

    if (decode(host, offset, &devfn, &where)) {
        pci_bus_config_write(host->bus, devfn, where, (uint32_t)value, size);
    }
}

static const struct memory_region_ops index_ops = {
    .read = index_read, .write = index_write, .size_min = 1, .size_max = 4
};
static const struct memory_region_ops data_ops = {
    .read = data_read, .write = data_write, .size_min = 1, .size_max = 4
};

static void map_ports(struct i440fx_host *host)
{
    const struct board *board = host->device.board;

    memory_region_init_container(&host->pci, board->memory, "pci", MEMORY_SIZE_ALL);
    memory_region_add_subregion_overlap(board->system_memory, 0, &host->pci, -1);
    memory_region_init_io(&host->index, board->memory, "pci-conf-idx", &index_ops, host, 4);
    memory_region_init_io(&host->data, board->memory, "pci-conf-data", &data_ops, host, 4);
    memory_region_add_subregion(board->system_io, CONFIG_ADDRESS_PORT, &host->index);
    memory_region_add_subregion(board->system_io, CONFIG_DATA_PORT, &host->data);
    host->bus->memory = &host->pci;
    host->bus->io = board->system_io;
}

static void unmap_ports(struct i440fx_host *host)
{
    const struct board *board = host->device.board;

    memory_region_del_subregion(board->system_io, &host->data);
    memory_region_del_subregion(board->system_io, &host->index);
    memory_region_del_subregion(board->system_memory, &host->pci);
    memory_region_fini(&host->data);
    memory_region_fini(&host->index);
    memory_region_fini(&host->pci);
}

static bool add_bridge(struct i440fx_host *host, GError **error)
{
    struct object *object = object_create(host->types, "i440FX", error);

    if (object == NULL) {
        return false;
    }
    host->bridge = (struct device *)(void *)object;
    host->bridge->board = host->device.board;
    if (!object_add_child(&host->device.object, "i440FX", object, error)) {
        object_destroy(object);
        return false;
    }
    bus_add_device(&host->bus->bus, host->bridge);
    if (!device_set_realized(host->bridge, true, error)) {
        object_destroy(object);
        return false;
    }
    return true;
}

static void host_unrealize(struct device *device)
{
    struct i440fx_host *host = as_host(device);

    if (host->bridge != NULL) {
        bool ok = device_set_realized(host->bridge, false, NULL);

        invariant(ok);
        object_destroy(&host->bridge->object);
        host->bridge = NULL;
    }
    unmap_ports(host);
    object_destroy(&host->bus->bus.object);
    host->bus = NULL;
}

static bool host_realize(struct device *device, GError **error)
{
    struct i440fx_host *host = as_host(device);

    invariant(host->types != NULL); /* i440fx_pcihost_set_types() comes first. */
    host->bus =
        (struct pci_bus *)(void *)bus_create(host->types, TYPE_PCI_BUS, device, "pci.0", error);
    if (host->bus == NULL) {
        return false;
    }
    map_ports(host);
    if (!add_bridge(host, error)) {
        host->bridge = NULL;
        host_unrealize(device);
        return false;
    }
    return true;
}

static void host_reset(struct device *device)
{
    as_host(device)->state.config_address = 0;
}

static const struct device_class host_class = {
    .description = "82441FX host bridge",
    .bus_type = "System",
    .realize = host_realize,
    .unrealize = host_unrealize,
    .reset = host_reset,
    .state = &i440fx_host_desc,
    .state_offset = offsetof(struct i440fx_host, state),
};

const struct type_info i440fx_pcihost_type_info = {
    .name = "i440FX-pcihost",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct i440fx_host),
    .class_methods = &host_class,
};

void i440fx_pcihost_set_types(struct device *host_bridge, const struct type_registry *types)
{
    as_host(host_bridge)->types = types;
}

struct pci_bus *i440fx_pci_bus(struct device *host_bridge)
{
    return as_host(host_bridge)->bus;
}

/* ---- function 0.0 ---- */

struct i440fx {
    struct pci_device pci;
    struct pci_device_state state;
    struct i440fx_pam pam;
};

static struct i440fx *as_bridge(struct pci_device *device)
{
    return (struct i440fx *)(void *)device;
}

void i440fx_connect_shadow_ram(struct device *host_bridge, struct memory_region *ram)
{
    const struct i440fx_host *host = as_host(host_bridge);
    struct i440fx *bridge = as_bridge((struct pci_device *)(void *)host->bridge);

    i440fx_pam_init(&bridge->pam, host->device.board->system_memory, host->bus->memory, ram);
    i440fx_pam_update(&bridge->pam, &bridge->state.config[I440FX_PAM_FIRST]);
}

static void reset(struct device *device)
{
    struct i440fx *bridge = (struct i440fx *)(void *)device;

    pci_device_reset(&bridge->pci);
    for (unsigned i = I440FX_PAM_FIRST; i <= I440FX_PAM_LAST; i++) {
        bridge->state.config[i] = 0;
    }
    i440fx_pam_update(&bridge->pam, &bridge->state.config[I440FX_PAM_FIRST]);
    bridge->state.config[SMRAM] = SMRAM_DEFAULT;
    bridge->pci.writable[SMRAM] = SMRAM_BITS;
}

/* PAM takes effect at once. A set D_LCK closes D_OPEN and holds both until reset. */
static void config_write(struct pci_device *device, uint32_t offset, uint32_t value, unsigned size)
{
    uint8_t *smram = &device->pci->config[SMRAM];

    (void)value;
    if (offset <= I440FX_PAM_LAST && I440FX_PAM_FIRST < offset + size) {
        i440fx_pam_update(&as_bridge(device)->pam, &device->pci->config[I440FX_PAM_FIRST]);
    }
    if (offset <= SMRAM && SMRAM < offset + size && (*smram & SMRAM_LOCK) != 0) {
        *smram &= (uint8_t)~SMRAM_OPEN;
        device->writable[SMRAM] = SMRAM_BITS & ~(SMRAM_LOCK | SMRAM_OPEN);
    }
}

static bool realize(struct device *device, GError **error)
{
    if (!pci_device_realize((struct pci_device *)device, error)) {
        return false;
    }
    reset(device);
    return true;
}

static void unrealize(struct device *device)
{
    i440fx_pam_fini(&as_bridge((struct pci_device *)(void *)device)->pam);
    pci_device_unrealize((struct pci_device *)device);
}

static void after_load(struct device *device)
{
    pci_device_after_load((struct pci_device *)device);
    config_write((struct pci_device *)device, I440FX_PAM_FIRST, 0, SMRAM + 1 - I440FX_PAM_FIRST);
}

static const struct pci_device_class i440fx_class = {
    .device = { .description = "Host bridge",
                .bus_type = TYPE_PCI_BUS,
                .realize = realize,
                .unrealize = unrealize,
                .reset = reset,
                .state = &pci_device_desc,
                .state_offset = offsetof(struct i440fx, state),
                .after_load = after_load },
    .vendor_id = 0x8086,
    .device_id = 0x1237,
    .revision = 2,
    .class_id = 0x0600,
    .has_place = true,
    .place = PCI_DEVFN(0, 0),
    .config_offset = offsetof(struct i440fx, state),
    .config_write = config_write,
};

const struct type_info i440fx_type_info = {
    .name = "i440FX",
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(struct i440fx),
    .class_methods = &i440fx_class,
};
