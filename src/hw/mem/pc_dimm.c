/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/mem/pc_dimm.h"

#include "hw/mem/memory_backend.h"
#include "hw/mem/memory_device.h"
