/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_clock.h - the only reader of host clocks. Nothing that it returns may reach the machine but
 * through a turn. */
#ifndef REPLUG_HOST_HOST_CLOCK_H
#define REPLUG_HOST_HOST_CLOCK_H

#include <stdint.h>

uint64_t host_clock_monotonic_ns(void);
int64_t host_clock_realtime_us(void); /* since 1970, for the timestamps of QMP events */

#endif
