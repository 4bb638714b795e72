/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_virtio_pci.c - registers, features, queues and interrupts of a virtio function, by a virtio-rng. */
#include "virtio_fixture.h"

#define QUEUE_SIZE 8u

static int setup(void **state)
{
    struct virtio_fixture *v = virtio_fixture_create("virtio-rng-pci");

    board_fixture_realize(v->device);
    *state = v;
    return 0;
}

static int teardown(void **state)
{
    virtio_fixture_destroy(*state);
    return 0;
}

static uint8_t config8(struct virtio_fixture *v, uint32_t offset)
{
    return (uint8_t)pci_bus_config_read(v->bus, DEVFN, offset, 1);
}

/* Gives the config offset of the capability of a virtio type; 0 = none. */
static uint32_t capability(struct virtio_fixture *v, uint8_t type)
{
    for (uint32_t at = config8(v, 0x34); at != 0; at = config8(v, at + 1)) {
        if (config8(v, at) == 9 && config8(v, at + 3) == type) {
            return at;
        }
    }
    return 0;
}

static void test_identity_and_capabilities(void **state)
{
    struct virtio_fixture *v = *state;

    assert_int_equal(pci_bus_config_read(v->bus, DEVFN, 0, 4), 0x10441af4);
    assert_int_equal(config8(v, PCI_REVISION_ID), 1);
    for (uint8_t type = 1; type <= 5; type++) {
        assert_int_not_equal(capability(v, type), 0);
    }
    assert_int_equal(config8(v, capability(v, 1) + 4), VIRTIO_BAR);
    assert_int_equal(pci_bus_config_read(v->bus, DEVFN, capability(v, 3) + 8, 4), VIRTIO_PART_ISR);
    assert_int_equal(pci_bus_config_read(v->bus, DEVFN, capability(v, 2) + 16, 4), 4);
}

static void test_features(void **state)
{
    struct virtio_fixture *v = *state;

    map_function(v);
    set_reg(v, VIRTIO_DEVICE_FEATURE_SELECT, 1, 4);
    assert_int_equal(reg(v, VIRTIO_DEVICE_FEATURE, 4), 1);
    set_reg(v, VIRTIO_DEVICE_FEATURE_SELECT, 2, 4);
    assert_int_equal(reg(v, VIRTIO_DEVICE_FEATURE, 4), 0);
    assert_int_equal(negotiate(v, VIRTIO_F_VERSION_1) & VIRTIO_STATUS_FEATURES_OK, 8);
    assert_int_equal(negotiate(v, 0) & VIRTIO_STATUS_FEATURES_OK, 0);
    assert_int_equal(negotiate(v, VIRTIO_F_VERSION_1 | 1ull << 40) & VIRTIO_STATUS_FEATURES_OK, 0);
}

static void test_bytes_and_interrupt(void **state)
{
    struct virtio_fixture *v = *state;

    bring_up(v, QUEUE_SIZE);
    set_desc(v, DESC_GPA, 3, DATA_GPA, 16, DESC_WRITE | DESC_NEXT, 5);
    set_desc(v, DESC_GPA, 5, DATA_GPA + 0x100, 8, DESC_WRITE, 0);
    offer(v, QUEUE_SIZE, 3);
    kick(v);
    assert_int_equal(used_index(v), 1);
    assert_int_equal(load(v, USED_GPA + 4, 4), 3);
    assert_int_equal(used_bytes(v, 0), 24);
    assert_int_not_equal(load(v, DATA_GPA, 8), 0);
    assert_int_not_equal(load(v, DATA_GPA + 0x100, 8), 0);
    assert_int_equal(load(v, DATA_GPA + 0x108, 8), 0);
    assert_int_equal(v->board->level[11], 1);
    assert_int_equal(reg(v, VIRTIO_PART_ISR, 1), VIRTIO_ISR_QUEUE);
    assert_int_equal(v->board->level[11], 0);
    assert_int_equal(reg(v, VIRTIO_PART_ISR, 1), 0);
    /* Without a wish for interrupts there is none. */
    store(v, AVAIL_GPA, 1, 2);
    offer(v, QUEUE_SIZE, 3);
    kick(v);
    assert_int_equal(used_index(v), 2);
    assert_int_equal(v->board->level[11], 0);
}

static void test_indirect(void **state)
{
    struct virtio_fixture *v = *state;

    bring_up(v, QUEUE_SIZE);
    set_desc(v, DESC_GPA, 0, DATA_GPA + 0x1000, 32, DESC_INDIRECT, 0);
    set_desc(v, DATA_GPA + 0x1000, 0, DATA_GPA, 4, DESC_WRITE | DESC_NEXT, 1);
    set_desc(v, DATA_GPA + 0x1000, 1, DATA_GPA + 4, 4, DESC_WRITE, 0);
    offer(v, QUEUE_SIZE, 0);
    kick(v);
    assert_int_equal(used_bytes(v, 0), 8);
    assert_int_not_equal(load(v, DATA_GPA, 8), 0);
}

static void test_no_master_no_work(void **state)
{
    struct virtio_fixture *v = *state;

    bring_up(v, QUEUE_SIZE);
    pci_bus_config_write(v->bus, DEVFN, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    set_desc(v, DESC_GPA, 0, DATA_GPA, 8, DESC_WRITE, 0);
    offer(v, QUEUE_SIZE, 0);
    kick(v);
    assert_int_equal(used_index(v), 0);
}

/* What a hostile driver lays out, and that only a reset helps. */
static void test_broken_queues(void **state)
{
    static const struct {
        uint64_t gpa;
        uint32_t bytes;
        uint16_t flags, next, head;
    } cases[] = {
        { DATA_GPA, 4, DESC_WRITE | DESC_NEXT, 0, 0 },  /* a loop */
        { DATA_GPA, 4, DESC_WRITE | DESC_NEXT, 99, 0 }, /* out of the table */
        { DATA_GPA, 4, DESC_WRITE, 0, 400 },            /* no such head */
        { DATA_GPA, 15, DESC_INDIRECT, 0, 0 },          /* half a descriptor */
        { DATA_GPA, 0, DESC_INDIRECT, 0, 0 },
        { DESC_GPA, 16, DESC_INDIRECT, 0, 0 }, /* an indirect table in an indirect one */
        { DATA_GPA, 16, DESC_INDIRECT | DESC_NEXT, 0, 0 },
        { 1ull << 62, 16, DESC_INDIRECT, 0, 0 }, /* nowhere */
    };
    struct virtio_fixture *v = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        bring_up(v, QUEUE_SIZE);
        set_desc(v, DESC_GPA, 0, cases[i].gpa, cases[i].bytes, cases[i].flags, cases[i].next);
        offer(v, QUEUE_SIZE, cases[i].head);
        kick(v);
        assert_true(needs_reset(v));
        assert_int_equal(used_index(v), 0);
        assert_int_equal(reg(v, VIRTIO_PART_ISR, 1), VIRTIO_ISR_CONFIG);
    }
    bring_up(v, QUEUE_SIZE);
    store(v, AVAIL_GPA + 2, QUEUE_SIZE + 1, 2); /* more than there is room for */
    kick(v);
    assert_true(needs_reset(v));
    bring_up(v, QUEUE_SIZE);
    assert_false(needs_reset(v));
}

static void test_readable_behind_writable(void **state)
{
    struct virtio_fixture *v = *state;

    bring_up(v, QUEUE_SIZE);
    set_desc(v, DESC_GPA, 0, DATA_GPA, 4, DESC_WRITE | DESC_NEXT, 1);
    set_desc(v, DESC_GPA, 1, DATA_GPA, 4, 0, 0);
    offer(v, QUEUE_SIZE, 0);
    kick(v);
    assert_true(needs_reset(v));
}

/* A buffer that is the device's own notification register: it does nothing, and nothing nests. */
static void test_buffer_is_the_device(void **state)
{
    struct virtio_fixture *v = *state;

    bring_up(v, QUEUE_SIZE);
    set_desc(v, DESC_GPA, 0, BAR_GPA + VIRTIO_PART_NOTIFY, 16, DESC_WRITE, 0);
    offer(v, QUEUE_SIZE, 0);
    kick(v);
    assert_int_equal(used_index(v), 1);
}

static void test_queue_registers(void **state)
{
    struct virtio_fixture *v = *state;

    map_function(v);
    set_reg(v, VIRTIO_QUEUE_SELECT, 0, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_SIZE, 2), QUEUE_SIZE);
    set_reg(v, VIRTIO_QUEUE_SIZE, 3, 2);
    set_reg(v, VIRTIO_QUEUE_SIZE, 16, 2);
    set_reg(v, VIRTIO_QUEUE_SIZE, 0, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_SIZE, 2), QUEUE_SIZE);
    set_reg(v, VIRTIO_QUEUE_SIZE, 4, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_SIZE, 2), 4);
    set_reg(v, VIRTIO_QUEUE_DESC, 0x11111111, 4);
    set_reg(v, VIRTIO_QUEUE_DESC + 4, 0x22222222, 4);
    assert_int_equal(v->bus->functions[DEVFN] != NULL, 1);
    assert_int_equal(reg(v, VIRTIO_QUEUE_DESC + 4, 4), 0x22222222);
    set_reg(v, VIRTIO_QUEUE_SELECT, 1, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_SIZE, 2), 0);
    set_reg(v, VIRTIO_QUEUE_VECTOR, 1, 2);
    set_reg(v, VIRTIO_QUEUE_SELECT, 0, 2);
    set_reg(v, VIRTIO_QUEUE_VECTOR, 1, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_VECTOR, 2), 1);
    set_reg(v, VIRTIO_QUEUE_VECTOR, 2, 2);
    assert_int_equal(reg(v, VIRTIO_QUEUE_VECTOR, 2), VIRTIO_NO_VECTOR);
}

/* The common configuration by the window in config space. */
static void test_window(void **state)
{
    struct virtio_fixture *v = *state;
    uint32_t at = capability(v, 5);

    pci_bus_config_write(v->bus, DEVFN, at + 4, VIRTIO_BAR, 1);
    pci_bus_config_write(v->bus, DEVFN, at + 8, VIRTIO_QUEUE_COUNT, 4);
    pci_bus_config_write(v->bus, DEVFN, at + 12, 2, 4);
    assert_int_equal(pci_bus_config_read(v->bus, DEVFN, at + 16, 2), 1);
    pci_bus_config_write(v->bus, DEVFN, at + 8, VIRTIO_STATUS, 4);
    pci_bus_config_write(v->bus, DEVFN, at + 12, 1, 4);
    pci_bus_config_write(v->bus, DEVFN, at + 16, VIRTIO_STATUS_ACKNOWLEDGE, 1);
    assert_int_equal(pci_bus_config_read(v->bus, DEVFN, at + 16, 1), VIRTIO_STATUS_ACKNOWLEDGE);
    /* Settings that make no sense reach nothing. */
    pci_bus_config_write(v->bus, DEVFN, at + 8, 0xffffffff, 4);
    pci_bus_config_write(v->bus, DEVFN, at + 16, 7, 1);
    pci_bus_config_write(v->bus, DEVFN, at + 12, 3, 4);
    (void)pci_bus_config_read(v->bus, DEVFN, at + 16, 4);
}

static uint32_t next_number(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Random rings, chains and registers: whatever comes, the device lives and a reset brings it back. */
static void test_random_queues(void **state)
{
    struct virtio_fixture *v = *state;
    uint32_t seed = 1;

    for (unsigned round = 0; round < 3000; round++) {
        bring_up(v, 1u << (next_number(&seed) % 4));
        for (unsigned i = 0; i < 8; i++) {
            set_desc(v, DESC_GPA, i,
                     next_number(&seed) % 8 == 0 ? (uint64_t)next_number(&seed) << 40
                                                 : DESC_GPA + next_number(&seed) % 0x20000,
                     next_number(&seed) % 64 == 0 ? UINT32_MAX : next_number(&seed) % 80,
                     (uint16_t)(next_number(&seed) % 8), (uint16_t)(next_number(&seed) % 9));
            store(v, AVAIL_GPA + 4 + 2ull * i, next_number(&seed) % 9, 2);
        }
        store(v, AVAIL_GPA + 2, next_number(&seed) % 10, 2);
        kick(v);
        set_reg(v, next_number(&seed) % 64, next_number(&seed), 1u << (next_number(&seed) % 3));
        kick(v);
    }
    test_bytes_and_interrupt(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identity_and_capabilities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_features, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_and_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_indirect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_master_no_work, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_queues, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_behind_writable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buffer_is_the_device, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_queues, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
