/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_types.c - the one table of all types, parents before children: what is not listed here does not exist. */
#include "hw/acpi/acpi_device.h"
#include "hw/acpi/piix4_pm.h"
#include "hw/char/char_devices.h"
#include "hw/core/cpu_device_if.h"
#include "hw/core/memory_device_if.h"
#include "hw/firmware/fw_cfg.h"
#include "hw/input/i8042.h"
#include "hw/input/port92.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/intc/lapic.h"
#include "hw/mem/memory_backend.h"
#include "hw/mem/pc_dimm.h"
#include "hw/pci/pci.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "hw/virtio/rng_backend.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

const struct type_info *const machine_types[] = {
    /* Roots and interfaces. */
    &object_type_info,
    &container_type_info,
    &user_creatable_type_info,
    &property_guard_type_info,
    &hotplug_handler_type_info,
    &memory_device_if_type_info,
    &cpu_device_if_type_info,
    &acpi_device_if_type_info,
    /* Machines and processors. */
    &machine_type_info,
    &generic_pc_machine_type_info,
    &pc_machine_type_info,
    &none_machine_type_info,
    &device_type_info,
    &cpu_type_info,
    &x86_cpu_type_info,
    &x86_cpu_qemu64_type_info,
    &x86_cpu_host_type_info,
    &x86_cpu_max_type_info,
    &x86_cpu_v1_type_info,
    &x86_cpu_v2_type_info,
    &x86_cpu_v3_type_info,
    /* Buses. */
    &bus_type_info,
    &system_bus_type_info,
    &isa_bus_type_info,
    &pci_bus_type_info,
    /* Chipset. */
    &pci_device_type_info,
    &i440fx_pcihost_type_info,
    &i440fx_type_info,
    &piix3_type_info,
    &piix4_pm_type_info,
    &kvm_i8259_type_info,
    &kvm_ioapic_type_info,
    &mc146818_type_info,
    &lapic_type_info,
    &ioapic_type_info,
    &i8259_type_info,
    &i8254_type_info,
    &hpet_type_info,
    &i8042_type_info,
    &port92_type_info,
    &fw_cfg_io_type_info,
    /* Virtio. */
    &virtio_pci_type_info,
    &virtio_rng_type_info,
    &virtio_block_type_info,
    &virtio_net_type_info,
    &virtio_serial_bus_type_info,
    &virtio_serial_type_info,
    &virtio_console_type_info,
    &rng_backend_type_info,
    &rng_builtin_type_info,
    &rng_random_type_info,
    /* Character devices. */
    &isa_serial_type_info,
    &isa_debugcon_type_info,
    &isa_debug_exit_type_info,
    /* Memory. */
    &memory_backend_type_info,
    &memory_backend_ram_type_info,
    &memory_backend_memfd_type_info,
    &memory_backend_file_type_info,
    &pc_dimm_type_info,
    NULL,
};
