/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_i440fx_pam.c - shadow RAM: who answers reads and writes below 1 MiB as the PAM registers say. */
#include "memory/ram_block.h"
#include "pci_fixture.h"

#define BRIDGE   PCI_DEVFN(0, 0)
#define RAM_BYTE 0x11
#define ROM_BYTE 0x22

struct shadow {
    struct pci_fixture *p;
    struct ram_block *ram_block, *rom_block;
    struct memory_region ram, rom;
};

static struct ram_block *filled(const char *name, uint64_t size, uint8_t byte)
{
    const struct ram_block_options options = { .kind = RAM_BLOCK_ANONYMOUS,
                                               .name = name,
                                               .size_bytes = size };
    struct ram_block *block = ram_block_create(&options, NULL);

    assert_non_null(block);
    memset(ram_block_host(block), byte, size);
    return block;
}

/* RAM everywhere below 2 MiB, a ROM as PCI's at 0xc0000 to 0xfffff. */
static int setup(void **state)
{
    struct shadow *s = g_new0(struct shadow, 1);
    const struct board *board;

    s->p = pci_fixture_create();
    board = &s->p->board->board;
    s->ram_block = filled("ram", 0x200000, RAM_BYTE);
    s->rom_block = filled("rom", 0x40000, ROM_BYTE);
    memory_region_init_ram(&s->ram, board->memory, "ram", s->ram_block);
    memory_region_init_rom(&s->rom, board->memory, "rom", s->rom_block);
    memory_region_add_subregion(board->system_memory, 0, &s->ram);
    memory_region_add_subregion(s->p->bus->memory, 0xc0000, &s->rom);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shadow *s = *state;

    memory_region_del_subregion(s->p->bus->memory, &s->rom);
    memory_region_del_subregion(s->p->board->board.system_memory, &s->ram);
    pci_fixture_destroy(s->p);
    memory_region_fini(&s->ram);
    memory_region_fini(&s->rom);
    ram_block_destroy(s->ram_block);
    ram_block_destroy(s->rom_block);
    g_free(s);
    return 0;
}

static uint8_t at(struct shadow *s, gpa_t gpa)
{
    return (uint8_t)address_space_load(s->p->board->board.memory_space, gpa, 1);
}

static void put(struct shadow *s, gpa_t gpa, uint8_t value)
{
    address_space_store(s->p->board->board.memory_space, gpa, value, 1);
}

static void test_without_firmware(void **state)
{
    struct shadow *s = *state;

    config_write(s->p, BRIDGE, 0x59, 0, 1);
    assert_int_equal(at(s, 0xf0000), RAM_BYTE);
    assert_int_equal(at(s, 0xa0000), RAM_BYTE);
}

static void test_all_is_pci_at_first(void **state)
{
    struct shadow *s = *state;

    i440fx_connect_shadow_ram(s->p->host, &s->ram);
    assert_int_equal(at(s, 0x9ffff), RAM_BYTE);
    assert_int_equal(at(s, 0xa0000), 0xff); /* no display */
    assert_int_equal(at(s, 0xbffff), 0xff);
    put(s, 0xa0000, 0x77); /* nor RAM of its own */
    assert_int_equal(at(s, 0xc0000), ROM_BYTE);
    assert_int_equal(at(s, 0xfffff), ROM_BYTE);
    assert_int_equal(at(s, 0x100000), RAM_BYTE);
    assert_int_equal(((uint8_t *)ram_block_host(s->ram_block))[0xa0000], RAM_BYTE);
}

/* Each half of each register, and no other segment with it. */
static void test_segments(void **state)
{
    struct shadow *s = *state;

    i440fx_connect_shadow_ram(s->p->host, &s->ram);
    for (unsigned segment = 0; segment < 13; segment++) {
        gpa_t gpa = 0xc0000 + 0x4000u * segment;
        gpa_t last = segment == 12 ? 0xfffff : gpa + 0x3fff;
        uint8_t value = segment == 12 || segment % 2 == 1 ? 0x30 : 0x03;

        config_write(s->p, BRIDGE, segment == 12 ? 0x59 : 0x5a + segment / 2, value, 1);
        for (gpa_t probe = 0xc0000; probe < 0x100000; probe += 0x1000) {
            assert_int_equal(at(s, probe), probe >= gpa && probe <= last ? RAM_BYTE : ROM_BYTE);
        }
        config_write(s->p, BRIDGE, segment == 12 ? 0x59 : 0x5a + segment / 2, 0, 1);
    }
}

static void test_attributes(void **state)
{
    struct shadow *s = *state;

    i440fx_connect_shadow_ram(s->p->host, &s->ram);
    config_write(s->p, BRIDGE, 0x59, 0x30, 1);
    put(s, 0xf0000, 0x33);
    assert_int_equal(at(s, 0xf0000), 0x33);
    config_write(s->p, BRIDGE, 0x59, 0x10, 1); /* read only */
    put(s, 0xf0000, 0x44);
    assert_int_equal(at(s, 0xf0000), 0x33);
    config_write(s->p, BRIDGE, 0x59, 0x20, 1); /* write only: PCI */
    put(s, 0xf0000, 0x55);
    assert_int_equal(at(s, 0xf0000), ROM_BYTE);
    config_write(s->p, BRIDGE, 0x59, 0x30, 1);
    assert_int_equal(at(s, 0xf0000), 0x33);
    config_write(s->p, BRIDGE, 0x58, 0xffffffff, 4); /* four registers at once */
    assert_int_equal(at(s, 0xcc000), RAM_BYTE);
    assert_int_equal(at(s, 0xd0000), ROM_BYTE);
}

static void test_reset_closes(void **state)
{
    struct shadow *s = *state;

    i440fx_connect_shadow_ram(s->p->host, &s->ram);
    config_write(s->p, BRIDGE, 0x59, 0x30, 1);
    device_reset(s->p->host);
    assert_int_equal(at(s, 0xf0000), ROM_BYTE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_firmware), TEST(test_all_is_pci_at_first), TEST(test_segments),
        TEST(test_attributes),       TEST(test_reset_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
