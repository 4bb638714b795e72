/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serial16550.c - the NS16550A UART (National Semiconductor PC16550D datasheet, section 8).
 *
 *   0  RBR (r) THR (w); DLL with LCR.DLAB     4  MCR: DTR RTS OUT1 OUT2 LOOP
 *   1  IER: RDI THRI RLSI MSI; DLM            5  LSR: DR OE PE FE BI THRE TEMT
 *   2  IIR (r) FCR (w)                        6  MSR: deltas, CTS DSR RI DCD
 *   3  LCR: length, parity, break, DLAB       7  SCR
 *
 * A character leaves at once, all eight bits of it whatever its length in LCR: so guests that never
 * set the line up are readable. OUT2 does not gate the interrupt. Both are as in QEMU.
 */
#include "base/invariant.h"
#include "clock/virtual_clock.h"
#include "hw/char/char_internal.h"
#include "hw/core/board.h"
#include "trace/trace.h"

#define UART_CLOCK_HZ 1843200u
#define NS_PER_SECOND 1000000000u

#define IER_RDI  0x01 /* received data */
#define IER_THRI 0x02 /* transmitter holding register empty */
#define IER_RLSI 0x04 /* line status */
#define IER_MSI  0x08 /* modem status */
#define IER_ALL  0x0f

#define IIR_MSI   0x00
#define IIR_NONE  0x01
#define IIR_THRI  0x02
#define IIR_RDI   0x04
#define IIR_RLSI  0x06
#define IIR_CTI   0x0c /* character timeout */
#define IIR_FIFOS 0xc0

#define FCR_ENABLE         0x01
#define FCR_CLEAR_RECEIVE  0x02
#define FCR_CLEAR_TRANSMIT 0x04
#define FCR_KEPT           0xc9 /* the rest clears itself */

#define LCR_LENGTH 0x03 /* 5 to 8 bits */
#define LCR_STOP   0x04
#define LCR_PARITY 0x08
#define LCR_DLAB   0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_ALL  0x1f

#define LSR_DR         0x01
#define LSR_OE         0x02
#define LSR_BI         0x10
#define LSR_ERRORS     0x1e
#define LSR_THRE       0x20
#define LSR_TEMT       0x40
#define LSR_READ_CLEAR (LSR_ERRORS)

#define MSR_DELTA_CTS     0x01
#define MSR_DELTA_DSR     0x02
#define MSR_TRAILING_RI   0x04
#define MSR_DELTA_DCD     0x08
#define MSR_DELTAS        0x0f
#define MSR_CTS           0x10
#define MSR_DSR           0x20
#define MSR_RI            0x40
#define MSR_DCD           0x80
#define MSR_PINS          0xf0
#define MSR_PEER_IS_READY (MSR_CTS | MSR_DSR | MSR_DCD)

#define DIVISOR_AT_RESET 12 /* 9600 baud */

STATE_DESCRIBE(serial16550_desc, struct serial16550_state, SERIAL16550_FIELDS);

/* ---- pure helpers on state ---- */

static bool fifos_enabled(const struct serial16550_state *state)
{
    return (state->fcr & FCR_ENABLE) != 0;
}

static unsigned trigger_level(const struct serial16550_state *state)
{
    static const uint8_t levels[] = { 1, 4, 8, 14 };

    return levels[state->fcr >> 6];
}

/* Start, data, parity and stop bits at the divisor's rate. A divisor of 0 counts as 1. */
static uint64_t character_time_ns(const struct serial16550_state *state)
{
    unsigned data = 5u + (state->lcr & LCR_LENGTH);
    unsigned parity = (state->lcr & LCR_PARITY) != 0 ? 1 : 0;
    unsigned stop = (state->lcr & LCR_STOP) != 0 ? 2 : 1;
    uint64_t divisor = state->divisor != 0 ? state->divisor : 1;

    return (uint64_t)(1 + data + parity + stop) * 16 * divisor * NS_PER_SECOND / UART_CLOCK_HZ;
}

/* Datasheet table IV: line status first, then received data and timeout, transmitter, modem. */
static uint8_t interrupt_identity(const struct serial16550_state *state)
{
    bool data_ready = (state->lsr & LSR_DR) != 0 &&
                      (!fifos_enabled(state) || state->receive_count >= trigger_level(state));

    if ((state->ier & IER_RLSI) != 0 && (state->lsr & LSR_ERRORS) != 0) {
        return IIR_RLSI;
    }
    if ((state->ier & IER_RDI) != 0 && state->timeout_pending) {
        return IIR_CTI;
    }
    if ((state->ier & IER_RDI) != 0 && data_ready) {
        return IIR_RDI;
    }
    if ((state->ier & IER_THRI) != 0 && state->thre_pending) {
        return IIR_THRI;
    }
    if ((state->ier & IER_MSI) != 0 && (state->msr & MSR_DELTAS) != 0) {
        return IIR_MSI;
    }
    return IIR_NONE;
}

/* Modem inputs as they are: a peer that is always ready, or the own outputs in loopback. */
static uint8_t modem_pins(const struct serial16550_state *state)
{
    if ((state->mcr & MCR_LOOP) == 0) {
        return MSR_PEER_IS_READY;
    }
    return (uint8_t)(((state->mcr & MCR_RTS) != 0 ? MSR_CTS : 0) |
                     ((state->mcr & MCR_DTR) != 0 ? MSR_DSR : 0) |
                     ((state->mcr & MCR_OUT1) != 0 ? MSR_RI : 0) |
                     ((state->mcr & MCR_OUT2) != 0 ? MSR_DCD : 0));
}

/* Takes the pins over and notes what has changed since the last read; of RI only its fall counts. */
static void update_modem_status(struct serial16550_state *state)
{
    uint8_t pins = modem_pins(state);
    uint8_t changed = (state->msr ^ pins) & MSR_PINS;

    if ((pins & MSR_RI) != 0) {
        changed &= (uint8_t)~MSR_RI;
    }
    state->msr = (uint8_t)(pins | (state->msr & MSR_DELTAS) | changed >> 4);
}

static void clear_receiver(struct serial16550_state *state)
{
    state->receive_first = state->receive_count = 0;
    state->lsr &= (uint8_t) ~(LSR_DR | LSR_BI);
    state->timeout_pending = false;
}

/* ---- interrupt and timeout ---- */

static void update_irq(struct isa_serial *serial)
{
    bool raise = interrupt_identity(&serial->state) != IIR_NONE;

    if (raise != serial->state.irq_raised) {
        serial->state.irq_raised = raise;
        irq_line_set(&serial->line, raise);
    }
}

/* Four characters' time from now on, while something waits in the FIFO (datasheet 8.8). */
static void restart_timeout(struct isa_serial *serial)
{
    struct serial16550_state *state = &serial->state;

    if (!fifos_enabled(state) || state->receive_count == 0) {
        state->timeout_deadline_ns = 0;
        timer_cancel(&serial->timeout);
        return;
    }
    state->timeout_deadline_ns =
        virtual_clock_now_ns(serial->device.board->clock) + 4 * character_time_ns(state);
    timer_arm(&serial->timeout, state->timeout_deadline_ns);
}

void serial16550_timeout(void *opaque)
{
    struct isa_serial *serial = opaque;

    serial->state.timeout_deadline_ns = 0;
    serial->state.timeout_pending = serial->state.receive_count > 0;
    update_irq(serial);
}

/* ---- receiver ---- */

/* What overflows sets LSR.OE: the FIFO keeps its content, the single register takes the new one. */
static void take_character(struct serial16550_state *state, uint8_t character)
{
    if (!fifos_enabled(state)) {
        state->lsr |= (state->lsr & LSR_DR) != 0 ? LSR_OE : 0;
        state->rbr = character;
    } else if (state->receive_count == SERIAL_FIFO_BYTES) {
        state->lsr |= LSR_OE;
    } else {
        unsigned at = (state->receive_first + state->receive_count) % SERIAL_FIFO_BYTES;

        state->receive_fifo[at] = character;
        state->receive_count++;
    }
    state->lsr |= LSR_DR;
}

/* The input waits outside while the loop is closed. Up to the trigger level at once, then singly,
 * so that the guest gets its chance to drain the FIFO. */
size_t serial16550_can_receive(void *opaque)
{
    const struct isa_serial *serial = opaque;
    const struct serial16550_state *state = &serial->state;

    if (!serial->device.realized || (state->mcr & MCR_LOOP) != 0) {
        return 0;
    }
    if (!fifos_enabled(state)) {
        return (state->lsr & LSR_DR) == 0 ? 1 : 0;
    }
    if (state->receive_count < trigger_level(state)) {
        return trigger_level(state) - state->receive_count;
    }
    return state->receive_count < SERIAL_FIFO_BYTES ? 1 : 0;
}

void serial16550_receive(void *opaque, const uint8_t *bytes, size_t count)
{
    struct isa_serial *serial = opaque;

    for (size_t i = 0; i < count; i++) {
        take_character(&serial->state, bytes[i]);
    }
    restart_timeout(serial);
    update_irq(serial);
}

static void accept_input(const struct isa_serial *serial)
{
    if (serial->port.accept_input != NULL && serial16550_can_receive((void *)serial) > 0) {
        serial->port.accept_input(serial->port.host);
    }
}

static uint8_t read_rbr(struct isa_serial *serial)
{
    struct serial16550_state *state = &serial->state;
    uint8_t character = 0;

    if (!fifos_enabled(state)) {
        character = state->rbr;
        state->lsr &= (uint8_t)~LSR_DR;
    } else if (state->receive_count > 0) {
        character = state->receive_fifo[state->receive_first];
        state->receive_first = (uint8_t)((state->receive_first + 1) % SERIAL_FIFO_BYTES);
        state->receive_count--;
        if (state->receive_count == 0) {
            state->lsr &= (uint8_t)~LSR_DR;
        }
    }
    state->timeout_pending = false;
    restart_timeout(serial);
    update_irq(serial);
    accept_input(serial);
    return character;
}

/* ---- transmitter ---- */

static void write_thr(struct isa_serial *serial, uint8_t character)
{
    struct serial16550_state *state = &serial->state;

    /* The line falls and rises again: an edge for each character, as the interrupt controller
     * needs it. */
    state->thre_pending = false;
    update_irq(serial);
    if ((state->mcr & MCR_LOOP) != 0) {
        serial16550_receive(serial, &character, 1);
    } else if (serial->port.write != NULL) {
        serial->port.write(serial->port.host, &character, 1);
    }
    state->thre_pending = true;
    update_irq(serial);
}

/* ---- the other registers ---- */

static void write_ier(struct isa_serial *serial, uint8_t value)
{
    struct serial16550_state *state = &serial->state;
    uint8_t changed = (state->ier ^ value) & IER_ALL;

    state->ier = value & IER_ALL;
    if ((changed & IER_THRI) != 0) {
        /* Switching it on raises it at once, the register being empty (datasheet 8.6). */
        state->thre_pending = (state->ier & IER_THRI) != 0;
    }
    update_irq(serial);
}

static void write_fcr(struct isa_serial *serial, uint8_t value)
{
    struct serial16550_state *state = &serial->state;

    if (((state->fcr ^ value) & FCR_ENABLE) != 0) {
        value |= FCR_CLEAR_RECEIVE | FCR_CLEAR_TRANSMIT;
    }
    if ((value & FCR_CLEAR_RECEIVE) != 0) {
        clear_receiver(state);
    }
    if ((value & FCR_CLEAR_TRANSMIT) != 0) {
        state->thre_pending = true;
    }
    /* Without the enable bit the others are not programmed (datasheet 8.5). */
    state->fcr = (value & FCR_ENABLE) != 0 ? value & FCR_KEPT : 0;
    restart_timeout(serial);
    update_irq(serial);
    accept_input(serial);
}

static void write_mcr(struct isa_serial *serial, uint8_t value)
{
    serial->state.mcr = value & MCR_ALL;
    update_modem_status(&serial->state);
    update_irq(serial);
    accept_input(serial);
}

static uint8_t read_iir(struct isa_serial *serial)
{
    struct serial16550_state *state = &serial->state;
    uint8_t identity = interrupt_identity(state);

    if (identity == IIR_THRI) {
        state->thre_pending = false;
        update_irq(serial);
    }
    return identity | (fifos_enabled(state) ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct isa_serial *serial)
{
    uint8_t value = serial->state.lsr;

    serial->state.lsr &= (uint8_t)~LSR_READ_CLEAR;
    update_irq(serial);
    return value;
}

static uint8_t read_msr(struct isa_serial *serial)
{
    uint8_t value = serial->state.msr;

    serial->state.msr &= MSR_PINS;
    update_irq(serial);
    return value;
}

static uint64_t serial16550_read(void *opaque, uint64_t offset, unsigned size)
{
    struct isa_serial *serial = opaque;
    const struct serial16550_state *state = &serial->state;
    bool dlab = (state->lcr & LCR_DLAB) != 0;

    (void)size;
    switch (offset) {
    case 0: return dlab ? state->divisor & 0xff : read_rbr(serial);
    case 1: return dlab ? state->divisor >> 8 : state->ier;
    case 2: return read_iir(serial);
    case 3: return state->lcr;
    case 4: return state->mcr;
    case 5: return read_lsr(serial);
    case 6: return read_msr(serial);
    default: return state->scr;
    }
}

static void serial16550_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct isa_serial *serial = opaque;
    struct serial16550_state *state = &serial->state;
    bool dlab = (state->lcr & LCR_DLAB) != 0;
    uint8_t byte = (uint8_t)value;

    (void)size;
    switch (offset) {
    case 0:
        if (dlab) {
            state->divisor = (uint16_t)((state->divisor & 0xff00) | byte);
        } else {
            write_thr(serial, byte);
        }
        break;
    case 1:
        if (dlab) {
            state->divisor = (uint16_t)((state->divisor & 0xff) | byte << 8);
        } else {
            write_ier(serial, byte);
        }
        break;
    case 2: write_fcr(serial, byte); break;
    case 3: state->lcr = byte; break;
    case 4: write_mcr(serial, byte); break;
    case 7: state->scr = byte; break;
    default:
        trace_guest_error(device_label(&serial->device), offset, value,
                          "write to a read-only register: dropped");
    }
}

const struct memory_region_ops serial16550_ops = {
    .read = serial16550_read,
    .write = serial16550_write,
    .size_min = 1,
    .size_max = 1,
    .reach = MEMORY_REACH_OWNER,
};

void serial16550_reset(struct isa_serial *serial)
{
    bool irq_raised = serial->state.irq_raised;

    serial->state = (struct serial16550_state){
        .divisor = DIVISOR_AT_RESET,
        .mcr = MCR_OUT2,
        .lsr = LSR_THRE | LSR_TEMT,
        .msr = MSR_PEER_IS_READY,
        .irq_raised = irq_raised,
    };
    timer_cancel(&serial->timeout);
    update_irq(serial);
    accept_input(serial);
}
