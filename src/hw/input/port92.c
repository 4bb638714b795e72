/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port92.c - system control port A (IBM PS/2 technical reference).
 *
 *   0x92  bit 0: a rise resets the machine   bit 1: A20   the rest: kept
 */
#include "hw/input/port92.h"

#include "hw/core/board.h"
#include "memory/region.h"
#include "state/state.h"
#include "trace/trace.h"

#define PORT       0x92
#define RESET      0x01
#define A20        0x02
#define UNWRITABLE 0x08 /* security lock latch of a password that nobody has */

struct port92_state {
    uint8_t value;
};

#define PORT92_FIELDS(FIELD, NESTED, T) FIELD(T, value)
STATE_DECLARE(port92_desc, struct port92_state);
STATE_DESCRIBE(port92_desc, struct port92_state, PORT92_FIELDS);

struct port92 {
    struct device device;
    struct port92_state state;
    struct irq_line a20;
    struct memory_region port;
};

static struct port92 *as_port92(struct device *device)
{
    return (struct port92 *)(void *)device;
}

static uint64_t port92_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return ((const struct port92 *)opaque)->state.value;
}

static void port92_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct port92 *port92 = opaque;
    const struct board *board = port92->device.board;
    uint8_t before = port92->state.value;

    (void)offset;
    (void)size;
    port92->state.value = (uint8_t)value & (uint8_t)~UNWRITABLE;
    if (((before ^ value) & A20) != 0) {
        irq_line_set(&port92->a20, (value & A20) != 0);
    }
    if ((value & ~(uint64_t)before & RESET) != 0) {
        trace_reset_requested(TYPE_PORT92);
        board->ops->request(board->opaque, BOARD_REQUEST_RESET, 0);
    }
}

static const struct memory_region_ops port92_ops = {
    .read = port92_read,
    .write = port92_write,
    .size_min = 1,
    .size_max = 1,
};

void port92_connect_a20(struct device *device, struct irq_line line)
{
    as_port92(device)->a20 = line;
}

static void port92_reset(struct device *device)
{
    as_port92(device)->state.value = 0;
    irq_line_lower(&as_port92(device)->a20);
}

static bool port92_realize(struct device *device, GError **error)
{
    struct port92 *port92 = as_port92(device);

    (void)error; /* nothing of it can fail */
    memory_region_init_io(&port92->port, device->board->memory, TYPE_PORT92, &port92_ops, port92,
                          1);
    memory_region_add_subregion(device->board->system_io, PORT, &port92->port);
    return true;
}

static void port92_unrealize(struct device *device)
{
    struct port92 *port92 = as_port92(device);

    memory_region_del_subregion(device->board->system_io, &port92->port);
    memory_region_fini(&port92->port);
}

static void port92_after_load(struct device *device)
{
    irq_line_set(&as_port92(device)->a20, (as_port92(device)->state.value & A20) != 0);
}

static const struct device_class port92_class = {
    .description = "fast A20 and reset",
    .bus_type = "ISA",
    .realize = port92_realize,
    .unrealize = port92_unrealize,
    .reset = port92_reset,
    .state = &port92_desc,
    .state_offset = offsetof(struct port92, state),
    .after_load = port92_after_load,
};

const struct type_info port92_type_info = {
    .name = TYPE_PORT92,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct port92),
    .class_methods = &port92_class,
};
