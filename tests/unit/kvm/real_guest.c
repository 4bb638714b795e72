/* SPDX-License-Identifier: GPL-2.0-or-later */
/* real_guest.c - see real_guest.h. */
#include "real_guest.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define PATIENCE_US (20 * G_USEC_PER_SEC)

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size)
{
    struct guest *guest = opaque;
    struct guest_access access = { offset, guest->answer, size, false };

    g_array_append_val(guest->accesses, access);
    return guest->answer;
}

static void mmio_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct guest *guest = opaque;
    struct guest_access access = { offset, value, size, true };

    g_array_append_val(guest->accesses, access);
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    struct guest *guest = opaque;

    (void)offset;
    (void)size;
    return guest->answer;
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct guest *guest = opaque;
    uint32_t out = (uint32_t)value;

    (void)size;
    if (offset == 0) {
        g_array_append_val(guest->out, out);
    }
}

static void dispatch(struct guest *guest, struct vm_exit *exit)
{
    struct address_space *space = exit->kind == VM_EXIT_PIO ? guest->io_space : guest->memory_space;

    switch (exit->kind) {
    case VM_EXIT_PIO:
    case VM_EXIT_MMIO:
        for (uint32_t i = 0; i < exit->count; i++) {
            uint8_t *unit = exit->data + (size_t)i * exit->size;

            if (exit->is_write) {
                (void)address_space_write(space, exit->gpa, unit, exit->size);
            } else {
                (void)address_space_read(space, exit->gpa, unit, exit->size);
            }
        }
        break;
    case VM_EXIT_SHUTDOWN:
        guest->shutdowns++;
        kvm_vcpus_hold(guest->vm); /* until the test has loaded new registers */
        break;
    case VM_EXIT_INTERRUPTED:
    case VM_EXIT_HALT:
    case VM_EXIT_SYSTEM_EVENT:
    case VM_EXIT_FAIL_ENTRY:
    case VM_EXIT_INTERNAL_ERROR:
    case VM_EXIT_RUN_FAILED:
    case VM_EXIT_INTERRUPT_WINDOW:
    case VM_EXIT_TPR:
    case VM_EXIT_EOI:
    case VM_EXIT_UNKNOWN:
        if (guest->failures++ == 0) {
            printf("# exit %s, detail 0x%llx 0x%llx\n", vm_exit_kind_name(exit->kind),
                   (unsigned long long)exit->detail[0], (unsigned long long)exit->detail[1]);
            kvm_vcpus_hold(guest->vm);
        }
        break;
    }
}

static void on_exit_of(void *opaque, unsigned vcpu, struct vm_exit *exit)
{
    struct guest *guest = opaque;

    g_mutex_lock(&guest->lock);
    guest->blocked++;
    g_cond_broadcast(&guest->changed);
    while (guest->block_exits && kvm_vcpu_exit_is_current(guest->vm, vcpu)) {
        g_cond_wait(&guest->changed, &guest->lock);
    }
    guest->blocked--;
    if (kvm_vcpu_exit_is_current(guest->vm, vcpu)) {
        kvm_flush_coalesced_at_exit(guest->vm);
        dispatch(guest, exit);
        kvm_vcpu_exit_answered(guest->vm, vcpu);
        guest->exits++;
    } else {
        guest->overtaken++;
    }
    g_cond_broadcast(&guest->changed);
    g_mutex_unlock(&guest->lock);
}

static void build_memory(struct guest *guest)
{
    struct ram_block_options options = { .name = "ram", .size_bytes = GUEST_RAM_BYTES };

    guest->memory = memory_system_create(&guest->errors);
    guest->block = ram_block_create(&options, NULL);
    assert_non_null(guest->block);
    guest->bytes = ram_block_host(guest->block);
    guest->mmio_ops = (struct memory_region_ops){ .read = mmio_read, .write = mmio_write };
    guest->port_ops = (struct memory_region_ops){ .read = port_read, .write = port_write };
    memory_region_init_container(&guest->root, guest->memory, "system", MEMORY_SIZE_ALL);
    memory_region_init_container(&guest->io_root, guest->memory, "io", 65536);
    memory_region_init_ram(&guest->ram, guest->memory, "ram", guest->block);
    memory_region_init_io(&guest->mmio, guest->memory, "mmio", &guest->mmio_ops, guest,
                          GUEST_MMIO_SIZE);
    memory_region_init_io(&guest->ports, guest->memory, "ports", &guest->port_ops, guest, 4);
    memory_region_add_subregion(&guest->root, 0, &guest->ram);
    memory_region_add_subregion_overlap(&guest->root, GUEST_MMIO_GPA, &guest->mmio, 1);
    memory_region_add_subregion(&guest->io_root, 0x10, &guest->ports);
    guest->memory_space = address_space_create(guest->memory, &guest->root, "memory");
    guest->io_space = address_space_create(guest->memory, &guest->io_root, "I/O");
}

static void build_vm(struct guest *guest, unsigned vcpus)
{
    struct kvm_vm_options options = { .calls = &guest->calls,
                                      .host = guest->host,
                                      .memory = guest->memory,
                                      .memory_space = guest->memory_space,
                                      .io_space = guest->io_space,
                                      .errors = &guest->errors,
                                      .exit = on_exit_of,
                                      .opaque = guest };
    g_autoptr(GError) error = NULL;

    host_kvm_get_calls(guest->host, &guest->calls);
    guest->vm = kvm_vm_create(&options, &error);
    if (guest->vm == NULL || !kvm_pc_setup_irq_routing(guest->vm, &error)) {
        fail_msg("%s", error->message);
    }
    for (unsigned i = 0; i < vcpus; i++) {
        if (!kvm_vcpu_create(guest->vm, i, i, &error)) {
            fail_msg("%s", error->message);
        }
    }
}

struct guest *guest_create(unsigned vcpus)
{
    g_autoptr(GError) error = NULL;
    struct host_kvm *host = host_kvm_open(&error);
    struct guest *guest;

    if (host == NULL) {
        printf("# skipped: %s\n", error->message);
        return NULL;
    }
    guest = g_new0(struct guest, 1);
    guest->host = host;
    g_mutex_init(&guest->lock);
    g_cond_init(&guest->changed);
    guest->out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    guest->accesses = g_array_new(FALSE, FALSE, sizeof(struct guest_access));
    build_memory(guest);
    build_vm(guest, vcpus);
    return guest;
}

void guest_destroy(struct guest *guest)
{
    kvm_vcpus_stop(guest->vm);
    kvm_vm_destroy(guest->vm);
    address_space_destroy(guest->memory_space);
    address_space_destroy(guest->io_space);
    memory_region_del_subregion(&guest->root, &guest->mmio);
    memory_region_del_subregion(&guest->root, &guest->ram);
    memory_region_del_subregion(&guest->io_root, &guest->ports);
    memory_region_fini(&guest->mmio);
    memory_region_fini(&guest->ram);
    memory_region_fini(&guest->ports);
    memory_region_fini(&guest->root);
    memory_region_fini(&guest->io_root);
    memory_system_destroy(guest->memory);
    host_kvm_close(guest->host);
    ram_block_destroy(guest->block);
    g_clear_error(&guest->errors.first);
    g_array_unref(guest->out);
    g_array_unref(guest->accesses);
    g_mutex_clear(&guest->lock);
    g_cond_clear(&guest->changed);
    g_free(guest);
}

void guest_state(struct x86_state *state, uint16_t ip)
{
    x86_state_reset(state, true);
    state->segments[X86_CS].base = 0;
    state->segments[X86_CS].selector = 0;
    state->rip = ip;
    state->gpr[X86_RSP] = 0x7000;
}

void guest_load(struct guest *guest, unsigned vcpu, uint16_t ip)
{
    g_autoptr(GError) error = NULL;
    struct x86_state state;

    guest_state(&state, ip);
    state.gpr[X86_RBX] = 0x2000 + vcpu * 64;
    state.apic_base = vcpu == 0 ? 0xfee00900 : 0xfee00800;
    if (!kvm_vcpu_load(guest->vm, vcpu, &state, &error)) {
        fail_msg("%s", error->message);
    }
}

void guest_put(struct guest *guest, uint32_t gpa, const void *bytes, size_t size)
{
    assert_true(gpa + size <= GUEST_RAM_BYTES);
    memcpy(guest->bytes + gpa, bytes, size);
}

void guest_start(struct guest *guest)
{
    g_autoptr(GError) error = NULL;

    if (!kvm_vcpus_start(guest->vm, &error)) {
        fail_msg("%s", error->message);
    }
    g_mutex_lock(&guest->lock);
    kvm_vcpus_release(guest->vm);
    g_mutex_unlock(&guest->lock);
}

void guest_wait(struct guest *guest, const unsigned *counter, unsigned value)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    bool in_time = true;

    g_mutex_lock(&guest->lock);
    while (*counter < value && guest->failures == 0 && in_time) {
        in_time = g_cond_wait_until(&guest->changed, &guest->lock, deadline);
    }
    if (*counter < value) {
        printf("# waited for %u, have %u; exits %u, failures %u, shutdowns %u\n", value, *counter,
               guest->exits, guest->failures, guest->shutdowns);
    }
    assert_true(*counter >= value);
    g_mutex_unlock(&guest->lock);
}

void guest_wait_out(struct guest *guest, unsigned count)
{
    guest_wait(guest, &guest->out->len, count);
}

uint32_t guest_out(const struct guest *guest, unsigned index)
{
    assert_true(index < guest->out->len);
    return g_array_index(guest->out, uint32_t, index);
}
