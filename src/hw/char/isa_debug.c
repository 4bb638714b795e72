/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa_debug.c - the two ports that test guests use: "isa-debugcon" prints, "isa-debug-exit" ends.
 *
 *   isa-debugcon    iobase, 1 byte    write: to the chardev     read: readback
 *   isa-debug-exit  iobase, iosize    write: exit with value << 1 | 1    read: 0
 */
#include "base/error.h"
#include "hw/char/char_internal.h"
#include "hw/core/board.h"

#define PORTS_END 0x10000u

struct isa_debugcon {
    struct device device;
    uint32_t iobase, readback;
    char *chardev;
    struct char_port port;
    struct memory_region io;
};

struct isa_debug_exit {
    struct device device;
    uint32_t iobase, iosize;
    struct memory_region io;
};

/* The whole range lies within the ports. */
static bool check_ports(uint32_t iobase, uint32_t count, GError **error)
{
    if (count == 0 || count > PORTS_END || iobase > PORTS_END - count) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "No room for %u ports at iobase 0x%x; expected at least 1 port, none beyond "
                    "0xffff",
                    count, iobase);
        return false;
    }
    return true;
}

/* ---- isa-debugcon ---- */

static struct isa_debugcon *as_debugcon(struct device *device)
{
    return (struct isa_debugcon *)(void *)device;
}

static uint64_t debugcon_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return ((const struct isa_debugcon *)opaque)->readback;
}

static void debugcon_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    const struct isa_debugcon *debugcon = opaque;
    uint8_t byte = (uint8_t)value;

    (void)offset;
    (void)size;
    if (debugcon->port.write != NULL) {
        debugcon->port.write(debugcon->port.host, &byte, 1);
    }
}

static const struct memory_region_ops debugcon_ops = {
    .read = debugcon_read,
    .write = debugcon_write,
    .size_min = 1,
    .size_max = 1,
    .reach = MEMORY_REACH_NOTHING,
};

static bool debugcon_realize(struct device *device, GError **error)
{
    struct isa_debugcon *debugcon = as_debugcon(device);

    if (!check_ports(debugcon->iobase, 1, error)) {
        return false;
    }
    memory_region_init_io(&debugcon->io, device->board->memory, TYPE_ISA_DEBUGCON, &debugcon_ops,
                          debugcon, 1);
    memory_region_add_subregion(device->board->system_io, debugcon->iobase, &debugcon->io);
    return true;
}

static void debugcon_unrealize(struct device *device)
{
    struct isa_debugcon *debugcon = as_debugcon(device);

    memory_region_del_subregion(device->board->system_io, &debugcon->io);
    memory_region_fini(&debugcon->io);
}

struct char_port *isa_debugcon_port(struct device *device)
{
    return &as_debugcon(device)->port;
}

static const struct property_info debugcon_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct isa_debugcon, iobase),
      .default_text = "0xe9",
      .fixed_once_realized = true },
    { .name = "chardev",
      .kind = PROPERTY_STRING,
      .offset = offsetof(struct isa_debugcon, chardev),
      .description = "ID of a chardev to use as a backend",
      .fixed_once_realized = true },
    { .name = "readback",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct isa_debugcon, readback),
      .default_text = "0xe9",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class debugcon_class = {
    .description = "debug console port",
    .bus_type = "ISA",
    .user_creatable = true,
    .realize = debugcon_realize,
    .unrealize = debugcon_unrealize,
};

const struct type_info isa_debugcon_type_info = {
    .name = TYPE_ISA_DEBUGCON,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct isa_debugcon),
    .properties = debugcon_properties,
    .class_methods = &debugcon_class,
};

/* ---- isa-debug-exit ---- */

static struct isa_debug_exit *as_debug_exit(struct device *device)
{
    return (struct isa_debug_exit *)(void *)device;
}

static uint64_t debug_exit_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    (void)offset;
    (void)size;
    return 0;
}

static void debug_exit_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    const struct board *board = ((const struct isa_debug_exit *)opaque)->device.board;

    (void)offset;
    (void)size;
    board->ops->request(board->opaque, BOARD_REQUEST_DEBUG_EXIT, (int)(uint32_t)(value << 1 | 1));
}

static const struct memory_region_ops debug_exit_ops = {
    .read = debug_exit_read,
    .write = debug_exit_write,
    .size_min = 1,
    .size_max = 4,
    .access_min = 1,
    .access_max = 4,
};

static bool debug_exit_realize(struct device *device, GError **error)
{
    struct isa_debug_exit *debug_exit = as_debug_exit(device);

    if (!check_ports(debug_exit->iobase, debug_exit->iosize, error)) {
        return false;
    }
    memory_region_init_io(&debug_exit->io, device->board->memory, "isa-debug-exit", &debug_exit_ops,
                          debug_exit, debug_exit->iosize);
    memory_region_add_subregion(device->board->system_io, debug_exit->iobase, &debug_exit->io);
    return true;
}

static void debug_exit_unrealize(struct device *device)
{
    struct isa_debug_exit *debug_exit = as_debug_exit(device);

    memory_region_del_subregion(device->board->system_io, &debug_exit->io);
    memory_region_fini(&debug_exit->io);
}

static const struct property_info debug_exit_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct isa_debug_exit, iobase),
      .default_text = "0x501",
      .fixed_once_realized = true },
    { .name = "iosize",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct isa_debug_exit, iosize),
      .default_text = "2",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class debug_exit_class = {
    .description = "port that ends the emulator",
    .bus_type = "ISA",
    .user_creatable = true,
    .realize = debug_exit_realize,
    .unrealize = debug_exit_unrealize,
};

const struct type_info isa_debug_exit_type_info = {
    .name = "isa-debug-exit",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct isa_debug_exit),
    .properties = debug_exit_properties,
    .class_methods = &debug_exit_class,
};
