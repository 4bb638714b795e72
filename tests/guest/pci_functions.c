/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_functions.c - part of acpi_memory.S: takes PCI functions behind the hotplug registers at 0xae00 as an operating system's
 * ACPI code does, drives the virtio functions among them by polling, and ejects those that are asked back.
 *
 *   network   asks twice who 10.0.2.2 is (ARP)    block     writes the last sector, reads it back
 *   console   says a line                         rng       takes 64 random bytes
 *
 * References: Virtual I/O Device 1.2, 2.7, 4.1, 5; the registers are those of src/hw/acpi/pci_hotplug.c.
 */
#include <stdbool.h>
#include <stdint.h>

#define PCI_UP       0xae00
#define PCI_DOWN     0xae04
#define PCI_EJECT    0xae08
#define BAR_BASE     0x20000000u /* beyond the memory, within what is mapped */
#define BAR_STEP     0x10000u
#define BAR          4
#define QUEUE_SIZE   8
#define SLOTS        32
#define VIRTIO_FIRST 0x1af41040u /* vendor, device ID of type 0 */
#define NOTIFY_STEP  4

#define DESC_NEXT    1
#define DESC_WRITE   2
#define NO_INTERRUPT 1
#define SECTOR_BYTES 512
#define FRAME_HEADER 12
#define PAUSE        10000u
#define PATIENCE     20000000u

struct virtio_registers {
    uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
    uint16_t config_vector, queue_count;
    uint8_t status, generation;
    uint16_t queue_select, queue_size, queue_vector, queue_enable, notify_offset;
    uint32_t desc[2], driver[2], device[2];
};

struct queue {
    struct {
        uint64_t gpa;
        uint32_t bytes;
        uint16_t flags, next;
    } desc[QUEUE_SIZE];

    struct {
        uint16_t flags, index, ring[QUEUE_SIZE];
    } avail;

    struct {
        uint16_t flags, index;

        struct {
            uint32_t head, bytes;
        } ring[QUEUE_SIZE];
    } used;
};

/* Of the function under work: one at a time. */
static struct queue queues[2] __attribute__((aligned(4096)));
static uint8_t buffer[2048] __attribute__((aligned(16)));
static uint8_t answer[2048] __attribute__((aligned(16)));
static uint8_t is_taken[SLOTS];

extern uint8_t want_refuse;
void walk_pci(void);
void scan_pci(void);

/* ---- ports, printing ---- */

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static void print(const char *text)
{
    for (; *text != 0; text++) {
        uint8_t status;

        do {
            __asm__ volatile("inb %1, %0" : "=a"(status) : "Nd"((uint16_t)0x3fd) : "memory");
        } while ((status & 0x20) == 0);
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)0x3f8) : "memory");
    }
}

static void print_radix(uint32_t value, unsigned radix, unsigned width)
{
    char text[12];
    unsigned at = sizeof(text) - 1;

    text[at] = 0;
    do {
        text[--at] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0 || at > sizeof(text) - 1 - width);
    print(&text[at]);
}

static void print_slot(uint32_t slot)
{
    print("pci slot ");
    print_radix(slot, 10, 1);
    print(": ");
}

/* ---- functions ---- */

static void config_select(uint32_t slot, uint32_t offset)
{
    out32(0xcf8, 0x80000000u | slot << 11 | offset);
}

static uint32_t config_read(uint32_t slot, uint32_t offset)
{
    config_select(slot, offset);
    return in32(0xcfc);
}

static void config_write(uint32_t slot, uint32_t offset, uint32_t value)
{
    config_select(slot, offset);
    out32(0xcfc, value);
}

static uintptr_t bar_of(uint32_t slot)
{
    return BAR_BASE + slot * BAR_STEP;
}

static volatile struct virtio_registers *registers_of(uint32_t slot)
{
    return (volatile struct virtio_registers *)bar_of(slot);
}

/* ---- virtio ---- */

static void clear(void *bytes, uint32_t count)
{
    volatile uint8_t *at = bytes;

    while (count-- > 0) {
        *at++ = 0;
    }
}

static void queue_open(uint32_t slot, uint16_t number)
{
    volatile struct virtio_registers *registers = registers_of(slot);
    struct queue *queue = &queues[number];

    clear(queue, sizeof(*queue));
    queue->avail.flags = NO_INTERRUPT;
    registers->queue_select = number;
    registers->queue_size = QUEUE_SIZE;
    registers->desc[0] = (uint32_t)(uintptr_t)queue->desc;
    registers->driver[0] = (uint32_t)(uintptr_t)&queue->avail;
    registers->device[0] = (uint32_t)(uintptr_t)&queue->used;
    registers->queue_enable = 1;
}

/* False: the device does not accept us. */
static bool virtio_open(uint32_t slot, uint16_t queue_count)
{
    volatile struct virtio_registers *registers = registers_of(slot);

    registers->status = 0;
    registers->status = 3;
    registers->driver_feature_select = 1;
    registers->driver_feature = 1; /* VERSION_1, nothing else */
    registers->status = 3 | 8;
    if ((registers->status & 8) == 0) {
        return false;
    }
    for (uint16_t i = 0; i < queue_count; i++) {
        queue_open(slot, i);
    }
    registers->status = 3 | 8 | 4;
    return true;
}

static void set_desc(uint16_t number, uint16_t index, const void *bytes, uint32_t count,
                     uint16_t flags)
{
    queues[number].desc[index].gpa = (uintptr_t)bytes;
    queues[number].desc[index].bytes = count;
    queues[number].desc[index].flags = flags;
    queues[number].desc[index].next = (uint16_t)(index + 1);
}

/* Makes descriptor 0 and what follows it available. */
static void offer(uint32_t slot, uint16_t number)
{
    volatile struct queue *queue = &queues[number];

    queue->avail.ring[queue->avail.index % QUEUE_SIZE] = 0;
    __asm__ volatile("" : : : "memory");
    queue->avail.index = (uint16_t)(queue->avail.index + 1);
    __asm__ volatile("mfence" : : : "memory");
    *(volatile uint16_t *)(bar_of(slot) + 0x3000 + NOTIFY_STEP * number) = number;
}

/* Waits until the device has given everything back; the bytes that it has written last. 0xffffffff: it does not come. */
static uint32_t await(uint16_t number)
{
    volatile struct queue *queue = &queues[number];

    for (uint32_t i = 0; i < PATIENCE; i++) {
        if (queue->used.index == queue->avail.index) {
            return queue->used.ring[(uint16_t)(queue->used.index - 1) % QUEUE_SIZE].bytes;
        }
        __asm__ volatile("pause");
    }
    return 0xffffffffu;
}

static void drive_rng(uint32_t slot)
{
    uint32_t count, bits = 0;

    clear(answer, sizeof(answer));
    set_desc(0, 0, answer, 64, DESC_WRITE);
    offer(slot, 0);
    count = await(0);
    for (uint32_t i = 0; i < 64; i++) {
        bits |= answer[i];
    }
    print_radix(count, 10, 1);
    print(bits != 0 ? " random bytes" : " ZEROS");
}

/* type 4, reserved 4, sector 8; status: its last byte. */
static bool transfer(uint32_t slot, uint32_t type, uint32_t sector, uint8_t *data)
{
    volatile uint32_t *header = (volatile uint32_t *)buffer;

    header[0] = type;
    header[1] = 0;
    header[2] = sector;
    header[3] = 0;
    buffer[16] = 0xff;
    set_desc(0, 0, buffer, 16, DESC_NEXT);
    set_desc(0, 1, data, SECTOR_BYTES, (uint16_t)(DESC_NEXT | (type == 0 ? DESC_WRITE : 0)));
    set_desc(0, 2, &buffer[16], 1, DESC_WRITE);
    offer(slot, 0);
    return await(0) != 0xffffffffu && *(volatile uint8_t *)&buffer[16] == 0;
}

static void drive_block(uint32_t slot)
{
    uint32_t sectors = *(volatile uint32_t *)(bar_of(slot) + 0x2000);
    uint8_t *written = buffer + 1024;
    bool ok;

    for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
        written[i] = (uint8_t)(i * 5 + slot);
        answer[i] = 0;
    }
    ok = transfer(slot, 1, sectors - 1, written) && transfer(slot, 0, sectors - 1, answer);
    for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
        ok = ok && answer[i] == written[i];
    }
    print_radix(sectors, 10, 1);
    print(ok ? " sectors, the last one written and read" : " SECTORS, NONE USABLE");
}

static void drive_network(uint32_t slot)
{
    static const uint8_t query[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0,  0, 1, 8, 6, /* to all, ARP */
        0,    1,    8,    0,    6,    4,    0,    1,           /* Ethernet, IPv4, who is */
        0x52, 0x54, 0,    0,    0,    1,    10,   0,    2, 15, /* I */
        0,    0,    0,    0,    0,    0,    10,   0,    2, 2,  /* he */
    };
    uint32_t count;

    clear(buffer, FRAME_HEADER);
    for (uint32_t i = 0; i < sizeof(query); i++) {
        buffer[FRAME_HEADER + i] = query[i];
    }
    set_desc(0, 0, answer, sizeof(answer), DESC_WRITE);
    offer(slot, 0); /* one buffer for two answers: the other one has to wait */
    set_desc(1, 0, buffer, FRAME_HEADER + 60, 0);
    offer(slot, 1);
    offer(slot, 1);
    count = await(1) == 0xffffffffu ? 0xffffffffu : await(0);
    for (uint32_t i = 0; i < PAUSE; i++) {
        __asm__ volatile("pause");
    }
    answer[FRAME_HEADER + 21] = 0;
    offer(slot, 0);
    count = count == 0xffffffffu ? count : await(0);
    if (count == 0xffffffffu || answer[FRAME_HEADER + 21] != 2) {
        print("NO ANSWER");
        return;
    }
    print("10.0.2.2 is ");
    for (uint32_t i = 0; i < 6; i++) {
        print(i > 0 ? ":" : "");
        print_radix(answer[FRAME_HEADER + 22 + i], 16, 2);
    }
}

static void drive_console(uint32_t slot)
{
    static const char text[] = "a line from the guest\n";

    set_desc(1, 0, text, sizeof(text) - 1, 0);
    offer(slot, 1);
    print(await(1) == 0 ? "said a line" : "NOTHING SAID");
}

static void drive(uint32_t slot, uint32_t type)
{
    if (!virtio_open(slot, type == 1 || type == 3 ? 2 : 1)) {
        print("NOT ACCEPTED");
        return;
    }
    switch (type) {
    case 1: drive_network(slot); break;
    case 2: drive_block(slot); break;
    case 3: drive_console(slot); break;
    case 4: drive_rng(slot); break;
    default: print("of no kind that I know"); break;
    }
}

/* ---- slots ---- */

static void inserted(uint32_t slot)
{
    uint32_t id = config_read(slot, 0);
    uint32_t swapped = id << 16 | id >> 16;

    print_slot(slot);
    print("inserted, ");
    print_radix(id & 0xffff, 16, 4);
    print(":");
    print_radix(id >> 16, 16, 4);
    print("\n");
    if (swapped < VIRTIO_FIRST || swapped > VIRTIO_FIRST + 0x3f) {
        return;
    }
    config_write(slot, 0x10 + 4 * BAR, (uint32_t)bar_of(slot));
    config_write(slot, 4, 6); /* memory, bus master */
    print_slot(slot);
    drive(slot, swapped - VIRTIO_FIRST);
    print("\n");
    is_taken[slot] = 1;
}

static void removed(uint32_t slot)
{
    print_slot(slot);
    print("eject requested\n");
    if (want_refuse != 0) {
        print_slot(slot);
        print("refused, in use\n");
        return;
    }
    if (is_taken[slot] != 0) {
        registers_of(slot)->status = 0;
        is_taken[slot] = 0;
    }
    out32(PCI_EJECT, 1u << slot);
    print_slot(slot);
    print(config_read(slot, 0) == 0xffffffffu ? "ejected\n" : "EJECT FAILED\n");
}

/* Those of the start. */
void scan_pci(void)
{
    for (uint32_t slot = 2; slot < SLOTS; slot++) { /* behind the chipset's */
        if (config_read(slot, 0) != 0xffffffffu) {
            inserted(slot);
        }
    }
}

void walk_pci(void)
{
    uint32_t up = in32(PCI_UP), down = in32(PCI_DOWN);

    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if ((up >> slot & 1) != 0 && is_taken[slot] == 0) {
            inserted(slot);
        }
        if ((down >> slot & 1) != 0) {
            removed(slot);
        }
    }
}
