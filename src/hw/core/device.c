/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/core/device.h"

#include "hw/core/board.h"
#include "hw/core/char_port.h"
#include "hw/core/hotplug.h"
#include "hw/core/irq_line.h"
