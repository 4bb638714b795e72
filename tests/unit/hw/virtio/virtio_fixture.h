/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_fixture.h - a board with RAM, the PCI bus and a virtio function, and a driver's side: registers, queues, buffers. */
#ifndef REPLUG_TESTS_UNIT_HW_VIRTIO_VIRTIO_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_VIRTIO_VIRTIO_FIXTURE_H

#include "base/bytes.h"
#include "hw/board_fixture.h"
#include "hw/virtio/rng_backend.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "memory/ram_block.h"

#define RAM_BYTES     (1u << 20)
#define BAR_GPA       0xe0000000u
#define DEVFN         PCI_DEVFN(5, 0)
#define DESC_GPA      0x1000u
#define AVAIL_GPA     0x3000u
#define USED_GPA      0x4000u
#define DATA_GPA      0x10000u
#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

struct virtio_fixture {
    struct board_fixture *board;
    struct device *host, *piix3, *device;
    struct pci_bus *bus;
    struct ram_block *block;
    struct memory_region ram;
    uint16_t avail[VIRTIO_QUEUES_MAX]; /* the driver's indices */
};

static inline struct virtio_fixture *virtio_fixture_create(const char *type)
{
    static const struct type_info *const types[] = {
        &user_creatable_type_info,
        &pci_bus_type_info,
        &pci_device_type_info,
        &i440fx_pcihost_type_info,
        &i440fx_type_info,
        &piix3_type_info,
        &virtio_pci_type_info,
        &virtio_rng_type_info,
        &virtio_block_type_info,
        &virtio_net_type_info,
        &virtio_serial_type_info,
        &virtio_serial_bus_type_info,
        &virtio_console_type_info,
        &rng_backend_type_info,
        &rng_builtin_type_info,
        &rng_random_type_info,
        NULL,
    };
    struct virtio_fixture *v = g_new0(struct virtio_fixture, 1);
    struct ram_block_options ram = { .name = "ram", .size_bytes = RAM_BYTES };
    struct irq_line isa[16];

    v->board = board_fixture_create(types);
    v->block = ram_block_create(&ram, NULL);
    assert_non_null(v->block);
    memory_region_init_ram(&v->ram, v->board->board.memory, "ram", v->block);
    memory_region_add_subregion(&v->board->system_memory, 0, &v->ram);
    v->host = board_fixture_device(v->board, "i440FX-pcihost", "host");
    i440fx_pcihost_set_types(v->host, v->board->registry);
    board_fixture_realize(v->host);
    v->bus = i440fx_pci_bus(v->host);
    v->piix3 = board_fixture_device(v->board, "PIIX3", NULL);
    bus_add_device(&v->bus->bus, v->piix3);
    for (unsigned i = 0; i < G_N_ELEMENTS(isa); i++) {
        isa[i] = board_fixture_line(v->board, i);
    }
    piix3_connect_isa_irqs(v->piix3, isa);
    board_fixture_realize(v->piix3);
    pci_bus_config_write(v->bus, PCI_DEVFN(1, 0), 0x60, 0x0b0b0b0b, 4); /* PIRQs to 11 */
    v->device = board_fixture_device(v->board, type, "v0");
    bus_add_device(&v->bus->bus, v->device);
    assert_true(object_property_parse(&v->device->object, "addr", "5", NULL, NULL));
    return v;
}

static inline void virtio_fixture_destroy(struct virtio_fixture *v)
{
    device_unrealize_all(v->board->root);
    memory_region_del_subregion(&v->board->system_memory, &v->ram);
    memory_region_fini(&v->ram);
    ram_block_destroy(v->block);
    board_fixture_destroy(v->board);
    g_free(v);
}

/* ---- registers ---- */

static inline uint32_t reg(struct virtio_fixture *v, uint32_t offset, unsigned size)
{
    return (uint32_t)address_space_load(v->board->board.memory_space, BAR_GPA + offset, size);
}

static inline void set_reg(struct virtio_fixture *v, uint32_t offset, uint32_t value, unsigned size)
{
    address_space_store(v->board->board.memory_space, BAR_GPA + offset, value, size);
}

static inline void store(struct virtio_fixture *v, uint64_t gpa, uint64_t value, unsigned size)
{
    address_space_store(v->board->board.memory_space, gpa, value, size);
}

static inline uint64_t load(struct virtio_fixture *v, uint64_t gpa, unsigned size)
{
    return address_space_load(v->board->board.memory_space, gpa, size);
}

static inline void map_function(struct virtio_fixture *v)
{
    pci_bus_config_write(v->bus, DEVFN, PCI_BAR0 + 4 * VIRTIO_BAR, BAR_GPA, 4);
    pci_bus_config_write(v->bus, DEVFN, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

/* As a driver comes up, up to FEATURES_OK; gives the status that the device shows. */
static inline uint8_t negotiate(struct virtio_fixture *v, uint64_t features)
{
    set_reg(v, VIRTIO_STATUS, 0, 1);
    set_reg(v, VIRTIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER, 1);
    for (uint32_t i = 0; i < 2; i++) {
        set_reg(v, VIRTIO_DRIVER_FEATURE_SELECT, i, 4);
        set_reg(v, VIRTIO_DRIVER_FEATURE, (uint32_t)(features >> (32 * i)), 4);
    }
    set_reg(v, VIRTIO_STATUS,
            VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK, 1);
    return (uint8_t)reg(v, VIRTIO_STATUS, 1);
}

/* The rings of a queue other than the first lie behind the data. */
static inline uint64_t queue_gpa(unsigned queue, uint64_t gpa)
{
    return gpa + (queue == 0 ? 0 : 0x80000ull + 0x8000ull * queue);
}

static inline void lay_out_queue(struct virtio_fixture *v, unsigned queue, uint32_t size)
{
    v->avail[queue] = 0;
    set_reg(v, VIRTIO_QUEUE_SELECT, queue, 2);
    set_reg(v, VIRTIO_QUEUE_SIZE, size, 2);
    set_reg(v, VIRTIO_QUEUE_DESC, (uint32_t)queue_gpa(queue, DESC_GPA), 4);
    set_reg(v, VIRTIO_QUEUE_DRIVER, (uint32_t)queue_gpa(queue, AVAIL_GPA), 4);
    set_reg(v, VIRTIO_QUEUE_DEVICE, (uint32_t)queue_gpa(queue, USED_GPA), 4);
    set_reg(v, VIRTIO_QUEUE_ENABLE, 1, 2);
}

/* The same in empty memory. */
static inline void enable_queue_at(struct virtio_fixture *v, unsigned queue, uint32_t size)
{
    for (uint64_t gpa = DESC_GPA; gpa < USED_GPA + 0x2000; gpa += 8) {
        store(v, queue_gpa(queue, gpa), 0, 8);
    }
    lay_out_queue(v, queue, size);
}

static inline void enable_queue(struct virtio_fixture *v, uint32_t size)
{
    enable_queue_at(v, 0, size);
}

static inline void bring_up(struct virtio_fixture *v, uint32_t size)
{
    map_function(v);
    assert_true(
        (negotiate(v, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT) & VIRTIO_STATUS_FEATURES_OK) != 0);
    enable_queue(v, size);
    set_reg(v, VIRTIO_STATUS, reg(v, VIRTIO_STATUS, 1) | VIRTIO_STATUS_DRIVER_OK, 1);
}

/* ---- buffers ---- */

static inline void set_desc(struct virtio_fixture *v, uint64_t table, unsigned index, uint64_t gpa,
                            uint32_t bytes, uint16_t flags, uint16_t next)
{
    uint64_t at = table + 16ull * index;

    store(v, at, gpa, 8);
    store(v, at + 8, bytes, 4);
    store(v, at + 12, flags, 2);
    store(v, at + 14, next, 2);
}

static inline void offer_at(struct virtio_fixture *v, unsigned queue, uint32_t queue_size,
                            uint16_t head)
{
    uint64_t gpa = queue_gpa(queue, AVAIL_GPA);

    store(v, gpa + 4 + 2ull * (v->avail[queue] % queue_size), head, 2);
    store(v, gpa + 2, ++v->avail[queue], 2);
}

static inline void offer(struct virtio_fixture *v, uint32_t queue_size, uint16_t head)
{
    offer_at(v, 0, queue_size, head);
}

static inline void kick_at(struct virtio_fixture *v, unsigned queue)
{
    set_reg(v, VIRTIO_PART_NOTIFY + 4 * queue, queue, 2);
}

static inline void kick(struct virtio_fixture *v)
{
    kick_at(v, 0);
}

static inline uint16_t used_index_at(struct virtio_fixture *v, unsigned queue)
{
    return (uint16_t)load(v, queue_gpa(queue, USED_GPA) + 2, 2);
}

static inline uint16_t used_index(struct virtio_fixture *v)
{
    return used_index_at(v, 0);
}

static inline uint32_t used_bytes_at(struct virtio_fixture *v, unsigned queue, unsigned at)
{
    return (uint32_t)load(v, queue_gpa(queue, USED_GPA) + 4 + 8ull * at + 4, 4);
}

static inline uint32_t used_bytes(struct virtio_fixture *v, unsigned at)
{
    return used_bytes_at(v, 0, at);
}

static inline bool needs_reset(struct virtio_fixture *v)
{
    return (reg(v, VIRTIO_STATUS, 1) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

#endif
