/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * piix4_pm.c - 82371AB function 3 "PIIX4_PM": config registers that place the PM block, SMI_CMD,
 * sleep states, and the three roles: PCI function, hotplug handler, ACPI device.
 *
 *   config 0x40 PMBA (bits 15:6 of the PM block's port, bit 0 always 1)   82371AB §7.1.17
 *          0x58 DEVACTB (bit 25: writes to SMI_CMD make an SMI)           82371AB §7.1.22
 *          0x80 PMREGMISC (bit 0: the PM block decodes)                   82371AB §7.1.27
 *
 * There is no firmware, so both come up as SeaBIOS leaves them. The SMBus host is not there.
 */
#include "hw/acpi/piix4_pm.h"

#include <json-c/json.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/error_latch.h"
#include "base/invariant.h"
#include "hw/acpi/acpi_device.h"
#include "hw/acpi/acpi_internal.h"
#include "hw/acpi/acpi_regs.h"
#include "hw/acpi/cpu_hotplug.h"
#include "hw/acpi/memory_hotplug.h"
#include "hw/acpi/pci_hotplug.h"
#include "hw/core/board.h"
#include "hw/core/cpu_device_if.h"
#include "hw/core/hotplug.h"
#include "hw/core/memory_device_if.h"
#include "hw/pci/pci.h"
#include "trace/trace.h"

#define PMBA             0x40
#define PMBA_DEFAULT     0xb000u
#define PMBA_MASK        0xffc0u
#define PMREGMISC        0x80
#define DEVACTB_APMC     0x5b
#define APMC_ENABLED     0x02
#define PM_BLOCK_BYTES   64
#define GPE0_PORT        0xafe0
#define APM_PORT         0xb2 /* control, status */
#define SMI_ACPI_ENABLE  0xf1
#define SMI_ACPI_DISABLE 0xf0
#define SCI_ISA_IRQ      9

/* SLP_TYP values, as the PC's DSDT has them in _S5 and _S3; S4's is a property. */
#define SLP_TYP_S5 0
#define SLP_TYP_S3 1

struct piix4_pm_state {
    struct pci_device_state pci;
    struct acpi_pm1_state pm1;
    struct acpi_gpe_state gpe;
    uint8_t apm_control, apm_status;
    uint8_t pad[2];
    struct memory_hotplug_state memory;
    struct cpu_hotplug_state cpu;
    struct pci_hotplug_state pci_hotplug;
};

#define PIIX4_PM_FIELDS(FIELD, NESTED, T)  \
    NESTED(T, pci, pci_device_desc)        \
    NESTED(T, pm1, acpi_pm1_desc)          \
    NESTED(T, gpe, acpi_gpe_desc)          \
    FIELD(T, apm_control)                  \
    FIELD(T, apm_status)                   \
    FIELD(T, pad)                          \
    NESTED(T, memory, memory_hotplug_desc) \
    NESTED(T, cpu, cpu_hotplug_desc) NESTED(T, pci_hotplug, pci_hotplug_desc)
STATE_DECLARE(piix4_pm_desc, struct piix4_pm_state);
STATE_DESCRIBE(piix4_pm_desc, struct piix4_pm_state, PIIX4_PM_FIELDS);

struct piix4_pm {
    struct pci_device pci;
    struct piix4_pm_state state;
    struct acpi_regs regs;
    struct memory_hotplug memory;
    struct cpu_hotplug cpu;
    struct pci_hotplug pci_hotplug;
    struct memory_region block; /* container of the PM1 registers, where PMBA puts it */
    struct memory_region apm;
    uint8_t disable_s3, disable_s4, s4_val;
    bool memory_hotplug_support;
};

static struct piix4_pm *as_pm(struct device *device)
{
    return (struct piix4_pm *)(void *)device;
}

static struct piix4_pm *pm_of(struct object *object)
{
    return (struct piix4_pm *)(void *)object;
}

/* ---- PM block, SMI_CMD, sleep ---- */

static void place_block(struct piix4_pm *pm)
{
    const uint8_t *config = pm->state.pci.config;
    struct memory_region *ports = pm->pci.device.board->system_io;
    uint16_t base = bytes_load_le16(&config[PMBA]) & PMBA_MASK;
    bool wanted = (config[PMREGMISC] & 1) != 0;
    bool mapped = memory_region_is_mapped(&pm->block);

    if (mapped && (!wanted || pm->block.offset != base)) {
        memory_region_del_subregion(ports, &pm->block);
        mapped = false;
    }
    if (wanted && !mapped) {
        memory_region_add_subregion(ports, base, &pm->block);
    }
}

static void config_write(struct pci_device *device, uint32_t offset, uint32_t value, unsigned size)
{
    (void)value;
    (void)size;
    if ((offset & ~3u) == PMBA || (offset & ~3u) == PMREGMISC) {
        place_block(as_pm(&device->device));
    }
}

static uint64_t apm_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct piix4_pm *pm = opaque;

    (void)size;
    return offset == 0 ? pm->state.apm_control : pm->state.apm_status;
}

static void apm_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct piix4_pm *pm = opaque;

    (void)size;
    trace_acpi_register_write(offset == 0 ? "smi_command" : "apm_status", (uint32_t)value);
    if (offset == 1) {
        pm->state.apm_status = (uint8_t)value;
        return;
    }
    pm->state.apm_control = (uint8_t)value;
    if (value == SMI_ACPI_ENABLE || value == SMI_ACPI_DISABLE) {
        acpi_pm1_set_enabled(&pm->regs, value == SMI_ACPI_ENABLE);
    }
}

static const struct memory_region_ops apm_ops = {
    .read = apm_read, .write = apm_write, .size_min = 1, .size_max = 1
};

static void on_sleep(void *opaque, uint8_t type)
{
    struct piix4_pm *pm = opaque;
    const struct board *board = pm->pci.device.board;

    if (type == SLP_TYP_S5) {
        trace_acpi_sleep_requested(type, "S5, power off");
        board->ops->request(board->opaque, BOARD_REQUEST_SHUTDOWN, 0);
    } else if (type == pm->s4_val && pm->disable_s4 == 0) {
        trace_acpi_sleep_requested(type, "S4, power off");
        board->ops->event(board->opaque, "SUSPEND_DISK", NULL);
        board->ops->request(board->opaque, BOARD_REQUEST_SHUTDOWN, 0);
    } else {
        trace_acpi_sleep_requested(type, "none that there is");
        trace_guest_error("PIIX4_PM", 4, type,
                          type == SLP_TYP_S3 ? "S3 is not supported: the guest goes on"
                                             : "no sleep state has this SLP_TYP: ignored");
    }
}

/* ---- hotplug handler ---- */

static bool is_pci(const struct device *device)
{
    return object_is_a(&device->object, TYPE_PCI_DEVICE);
}

static bool is_cpu(const struct device *device)
{
    return object_is_a(&device->object, TYPE_CPU_DEVICE);
}

static bool check_memory_device(const struct piix4_pm *pm, GError **error)
{
    if (pm->memory.owner == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "memory hotplug is not enabled: %s",
                    pm->memory_hotplug_support ? "the machine has no DIMM slots"
                                               : "PIIX4_PM.memory-hotplug-support is not set");
        return false;
    }
    return true;
}

/* A device of a kind that has registers here. */
static bool check_device(const struct piix4_pm *pm, const struct device *device, const char *what,
                         GError **error)
{
    if (object_is_a(&device->object, TYPE_MEMORY_DEVICE)) {
        return check_memory_device(pm, error);
    }
    if (!is_pci(device) && (!is_cpu(device) || pm->cpu.owner == NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "acpi: device %s for not supported device type: %s", what,
                    object_type_name(&device->object));
        return false;
    }
    return true;
}

/* GPE0 and the line as they were before an event that failed on its way. */
static void take_back_event(struct piix4_pm *pm, struct acpi_gpe_state before)
{
    pm->state.gpe = before;
    acpi_update_sci(&pm->regs);
    /* Nothing follows from a second failure: the first is being reported. */
    (void)!error_latch_take(pm->pci.device.board->errors, NULL);
}

static bool plug(struct piix4_pm *pm, struct device *device, GError **error)
{
    if (is_pci(device)) {
        return acpi_pcihp_device_plug_cb(&pm->pci_hotplug, device, error);
    }
    return is_cpu(device) ? acpi_cpu_plug_cb(&pm->cpu, device, error)
                          : acpi_memory_plug_cb(&pm->memory, device, error);
}

static bool request_unplug(struct piix4_pm *pm, struct device *device, GError **error)
{
    if (is_pci(device)) {
        return acpi_pcihp_device_unplug_request_cb(&pm->pci_hotplug, device, error);
    }
    return is_cpu(device) ? acpi_cpu_unplug_request_cb(&pm->cpu, device, error)
                          : acpi_memory_unplug_request_cb(&pm->memory, device, error);
}

static bool piix4_device_plug_cb(struct object *handler, struct device *device, GError **error)
{
    struct piix4_pm *pm = pm_of(handler);
    struct acpi_gpe_state before = pm->state.gpe;
    bool ok;

    trace_piix4_device_plug_cb_enter(device_label(device));
    ok = check_device(pm, device, "plug request", error);
    if (ok && !plug(pm, device, error)) {
        take_back_event(pm, before);
        ok = false;
    }
    trace_piix4_device_plug_cb_leave(ok);
    return ok;
}

static bool piix4_device_unplug_request_cb(struct object *handler, struct device *device,
                                           GError **error)
{
    struct piix4_pm *pm = pm_of(handler);
    struct acpi_gpe_state before = pm->state.gpe;
    bool ok;

    trace_piix4_device_unplug_request_cb_enter(device_label(device));
    ok = check_device(pm, device, "unplug request", error);
    if (ok && !request_unplug(pm, device, error)) {
        take_back_event(pm, before);
        ok = false;
    }
    trace_piix4_device_unplug_request_cb_leave(ok);
    return ok;
}

static bool piix4_device_unplug_cb(struct object *handler, struct device *device, GError **error)
{
    struct piix4_pm *pm = pm_of(handler);
    bool ok;

    trace_piix4_device_unplug_cb_enter(device_label(device));
    ok = check_device(pm, device, "unplug", error);
    if (ok && is_cpu(device)) {
        acpi_cpu_unplug_cb(&pm->cpu, device);
    } else if (ok && is_pci(device)) {
        acpi_pcihp_device_unplug_cb(&pm->pci_hotplug, device);
    } else if (ok) {
        acpi_memory_unplug_cb(&pm->memory, device);
    }
    trace_piix4_device_unplug_cb_leave(ok);
    return ok;
}

/* ---- ACPI device ---- */

static void piix4_ospm_status(const struct object *object, struct json_object *list)
{
    const struct piix4_pm *pm = (const struct piix4_pm *)(const void *)object;

    if (pm->memory.owner != NULL) {
        memory_hotplug_ospm_status(&pm->memory, list);
    }
    if (pm->cpu.owner != NULL) {
        cpu_hotplug_ospm_status(&pm->cpu, list);
    }
}

static void piix4_send_gpe(struct object *object, enum acpi_event_status event)
{
    struct piix4_pm *pm = pm_of(object);

    trace_piix4_send_gpe_enter(event);
    acpi_send_gpe_event(&pm->regs, (uint16_t)event);
    trace_piix4_send_gpe_leave();
}

/* ---- device ---- */

/* Everything but the line; slots and what is in them outlive a reset, as in QEMU. */
static void reset_registers(struct piix4_pm *pm)
{
    uint8_t *config = pm->state.pci.config;

    pci_device_reset(&pm->pci);
    bytes_store_le16(&config[PCI_STATUS], 0x0280); /* fast back-to-back, medium DEVSEL# */
    config[PCI_INTERRUPT_PIN] = 1;
    config[PCI_INTERRUPT_LINE] = SCI_ISA_IRQ;
    bytes_store_le32(&config[PMBA], PMBA_DEFAULT | 1);
    config[PMREGMISC] = 1;
    /* No CPU here has SMM. Firmware that finds this bit set takes SMM as set up and leaves it alone. */
    config[DEVACTB_APMC] = APMC_ENABLED;
    place_block(pm);
    pm->state.gpe = (struct acpi_gpe_state){ 0 };
    pm->state.apm_control = 0;
    pm->state.apm_status = 0;
    acpi_pm1_reset(&pm->regs);
}

static void reset(struct device *device)
{
    struct piix4_pm *pm = as_pm(device);

    reset_registers(pm);
    memory_hotplug_event_taken(&pm->memory);
    cpu_hotplug_event_taken(&pm->cpu);
    pci_hotplug_reset(&pm->pci_hotplug);
    acpi_update_sci(&pm->regs);
}

static void map(struct piix4_pm *pm)
{
    const struct board *board = pm->pci.device.board;

    pm->regs.board = pm->pci.device.board;
    memory_region_init_container(&pm->block, board->memory, "piix4-pm", PM_BLOCK_BYTES);
    acpi_pm1_init(&pm->regs, &pm->block);
    acpi_gpe_init(&pm->regs, board->system_io, GPE0_PORT);
    memory_region_init_io(&pm->apm, board->memory, "apm-io", &apm_ops, pm, 2);
    memory_region_add_subregion(board->system_io, APM_PORT, &pm->apm);
    if (pm->memory_hotplug_support && pm->state.memory.slot_count > 0) {
        memory_hotplug_init(&pm->memory, &pm->state.memory, &pm->pci.device);
    }
    if (pm->state.cpu.cpu_count > 0) {
        cpu_hotplug_init(&pm->cpu, &pm->state.cpu, &pm->pci.device);
    }
    pci_hotplug_init(&pm->pci_hotplug, &pm->state.pci_hotplug, &pm->pci.device,
                     pci_device_bus(&pm->pci));
}

static bool realize(struct device *device, GError **error)
{
    struct piix4_pm *pm = as_pm(device);

    if (!pci_device_realize(&pm->pci, error)) {
        return false;
    }
    bytes_store_le32(&pm->pci.writable[PMBA], PMBA_MASK);
    bytes_store_le32(&pm->pci.writable[PMREGMISC], 1);
    map(pm);
    reset_registers(pm);
    return true;
}

static void unrealize(struct device *device)
{
    struct piix4_pm *pm = as_pm(device);
    const struct board *board = device->board;

    pci_hotplug_fini(&pm->pci_hotplug);
    memory_hotplug_fini(&pm->memory);
    cpu_hotplug_fini(&pm->cpu);
    memory_region_del_subregion(board->system_io, &pm->apm);
    memory_region_fini(&pm->apm);
    acpi_gpe_fini(&pm->regs, board->system_io);
    acpi_pm1_fini(&pm->regs, &pm->block);
    if (memory_region_is_mapped(&pm->block)) {
        memory_region_del_subregion(board->system_io, &pm->block);
    }
    memory_region_fini(&pm->block);
    pci_device_unrealize(&pm->pci);
}

static void after_load(struct device *device)
{
    struct piix4_pm *pm = as_pm(device);

    pci_device_after_load(&pm->pci);
    place_block(pm);
    acpi_pm1_sync(&pm->regs);
    acpi_update_sci(&pm->regs);
}

/*
 * Whether the guest looks at the slots now is its own affair: Linux clears all events when it starts, and an unplug request
 * of before then is lost. So it may be made again.
 */
static void on_gpe_taken(void *opaque, uint16_t events)
{
    struct piix4_pm *pm = opaque;

    if ((events & ACPI_MEMORY_HOTPLUG_STATUS) != 0) {
        memory_hotplug_event_taken(&pm->memory);
    }
    if ((events & ACPI_CPU_HOTPLUG_STATUS) != 0) {
        cpu_hotplug_event_taken(&pm->cpu);
    }
    if ((events & ACPI_PCI_HOTPLUG_STATUS) != 0) {
        pci_hotplug_event_taken(&pm->pci_hotplug);
    }
}

static void piix4_pm_init(struct object *object)
{
    struct piix4_pm *pm = pm_of(object);

    pm->regs.pm1 = &pm->state.pm1;
    pm->regs.gpe = &pm->state.gpe;
    pm->regs.sleep = on_sleep;
    pm->regs.gpe_taken = on_gpe_taken;
    pm->regs.opaque = pm;
}

#define AT(field) .offset = offsetof(struct piix4_pm, field), .fixed_once_realized = true

static const struct property_info piix4_pm_properties[] = {
    { .name = "disable_s3",
      .kind = PROPERTY_UINT8,
      AT(disable_s3),
      .default_text = "0",
      .description = "Kept for who sets it: there is no S3" },
    { .name = "disable_s4", .kind = PROPERTY_UINT8, AT(disable_s4), .default_text = "0" },
    { .name = "s4_val", .kind = PROPERTY_UINT8, AT(s4_val), .default_text = "2" },
    { .name = "memory-hotplug-support",
      .kind = PROPERTY_BOOL,
      AT(memory_hotplug_support),
      .default_text = "on" },
    { .name = NULL },
};

static const struct hotplug_handler_methods hotplug_methods = {
    .plug = piix4_device_plug_cb,
    .unplug_request = piix4_device_unplug_request_cb,
    .unplug = piix4_device_unplug_cb,
};

static const struct acpi_device_methods acpi_methods = {
    .ospm_status = piix4_ospm_status,
    .send_event = piix4_send_gpe,
    .madt_cpu = pc_madt_cpu_entry,
};

static const struct interface_impl interfaces[] = {
    { TYPE_HOTPLUG_HANDLER, &hotplug_methods },
    { TYPE_ACPI_DEVICE_IF, &acpi_methods },
    { NULL, NULL },
};

static const struct pci_device_class piix4_pm_class = {
    .device = { .description = "PM",
                .bus_type = TYPE_PCI_BUS,
                .realize = realize,
                .unrealize = unrealize,
                .reset = reset,
                .state = &piix4_pm_desc,
                .state_offset = offsetof(struct piix4_pm, state),
                .after_load = after_load },
    .vendor_id = 0x8086,
    .device_id = 0x7113,
    .revision = 3,
    .class_id = 0x0680,
    .has_place = true,
    .place = PCI_DEVFN(1, 3),
    .config_offset = offsetof(struct piix4_pm, state.pci),
    .config_write = config_write,
};

const struct type_info piix4_pm_type_info = {
    .name = TYPE_PIIX4_PM,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(struct piix4_pm),
    .interfaces = interfaces,
    .properties = piix4_pm_properties,
    .instance_init = piix4_pm_init,
    .class_methods = &piix4_pm_class,
};

void piix4_pm_connect_sci(struct device *pm, struct irq_line sci)
{
    as_pm(pm)->regs.sci = sci;
}

void piix4_pm_set_memory_slots(struct device *pm, uint32_t slots)
{
    invariant(slots <= DIMM_SLOTS_MAX);
    as_pm(pm)->state.memory.slot_count = slots;
}

void piix4_pm_add_cpu(struct device *pm, uint32_t apic_id, struct device *cpu)
{
    struct cpu_hotplug_state *state = &as_pm(pm)->state.cpu;

    invariant(state->cpu_count < CPU_HOTPLUG_CPUS_MAX);
    as_pm(pm)->cpu.cpus[state->cpu_count] = cpu;
    state->cpus[state->cpu_count++] =
        (struct cpu_slot_state){ .apic_id = apic_id, .enabled = cpu != NULL };
}

void piix4_pm_power_button(struct device *pm)
{
    acpi_pm1_power_button(&as_pm(pm)->regs);
}
