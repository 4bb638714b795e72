/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_i440fx.c - configuration mechanism 1, the chipset's functions, PIRQ routing, reset control. */
#include "pci_fixture.h"

#define BRIDGE PCI_DEVFN(0, 0)
#define PIIX3  PCI_DEVFN(1, 0)

static void test_mechanism_1(void **state)
{
    struct pci_fixture *p = *state;
    struct board_fixture *f = p->board;

    assert_int_equal(port_read(f, 0xcf8, 4), 0);
    port_write(f, 0xcf8, 0x80000000, 4);
    assert_int_equal(port_read(f, 0xcf8, 4), 0x80000000);
    assert_int_equal(port_read(f, 0xcfc, 4), 0x12378086);
    assert_int_equal(port_read(f, 0xcfe, 2), 0x1237);
    assert_int_equal(port_read(f, 0xcfd, 1), 0x80);
    port_write(f, 0xcfc, 0, 4); /* read only */
    assert_int_equal(port_read(f, 0xcfc, 4), 0x12378086);
    /* Bytes and words are no configuration address. */
    port_write(f, 0xcf8, 0x12, 1);
    port_write(f, 0xcfa, 0x1234, 2);
    assert_int_equal(port_read(f, 0xcf8, 4), 0x80000000);
    assert_int_equal(port_read(f, 0xcf8, 1), 0xff);
    assert_int_equal(port_read(f, 0xcf8, 2), 0xffff);
    port_write(f, 0xcf8, 0xffffffff, 4);
    assert_int_equal(port_read(f, 0xcf8, 4), 0xffffffff);
}

static void test_nothing_there(void **state)
{
    struct pci_fixture *p = *state;
    struct board_fixture *f = p->board;

    assert_int_equal(config_read(p, PCI_DEVFN(16, 0), 0, 4), 0xffffffff);
    assert_int_equal(config_read(p, PCI_DEVFN(16, 0), 2, 2), 0xffff);
    assert_int_equal(config_read(p, PCI_DEVFN(16, 0), 3, 1), 0xff);
    config_write(p, PCI_DEVFN(16, 0), 4, 0xffffffff, 4);
    port_write(f, 0xcf8, 0x00000000, 4); /* not enabled */
    assert_int_equal(port_read(f, 0xcfc, 4), 0xffffffff);
    port_write(f, 0xcfc, 0, 4);
    port_write(f, 0xcf8, 0x80010000, 4); /* bus 1 */
    assert_int_equal(port_read(f, 0xcfc, 2), 0xffff);
    device_reset(p->host);
    assert_int_equal(port_read(f, 0xcf8, 4), 0);
}

static void test_bridge(void **state)
{
    struct pci_fixture *p = *state;

    assert_int_equal(config_read(p, BRIDGE, 0x04, 4), 0);
    assert_int_equal(config_read(p, BRIDGE, 0x08, 4), 0x06000002);
    assert_int_equal(config_read(p, BRIDGE, 0x0c, 4), 0);
    assert_int_equal(config_read(p, BRIDGE, 0x2c, 4), 0x11001af4);
    /* PAM is kept until reset. */
    config_write(p, BRIDGE, 0x5a, 0x33, 1);
    assert_int_equal(config_read(p, BRIDGE, 0x58, 4), 0x00330000);
    device_reset(p->host); /* and what sits on its bus */
    assert_int_equal(config_read(p, BRIDGE, 0x58, 4), 0);
}

static void test_smram(void **state)
{
    struct pci_fixture *p = *state;

    assert_int_equal(config_read(p, BRIDGE, 0x72, 1), 0x02);
    config_write(p, BRIDGE, 0x72, 0xef, 1);
    assert_int_equal(config_read(p, BRIDGE, 0x72, 1), 0x6a);
    config_write(p, BRIDGE, 0x72, 0x18, 1);
    config_write(p, BRIDGE, 0x72, 0x48, 1); /* D_LCK holds D_OPEN shut */
    assert_int_equal(config_read(p, BRIDGE, 0x72, 1), 0x1a);
    device_reset(p->host);
    config_write(p, BRIDGE, 0x72, 0x48, 1);
    assert_int_equal(config_read(p, BRIDGE, 0x72, 1), 0x4a);
    config_write(p, BRIDGE, 0x70, 0x00580000, 4); /* opened and locked at once stays shut */
    assert_int_equal(config_read(p, BRIDGE, 0x72, 1), 0x1a);
}

static void test_piix3(void **state)
{
    struct pci_fixture *p = *state;

    assert_int_equal(config_read(p, PIIX3, 0x00, 4), 0x70008086);
    assert_int_equal(config_read(p, PIIX3, 0x04, 4), 0x02000000);
    assert_int_equal(config_read(p, PIIX3, 0x08, 4), 0x06010000);
    assert_int_equal(config_read(p, PIIX3, 0x0c, 4), 0x00800000);
    assert_int_equal(config_read(p, PIIX3, 0x4c, 4), 0x0003004d);
    assert_int_equal(config_read(p, PIIX3, 0x60, 4), 0x80808080);
    assert_int_equal(config_read(p, PIIX3, 0xa8, 4), 0x0000000f);
    config_write(p, PIIX3, 0x60, 0x0b0a0b0a, 4);
    config_write(p, PIIX3, 0x40, 0x55, 1);
    assert_int_equal(config_read(p, PIIX3, 0x60, 4), 0x0b0a0b0a);
    device_reset(p->piix3);
    assert_int_equal(config_read(p, PIIX3, 0x60, 4), 0x80808080);
    assert_int_equal(config_read(p, PIIX3, 0x40, 1), 0);
}

/* INTA of slots 1, 2, 3, 4 are PIRQA, B, C, D. */
static void test_pirq_of_slots(void **state)
{
    struct pci_fixture *p = *state;
    static const char *const slots[] = { "2", "3", "4", "5", "6" };
    static const unsigned pins[] = { 11, 5, 7, 10, 11 };

    config_write(p, PIIX3, 0x60, 0x07050b0a, 4);
    for (unsigned i = 0; i < G_N_ELEMENTS(slots); i++) {
        struct probe *probe = probe_at(p, NULL, slots[i]);

        pci_device_set_irq(&probe->pci, 1);
        for (unsigned pin = 0; pin < 16; pin++) {
            assert_int_equal(p->board->level[pin], pin == pins[i]);
        }
        pci_device_set_irq(&probe->pci, 0);
        assert_int_equal(p->board->level[pins[i]], 0);
    }
}

static void test_pirqs_share_an_interrupt(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *a = probe_at(p, "a", "2"); /* PIRQB */
    struct probe *b = probe_at(p, "b", "3"); /* PIRQC */
    struct probe *c = probe_at(p, "c", "6"); /* PIRQB too */

    config_write(p, PIIX3, 0x60, 0x0b0b0b0b, 4);
    pci_device_set_irq(&a->pci, 1);
    pci_device_set_irq(&b->pci, 1);
    pci_device_set_irq(&c->pci, 1);
    pci_device_set_irq(&a->pci, 0);
    pci_device_set_irq(&b->pci, 0);
    assert_int_equal(p->board->level[11], 1);
    assert_int_equal(p->board->raises[11], 1);
    pci_device_set_irq(&c->pci, 0);
    assert_int_equal(p->board->level[11], 0);
}

static void test_routing_moves_a_level(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *a = probe_at(p, "a", "2"); /* PIRQB */
    int *level = p->board->level;

    pci_device_set_irq(&a->pci, 1); /* not routed */
    config_write(p, PIIX3, 0x61, 10, 1);
    assert_int_equal(level[10], 1);
    config_write(p, PIIX3, 0x60, 0x80800580, 4);
    assert_int_equal(level[10], 0);
    assert_int_equal(level[5], 1);
    config_write(p, PIIX3, 0x61, 0x85, 1);
    assert_int_equal(level[5], 0);
    config_write(p, PIIX3, 0x61, 5, 1);
    assert_int_equal(level[5], 1);
    device_reset(p->piix3);
    assert_int_equal(level[5], 0);
}

static void test_reset_control(void **state)
{
    struct pci_fixture *p = *state;
    struct board_fixture *f = p->board;

    assert_int_equal(port_read(f, 0xcf9, 1), 0);
    port_write(f, 0xcf9, 0x02, 1);
    assert_int_equal(port_read(f, 0xcf9, 1), 2);
    port_write(f, 0xcf9, 0xfb, 1);
    assert_int_equal(port_read(f, 0xcf9, 1), 2);
    assert_int_equal(f->request_count, 0);
    port_write(f, 0xcf9, 0x06, 1);
    assert_int_equal(f->request_count, 1);
    assert_int_equal(f->requests[0].request, BOARD_REQUEST_RESET);
    port_write(f, 0xcf9, 0x04, 1);
    assert_int_equal(f->request_count, 2);
    device_reset(p->piix3);
    assert_int_equal(port_read(f, 0xcf9, 1), 0);
    /* A whole access to 0xcf8 does not reach it. */
    port_write(f, 0xcf8, 0x0000ff00, 4);
    assert_int_equal(f->request_count, 2);
}

static void test_without_piix3(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    assert_true(device_set_realized(p->piix3, false, NULL));
    assert_int_equal(port_read(p->board, 0xcf9, 1), 0xff);
    port_write(p->board, 0xcf9, 6, 1);
    assert_int_equal(p->board->request_count, 0);
    pci_device_set_irq(&probe->pci, 1);
    pci_device_set_irq(&probe->pci, 0);
    assert_int_equal(config_read(p, PIIX3, 0, 4), 0xffffffff);
}

static void test_host_comes_and_goes(void **state)
{
    struct pci_fixture *p = *state;

    assert_non_null(object_resolve_path(p->board->root, "/host/pci.0", NULL));
    assert_true(device_set_realized(p->host, false, NULL));
    assert_null(i440fx_pci_bus(p->host));
    assert_int_equal(port_read(p->board, 0xcf8, 4), 0xffffffff);
    board_fixture_realize(p->host);
    assert_int_equal(config_read(p, BRIDGE, 0, 4), 0x12378086);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pci_fixture_setup, pci_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mechanism_1),
        TEST(test_nothing_there),
        TEST(test_bridge),
        TEST(test_smram),
        TEST(test_piix3),
        TEST(test_pirq_of_slots),
        TEST(test_pirqs_share_an_interrupt),
        TEST(test_routing_moves_a_level),
        TEST(test_reset_control),
        TEST(test_without_piix3),
        TEST(test_host_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
