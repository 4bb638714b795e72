/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_exit.c - every exit reason becomes the right vm_exit; lengths that can't be are refused. */
#include <string.h>

#include "fake_kvm.h"
#include "unit.h"

#define PAGE_WORDS (FAKE_RUN_BYTES / sizeof(uint64_t))

struct page {
    uint64_t words[PAGE_WORDS];
};

static struct kvm_run *run_of(struct page *page, uint32_t reason)
{
    struct kvm_run *run = (struct kvm_run *)page->words;

    memset(page, 0, sizeof(*page));
    run->exit_reason = reason;
    return run;
}

static void test_pio(void **state)
{
    struct page page;
    struct kvm_run *run = run_of(&page, KVM_EXIT_IO);
    struct vm_exit exit;

    (void)state;
    run->io.direction = KVM_EXIT_IO_OUT;
    run->io.size = 2;
    run->io.port = 0x3f8;
    run->io.count = 4;
    run->io.data_offset = 4096;
    assert_true(kvm_exit_translate(run, FAKE_RUN_BYTES, &exit));
    assert_int_equal(exit.kind, VM_EXIT_PIO);
    assert_int_equal(exit.gpa, 0x3f8);
    assert_int_equal(exit.size, 2);
    assert_int_equal(exit.count, 4);
    assert_true(exit.is_write);
    assert_ptr_equal(exit.data, (uint8_t *)page.words + 4096);
    run->io.direction = KVM_EXIT_IO_IN;
    assert_true(kvm_exit_translate(run, FAKE_RUN_BYTES, &exit));
    assert_false(exit.is_write);
}

/* Data outside of the mapping, sizes that no instruction has: an error, never an access. */
static void test_pio_outside(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t count;
        uint8_t size;
        bool valid;
    } cases[] = {
        { FAKE_RUN_BYTES - 4, 1, 4, true },
        { FAKE_RUN_BYTES - 3, 1, 4, false },
        { FAKE_RUN_BYTES, 1, 1, false },
        { UINT64_MAX - 1, 2, 1, false },
        { 4096, 0, 1, false },
        { 4096, UINT32_MAX, 4, false },
        { 4096, 1, 3, false },
        { 4096, 1, 0, false },
        { 4096, 1, 8, false },
        { 4096, 8192, 1, true },
    };
    struct page page;
    struct vm_exit exit;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct kvm_run *run = run_of(&page, KVM_EXIT_IO);

        run->io.size = cases[i].size;
        run->io.count = cases[i].count;
        run->io.data_offset = cases[i].offset;
        (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
        assert_int_equal(exit.kind, cases[i].valid ? VM_EXIT_PIO : VM_EXIT_UNKNOWN);
        assert_int_equal(exit.data != NULL, cases[i].valid);
        if (!cases[i].valid) {
            assert_int_equal(exit.detail_count, 4);
            assert_int_equal(exit.detail[0], KVM_EXIT_IO);
            assert_int_equal(exit.detail[1], cases[i].size);
        }
    }
}

static void test_mmio(void **state)
{
    struct page page;
    struct kvm_run *run = run_of(&page, KVM_EXIT_MMIO);
    struct vm_exit exit;

    (void)state;
    run->mmio.phys_addr = 0xfee00000;
    run->mmio.is_write = 1;
    for (uint32_t length = 0; length < 10; length++) {
        run->mmio.len = length;
        assert_true(kvm_exit_translate(run, FAKE_RUN_BYTES, &exit));
        assert_int_equal(exit.kind, length >= 1 && length <= 8 ? VM_EXIT_MMIO : VM_EXIT_UNKNOWN);
    }
    run->mmio.len = 8;
    (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
    assert_int_equal(exit.gpa, 0xfee00000);
    assert_int_equal(exit.size, 8);
    assert_int_equal(exit.count, 1);
    assert_true(exit.is_write);
    assert_ptr_equal(exit.data, run->mmio.data);
}

static void test_reasons(void **state)
{
    static const struct {
        uint32_t reason;
        enum vm_exit_kind kind;
        bool pending;
    } rows[] = {
        { KVM_EXIT_UNKNOWN, VM_EXIT_UNKNOWN, false },
        { KVM_EXIT_EXCEPTION, VM_EXIT_UNKNOWN, false },
        { KVM_EXIT_HYPERCALL, VM_EXIT_UNKNOWN, true },
        { KVM_EXIT_DEBUG, VM_EXIT_UNKNOWN, false },
        { KVM_EXIT_HLT, VM_EXIT_HALT, false },
        { KVM_EXIT_IRQ_WINDOW_OPEN, VM_EXIT_INTERRUPT_WINDOW, false },
        { KVM_EXIT_SET_TPR, VM_EXIT_TPR, false },
        { KVM_EXIT_IOAPIC_EOI, VM_EXIT_EOI, false },
        { KVM_EXIT_SHUTDOWN, VM_EXIT_SHUTDOWN, false },
        { KVM_EXIT_INTR, VM_EXIT_INTERRUPTED, false },
        { KVM_EXIT_NMI, VM_EXIT_UNKNOWN, false },
        { KVM_EXIT_X86_WRMSR, VM_EXIT_UNKNOWN, true },
        { 12345, VM_EXIT_UNKNOWN, false },
        { UINT32_MAX, VM_EXIT_UNKNOWN, false },
    };
    struct page page;
    struct vm_exit exit;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool pending = kvm_exit_translate(run_of(&page, rows[i].reason), FAKE_RUN_BYTES, &exit);

        assert_int_equal(exit.kind, rows[i].kind);
        assert_int_equal(pending, rows[i].pending);
        assert_null(exit.data);
        if (exit.kind == VM_EXIT_UNKNOWN) {
            assert_int_equal(exit.detail[0], rows[i].reason);
        }
    }
}

static void test_details(void **state)
{
    struct page page;
    struct kvm_run *run = run_of(&page, KVM_EXIT_INTERNAL_ERROR);
    struct vm_exit exit;

    (void)state;
    run->internal.suberror = 3;
    run->internal.ndata = 2;
    run->internal.data[0] = 0x11;
    run->internal.data[1] = 0x22;
    (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
    assert_int_equal(exit.kind, VM_EXIT_INTERNAL_ERROR);
    assert_int_equal(exit.detail_count, 3);
    assert_int_equal(exit.detail[0], 3);
    assert_int_equal(exit.detail[2], 0x22);
    run->internal.ndata = UINT32_MAX; /* no more than there is room for */
    (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
    assert_int_equal(exit.detail_count, VM_EXIT_DETAIL_MAX);

    run = run_of(&page, KVM_EXIT_SYSTEM_EVENT);
    run->system_event.type = KVM_SYSTEM_EVENT_CRASH;
    (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
    assert_int_equal(exit.kind, VM_EXIT_SYSTEM_EVENT);
    assert_int_equal(exit.detail_count, 1);
    assert_int_equal(exit.detail[0], KVM_SYSTEM_EVENT_CRASH);

    run = run_of(&page, KVM_EXIT_FAIL_ENTRY);
    run->fail_entry.hardware_entry_failure_reason = 0x80000021;
    (void)kvm_exit_translate(run, FAKE_RUN_BYTES, &exit);
    assert_int_equal(exit.kind, VM_EXIT_FAIL_ENTRY);
    assert_true(exit.detail[0] == 0x80000021);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pio),     cmocka_unit_test(test_pio_outside),
        cmocka_unit_test(test_mmio),    cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
