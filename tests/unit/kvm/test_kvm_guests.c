/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_guests.c - tiny real-mode guests on the host's KVM; exits 77 where there is none. */
#include <stdio.h>
#include <string.h>

#include "real_guest.h"
#include "unit.h"

static void start_code(struct guest *guest, const void *code, size_t size)
{
    guest_put(guest, GUEST_CODE_GPA, code, size);
    guest_load(guest, 0, GUEST_CODE_GPA);
    guest_start(guest);
}

static void stop(struct guest *guest)
{
    assert_int_equal(guest->failures, 0);
    guest_destroy(guest);
}

static void test_ports(void **state)
{
    static const uint8_t code[] = {
        0xb0, 0x41, 0xe6, 0x10, /* mov al, 41h; out 10h, al */
        0xe4, 0x11, 0xe6, 0x10, /* in al, 11h; out 10h, al */
        0xe5, 0x12, 0xe7, 0x10, /* in ax, 12h; out 10h, ax */
        0xf4, 0xeb, 0xfd,       /* hlt; jmp to it */
    };
    struct guest *guest = guest_create(1);

    (void)state;
    guest->answer = 0xbeef;
    start_code(guest, code, sizeof(code));
    guest_wait_out(guest, 3);
    assert_int_equal(guest_out(guest, 0), 0x41);
    assert_int_equal(guest_out(guest, 1), 0xef);
    assert_int_equal(guest_out(guest, 2), 0xbeef);
    stop(guest);
}

/* rep outsb: several units in one exit, or in several; the order is the string's. */
static void test_string_out(void **state)
{
    static const uint8_t code[] = {
        0xbe, 0x00, 0x30, 0xb9, 0x05, 0x00, /* mov si, 3000h; mov cx, 5 */
        0xba, 0x10, 0x00, 0xf3, 0x6e,       /* mov dx, 10h; rep outsb */
        0xf4, 0xeb, 0xfd,
    };
    struct guest *guest = guest_create(1);

    (void)state;
    guest_put(guest, 0x3000, "hello", 5);
    start_code(guest, code, sizeof(code));
    guest_wait_out(guest, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(guest_out(guest, i), "hello"[i]);
    }
    stop(guest);
}

static void test_mmio(void **state)
{
    static const uint8_t code[] = {
        0xb8, 0x00, 0xd0, 0x8e, 0xd8,             /* mov ax, d000h; mov ds, ax */
        0xc7, 0x06, 0x10, 0x00, 0x34, 0x12,       /* mov word [10h], 1234h */
        0xa0, 0x20, 0x00, 0xe6, 0x10,             /* mov al, [20h]; out 10h, al */
        0x66, 0xa1, 0x24, 0x00, 0x66, 0xe7, 0x10, /* mov eax, [24h]; out 10h, eax */
        0xf4, 0xeb, 0xfd,
    };
    struct guest *guest = guest_create(1);
    const struct guest_access *accesses;

    (void)state;
    guest->answer = 0x87654321;
    start_code(guest, code, sizeof(code));
    guest_wait_out(guest, 2);
    accesses = &g_array_index(guest->accesses, struct guest_access, 0);
    assert_int_equal(guest->accesses->len, 3);
    assert_int_equal(accesses[0].offset, 0x10);
    assert_int_equal(accesses[0].value, 0x1234);
    assert_int_equal(accesses[0].size, 2);
    assert_int_equal(accesses[1].offset, 0x20);
    assert_int_equal(accesses[2].size, 4);
    assert_int_equal(guest_out(guest, 0), 0x21);
    assert_true(guest_out(guest, 1) == 0x87654321);
    stop(guest);
}

/* Programs the 8259 (vectors from 20h, only IRQ 1 open), enables interrupts, says 77h and halts. */
static const uint8_t halting_code[] = {
    0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6,
    0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xfd, 0xe6, 0x21, 0xfb, /* ...; sti */
    0xb0, 0x77, 0xe6, 0x10,                                     /* mov al, 77h; out 10h, al */
    0xf4, 0xeb, 0xfd,
};
/* mov al, 99h; out 10h, al; mov al, 20h; out 20h, al; iret */
static const uint8_t handler_code[] = { 0xb0, 0x99, 0xe6, 0x10, 0xb0, 0x20, 0xe6, 0x20, 0xcf };
static const uint8_t vector_21[] = { 0x00, 0x11, 0x00, 0x00 }; /* 0:1100h */

static void test_interrupt_wakes_from_halt(void **state)
{
    struct guest *guest = guest_create(1);

    (void)state;
    guest_put(guest, 0x1100, handler_code, sizeof(handler_code));
    guest_put(guest, 0x21 * 4, vector_21, sizeof(vector_21));
    start_code(guest, halting_code, sizeof(halting_code));
    guest_wait_out(guest, 1);
    assert_int_equal(guest_out(guest, 0), 0x77);
    for (unsigned i = 0; i < 3; i++) {
        g_mutex_lock(&guest->lock);
        kvm_vcpus_hold(guest->vm); /* a halted vCPU comes out, too */
        kvm_vcpus_release(guest->vm);
        kvm_set_irq(guest->vm, 1, 1);
        kvm_set_irq(guest->vm, 1, 0);
        g_mutex_unlock(&guest->lock);
        guest_wait_out(guest, 2 + i);
        assert_int_equal(guest_out(guest, 1 + i), 0x99);
    }
    stop(guest);
}

static uint32_t counter(const struct guest *guest, unsigned vcpu)
{
    return __atomic_load_n((uint32_t *)(guest->bytes + 0x2000 + vcpu * 64), __ATOMIC_SEQ_CST);
}

/* Until the counter has left value; the guest makes no exit that could be awaited. */
static void wait_progress(const struct guest *guest, unsigned vcpu, uint32_t value)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    while (counter(guest, vcpu) == value) {
        assert_true(g_get_monotonic_time() < deadline);
        g_thread_yield();
    }
}

static void hold_and_release(unsigned vcpus)
{
    static const uint8_t code[] = { 0x66, 0xff, 0x07, 0xeb, 0xfb }; /* inc dword [bx]; jmp */
    struct guest *guest = guest_create(vcpus);
    uint32_t values[4] = { 0 };

    guest_put(guest, GUEST_CODE_GPA, code, sizeof(code));
    for (unsigned i = 0; i < vcpus; i++) {
        guest_load(guest, i, GUEST_CODE_GPA);
    }
    guest_start(guest);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < vcpus; i++) {
            wait_progress(guest, i, values[i]);
        }
        g_mutex_lock(&guest->lock);
        kvm_vcpus_hold(guest->vm);
        kvm_vcpus_hold(guest->vm);
        kvm_vcpus_release(guest->vm); /* one hold is left */
        for (unsigned i = 0; i < vcpus; i++) {
            values[i] = counter(guest, i);
        }
        g_usleep(2000); /* nothing can be awaited: nothing shall happen */
        for (unsigned i = 0; i < vcpus; i++) {
            assert_int_equal(counter(guest, i), values[i]);
        }
        kvm_vcpus_release(guest->vm);
        g_mutex_unlock(&guest->lock);
    }
    stop(guest);
}

static void test_hold_one(void **state)
{
    (void)state;
    hold_and_release(1);
}

static void test_hold_two(void **state)
{
    (void)state;
    hold_and_release(2);
}

static void test_hold_four(void **state)
{
    (void)state;
    hold_and_release(4);
}

/* The guest waits at 2 MiB - 64 KiB for memory to come (55h) and to go (ffh), and says so. */
static void test_memory_comes_and_goes(void **state)
{
    static const uint8_t code[] = {
        0xb8, 0xff, 0xff, 0x8e, 0xd8,       /* mov ax, ffffh; mov ds, ax: base ffff0h */
        0xa0, 0x10, 0x00,                   /* mov al, [10h]: address 100000h */
        0x3c, 0x55, 0x75, 0xf9, 0xe6, 0x10, /* cmp al, 55h; jne back; out 10h, al */
        0xa0, 0x10, 0x00,                   /* mov al, [10h] */
        0x3c, 0xff, 0x75, 0xf9, 0xe6, 0x10, /* cmp al, ffh; jne back; out 10h, al */
        0xeb, 0xec,                         /* jmp to the first mov al */
    };
    struct guest *guest = guest_create(1);
    struct ram_block_options options = { .name = "dimm", .size_bytes = 0x10000 };
    struct ram_block *block = ram_block_create(&options, NULL);
    struct memory_region dimm = { 0 };

    (void)state;
    memset(ram_block_host(block), 0x55, 0x10000);
    memory_region_init_ram(&dimm, guest->memory, "dimm", block);
    start_code(guest, code, sizeof(code));
    for (unsigned i = 0; i < 20; i++) {
        g_mutex_lock(&guest->lock);
        memory_region_add_subregion(&guest->root, 0x100000, &dimm);
        g_mutex_unlock(&guest->lock);
        guest_wait_out(guest, 2 * i + 1);
        g_mutex_lock(&guest->lock);
        memory_region_del_subregion(&guest->root, &dimm);
        g_mutex_unlock(&guest->lock);
        guest_wait_out(guest, 2 * i + 2);
    }
    assert_false(error_latch_is_set(&guest->errors));
    stop(guest);
    memory_region_fini(&dimm);
    ram_block_destroy(block);
}

/* The slot that holds code and data is deleted and made anew, again and again; the guest never meets
 * the hole: no exit, no wrong value. */
static void test_replaced_slot_has_no_hole(void **state)
{
    static const uint8_t code[] = {
        0xa0, 0x00, 0x50,       /* mov al, [5000h] */
        0x3c, 0x77, 0x75, 0x05, /* cmp al, 77h; jne */
        0x66, 0xff, 0x07,       /* inc dword [bx] */
        0xeb, 0xf4,             /* jmp */
        0xe6, 0x10, 0xf4,       /* out 10h, al; hlt */
    };
    struct guest *guest = guest_create(2);
    struct memory_region overlay = { 0 };

    (void)state;
    memory_region_init_io(&overlay, guest->memory, "overlay", &guest->mmio_ops, guest, 0x1000);
    guest->bytes[0x5000] = 0x77;
    guest_put(guest, GUEST_CODE_GPA, code, sizeof(code));
    guest_load(guest, 0, GUEST_CODE_GPA);
    guest_load(guest, 1, GUEST_CODE_GPA);
    guest_start(guest);
    for (unsigned i = 0; i < 50; i++) {
        uint32_t before[] = { counter(guest, 0), counter(guest, 1) };

        g_mutex_lock(&guest->lock);
        if (i % 2 == 0) {
            memory_region_add_subregion_overlap(&guest->root, 0x80000, &overlay, 1);
        } else {
            memory_region_del_subregion(&guest->root, &overlay);
        }
        g_mutex_unlock(&guest->lock);
        wait_progress(guest, 0, before[0]);
        wait_progress(guest, 1, before[1]);
    }
    assert_int_equal(guest->exits, 0);
    assert_int_equal(guest->out->len, 0);
    assert_false(error_latch_is_set(&guest->errors));
    stop(guest);
    memory_region_fini(&overlay);
}

/* Writes to the first 256 bytes of the page are batched: they come, in order, before the access that
 * leaves the guest. */
static void test_coalesced_order(void **state)
{
    static const uint8_t code[] = {
        0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0x31, 0xff, /* mov ds, d000h; xor di, di */
        0x89, 0x3d, 0x47, 0x47,                   /* mov [di], di; inc di; inc di */
        0x83, 0xff, 0x0a, 0x75, 0xf7,             /* cmp di, 10; jne */
        0xa1, 0x00, 0x02, 0xe7, 0x10,             /* mov ax, [200h]; out 10h, ax */
        0x31, 0xff, 0x89, 0x3d, 0xe7, 0x10,       /* xor di, di; mov [di], di; out 10h, ax */
        0xf4, 0xeb, 0xfd,
    };
    struct guest *guest = guest_create(1);
    const struct guest_access *accesses;

    (void)state;
    memory_region_add_coalescing(&guest->mmio, 0, 0x100);
    start_code(guest, code, sizeof(code));
    guest_wait_out(guest, 2);
    accesses = &g_array_index(guest->accesses, struct guest_access, 0);
    assert_int_equal(guest->exits, 3); /* the read and two outs, none of the writes */
    assert_int_equal(guest->accesses->len, 7);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(accesses[i].write);
        assert_int_equal(accesses[i].offset, 2 * i);
        assert_int_equal(accesses[i].value, 2 * i);
    }
    assert_false(accesses[5].write);
    assert_int_equal(accesses[5].offset, 0x200);
    assert_int_equal(accesses[6].offset, 0);
    /* Without coalescing each is an exit again. */
    g_mutex_lock(&guest->lock);
    memory_region_clear_coalescing(&guest->mmio);
    kvm_vcpus_hold(guest->vm);
    guest_load(guest, 0, GUEST_CODE_GPA);
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
    guest_wait_out(guest, 4);
    assert_int_equal(guest->exits, 3 + 9);
    assert_false(error_latch_is_set(&guest->errors));
    stop(guest);
}

/* A transaction carries out what is batched although no vCPU leaves the guest. */
static void test_coalesced_before_transaction(void **state)
{
    static const uint8_t code[] = {
        0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xc6, 0x06, 0x08, 0x00, 0x5a, /* mov byte [8], 5ah */
        0x31, 0xc0, 0x8e, 0xd8,                                     /* mov ds, 0 */
        0x66, 0xff, 0x07, 0xeb, 0xfb,                               /* inc dword [bx]; jmp */
    };
    struct guest *guest = guest_create(1);

    (void)state;
    memory_region_add_coalescing(&guest->mmio, 0, 0x100);
    start_code(guest, code, sizeof(code));
    wait_progress(guest, 0, 0);
    g_mutex_lock(&guest->lock);
    assert_int_equal(guest->accesses->len, 0);
    memory_region_transaction_begin(guest->memory);
    assert_int_equal(guest->accesses->len, 1);
    assert_int_equal(g_array_index(guest->accesses, struct guest_access, 0).value, 0x5a);
    memory_region_transaction_commit(guest->memory);
    g_mutex_unlock(&guest->lock);
    stop(guest);
}

/* Flat 32-bit protected mode without paging. */
static void load_protected(struct guest *guest, uint32_t eip)
{
    struct x86_state registers;

    guest_state(&registers, 0);
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        registers.segments[i] = (struct x86_segment){ .limit = UINT32_MAX,
                                                      .attributes = i == X86_CS ? 0xc09b : 0xc093,
                                                      .selector = 8 };
    }
    registers.cr0 = 0x60000011;
    registers.rip = eip;
    registers.idt_limit = 0;
    assert_true(kvm_vcpu_load(guest->vm, 0, &registers, NULL));
}

/* An empty IDT and an undefined instruction: triple fault. Then a reset, and the guest runs again. */
static void test_triple_fault_and_reset(void **state)
{
    static const uint8_t fatal[] = { 0x0f, 0x0b }; /* ud2 */
    static const uint8_t code[] = { 0xb0, 0x42, 0xe6, 0x10, 0xf4, 0xeb, 0xfd };
    struct guest *guest = guest_create(1);
    g_autoptr(GError) error = NULL;

    (void)state;
    guest_put(guest, 0x1200, code, sizeof(code));
    guest_put(guest, GUEST_CODE_GPA, fatal, sizeof(fatal));
    load_protected(guest, GUEST_CODE_GPA);
    guest_start(guest);
    guest_wait(guest, &guest->shutdowns, 1);
    g_mutex_lock(&guest->lock);
    assert_true(kvm_vm_reset_irqchip(guest->vm, &error));
    guest_load(guest, 0, 0x1200);
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
    guest_wait_out(guest, 1);
    assert_int_equal(guest_out(guest, 0), 0x42);
    stop(guest);
}

static void test_registers_round_trip(void **state)
{
    struct guest *guest = guest_create(1);
    struct x86_state loaded, saved;
    g_autoptr(GString) differences = g_string_new(NULL);

    (void)state;
    guest_state(&loaded, 0x1234);
    for (unsigned i = 0; i < X86_GPR_COUNT; i++) {
        loaded.gpr[i] = 0x0102030405060708ull * (i + 1);
    }
    loaded.rflags = 0x246;
    loaded.cr2 = 0xdead000;
    loaded.gdt_base = 0x8000;
    loaded.gdt_limit = 0x27;
    loaded.segments[X86_DS].selector = 0x1230;
    loaded.segments[X86_DS].base = 0x12300;
    loaded.mp_state = 3;
    assert_true(kvm_vcpu_load(guest->vm, 0, &loaded, NULL));
    assert_true(kvm_vcpu_save(guest->vm, 0, &saved, NULL));
    if (state_compare(&x86_state_desc, &loaded, &saved, "vcpu", differences) != 0) {
        fail_msg("%s", differences->str);
    }
    stop(guest);
}

/* The first vCPU wakes the second by INIT and SIPI; that one says its APIC ID from CPUID. After a
 * reset the second waits again until it is woken. */
static void test_second_vcpu_starts_and_resets(void **state)
{
    static const uint8_t first[] = {
        0xc7, 0x05, 0xf0, 0x00, 0xe0,
        0xfe, 0xff, 0x01, 0x00, 0x00, /* mov dword [SVR], 1ffh: on */
        0xc7, 0x05, 0x10, 0x03, 0xe0,
        0xfe, 0x00, 0x00, 0x00, 0x01, /* mov dword [ICR high], 1 << 24 */
        0xc7, 0x05, 0x00, 0x03, 0xe0,
        0xfe, 0x00, 0x45, 0x00, 0x00, /* mov dword [ICR], INIT */
        0xc7, 0x05, 0x00, 0x03, 0xe0,
        0xfe, 0x03, 0x46, 0x00, 0x00, /* mov dword [ICR], SIPI 3000h */
        0xf4, 0xeb, 0xfd,
    };
    static const uint8_t second[] = {
        0x66, 0xb8, 0x01, 0x00, 0x00, 0x00, 0x0f, 0xa2, /* mov eax, 1; cpuid */
        0x66, 0x89, 0xd8, 0x66, 0xe7, 0x10,             /* mov eax, ebx; out 10h, eax */
        0xf4, 0xeb, 0xfd,
    };
    struct guest *guest = guest_create(2);
    struct x86_state waiting;

    (void)state;
    guest_put(guest, GUEST_CODE_GPA, first, sizeof(first));
    guest_put(guest, 0x3000, second, sizeof(second));
    x86_state_reset(&waiting, false);
    load_protected(guest, GUEST_CODE_GPA);
    assert_true(kvm_vcpu_load(guest->vm, 1, &waiting, NULL));
    guest_start(guest);
    for (unsigned i = 1; i <= 3; i++) {
        guest_wait_out(guest, i);
        assert_int_equal(guest_out(guest, i - 1) >> 24, 1);
        g_mutex_lock(&guest->lock);
        kvm_vcpus_hold(guest->vm);
        assert_true(kvm_vm_reset_irqchip(guest->vm, NULL));
        assert_true(kvm_vcpu_load(guest->vm, 1, &waiting, NULL));
        if (i < 3) {
            load_protected(guest, GUEST_CODE_GPA);
        }
        kvm_vcpus_release(guest->vm);
        if (i == 3) {
            kvm_vcpus_hold(guest->vm); /* comes back although the second waits for its SIPI */
        }
        g_mutex_unlock(&guest->lock);
    }
    assert_int_equal(guest->out->len, 3);
    guest_destroy(guest);
}

/* What the guest did to the controllers is gone after a reset. */
static void test_reset_irqchip(void **state)
{
    struct guest *guest = guest_create(2);
    g_autoptr(GString) created = g_string_new(NULL);
    g_autoptr(GString) programmed = g_string_new(NULL);
    g_autoptr(GString) reset = g_string_new(NULL);

    (void)state;
    assert_true(kvm_irqchip_print(guest->vm, created, NULL));
    start_code(guest, halting_code, sizeof(halting_code));
    guest_wait_out(guest, 1);
    g_mutex_lock(&guest->lock);
    kvm_vcpus_hold(guest->vm);
    assert_true(kvm_irqchip_print(guest->vm, programmed, NULL));
    assert_non_null(strstr(programmed->str, "pic0: irr=00 imr=fd isr=00 hprio=0 irq_base=20"));
    assert_true(kvm_vm_reset_irqchip(guest->vm, NULL));
    assert_true(kvm_irqchip_print(guest->vm, reset, NULL));
    assert_string_equal(reset->str, created->str);
    g_mutex_unlock(&guest->lock);
    stop(guest);
}

/* x2APIC mode and an MSR of the guest's go back, too. */
static void test_reset_msrs(void **state)
{
    static const uint8_t dirty[] = {
        0x66, 0xb9, 0x75, 0x01, 0x00, 0x00, 0x66, 0xb8, 0x78, 0x56, 0x34, 0x12, /* ecx 175h, eax */
        0x66, 0x31, 0xd2, 0x0f, 0x30,                                           /* edx 0; wrmsr */
        0x66, 0xb9, 0x1b, 0x00, 0x00, 0x00, 0x66, 0xb8, 0x00, 0x0d, 0xe0, 0xfe, /* 1bh, x2APIC */
        0x0f, 0x30,                                                             /* wrmsr */
    };
    static const uint8_t look[] = {
        0x66, 0xb9, 0x75, 0x01, 0x00, 0x00, 0x0f, 0x32, 0x66, 0xe7, 0x10, /* rdmsr 175h; out */
        0x66, 0xb9, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x32, 0x66, 0xe7, 0x10, /* rdmsr 1bh; out */
        0xf4, 0xeb, 0xfd,
    };
    struct guest *guest = guest_create(1);

    (void)state;
    guest_put(guest, GUEST_CODE_GPA + sizeof(dirty), look, sizeof(look));
    start_code(guest, dirty, sizeof(dirty));
    guest_wait_out(guest, 2);
    assert_int_equal(guest_out(guest, 0), 0x12345678);
    assert_true(guest_out(guest, 1) == 0xfee00d00);
    g_mutex_lock(&guest->lock);
    kvm_vcpus_hold(guest->vm);
    assert_true(kvm_vm_reset_irqchip(guest->vm, NULL));
    guest_load(guest, 0, GUEST_CODE_GPA + sizeof(dirty));
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
    guest_wait_out(guest, 4);
    assert_int_equal(guest_out(guest, 2), 0);
    assert_true(guest_out(guest, 3) == 0xfee00900);
    stop(guest);
}

/* in al, 11h; out 10h, al; hlt */
static const uint8_t echo_code[] = { 0xe4, 0x11, 0xe6, 0x10, 0xf4, 0xeb, 0xfd };

/* Looking at the registers while a read waits for its answer does not take the answer away; once it
 * is there, looking completes the instruction. */
static void test_save_around_a_read(void **state)
{
    struct guest *guest = guest_create(1);
    struct x86_state registers;

    (void)state;
    guest->answer = 0x5e;
    guest->block_exits = true;
    start_code(guest, echo_code, sizeof(echo_code));
    guest_wait(guest, &guest->blocked, 1);
    g_mutex_lock(&guest->lock);
    kvm_vcpus_hold(guest->vm);
    assert_true(kvm_vcpu_save(guest->vm, 0, &registers, NULL));
    assert_int_equal(registers.rip, GUEST_CODE_GPA);
    guest->block_exits = false;
    g_cond_broadcast(&guest->changed);
    while (guest->exits == 0) {
        g_cond_wait(&guest->changed, &guest->lock);
    }
    assert_true(kvm_vcpu_save(guest->vm, 0, &registers, NULL));
    g_mutex_unlock(&guest->lock);
    assert_int_equal(registers.rip, GUEST_CODE_GPA + 2);
    assert_int_equal(registers.gpr[X86_RAX] & 0xff, 0x5e);
    g_mutex_lock(&guest->lock);
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
    guest_wait_out(guest, 1);
    assert_int_equal(guest_out(guest, 0), 0x5e);
    stop(guest);
}

/* A reset while an exit waits: the exit has no effect, and the guest starts anew. */
static void test_reset_overtakes_an_exit(void **state)
{
    static const uint8_t code[] = { 0xb0, 0x42, 0xe6, 0x10, 0xf4, 0xeb, 0xfd };
    struct guest *guest = guest_create(1);

    (void)state;
    guest_put(guest, 0x1200, code, sizeof(code));
    guest->block_exits = true;
    start_code(guest, echo_code, sizeof(echo_code));
    guest_wait(guest, &guest->blocked, 1);
    g_mutex_lock(&guest->lock);
    kvm_vcpus_hold(guest->vm);
    assert_true(kvm_vm_reset_irqchip(guest->vm, NULL));
    guest_load(guest, 0, 0x1200);
    guest->block_exits = false;
    g_cond_broadcast(&guest->changed);
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
    guest_wait_out(guest, 1);
    assert_int_equal(guest_out(guest, 0), 0x42);
    assert_int_equal(guest->overtaken, 1);
    stop(guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_string_out),
        cmocka_unit_test(test_mmio),
        cmocka_unit_test(test_interrupt_wakes_from_halt),
        cmocka_unit_test(test_hold_one),
        cmocka_unit_test(test_hold_two),
        cmocka_unit_test(test_hold_four),
        cmocka_unit_test(test_memory_comes_and_goes),
        cmocka_unit_test(test_replaced_slot_has_no_hole),
        cmocka_unit_test(test_coalesced_order),
        cmocka_unit_test(test_coalesced_before_transaction),
        cmocka_unit_test(test_triple_fault_and_reset),
        cmocka_unit_test(test_registers_round_trip),
        cmocka_unit_test(test_second_vcpu_starts_and_resets),
        cmocka_unit_test(test_reset_irqchip),
        cmocka_unit_test(test_reset_msrs),
        cmocka_unit_test(test_save_around_a_read),
        cmocka_unit_test(test_reset_overtakes_an_exit),
    };
    struct guest *probe = guest_create(1);

    if (probe == NULL) {
        return 77;
    }
    guest_destroy(probe);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
