/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_coalesced.c - ranges whose writes KVM batches instead of leaving the guest, and carrying those
 * writes out.
 */
#include <inttypes.h>

#include "base/bytes.h"
#include "base/error_latch.h"
#include "kvm/kvm_internal.h"
#include "memory/address_space.h"
#include "trace/trace.h"

/* Entries of a ring that fills a page of 4 KiB (linux/kvm.h, KVM_COALESCED_MMIO_MAX). A flush takes
 * no more: what vCPUs write meanwhile belongs to the next one. */
#define RING_ENTRIES \
    ((4096u - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

static bool find_zone(const struct kvm_vm *vm, const struct memory_region_section *section,
                      guint *out_index)
{
    for (guint i = 0; i < vm->zones->len; i++) {
        const struct kvm_zone *zone = &g_array_index(vm->zones, struct kvm_zone, i);

        if (zone->gpa == section->gpa && zone->size_bytes == section->size) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

/* A zone that is there already is one whose deletion failed: it serves again. */
void kvm_coalesced_add(void *opaque, const struct memory_region_section *section)
{
    struct kvm_vm *vm = opaque;
    struct kvm_coalesced_mmio_zone zone = { .addr = section->gpa, .size = (uint32_t)section->size };
    struct kvm_zone entry = { section->gpa, (uint32_t)section->size };
    GError *error = NULL;
    guint index;

    if (section->size > UINT32_MAX || find_zone(vm, section, &index)) {
        return;
    }
    if (kvm_ioctl(vm, KVM_VM_REQUEST(KVM_REGISTER_COALESCED_MMIO, &zone), &error,
                  "gpa=0x%" PRIx64 ", size=0x%x", entry.gpa, entry.size_bytes) < 0) {
        error_latch_set(vm->options.errors, error);
        return;
    }
    g_array_append_val(vm->zones, entry);
    vm->coalescing = true;
}

void kvm_coalesced_del(void *opaque, const struct memory_region_section *section)
{
    struct kvm_vm *vm = opaque;
    struct kvm_coalesced_mmio_zone zone = { .addr = section->gpa, .size = (uint32_t)section->size };
    GError *error = NULL;
    guint index;

    if (vm->closing || !find_zone(vm, section, &index)) {
        return;
    }
    if (kvm_ioctl(vm, KVM_VM_REQUEST(KVM_UNREGISTER_COALESCED_MMIO, &zone), &error,
                  "gpa=0x%" PRIx64 ", size=0x%" PRIx64, section->gpa, section->size) < 0) {
        error_latch_set(vm->options.errors, error);
        return;
    }
    g_array_remove_index(vm->zones, index);
}

static void carry_out(struct kvm_vm *vm, const struct kvm_coalesced_mmio *entry)
{
    bool pio = entry->pio == 1;
    uint32_t size = MIN(entry->len, (uint32_t)sizeof(entry->data));

    trace_kvm_coalesced_write(entry->phys_addr, bytes_load_le(entry->data, size), (uint8_t)size,
                              pio);
    (void)address_space_write(pio ? vm->options.io_space : vm->options.memory_space,
                              entry->phys_addr, entry->data, size);
}

/* A handler that changes the memory map begins a transaction, which comes here again: the writes
 * behind its own are the outer call's. */
void kvm_flush_coalesced(struct kvm_vm *vm)
{
    struct kvm_coalesced_mmio entry;
    uint32_t count = 0;

    if (vm->flushing) {
        return;
    }
    vm->flushing = true;
    trace_kvm_flush_coalesced_mmio_buffer_enter();
    while (count < RING_ENTRIES && vm->calls->coalesced_next(vm->calls->opaque, &entry)) {
        carry_out(vm, &entry);
        count++;
    }
    trace_kvm_flush_coalesced_mmio_buffer_leave(count);
    vm->flushing = false;
}

void kvm_flush_coalesced_at_exit(struct kvm_vm *vm)
{
    if (vm->coalescing) {
        kvm_flush_coalesced(vm);
    }
}
