/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/char/char_devices.h"
