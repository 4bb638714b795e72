/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa_serial.c - the type "isa-serial": where a 16550A sits on a PC.
 *
 *   index  0: 0x3f8, IRQ 4   1: 0x2f8, IRQ 3   2: 0x3e8, IRQ 4   3: 0x2e8, IRQ 3
 */
#include "base/error.h"
#include "hw/char/char_internal.h"
#include "hw/core/board.h"

#define SERIAL_INDEX_COUNT 4
#define CHOOSE             UINT32_MAX
#define ISA_IRQ_MAX        15

static const struct {
    uint16_t iobase;
    uint8_t irq;
} places[SERIAL_INDEX_COUNT] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } };

static struct isa_serial *as_serial(struct device *device)
{
    return (struct isa_serial *)(void *)device;
}

/* ---- choice of index and ports ---- */

/* Looks for another serial port in service with a given index or with ports near a given one. */
struct search {
    uint32_t index, iobase;
    const struct isa_serial *found;
};

static bool compare_with(struct object *object, void *opaque)
{
    const struct isa_serial *other = (const struct isa_serial *)(const void *)object;
    struct search *search = opaque;
    uint32_t distance;

    if (!object_is_a(object, TYPE_ISA_SERIAL) || !other->device.realized) {
        return true;
    }
    distance = other->iobase > search->iobase ? other->iobase - search->iobase
                                              : search->iobase - other->iobase;
    if (other->index == search->index ||
        (search->iobase != CHOOSE && distance < SERIAL_PORT_COUNT)) {
        search->found = other;
    }
    return search->found == NULL;
}

static const struct isa_serial *find_other(struct isa_serial *serial, uint32_t index,
                                           uint32_t iobase)
{
    struct search search = { .index = index, .iobase = iobase };
    struct object *root = &serial->device.object;

    while (root->parent != NULL) {
        root = root->parent;
    }
    (void)object_for_each(root, compare_with, &search);
    return search.found;
}

/* The first index that nobody has. */
static uint32_t free_index(struct isa_serial *serial)
{
    uint32_t index = 0;

    while (index < SERIAL_INDEX_COUNT && find_other(serial, index, CHOOSE) != NULL) {
        index++;
    }
    return index;
}

static bool choose_place(struct isa_serial *serial, uint32_t *out_index, uint32_t *out_iobase,
                         uint32_t *out_irq, GError **error)
{
    uint32_t index = serial->index != CHOOSE ? serial->index : free_index(serial);
    uint32_t iobase, irq;
    const struct isa_serial *other;

    if (index >= SERIAL_INDEX_COUNT) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "Max. supported number of ISA serial ports is %d.", SERIAL_INDEX_COUNT);
        return false;
    }
    iobase = serial->iobase != CHOOSE ? serial->iobase : places[index].iobase;
    irq = serial->irq != CHOOSE ? serial->irq : places[index].irq;
    if (iobase > 0x10000 - SERIAL_PORT_COUNT) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'iobase' is 0x%x; expected a port up to 0x%x", iobase,
                    0x10000 - SERIAL_PORT_COUNT);
        return false;
    }
    if (irq > ISA_IRQ_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Maximum value for \"irq\" is: %d",
                    ISA_IRQ_MAX);
        return false;
    }
    other = find_other(serial, index, iobase);
    if (other != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "ISA serial port with index %u at 0x%x is taken: '%s' has index %u at 0x%x",
                    index, iobase, device_label(&other->device), other->index, other->iobase);
        return false;
    }
    *out_index = index;
    *out_iobase = iobase;
    *out_irq = irq;
    return true;
}

/* ---- life ---- */

static bool isa_serial_realize(struct device *device, GError **error)
{
    struct isa_serial *serial = as_serial(device);
    const struct board *board = device->board;

    if (!choose_place(serial, &serial->index, &serial->iobase, &serial->irq, error)) {
        return false;
    }
    timer_init(&serial->timeout, board->timers, serial16550_timeout, serial);
    serial16550_reset(serial);
    memory_region_init_io(&serial->io, board->memory, "serial", &serial16550_ops, serial,
                          SERIAL_PORT_COUNT);
    memory_region_add_subregion(board->system_io, serial->iobase, &serial->io);
    return true;
}

static void isa_serial_unrealize(struct device *device)
{
    struct isa_serial *serial = as_serial(device);

    memory_region_del_subregion(device->board->system_io, &serial->io);
    memory_region_fini(&serial->io);
    timer_cancel(&serial->timeout);
}

static void isa_serial_reset(struct device *device)
{
    serial16550_reset(as_serial(device));
}

static void isa_serial_after_load(struct device *device)
{
    struct isa_serial *serial = as_serial(device);

    timer_cancel(&serial->timeout);
    if (serial->state.timeout_deadline_ns != 0) {
        timer_arm(&serial->timeout, serial->state.timeout_deadline_ns);
    }
}

static void isa_serial_init(struct object *object)
{
    struct isa_serial *serial = (struct isa_serial *)(void *)object;

    serial->port.can_receive = serial16550_can_receive;
    serial->port.receive = serial16550_receive;
    serial->port.device = serial;
}

void isa_serial_connect_irq(struct device *serial, struct irq_line line)
{
    as_serial(serial)->line = line;
}

struct char_port *char_device_port(struct device *device)
{
    if (object_is_a(&device->object, TYPE_ISA_SERIAL)) {
        return &as_serial(device)->port;
    }
    return object_is_a(&device->object, TYPE_ISA_DEBUGCON) ? isa_debugcon_port(device) : NULL;
}

/* ---- type ---- */

#define AT(field) .offset = offsetof(struct isa_serial, field)

static const struct property_info isa_serial_properties[] = {
    { .name = "index",
      .kind = PROPERTY_UINT32,
      AT(index),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      AT(iobase),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "irq",
      .kind = PROPERTY_UINT32,
      AT(irq),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "chardev",
      .kind = PROPERTY_STRING,
      AT(chardev),
      .description = "ID of a chardev to use as a backend",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class isa_serial_class = {
    .description = "16550A serial port",
    .bus_type = "ISA",
    .user_creatable = true,
    .realize = isa_serial_realize,
    .unrealize = isa_serial_unrealize,
    .reset = isa_serial_reset,
    .state = &serial16550_desc,
    .state_offset = offsetof(struct isa_serial, state),
    .after_load = isa_serial_after_load,
};

const struct type_info isa_serial_type_info = {
    .name = TYPE_ISA_SERIAL,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct isa_serial),
    .properties = isa_serial_properties,
    .instance_init = isa_serial_init,
    .class_methods = &isa_serial_class,
};
