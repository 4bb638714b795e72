/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pci_msi.c - the capability list, MSI and MSI-X: messages, masks, pending bits, and INTx beside them. */
#include "pci_fixture.h"

#define SLOT3    PCI_DEVFN(3, 0)
#define MSIX_BAR 0xfeb00000u
#define ADDRESS  0xfee01000u

static void expect_message(struct pci_fixture *p, unsigned count, uint64_t address, uint32_t data)
{
    assert_int_equal(p->board->msi_count, count);
    assert_int_equal(p->board->msis[count - 1].address, address);
    assert_int_equal(p->board->msis[count - 1].data, data);
}

static struct probe *probe_with_msi(struct pci_fixture *p, unsigned vectors)
{
    struct probe *probe = probe_at(p, "a", "3");

    pci_msi_init(&probe->pci, 0, vectors);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
    config_write(p, SLOT3, 0x44, ADDRESS, 4);
    config_write(p, SLOT3, 0x4c, 0x41f0, 2);
    return probe;
}

static void msix_write(struct pci_fixture *p, uint32_t offset, uint32_t value)
{
    address_space_store(p->board->board.memory_space, MSIX_BAR + offset, value, 4);
}

static uint32_t msix_read(struct pci_fixture *p, uint32_t offset)
{
    return (uint32_t)address_space_load(p->board->board.memory_space, MSIX_BAR + offset, 4);
}

static struct probe *probe_with_msix(struct pci_fixture *p, unsigned vectors)
{
    struct probe *probe = probe_at(p, "a", "3");

    pci_msix_init(&probe->msix, &probe->pci, &probe->msix_state, vectors, 1);
    config_write(p, SLOT3, PCI_BAR0 + 4, MSIX_BAR, 4);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 2);
    for (unsigned i = 0; i < vectors; i++) {
        msix_write(p, 16 * i, ADDRESS);
        msix_write(p, 16 * i + 8, 0x40 + i);
    }
    return probe;
}

static void test_list_of_capabilities(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2) & 0x10, 0);
    assert_int_equal(pci_device_add_capability(&probe->pci, 9, 0x50, 5), 0x50);
    assert_int_equal(pci_device_add_capability(&probe->pci, 9, 0, 16), 0x58);
    pci_msix_init(&probe->msix, &probe->pci, &probe->msix_state, 5, 1);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2) & 0x10, 0x10);
    assert_int_equal(config_read(p, SLOT3, 0x34, 1), 0x68);
    assert_int_equal(config_read(p, SLOT3, 0x68, 4), 0x00045811);
    assert_int_equal(config_read(p, SLOT3, 0x6c, 4), 1);
    assert_int_equal(config_read(p, SLOT3, 0x70, 4), 0x801);
    assert_int_equal(config_read(p, SLOT3, 0x58, 2), 0x5009);
    assert_int_equal(config_read(p, SLOT3, 0x50, 2), 0x0009);
    /* Read only, unlike what is no capability. */
    config_write(p, SLOT3, 0x58, 0xffffffff, 4);
    config_write(p, SLOT3, 0x40, 0xffffffff, 4);
    assert_int_equal(config_read(p, SLOT3, 0x58, 4), 0x5009);
    assert_int_equal(config_read(p, SLOT3, 0x40, 4), 0xffffffff);
}

static void test_msi(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msi(p, 4);

    assert_int_equal(config_read(p, SLOT3, 0x40, 4), 0x01840005);
    pci_msi_notify(&probe->pci, 0);
    assert_int_equal(p->board->msi_count, 0); /* not enabled */
    config_write(p, SLOT3, 0x42, 1, 2);
    assert_true(pci_msi_is_enabled(&probe->pci));
    assert_int_equal(pci_msi_vectors(&probe->pci), 1);
    pci_msi_notify(&probe->pci, 0);
    expect_message(p, 1, ADDRESS, 0x41f0);
    pci_msi_notify(&probe->pci, 3); /* one vector granted: it stands for all */
    expect_message(p, 2, ADDRESS, 0x41f0);
    config_write(p, SLOT3, 0x42, 0x71, 2); /* more granted than offered */
    assert_int_equal(pci_msi_vectors(&probe->pci), 4);
    config_write(p, SLOT3, 0x48, 0x12, 4);
    pci_msi_notify(&probe->pci, 3);
    expect_message(p, 3, 0x1200000000ull | ADDRESS, 0x41f3);
}

static void test_msi_mask(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msi(p, 2);

    config_write(p, SLOT3, 0x42, 0x11, 2);
    config_write(p, SLOT3, 0x50, 0xffffffff, 4);
    assert_int_equal(config_read(p, SLOT3, 0x50, 4), 3);
    pci_msi_notify(&probe->pci, 1);
    pci_msi_notify(&probe->pci, 1);
    assert_true(pci_msi_is_masked(&probe->pci, 1));
    assert_true(pci_msi_is_pending(&probe->pci, 1));
    assert_int_equal(config_read(p, SLOT3, 0x54, 4), 2);
    config_write(p, SLOT3, 0x54, 0, 4); /* pending bits are the function's */
    config_write(p, SLOT3, 0x50, 2, 4);
    assert_int_equal(p->board->msi_count, 0);
    config_write(p, SLOT3, 0x50, 0, 1);
    expect_message(p, 1, ADDRESS, 0x41f1);
    assert_false(pci_msi_is_pending(&probe->pci, 1));
}

static void test_not_a_bus_master(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msi(p, 1);

    config_write(p, SLOT3, 0x42, 1, 2);
    config_write(p, SLOT3, PCI_COMMAND, 0, 2);
    pci_msi_notify(&probe->pci, 0);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
    assert_int_equal(p->board->msi_count, 0);
}

static void test_intx_is_silent_beside_messages(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msi(p, 1);

    config_write(p, PCI_DEVFN(1, 0), 0x60, 0x0b0b0b0b, 4); /* PIIX3: every PIRQ to ISA 11 */
    pci_device_set_irq(&probe->pci, 1);
    assert_int_equal(p->board->level[11], 1);
    config_write(p, SLOT3, 0x42, 1, 2);
    assert_int_equal(p->board->level[11], 0);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2) & 8, 8);
    config_write(p, SLOT3, 0x42, 0, 2);
    assert_int_equal(p->board->level[11], 1);
}

static void test_msix(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msix(p, 3);

    assert_int_equal(msix_read(p, 0x0c), 1);
    msix_write(p, 0x0c, 0);
    pci_msix_notify(&probe->msix, 0);
    assert_int_equal(p->board->msi_count, 0); /* not enabled */
    config_write(p, SLOT3, 0x42, 0x8000, 2);
    pci_msix_notify(&probe->msix, 0);
    expect_message(p, 1, ADDRESS, 0x40);
    msix_write(p, 0x24, 0x77);
    msix_write(p, 0x2c, 0xfffffffe); /* only bit 0 is there */
    assert_int_equal(msix_read(p, 0x2c), 0);
    pci_msix_notify(&probe->msix, 2);
    expect_message(p, 2, 0x7700000000ull | ADDRESS, 0x42);
    pci_msix_notify(&probe->msix, 3); /* there is none */
    assert_int_equal(p->board->msi_count, 2);
    assert_int_equal(address_space_load(p->board->board.memory_space, MSIX_BAR + 0x20, 8),
                     0x7700000000ull | ADDRESS);
}

static void test_msix_mask(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msix(p, 3);

    config_write(p, SLOT3, 0x42, 0x8000, 2);
    pci_msix_notify(&probe->msix, 1); /* masked since reset */
    assert_true(pci_msix_is_pending(&probe->msix, 1));
    assert_int_equal(msix_read(p, 0x800), 2);
    msix_write(p, 0x800, 0);
    assert_int_equal(msix_read(p, 0x800), 2);
    config_write(p, SLOT3, 0x42, 0xc000, 2); /* the function's mask */
    msix_write(p, 0x1c, 0);
    assert_int_equal(p->board->msi_count, 0);
    assert_true(pci_msix_is_masked(&probe->msix, 1));
    config_write(p, SLOT3, 0x42, 0x8000, 2);
    expect_message(p, 1, ADDRESS, 0x41);
    assert_int_equal(msix_read(p, 0x800), 0);
    pci_msix_notify(&probe->msix, 2);
    msix_write(p, 0x2c, 0);
    expect_message(p, 2, ADDRESS, 0x42);
}

static void test_beyond_the_table(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msix(p, 3);
    struct pci_msix_state before = probe->msix_state;

    for (uint32_t offset = 0x30; offset < 0x1000; offset += 4) {
        msix_write(p, offset, 0xffffffff);
        assert_int_equal(msix_read(p, offset), 0);
    }
    assert_memory_equal(&before, &probe->msix_state, sizeof(before));
    address_space_store(p->board->board.memory_space, MSIX_BAR, 0xff, 1); /* whole words only */
    assert_memory_equal(&before, &probe->msix_state, sizeof(before));
}

static void test_reset_and_unrealize(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_with_msix(p, 3);

    pci_msi_init(&probe->pci, 0, 2);
    config_write(p, SLOT3, 0x42, 0x8000, 2);
    config_write(p, SLOT3, 0x4e, 0x11, 2);
    config_write(p, SLOT3, 0x50, ADDRESS, 4);
    pci_msix_notify(&probe->msix, 1);
    pci_device_reset(&probe->pci);
    pci_msix_reset(&probe->msix);
    assert_false(pci_msix_is_enabled(&probe->msix));
    assert_false(pci_msi_is_enabled(&probe->pci));
    assert_false(pci_msix_is_pending(&probe->msix, 1));
    assert_int_equal(config_read(p, SLOT3, 0x50, 4), 0);
    assert_int_equal(config_read(p, SLOT3, 0x4e, 2), 0x0182);
    assert_true(device_set_realized(&probe->pci.device, false, NULL));
    assert_false(pci_msix_is_enabled(&probe->msix));
    board_fixture_realize(&probe->pci.device);
    assert_int_equal(config_read(p, SLOT3, 0x34, 1), 0); /* none of the life before */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pci_fixture_setup, pci_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list_of_capabilities),
        TEST(test_msi),
        TEST(test_msi_mask),
        TEST(test_not_a_bus_master),
        TEST(test_intx_is_silent_beside_messages),
        TEST(test_msix),
        TEST(test_msix_mask),
        TEST(test_beyond_the_table),
        TEST(test_reset_and_unrealize),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
