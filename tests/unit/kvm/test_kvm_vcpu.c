/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_vcpu.c - the gate, exits, and I/O instructions that KVM has not completed yet. */
#include <errno.h>
#include <string.h>

#include "cpu/x86_state.h"
#include "fake_kvm.h"
#include "unit.h"

struct bench {
    struct fake_kvm *fake;
    GMutex lock; /* the machine's */
    GCond changed;
    struct vm_exit exits[8]; /* of vCPU 0, as they came */
    unsigned count, in_callback;
    bool block;
    bool hold_inside; /* the callback holds and releases */
    bool current[8];  /* what exit_is_current said at the end */
    int result;       /* of the next KVM_RUN of vCPU 0; 1 = spin */
    uint32_t reason;  /* of its exit */
};

static void on_exit_of(void *opaque, unsigned vcpu, struct vm_exit *exit)
{
    struct bench *bench = opaque;

    g_mutex_lock(&bench->lock);
    bench->in_callback++;
    g_cond_broadcast(&bench->changed);
    while (bench->block) {
        g_cond_wait(&bench->changed, &bench->lock);
    }
    if (bench->hold_inside) {
        kvm_vcpus_hold(bench->fake->vm);
        kvm_vcpus_release(bench->fake->vm);
    }
    bench->current[bench->count % 8] = kvm_vcpu_exit_is_current(bench->fake->vm, vcpu);
    bench->exits[bench->count % 8] = *exit;
    bench->count++;
    bench->in_callback--;
    g_cond_broadcast(&bench->changed);
    g_mutex_unlock(&bench->lock);
}

/* vCPU 0 makes one scripted exit, then spins; the others spin. */
static int run_script(struct fake_kvm *fake, unsigned vcpu, struct kvm_run *run)
{
    struct bench *bench = fake->run_opaque;
    int result = 1;

    if (vcpu == 0) {
        g_mutex_lock(&bench->lock);
        result = bench->result;
        bench->result = 1;
        run->exit_reason = bench->reason;
        run->io.direction = KVM_EXIT_IO_IN;
        run->io.size = 1;
        run->io.count = 1;
        run->io.data_offset = 4096;
        g_mutex_unlock(&bench->lock);
    }
    if (result <= 0) {
        return result;
    }
    while (!__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
        g_thread_yield();
    }
    return -EINTR;
}

static struct bench *bench_create(unsigned vcpus)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->fake = fake_kvm_create();
    bench->fake->run = run_script;
    bench->fake->run_opaque = bench;
    bench->result = 1;
    g_mutex_init(&bench->lock);
    g_cond_init(&bench->changed);
    assert_non_null(fake_kvm_create_vm(bench->fake, on_exit_of, bench, NULL));
    for (unsigned i = 0; i < vcpus; i++) {
        assert_true(kvm_vcpu_create(bench->fake->vm, i, i, NULL));
    }
    assert_true(kvm_vcpus_start(bench->fake->vm, NULL));
    return bench;
}

static void bench_destroy(struct bench *bench)
{
    kvm_vcpus_stop(bench->fake->vm);
    fake_kvm_destroy(bench->fake);
    g_mutex_clear(&bench->lock);
    g_cond_clear(&bench->changed);
    g_free(bench);
}

static void wait_runs(struct bench *bench, unsigned vcpu, int runs)
{
    while (g_atomic_int_get(&bench->fake->vcpus[vcpu].runs) < runs) {
        g_thread_yield();
    }
}

static void wait_for(struct bench *bench, const unsigned *counter, unsigned value)
{
    while (*counter < value) {
        g_cond_wait(&bench->changed, &bench->lock);
    }
}

static bool anyone_in_guest(const struct bench *bench)
{
    bool found = false;

    for (unsigned i = 0; i < bench->fake->vm->vcpu_count; i++) {
        found = found || bench->fake->vm->vcpus[i].in_guest;
    }
    return found;
}

static void test_holds_nest(void **state)
{
    struct bench *bench = bench_create(3);
    struct kvm_vm *vm = bench->fake->vm;

    (void)state;
    assert_false(anyone_in_guest(bench)); /* the VM starts with a hold */
    assert_true(kvm_vcpu_thread_id(vm, 2) > 0);
    kvm_vcpus_hold(vm);
    kvm_vcpus_release(vm);
    assert_int_equal(g_atomic_int_get(&bench->fake->vcpus[0].runs), 0);
    for (int round = 1; round <= 100; round++) {
        kvm_vcpus_release(vm);
        for (unsigned i = 0; i < 3; i++) {
            wait_runs(bench, i, round);
        }
        kvm_vcpus_hold(vm);
        assert_false(anyone_in_guest(bench));
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(g_atomic_int_get(&bench->fake->vcpus[i].runs), round);
        }
    }
    assert_int_equal(bench->count, 0); /* -EINTR is no exit */
    bench_destroy(bench);
}

/* Threads end although they are held, and although they are in the guest. */
static void test_stop(void **state)
{
    struct bench *bench = bench_create(2);

    (void)state;
    kvm_vcpus_stop(bench->fake->vm);
    assert_int_equal(kvm_vcpu_thread_id(bench->fake->vm, 0), 0);
    assert_true(kvm_vcpus_start(bench->fake->vm, NULL)); /* and may begin again */
    kvm_vcpus_release(bench->fake->vm);
    wait_runs(bench, 0, 1);
    wait_runs(bench, 1, 1);
    bench_destroy(bench);
}

/* A vCPU whose exit waits for the lock counts as out; one may hold from its own callback. */
static void test_hold_with_an_exit_on_its_way(void **state)
{
    struct bench *bench = bench_create(2);
    struct kvm_vm *vm = bench->fake->vm;

    (void)state;
    bench->reason = KVM_EXIT_SHUTDOWN;
    bench->result = 0;
    bench->hold_inside = true;
    bench->block = true;
    kvm_vcpus_release(vm);
    g_mutex_lock(&bench->lock);
    wait_for(bench, &bench->in_callback, 1);
    kvm_vcpus_hold(vm);
    kvm_vcpus_release(vm);
    bench->block = false;
    g_cond_broadcast(&bench->changed);
    wait_for(bench, &bench->count, 1);
    assert_int_equal(bench->exits[0].kind, VM_EXIT_SHUTDOWN);
    assert_true(bench->current[0]);
    g_mutex_unlock(&bench->lock);
    wait_runs(bench, 0, 2); /* it is in the guest again */
    bench_destroy(bench);
}

static void test_run_fails(void **state)
{
    struct bench *bench = bench_create(1);

    (void)state;
    bench->result = -EFAULT;
    kvm_vcpus_release(bench->fake->vm);
    g_mutex_lock(&bench->lock);
    wait_for(bench, &bench->count, 1);
    assert_int_equal(bench->exits[0].kind, VM_EXIT_RUN_FAILED);
    assert_int_equal(bench->exits[0].detail[0], EFAULT);
    g_mutex_unlock(&bench->lock);
    bench_destroy(bench);
}

static void test_eagain_is_no_exit(void **state)
{
    struct bench *bench = bench_create(1);

    (void)state;
    bench->result = -EAGAIN;
    kvm_vcpus_release(bench->fake->vm);
    wait_runs(bench, 0, 2);
    assert_int_equal(bench->count, 0);
    bench_destroy(bench);
}

/* Runs vCPU 0 into an IN and holds it: blocked in its callback. */
static void run_into_read(struct bench *bench)
{
    bench->reason = KVM_EXIT_IO;
    bench->result = 0;
    bench->block = true;
    kvm_vcpus_release(bench->fake->vm);
    g_mutex_lock(&bench->lock);
    wait_for(bench, &bench->in_callback, 1);
    kvm_vcpus_hold(bench->fake->vm);
    g_mutex_unlock(&bench->lock);
}

static void let_callback_end(struct bench *bench)
{
    g_mutex_lock(&bench->lock);
    bench->block = false;
    g_cond_broadcast(&bench->changed);
    wait_for(bench, &bench->count, 1);
    g_mutex_unlock(&bench->lock);
    while (__atomic_load_n(&bench->fake->vm->vcpus[0].exit_is_handled, __ATOMIC_SEQ_CST)) {
        g_thread_yield();
    }
}

/* No answer yet: nothing is completed. With it: once, and not again. */
static void test_save_completes_an_answered_read(void **state)
{
    struct bench *bench = bench_create(1);
    struct x86_state registers;

    (void)state;
    run_into_read(bench);
    assert_true(kvm_vcpu_save(bench->fake->vm, 0, &registers, NULL));
    assert_int_equal(bench->fake->vcpus[0].completions, 0);
    let_callback_end(bench);
    assert_true(bench->current[0]);
    assert_true(kvm_vcpu_save(bench->fake->vm, 0, &registers, NULL));
    assert_int_equal(bench->fake->vcpus[0].completions, 1);
    assert_true(kvm_vcpu_save(bench->fake->vm, 0, &registers, NULL));
    assert_int_equal(bench->fake->vcpus[0].completions, 1);
    bench_destroy(bench);
}

/* The instruction makes a second access: its exit is handled when the vCPU may run again. */
static void test_save_meets_another_access(void **state)
{
    struct bench *bench = bench_create(1);
    struct x86_state registers;

    (void)state;
    run_into_read(bench);
    let_callback_end(bench);
    bench->fake->vcpus[0].more_accesses = 1;
    assert_true(kvm_vcpu_save(bench->fake->vm, 0, &registers, NULL));
    assert_true(kvm_vcpu_save(bench->fake->vm, 0, &registers, NULL));
    assert_int_equal(bench->fake->vcpus[0].completions, 1);
    assert_int_equal(bench->count, 1);
    kvm_vcpus_release(bench->fake->vm);
    g_mutex_lock(&bench->lock);
    wait_for(bench, &bench->count, 2);
    assert_int_equal(bench->exits[1].kind, VM_EXIT_PIO);
    assert_true(bench->current[1]);
    g_mutex_unlock(&bench->lock);
    wait_runs(bench, 0, 2);
    bench_destroy(bench);
}

/* A load overtakes the exit and all accesses that its instruction would still make. */
static void test_load_overtakes(void **state)
{
    struct bench *bench = bench_create(1);
    struct x86_state registers;

    (void)state;
    run_into_read(bench);
    bench->fake->vcpus[0].more_accesses = 3;
    x86_state_reset(&registers, true);
    assert_true(kvm_vcpu_load(bench->fake->vm, 0, &registers, NULL));
    assert_int_equal(bench->fake->vcpus[0].completions, 4);
    assert_false(kvm_vcpu_exit_is_current(bench->fake->vm, 0));
    let_callback_end(bench);
    assert_false(bench->current[0]);
    /* From its next entry on it is current again. */
    kvm_vcpus_release(bench->fake->vm);
    wait_runs(bench, 0, 2);
    assert_true(kvm_vcpu_exit_is_current(bench->fake->vm, 0));
    bench_destroy(bench);
}

/* An instruction without end is an error, not a hang. */
static void test_endless_instruction(void **state)
{
    struct bench *bench = bench_create(1);
    struct x86_state registers;
    g_autoptr(GError) error = NULL;

    (void)state;
    run_into_read(bench);
    bench->fake->vcpus[0].more_accesses = UINT32_MAX;
    x86_state_reset(&registers, true);
    assert_false(kvm_vcpu_load(bench->fake->vm, 0, &registers, &error));
    assert_string_equal(
        error->message,
        "an I/O instruction of vCPU 0 does not come to an end after 131072 accesses");
    let_callback_end(bench);
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_nest),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_hold_with_an_exit_on_its_way),
        cmocka_unit_test(test_run_fails),
        cmocka_unit_test(test_eagain_is_no_exit),
        cmocka_unit_test(test_save_completes_an_answered_read),
        cmocka_unit_test(test_save_meets_another_access),
        cmocka_unit_test(test_load_overtakes),
        cmocka_unit_test(test_endless_instruction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
