/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/rtc/mc146818.h"
