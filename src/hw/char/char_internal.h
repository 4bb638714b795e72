/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char_internal.h - what the files of src/hw/char share: the 16550A and who has a byte stream. */
#ifndef REPLUG_HW_CHAR_CHAR_INTERNAL_H
#define REPLUG_HW_CHAR_CHAR_INTERNAL_H

#include "clock/timer_queue.h"
#include "hw/char/char_devices.h"
#include "memory/region.h"
#include "state/state.h"

#define TYPE_ISA_SERIAL   "isa-serial"
#define TYPE_ISA_DEBUGCON "isa-debugcon"

#define SERIAL_PORT_COUNT 8 /* registers */
#define SERIAL_FIFO_BYTES 16

struct serial16550_state {
    uint64_t timeout_deadline_ns; /* of the character timeout; 0 = not armed */
    uint16_t divisor;
    uint8_t rbr; /* without the FIFO: the character; LSR.DR says whether it waits */
    uint8_t ier, fcr, lcr, mcr, lsr, msr, scr;
    bool thre_pending; /* the THRE interrupt has been raised and neither read nor answered */
    bool timeout_pending;
    bool irq_raised; /* level of the interrupt output */
    uint8_t receive_fifo[SERIAL_FIFO_BYTES];
    uint8_t receive_first, receive_count;
    uint8_t pad;
};

/* clang-format off */
#define SERIAL16550_FIELDS(FIELD, NESTED, T) \
    FIELD(T, timeout_deadline_ns) FIELD(T, divisor) FIELD(T, rbr) FIELD(T, ier) FIELD(T, fcr) \
    FIELD(T, lcr) FIELD(T, mcr) FIELD(T, lsr) FIELD(T, msr) FIELD(T, scr) \
    FIELD(T, thre_pending) FIELD(T, timeout_pending) FIELD(T, irq_raised) \
    FIELD(T, receive_fifo) FIELD(T, receive_first) FIELD(T, receive_count) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(serial16550_desc, struct serial16550_state);

struct isa_serial {
    struct device device;
    struct serial16550_state state;
    uint32_t index, iobase, irq; /* properties; UINT32_MAX = choose */
    char *chardev;               /* property: which character device the machine connects */
    struct char_port port;
    struct irq_line line;
    struct memory_region io;
    struct timer timeout;
};

/* ---- serial16550.c ---- */
extern const struct memory_region_ops serial16550_ops; /* opaque: struct isa_serial */
void serial16550_reset(struct isa_serial *serial);
size_t serial16550_can_receive(void *serial);
void serial16550_receive(void *serial, const uint8_t *bytes, size_t count);
/* The timer's function: nobody has read for four characters' time. */
void serial16550_timeout(void *serial);

/* ---- isa_debug.c ---- */
struct char_port *isa_debugcon_port(struct device *device);

#endif
