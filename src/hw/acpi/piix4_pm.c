/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/acpi/piix4_pm.h"

#include "hw/acpi/acpi_device.h"
#include "hw/acpi/memory_hotplug.h"
