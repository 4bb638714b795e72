/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_kvm.c - /dev/kvm behind kvm_calls: errors of opening, a real vCPU, kicks, the ring. */
#include <errno.h>
#include <glib/gstdio.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_internal.h"
#include "host/host_kvm.h"
#include "host/host_thread.h"
#include "unit.h"

#define CODE_GPA     0x1000u
#define MMIO_GPA     0x8000u
#define MEMORY_BYTES 0x4000u

/* ---- opening ---- */

static void missing_device(void **state)
{
    GError *error = NULL;

    (void)state;
    assert_null(host_kvm_open_path("/dev/no-such-kvm", &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED));
    assert_non_null(strstr(error->message, "/dev/no-such-kvm does not exist"));
    g_error_free(error);
}

static void not_kvm(void **state)
{
    GError *error = NULL;

    (void)state;
    assert_null(host_kvm_open_path("/dev/null", &error));
    assert_non_null(strstr(error->message, "/dev/null is not KVM"));
    assert_non_null(strstr(error->message, "KVM_GET_API_VERSION"));
    g_error_free(error);
}

static void no_permission(void **state)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "replug-kvm-XXXXXX", NULL);
    int fd = g_mkstemp_full(path, 0600, 0000);
    GError *error = NULL;
    uid_t before = geteuid();

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    /* Nothing is forbidden to root. */
    assert_int_equal(before == 0 ? seteuid(65534) : 0, 0);
    assert_null(host_kvm_open_path(path, &error));
    assert_int_equal(before == 0 ? seteuid(0) : 0, 0);
    g_unlink(path);
    assert_non_null(strstr(error->message, "no permission to open"));
    assert_non_null(strstr(error->message, "its mode is 0000, user "));
    g_error_free(error);
}

/* ---- the ring ---- */

union ring_page {
    struct kvm_coalesced_mmio_ring ring;
    uint8_t bytes[4096];
};

#define RING_ENTRIES \
    ((4096 - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

static void ring_in_order(void **state)
{
    union ring_page page = { .bytes = { 0 } };
    struct kvm_coalesced_mmio entry;

    (void)state;
    for (unsigned i = 0; i < RING_ENTRIES; i++) {
        page.ring.coalesced_mmio[i].phys_addr = i;
    }
    assert_false(host_kvm_ring_take(&page.ring, &entry));
    page.ring.first = (uint32_t)RING_ENTRIES - 2;
    page.ring.last = 1;
    assert_true(host_kvm_ring_take(&page.ring, &entry));
    assert_int_equal(entry.phys_addr, RING_ENTRIES - 2);
    assert_true(host_kvm_ring_take(&page.ring, &entry));
    assert_int_equal(entry.phys_addr, RING_ENTRIES - 1);
    assert_true(host_kvm_ring_take(&page.ring, &entry));
    assert_int_equal(entry.phys_addr, 0);
    assert_false(host_kvm_ring_take(&page.ring, &entry));
    assert_int_equal(page.ring.first, 1);
}

static void ring_with_wild_indexes(void **state)
{
    static const uint32_t wild[] = { 0xffffffffu, 4096, (uint32_t)RING_ENTRIES, 0x80000000u };
    union ring_page page;
    struct kvm_coalesced_mmio entry;

    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(wild); i++) {
        for (unsigned j = 0; j < G_N_ELEMENTS(wild); j++) {
            unsigned taken = 0;

            memset(&page, 0, sizeof(page));
            page.ring.first = wild[i];
            page.ring.last = wild[j];
            while (host_kvm_ring_take(&page.ring, &entry)) {
                taken++;
                assert_in_range(taken, 1, RING_ENTRIES - 1);
            }
        }
    }
}

/* ---- a real machine ---- */

struct bench {
    struct host_kvm *kvm;
    struct kvm_calls calls;
    uint8_t *memory;
    int finish; /* atomic: the vCPU's thread shall end at its next -EINTR */
    int rounds; /* atomic: KVM_RUNs that have ended */
    int last;
};

static int ask(struct bench *bench, enum kvm_target target, unsigned vcpu, unsigned long request,
               void *argument)
{
    return bench->calls.call(bench->calls.opaque, target, vcpu, request, argument);
}

static void put_memory(struct bench *bench)
{
    struct kvm_userspace_memory_region region = { .memory_size = MEMORY_BYTES };

    bench->memory =
        mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(bench->memory != MAP_FAILED);
    region.userspace_addr = (uintptr_t)bench->memory;
    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_SET_USER_MEMORY_REGION, &region), 0);
}

/* Real mode, flat from 0; the code at CODE_GPA. */
static void put_code(struct bench *bench, unsigned vcpu, const void *code, size_t bytes)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2 };

    memcpy(bench->memory + CODE_GPA, code, bytes);
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, vcpu, KVM_GET_SREGS, &sregs), 0);
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, vcpu, KVM_SET_SREGS, &sregs), 0);
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, vcpu, KVM_SET_REGS, &regs), 0);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->kvm = host_kvm_open(NULL);
    assert_non_null(bench->kvm);
    host_kvm_get_calls(bench->kvm, &bench->calls);
    assert_int_equal(ask(bench, KVM_TARGET_SYSTEM, 0, KVM_CREATE_VM, NULL), 0);
    put_memory(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    host_kvm_close(bench->kvm);
    munmap(bench->memory, MEMORY_BYTES);
    g_free(bench);
    return 0;
}

static void descriptors_stay_inside(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(ask(bench, KVM_TARGET_SYSTEM, 0, KVM_GET_API_VERSION, NULL), 12);
    assert_int_equal(ask(bench, KVM_TARGET_SYSTEM, 0, KVM_CREATE_VM, NULL), -EEXIST);
    assert_null(host_kvm_run_page(bench->kvm, 3));
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, 3, KVM_RUN, NULL), -EBADF);
    assert_int_equal(ask(bench, KVM_TARGET_VM, 3, KVM_CREATE_VCPU, (void *)(uintptr_t)7), 0);
    assert_int_equal(ask(bench, KVM_TARGET_VM, 3, KVM_CREATE_VCPU, (void *)(uintptr_t)6), -EEXIST);
    /* KVM itself refuses a second vCPU with this vcpu_id; the number stays free. */
    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, (void *)(uintptr_t)7), -EEXIST);
    assert_null(host_kvm_run_page(bench->kvm, 0));
    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, NULL), 0);
    assert_non_null(host_kvm_run_page(bench->kvm, 0));
    assert_ptr_not_equal(host_kvm_run_page(bench->kvm, 0), host_kvm_run_page(bench->kvm, 3));
    assert_int_equal(ask(bench, KVM_TARGET_VM, HOST_KVM_VCPUS_MAX, KVM_CREATE_VCPU, NULL), -EINVAL);
    assert_null(host_kvm_run_page(bench->kvm, HOST_KVM_VCPUS_MAX));
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, HOST_KVM_VCPUS_MAX, KVM_RUN, NULL), -EBADF);
}

static void errno_is_returned(void **state)
{
    struct bench *bench = *state;
    struct kvm_userspace_memory_region region = { .slot = 1,
                                                  .guest_phys_addr = 1,
                                                  .memory_size = 4096 };

    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_SET_USER_MEMORY_REGION, &region), -EINVAL);
}

static void port_write_exits(void **state)
{
    static const uint8_t code[] = { 0xb0, 0x5a, 0xe6, 0x80 }; /* mov al, 0x5a; out 0x80, al */
    struct bench *bench = *state;
    struct kvm_run *page;

    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, NULL), 0);
    put_code(bench, 0, code, sizeof(code));
    page = host_kvm_run_page(bench->kvm, 0);
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, 0, KVM_RUN, NULL), 0);
    assert_int_equal(page->exit_reason, KVM_EXIT_IO);
    assert_int_equal(page->io.port, 0x80);
    assert_int_equal(((uint8_t *)page)[page->io.data_offset], 0x5a);
}

static void coalesced_writes_come_in_order(void **state)
{
    /* mov byte [0x8000], 1; mov byte [0x8001], 2; hlt */
    static const uint8_t code[] = {
        0xc6, 0x06, 0x00, 0x80, 0x01, 0xc6, 0x06, 0x01, 0x80, 0x02, 0xf4
    };
    struct bench *bench = *state;
    struct kvm_coalesced_mmio_zone zone = { .addr = MMIO_GPA, .size = 16 };
    struct kvm_coalesced_mmio entry;

    assert_false(bench->calls.coalesced_next(bench->calls.opaque, &entry));
    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, NULL), 0);
    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_REGISTER_COALESCED_MMIO, &zone), 0);
    put_code(bench, 0, code, sizeof(code));
    assert_false(bench->calls.coalesced_next(bench->calls.opaque, &entry));
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, 0, KVM_RUN, NULL), 0);
    assert_int_equal(host_kvm_run_page(bench->kvm, 0)->exit_reason, KVM_EXIT_HLT);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(bench->calls.coalesced_next(bench->calls.opaque, &entry));
        assert_int_equal(entry.phys_addr, MMIO_GPA + i);
        assert_int_equal(entry.len, 1);
        assert_int_equal(entry.data[0], i + 1);
    }
    assert_false(bench->calls.coalesced_next(bench->calls.opaque, &entry));
}

/* ---- kicks ---- */

static const uint8_t endless[] = { 0xeb, 0xfe }; /* jmp $ */

static void run_until_finish(void *opaque)
{
    struct bench *bench = opaque;

    do {
        bench->last = ask(bench, KVM_TARGET_VCPU, 0, KVM_RUN, NULL);
        g_atomic_int_inc(&bench->rounds);
    } while (bench->last == -EINTR && !g_atomic_int_get(&bench->finish));
}

/* Each kick ends exactly one KVM_RUN, wherever it meets the thread; none is lost. */
static void kick_ends_the_run(void **state)
{
    struct bench *bench = *state;
    struct host_thread *thread;

    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, NULL), 0);
    put_code(bench, 0, endless, sizeof(endless));
    thread = host_thread_create("CPU 0/KVM", run_until_finish, bench, NULL);
    assert_non_null(thread);
    for (int i = 1; i <= 200; i++) {
        host_thread_kick(thread);
        while (g_atomic_int_get(&bench->rounds) < i) {
            g_thread_yield();
        }
        assert_int_equal(g_atomic_int_get(&bench->rounds), i);
    }
    g_atomic_int_set(&bench->finish, 1);
    host_thread_kick(thread);
    host_thread_join(thread);
    assert_int_equal(bench->last, -EINTR);
}

static void immediate_exit_runs_nothing(void **state)
{
    struct bench *bench = *state;
    struct kvm_regs regs;

    assert_int_equal(ask(bench, KVM_TARGET_VM, 0, KVM_CREATE_VCPU, NULL), 0);
    put_code(bench, 0, endless, sizeof(endless));
    host_kvm_run_page(bench->kvm, 0)->immediate_exit = 1;
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, 0, KVM_RUN, NULL), -EINTR);
    assert_int_equal(ask(bench, KVM_TARGET_VCPU, 0, KVM_GET_REGS, &regs), 0);
    assert_int_equal(regs.rip, CODE_GPA);
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(missing_device),         cmocka_unit_test(not_kvm),
        cmocka_unit_test(no_permission),          cmocka_unit_test(ring_in_order),
        cmocka_unit_test(ring_with_wild_indexes),
    };
    static const struct CMUnitTest real[] = {
        cmocka_unit_test_setup_teardown(descriptors_stay_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(errno_is_returned, setup, teardown),
        cmocka_unit_test_setup_teardown(port_write_exits, setup, teardown),
        cmocka_unit_test_setup_teardown(coalesced_writes_come_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(kick_ends_the_run, setup, teardown),
        cmocka_unit_test_setup_teardown(immediate_exit_runs_nothing, setup, teardown),
    };
    g_autoptr(GError) error = NULL;
    struct host_kvm *kvm;
    int failed = cmocka_run_group_tests(plain, NULL, NULL);

    if (failed != 0) {
        return failed;
    }
    kvm = host_kvm_open(&error);
    if (kvm == NULL) {
        printf("skipped: %s\n", error->message);
        return 77;
    }
    host_kvm_close(kvm);
    return cmocka_run_group_tests(real, NULL, NULL);
}
