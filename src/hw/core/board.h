/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * board.h - what a device may use of its machine: memory, ports, clock, timers, and services that
 * the machine provides.
 *
 * Devices never see the machine; it fills this in and sets device.board before realize. Unit tests
 * make one of their own.
 */
#ifndef REPLUG_HW_CORE_BOARD_H
#define REPLUG_HW_CORE_BOARD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct address_space;
struct device;
struct dma_port;
struct error_latch;
struct fault_plan;
struct json_object;
struct memory_region;
struct memory_system;
struct object;
struct timer_queue;
struct virtual_clock;

enum board_request {
    BOARD_REQUEST_RESET, /* the guest asked for a reset (0xcf9, keyboard controller, triple fault)
                          */
    BOARD_REQUEST_SHUTDOWN,   /* the guest switched itself off (S5) */
    BOARD_REQUEST_DEBUG_EXIT, /* isa-debug-exit: end the emulator with exit status code */
    BOARD_REQUEST_ERROR, /* the latched error can't be undone: stop the machine, internal-error */
};

struct board_ops {
    /* The object that implements "hotplug-handler" for this device on this machine; NULL = the
     * device has none. */
    struct object *(*hotplug_handler)(void *opaque, const struct device *device);
    /* Carried out by the machine at the end of the turn. */
    void (*request)(void *opaque, enum board_request request, int code);
    /* A QMP event (ACPI_DEVICE_OST, ...). Takes ownership of data, which may be NULL. */
    void (*event)(void *opaque, const char *name, struct json_object *data);
    /* The guest has let device go and its unplug is complete: the machine announces DEVICE_DELETED
     * and destroys it, at the end of the turn. */
    void (*device_gone)(void *opaque, struct device *device);
    /* Level of a GSI into the in-kernel irqchip; failures are latched in errors. NULL without one.
     */
    void (*kvm_set_irq)(void *opaque, uint32_t gsi, int level);
    /* A function's message signalled interrupt: the store of data to address, to whichever APICs
     * the machine has. NULL = there are none. */
    void (*send_msi)(void *opaque, uint64_t address, uint32_t data);
    /* 64 bits that nobody knows, from a file; path NULL = from anywhere, on our own CPUs the same ones
     * in each session. Errors: the file can't be read. */
    bool (*random_seed)(void *opaque, const char *path, uint64_t *out_seed, GError **error);
};

struct board {
    struct memory_system *memory;
    struct memory_region *system_memory; /* root of the guest's physical addresses */
    struct memory_region *system_io;     /* root of the 64 KiB of ports */
    struct address_space *memory_space;
    struct address_space *io_space;
    struct dma_port *dma;
    struct virtual_clock *clock;
    struct timer_queue *timers;
    struct error_latch *errors;
    struct fault_plan *faults;
    const struct board_ops *ops;
    void *opaque; /* for ops */
};

#endif
