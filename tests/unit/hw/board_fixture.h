/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * board_fixture.h - a small board for device tests: empty address spaces, a clock that the test
 * steps, timers, an error latch, and a record of what devices ask of their machine. No CPU.
 *
 *     struct board_fixture *f = board_fixture_create(types);
 *     struct device *uart = board_fixture_device(f, "isa-serial", "s0");
 *     assert_true(device_set_realized(uart, true, NULL));
 *     port_write(f, 0x3f8, 'x', 1);
 *     board_fixture_advance(f, 1000000);
 *     board_fixture_destroy(f);
 *
 * types: a type table as in machine/device_types.c; "object", "container", "device", "bus" and the
 * interfaces of hw/core are added by the fixture.
 */
#ifndef REPLUG_TESTS_UNIT_HW_BOARD_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_BOARD_FIXTURE_H

#include <json-c/json.h>
#include <string.h>

#include "base/error_latch.h"
#include "base/fault.h"
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "hw/core/irq_line.h"
#include "hw/core/memory_device_if.h"
#include "memory/address_space.h"
#include "memory/region.h"
#include "memory/transaction.h"
#include "state/state.h"
#include "unit.h"

#define BOARD_FIXTURE_CALLS_MAX 64
#define BOARD_FIXTURE_PINS_MAX  32

struct board_fixture {
    struct board board;
    struct error_latch errors;
    struct fault_plan faults;
    struct virtual_clock clock;
    struct timer_queue timers;
    struct memory_region system_memory, system_io;
    struct dma_port dma;
    struct type_registry *registry;
    struct object *root; /* "/"; devices are its children */
    GPtrArray *types;
    /* What board_ops answer and have seen. */
    struct object *hotplug_handler;

    struct {
        enum board_request request;
        int code;
    } requests[BOARD_FIXTURE_CALLS_MAX];

    unsigned request_count;

    struct {
        char name[64];
        struct json_object *data;
    } events[BOARD_FIXTURE_CALLS_MAX];

    unsigned event_count;
    struct device *gone[BOARD_FIXTURE_CALLS_MAX];
    unsigned gone_count;

    struct {
        uint32_t gsi;
        int level;
    } kvm_irqs[BOARD_FIXTURE_CALLS_MAX];

    unsigned kvm_irq_count;

    struct {
        uint64_t address;
        uint32_t data;
    } msis[BOARD_FIXTURE_CALLS_MAX];

    unsigned msi_count;
    /* The sink of board_fixture_line(): last level and number of raises of each pin. */
    int level[BOARD_FIXTURE_PINS_MAX];
    unsigned raises[BOARD_FIXTURE_PINS_MAX];
};

static inline struct object *fixture_on_handler(void *opaque, const struct device *device)
{
    (void)device;
    return ((struct board_fixture *)opaque)->hotplug_handler;
}

static inline void fixture_on_request(void *opaque, enum board_request request, int code)
{
    struct board_fixture *f = opaque;

    assert_true(f->request_count < BOARD_FIXTURE_CALLS_MAX);
    f->requests[f->request_count].request = request;
    f->requests[f->request_count++].code = code;
}

static inline void fixture_on_event(void *opaque, const char *name, struct json_object *data)
{
    struct board_fixture *f = opaque;

    assert_true(f->event_count < BOARD_FIXTURE_CALLS_MAX);
    g_strlcpy(f->events[f->event_count].name, name, sizeof(f->events[0].name));
    f->events[f->event_count++].data = data;
}

static inline void fixture_on_gone(void *opaque, struct device *device)
{
    struct board_fixture *f = opaque;

    assert_true(f->gone_count < BOARD_FIXTURE_CALLS_MAX);
    f->gone[f->gone_count++] = device;
}

static inline void fixture_on_kvm_irq(void *opaque, uint32_t gsi, int level)
{
    struct board_fixture *f = opaque;

    assert_true(f->kvm_irq_count < BOARD_FIXTURE_CALLS_MAX);
    f->kvm_irqs[f->kvm_irq_count].gsi = gsi;
    f->kvm_irqs[f->kvm_irq_count++].level = level;
}

static inline void fixture_on_msi(void *opaque, uint64_t address, uint32_t data)
{
    struct board_fixture *f = opaque;

    assert_true(f->msi_count < BOARD_FIXTURE_CALLS_MAX);
    f->msis[f->msi_count].address = address;
    f->msis[f->msi_count++].data = data;
}

static inline bool fixture_on_random_seed(void *opaque, const char *path, uint64_t *out_seed,
                                          GError **error)
{
    (void)opaque;
    (void)error;
    *out_seed = path == NULL ? 1 : 2;
    return true;
}

static inline void fixture_on_line(void *sink, unsigned pin, int level)
{
    struct board_fixture *f = sink;

    assert_true(pin < BOARD_FIXTURE_PINS_MAX);
    f->raises[pin] += level != 0 && f->level[pin] == 0;
    f->level[pin] = level;
}

static inline struct board_fixture *board_fixture_create(const struct type_info *const *types)
{
    static const struct board_ops ops = {
        .hotplug_handler = fixture_on_handler,
        .request = fixture_on_request,
        .event = fixture_on_event,
        .device_gone = fixture_on_gone,
        .kvm_set_irq = fixture_on_kvm_irq,
        .send_msi = fixture_on_msi,
        .random_seed = fixture_on_random_seed,
    };
    static const struct type_info *const own_types[] = {
        &object_type_info,
        &container_type_info,
        &property_guard_type_info,
        &device_type_info,
        &bus_type_info,
        &hotplug_handler_type_info,
        &isa_bus_type_info,
        &memory_device_if_type_info,
        &system_bus_type_info,
    };
    struct board_fixture *f = g_new0(struct board_fixture, 1);
    struct board *board = &f->board;

    f->types = g_ptr_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(own_types); i++) {
        g_ptr_array_add(f->types, (gpointer)own_types[i]);
    }
    for (; *types != NULL; types++) {
        g_ptr_array_add(f->types, (gpointer)*types);
    }
    g_ptr_array_add(f->types, NULL);
    f->registry = type_registry_create((const struct type_info *const *)f->types->pdata);
    f->root = object_create(f->registry, "container", NULL);
    timer_queue_init(&f->timers);
    board->memory = memory_system_create(&f->errors);
    memory_region_init_container(&f->system_memory, board->memory, "system", MEMORY_SIZE_ALL);
    memory_region_init_container(&f->system_io, board->memory, "io", 0x10000);
    board->system_memory = &f->system_memory;
    board->system_io = &f->system_io;
    board->memory_space = address_space_create(board->memory, &f->system_memory, "memory");
    board->io_space = address_space_create(board->memory, &f->system_io, "I/O");
    dma_port_init(&f->dma, board->memory_space);
    board->dma = &f->dma;
    board->clock = &f->clock;
    board->timers = &f->timers;
    board->errors = &f->errors;
    board->faults = &f->faults;
    board->ops = &ops;
    board->opaque = f;
    return f;
}

/* Unrealizes and destroys the devices, then proves that nothing of theirs is left. */
static inline void board_fixture_destroy(struct board_fixture *f)
{
    device_unrealize_all(f->root);
    object_destroy(f->root);
    assert_null(f->timers.first);
    assert_null(f->errors.first);
    assert_int_equal(memory_region_transaction_depth(f->board.memory), 0);
    address_space_destroy(f->board.memory_space);
    address_space_destroy(f->board.io_space);
    memory_region_fini(&f->system_memory);
    memory_region_fini(&f->system_io);
    memory_system_destroy(f->board.memory);
    for (unsigned i = 0; i < f->event_count; i++) {
        json_object_put(f->events[i].data);
    }
    type_registry_destroy(f->registry);
    g_ptr_array_unref(f->types);
    g_free(f);
}

/* A device below root, not realized yet. id NULL: anonymous, its place is named "device[N]". */
static inline struct device *board_fixture_device(struct board_fixture *f, const char *type,
                                                  const char *id)
{
    struct device *device = (struct device *)(void *)object_create(f->registry, type, NULL);
    g_autofree char *name =
        id != NULL
            ? g_strdup(id)
            : g_strdup_printf("device[%u]", f->root->children != NULL ? f->root->children->len : 0);

    assert_non_null(device);
    device->board = &f->board;
    device->id = g_strdup(id);
    assert_true(object_add_child(f->root, name, &device->object, NULL));
    return device;
}

/* Realizes; a failure fails the test with its text. */
static inline void board_fixture_realize(struct device *device)
{
    g_autoptr(GError) error = NULL;

    if (!device_set_realized(device, true, &error)) {
        fail_msg("realize: %s", error->message);
    }
}

/* A line into the fixture's own sink. */
static inline struct irq_line board_fixture_line(struct board_fixture *f, unsigned pin)
{
    return (struct irq_line){ .set = fixture_on_line, .sink = f, .pin = pin };
}

/* Lets time go on: every timer fires exactly at its deadline. */
static inline void board_fixture_advance(struct board_fixture *f, uint64_t ns)
{
    uint64_t end = f->clock.now_ns + ns;

    while (timer_queue_deadline_ns(&f->timers) <= end) {
        virtual_clock_advance(&f->clock, timer_queue_deadline_ns(&f->timers));
        (void)timer_queue_run(&f->timers, f->clock.now_ns);
    }
    virtual_clock_advance(&f->clock, end);
}

/* The host was busy: timers fire late, all at the end. */
static inline void board_fixture_jump(struct board_fixture *f, uint64_t ns)
{
    virtual_clock_advance(&f->clock, f->clock.now_ns + ns);
    (void)timer_queue_run(&f->timers, f->clock.now_ns);
}

static inline uint64_t port_read(struct board_fixture *f, uint16_t port, unsigned size)
{
    return address_space_load(f->board.io_space, port, size);
}

static inline void port_write(struct board_fixture *f, uint16_t port, uint64_t value, unsigned size)
{
    address_space_store(f->board.io_space, port, value, size);
}

/* The text with which setting a property is refused; fails the test when it is accepted. The caller
 * frees it. */
static inline char *board_fixture_refusal(struct board_fixture *f, struct device *device,
                                          const char *property, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(object_property_parse(&device->object, property, text, f->root, &error));
    return g_strdup(error->message);
}

#endif
