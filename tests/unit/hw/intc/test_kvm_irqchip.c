/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_irqchip.c - which GSI takes which way to KVM, what is counted, how the chips look. */
#include "hw/board_fixture.h"
#include "hw/intc/kvm_irqchip.h"
#include "hw/trace_stages.h"

struct bench {
    struct board_fixture *f;
    struct gsi_lines lines;
    struct irq_line gsi[GSI_NUM_PINS];
};

static const struct type_info *const types[] = { &kvm_i8259_type_info, &kvm_ioapic_type_info,
                                                 NULL };

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->f);
    g_free(bench);
    return 0;
}

static void test_every_gsi_reaches_kvm(void **state)
{
    struct bench *bench = *state;
    const struct board_fixture *f = bench->f;

    gsi_lines_init(&bench->lines, &bench->f->board, bench->gsi);
    for (unsigned i = 0; i < GSI_NUM_PINS; i++) {
        irq_line_raise(&bench->gsi[i]);
        assert_int_equal(f->kvm_irqs[2 * i].gsi, i);
        assert_int_equal(f->kvm_irqs[2 * i].level, 1);
        irq_line_lower(&bench->gsi[i]);
        assert_int_equal(f->kvm_irqs[2 * i + 1].level, 0);
        assert_int_equal(f->kvm_irq_count, 2 * i + 2);
    }
}

/* What a GSI passes through can be seen by taking the second line away. */
static void test_pic_below_16_ioapic_above(void **state)
{
    struct bench *bench = *state;

    gsi_lines_init(&bench->lines, &bench->f->board, bench->gsi);
    bench->lines.i8259_irq[9].set = NULL;
    irq_line_raise(&bench->gsi[9]);
    assert_int_equal(bench->f->kvm_irq_count, 0);
    bench->lines.ioapic_irq[20].set = NULL;
    irq_line_raise(&bench->gsi[20]);
    assert_int_equal(bench->f->kvm_irq_count, 0);
    irq_line_raise(&bench->gsi[16]);
    assert_int_equal(bench->f->kvm_irq_count, 1);
}

static void test_statistics(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GString) out = g_string_new(NULL);

    gsi_lines_init(&bench->lines, &bench->f->board, bench->gsi);
    gsi_lines_print_statistics(&bench->lines, out);
    assert_string_equal(out->str,
                        "IRQ statistics for kvm-ioapic:\nIRQ statistics for kvm-i8259:\n");
    irq_line_raise(&bench->gsi[9]);
    irq_line_raise(&bench->gsi[9]); /* no edge: not counted */
    assert_int_equal(bench->lines.statistics.level, 1 << 9);
    irq_line_lower(&bench->gsi[9]);
    irq_line_set(&bench->gsi[9], 1);
    irq_line_lower(&bench->gsi[4]); /* was low */
    irq_line_raise(&bench->gsi[23]);
    assert_int_equal(bench->lines.statistics.level, 1 << 9 | 1 << 23);
    g_string_truncate(out, 0);
    gsi_lines_print_statistics(&bench->lines, out);
    assert_string_equal(out->str, "IRQ statistics for kvm-ioapic:\n"
                                  "23: 1\n"
                                  "IRQ statistics for kvm-i8259:\n"
                                  " 9: 2\n");
    assert_int_equal(bench->f->kvm_irq_count, 6); /* every level goes to KVM, edge or not */
}

static void test_chips_are_devices(void **state)
{
    struct bench *bench = *state;
    struct board_fixture *f = bench->f;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *refusal = NULL;

    bench->lines.i8259_master = board_fixture_device(f, "kvm-i8259", NULL);
    bench->lines.i8259_slave = board_fixture_device(f, "kvm-i8259", NULL);
    bench->lines.ioapic = board_fixture_device(f, "kvm-ioapic", NULL);
    gsi_lines_init(&bench->lines, &f->board, bench->gsi);
    assert_true(bench->lines.i8259_master->realized);
    assert_true(bench->lines.i8259_slave->realized);
    assert_true(bench->lines.ioapic->realized);
    device_print_tree(f->root, out);
    assert_string_equal(out->str, "bus: main-system-bus\n"
                                  "  type System\n"
                                  "  dev: kvm-i8259, id \"\"\n"
                                  "    iobase = 32 (0x20)\n"
                                  "    elcr_addr = 1232 (0x4d0)\n"
                                  "    elcr_mask = 248 (0xf8)\n"
                                  "    master = true\n"
                                  "  dev: kvm-i8259, id \"\"\n"
                                  "    iobase = 160 (0xa0)\n"
                                  "    elcr_addr = 1233 (0x4d1)\n"
                                  "    elcr_mask = 222 (0xde)\n"
                                  "    master = false\n"
                                  "  dev: kvm-ioapic, id \"\"\n"
                                  "    gsi_base = 0 (0x0)\n");
    refusal = board_fixture_refusal(f, bench->lines.i8259_master, "iobase", "0x30");
    assert_string_equal(refusal, "Attempt to set property 'iobase' on anonymous device "
                                 "(type 'kvm-i8259') after it was realized");
}

static void test_board_without_kvm(void **state)
{
    struct bench *bench = *state;
    const struct board_ops none = { .request = NULL };

    bench->f->board.ops = &none;
    gsi_lines_init(&bench->lines, &bench->f->board, bench->gsi);
    irq_line_raise(&bench->gsi[3]);
    assert_int_equal(bench->lines.statistics.raised[3], 1);
}

static void test_stages(void **state)
{
    struct bench *bench = *state;
    struct trace_session *trace = trace_stages_begin();
    g_autofree char *init = NULL;
    g_autofree char *low = NULL;
    g_autofree char *high = NULL;

    gsi_lines_init(&bench->lines, &bench->f->board, bench->gsi);
    init = trace_stages_end(trace);
    assert_string_equal(init, "qemu_allocate_irqs( ) "
                              "kvm_i8259_init( i8259_init_chip( ) i8259_init_chip( ) "
                              "qemu_allocate_irqs( ) ) "
                              "qemu_allocate_irqs( ) ");
    trace = trace_stages_begin();
    irq_line_raise(&bench->gsi[9]);
    low = trace_stages_end(trace);
    assert_string_equal(low, "qemu_set_irq( kvm_pc_gsi_handler( qemu_set_irq( kvm_pic_set_irq( "
                             "pic_stat_update_irq ) ) ) ) ");
    trace = trace_stages_begin();
    irq_line_raise(&bench->gsi[16]);
    high = trace_stages_end(trace);
    assert_string_equal(high, "qemu_set_irq( kvm_pc_gsi_handler( qemu_set_irq( "
                              "kvm_ioapic_set_irq( ioapic_stat_update_irq ) ) ) ) ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_gsi_reaches_kvm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pic_below_16_ioapic_above, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chips_are_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_board_without_kvm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stages, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
