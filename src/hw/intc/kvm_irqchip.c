/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/intc/kvm_irqchip.h"
