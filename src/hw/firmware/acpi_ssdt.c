/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_ssdt.c - the part of the namespace that depends on the configuration: the host bridge's
 * windows, serial ports, HPET, fw_cfg, and one device for each processor and each DIMM slot
 * with the method that notifies it.
 */
#include "base/invariant.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/firmware_internal.h"

#define SSDT_REVISION    2u
#define STATUS_PRESENT   0x0fu
#define STATUS_HIDDEN    0x0bu
#define VGA_GPA          0xa0000u
#define VGA_BYTES        0x20000u
#define PCI_CONFIG_PORT  0x0cf8u
#define PCI_CONFIG_PORTS 8u
#define HPET_BYTES       0x400u
#define FW_CFG_PORT      0x0510u
#define FW_CFG_PORTS     12u
#define SERIAL_PORTS     8u

static void add_name_eisa_id(struct aml *aml, const char *id)
{
    aml_name(aml, "_HID");
    aml_eisa_id(aml, id);
}

static void add_name_integer(struct aml *aml, const char *path, uint64_t value)
{
    aml_name(aml, path);
    aml_integer(aml, value);
}

static void add_name_resources(struct aml *aml, GByteArray *resources)
{
    aml_name(aml, "_CRS");
    aml_resources(aml, resources);
    g_byte_array_unref(resources);
}

/*
 * What the host bridge hands on to the bus: all ports but its own, memory between RAM and the
 * chips.
 */
static void add_windows(struct aml *aml, const struct acpi_config *config)
{
    GByteArray *resources = g_byte_array_new();
    const struct aml_window vga = { .base = VGA_GPA, .bytes = VGA_BYTES, .cacheable = true };
    const struct aml_window hole = { .base = config->below_4g_bytes,
                                     .bytes = BOOT_IOAPIC_GPA - config->below_4g_bytes };
    const struct aml_window high = { .base = config->pci64_base,
                                     .bytes = config->pci64_bytes,
                                     .cacheable = true };

    invariant(config->below_4g_bytes < BOOT_IOAPIC_GPA);
    resources_bus_window(resources, 0, 0xff);
    resources_io(resources, PCI_CONFIG_PORT, PCI_CONFIG_PORTS);
    resources_io_window(resources, 0, PCI_CONFIG_PORT - 1);
    resources_io_window(resources, PCI_CONFIG_PORT + PCI_CONFIG_PORTS, 0xffff);
    resources_memory_window(resources, &vga);
    resources_memory_window(resources, &hole);
    if (high.bytes > 0) {
        resources_memory_window(resources, &high);
    }
    add_name_resources(aml, resources);
}

static void add_serial_ports(struct aml *aml, const struct acpi_config *config)
{
    static const struct {
        const char *name;
        uint16_t port;
        uint8_t irq;
    } ports[ACPI_SERIAL_PORTS_MAX] = {
        { "COM1", 0x3f8, 4 }, { "COM2", 0x2f8, 3 }, { "COM3", 0x3e8, 4 }, { "COM4", 0x2e8, 3 }
    };

    aml_begin_scope(aml, "\\_SB.PCI0.ISA");
    for (unsigned i = 0; i < ACPI_SERIAL_PORTS_MAX; i++) {
        GByteArray *resources;

        if ((config->serial_ports & 1u << i) == 0) {
            continue;
        }
        resources = g_byte_array_new();
        resources_io(resources, ports[i].port, SERIAL_PORTS);
        resources_irq(resources, ports[i].irq);
        aml_begin_device(aml, ports[i].name);
        add_name_eisa_id(aml, "PNP0501");
        add_name_integer(aml, "_UID", i + 1);
        add_name_integer(aml, "_STA", STATUS_PRESENT);
        add_name_resources(aml, resources);
        aml_end(aml);
    }
    aml_end(aml);
}

static void add_hpet(struct aml *aml)
{
    GByteArray *resources = g_byte_array_new();

    resources_memory32_fixed(resources, BOOT_HPET_GPA, HPET_BYTES);
    aml_begin_device(aml, "\\_SB.HPET");
    add_name_eisa_id(aml, "PNP0103");
    add_name_integer(aml, "_UID", 0);
    add_name_integer(aml, "_STA", STATUS_PRESENT);
    add_name_resources(aml, resources);
    aml_end(aml);
}

static void add_fw_cfg(struct aml *aml)
{
    GByteArray *resources = g_byte_array_new();

    resources_io(resources, FW_CFG_PORT, FW_CFG_PORTS);
    aml_begin_device(aml, "\\_SB.PCI0.FWCF");
    aml_name(aml, "_HID");
    aml_string(aml, "QEMU0002"); /* the ID that drivers of this interface look for */
    add_name_integer(aml, "_STA", STATUS_HIDDEN);
    add_name_resources(aml, resources);
    aml_end(aml);
}

/* A method of a slot's or processor's device, and the shared one that does its work. */
struct slot_method {
    const char *name, *function;
    bool returns;
    uint8_t arguments, passed; /* passed behind the slot's number */
};

static void add_slot_method(struct aml *aml, const struct slot_method *method, unsigned slot)
{
    aml_begin_method(aml, method->name, method->arguments, false);
    if (method->returns) {
        aml_return(aml);
    }
    aml_call(aml, method->function);
    aml_integer(aml, slot);
    for (unsigned i = 0; i < method->passed; i++) {
        aml_argument(aml, i);
    }
    aml_end(aml);
}

typedef void (*slot_name_fn)(char name[5], unsigned slot);

/* The method NAME (slot, value): notifies the device of one of count slots. */
static void add_notify_method(struct aml *aml, const char *name, unsigned count,
                              slot_name_fn slot_name)
{
    aml_begin_method(aml, name, 2, false);
    for (unsigned i = 0; i < count; i++) {
        char device[5];

        slot_name(device, i);
        aml_begin_if_argument_equals(aml, 0, i);
        aml_notify(aml, device);
        aml_argument(aml, 1);
        aml_end(aml);
    }
    aml_end(aml);
}

/* ---- processors ---- */

static void cpu_name(char name[5], unsigned index)
{
    (void)g_snprintf(name, 5, "C%03X", index);
}

/* What the MADT would say of it once it is there. */
static void add_mat(struct aml *aml, const struct acpi_cpu *cpu, unsigned index)
{
    struct acpi_cpu present = *cpu;
    GByteArray *entry = g_byte_array_new();

    present.present = true;
    acpi_put_madt_cpu(entry, index, &present);
    aml_name(aml, "_MAT");
    aml_buffer(aml, entry->data, entry->len);
    g_byte_array_unref(entry);
}

static void add_cpu(struct aml *aml, const struct acpi_config *config, unsigned index)
{
    static const struct slot_method methods[] = {
        { "_STA", "CSTA", true, 0, 0 },
        { "_OST", "COST", false, 3, 2 },
        { "_EJ0", "CEJX", false, 1, 0 }, /* the first processor can't be ejected: the last row */
    };
    unsigned method_count = G_N_ELEMENTS(methods) - (index == 0);
    char name[5];

    cpu_name(name, index);
    aml_begin_device(aml, name);
    aml_name(aml, "_HID");
    aml_string(aml, "ACPI0007");
    add_name_integer(aml, "_UID", index);
    add_mat(aml, &config->cpus[index], index);
    if (config->node_count > 0) {
        add_name_integer(aml, "_PXM", config->cpus[index].node);
    }
    for (unsigned i = 0; i < method_count; i++) {
        add_slot_method(aml, &methods[i], index);
    }
    aml_end(aml);
}

static void add_cpus(struct aml *aml, const struct acpi_config *config)
{
    aml_begin_scope(aml, "\\_SB.CPUS");
    add_name_integer(aml, "CNUM", config->cpu_count);
    for (unsigned i = 0; i < config->cpu_count; i++) {
        add_cpu(aml, config, i);
    }
    add_notify_method(aml, "CTFY", config->cpu_count, cpu_name);
    aml_end(aml);
}

/* ---- DIMM slots ---- */

static void slot_name(char name[5], unsigned slot)
{
    (void)g_snprintf(name, 5, "MP%02X", slot);
}

static void add_slot(struct aml *aml, unsigned slot)
{
    static const struct slot_method methods[] = {
        { "_STA", "MRST", true, 0, 0 },  { "_CRS", "MCRS", true, 0, 0 },
        { "_PXM", "MPXM", true, 0, 0 },  { "_OST", "MOST", false, 3, 2 },
        { "_EJ0", "MEJ0", false, 1, 0 },
    };
    char name[5];

    slot_name(name, slot);
    aml_begin_device(aml, name);
    add_name_eisa_id(aml, "PNP0C80");
    add_name_integer(aml, "_UID", slot);
    for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
        add_slot_method(aml, &methods[i], slot);
    }
    aml_end(aml);
}

static void add_memory_slots(struct aml *aml, unsigned slots)
{
    aml_begin_scope(aml, "\\_SB.MHPC");
    add_name_integer(aml, "MDNR", slots);
    for (unsigned i = 0; i < slots; i++) {
        add_slot(aml, i);
    }
    add_notify_method(aml, "MTFY", slots, slot_name);
    aml_end(aml);
}

void acpi_add_ssdt(struct acpi_tables *tables, const struct acpi_config *config)
{
    uint32_t start = acpi_begin_table(tables, "SSDT", SSDT_REVISION);
    GByteArray *bytes;
    struct aml aml;

    aml_init(&aml);
    aml_begin_scope(&aml, "\\_SB.PCI0");
    add_name_integer(&aml, "PS2S", config->has_i8042 ? STATUS_PRESENT : 0);
    add_windows(&aml, config);
    aml_end(&aml);
    add_serial_ports(&aml, config);
    if (config->hpet_block_id != 0) {
        add_hpet(&aml);
    }
    if (config->has_fw_cfg) {
        add_fw_cfg(&aml);
    }
    add_cpus(&aml, config);
    if (config->memory_slots > 0) {
        add_memory_slots(&aml, config->memory_slots);
    }
    bytes = aml_finish(&aml);
    g_byte_array_append(tables->tables, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    acpi_end_table(tables, start, ACPI_LISTED);
}
