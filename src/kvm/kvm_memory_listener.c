/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_memory_listener.c - keeps KVM's memslots equal to the RAM and ROM of the memory space's
 * FlatView.
 *
 * One ioctl a changed range. Where a commit deletes a range and adds another at the same place (KVM
 * can't change a slot's size in place), all vCPUs are held meanwhile: none meets the hole. The table
 * always says what KVM has: a range whose slot could not be made has none, and a slot that could not
 * be deleted stays, stale, until its range comes back, another one needs the place, or a later commit
 * finds KVM willing.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/error_latch.h"
#include "base/invariant.h"
#include "kvm/kvm_internal.h"
#include "memory/ram_block.h"
#include "trace/trace.h"

#define PAGE_BYTES 4096ull

static bool is_ram(const struct memory_region *region)
{
    return region->kind == MEMORY_REGION_RAM || region->kind == MEMORY_REGION_ROM;
}

/* The whole pages of a section as a slot; false = it has none, or guest and host pages don't line up.
 * What is left out reaches the region by MMIO exits. */
static bool slot_of(const struct memory_region_section *section, struct kvm_slot *out_slot)
{
    uint64_t skip = -section->gpa & (PAGE_BYTES - 1);
    uint64_t size = section->size;

    if (size <= skip || (section->region_offset + skip) % PAGE_BYTES != 0) {
        return false;
    }
    size = (size - skip) & ~(PAGE_BYTES - 1);
    if (size == 0) {
        return false;
    }
    *out_slot = (struct kvm_slot){
        .gpa = section->gpa + skip,
        .size_bytes = size,
        .host = (uint8_t *)ram_block_host(section->region->ram) + section->region_offset + skip,
        .flags = section->readonly ? KVM_MEM_READONLY : 0,
        .region = section->region->name,
    };
    return true;
}

static bool is_same(const struct kvm_slot *a, const struct kvm_slot *b)
{
    return a->gpa == b->gpa && a->size_bytes == b->size_bytes && a->host == b->host &&
           a->flags == b->flags;
}

/* size_bytes 0 deletes the slot (KVM API, KVM_SET_USER_MEMORY_REGION). */
static bool set_memory_region(struct kvm_vm *vm, uint32_t number, const struct kvm_slot *slot,
                              uint64_t size_bytes, GError **error)
{
    struct kvm_userspace_memory_region region = {
        .slot = number,
        .flags = slot->flags,
        .guest_phys_addr = slot->gpa,
        .memory_size = size_bytes,
        .userspace_addr = (uintptr_t)slot->host,
    };

    return kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_USER_MEMORY_REGION, &region), error,
                     "slot=%u, gpa=0x%" PRIx64 ", size=0x%" PRIx64 ", flags=%u", number, slot->gpa,
                     size_bytes, slot->flags) >= 0;
}

static bool slot_delete(struct kvm_vm *vm, uint32_t number, GError **error)
{
    struct kvm_slot *slot = &vm->slots.slots[number];

    if (!set_memory_region(vm, number, slot, 0, error)) {
        vm->stale_slots += slot->stale_since == 0;
        slot->stale_since = vm->commits;
        return false;
    }
    vm->stale_slots -= slot->stale_since != 0;
    trace_kvm_memslot_deleted(number, slot->gpa, slot->size_bytes, slot->region);
    kvm_slots_remove(&vm->slots, number);
    return true;
}

/* Slots in the way are left from deletions that failed: the same one serves again, others go now. */
static bool clear_stale(struct kvm_vm *vm, const struct kvm_slot *wanted, bool *out_serves,
                        GError **error)
{
    uint32_t number;

    while (kvm_slots_find(&vm->slots, wanted->gpa, wanted->size_bytes, &number)) {
        struct kvm_slot *slot = &vm->slots.slots[number];

        invariant(slot->stale_since != 0);
        if (is_same(slot, wanted)) {
            slot->stale_since = 0;
            vm->stale_slots--;
            g_free(slot->region);
            slot->region = g_strdup(wanted->region);
            trace_kvm_memslot_kept(number, slot->gpa, slot->size_bytes, slot->region);
            *out_serves = true;
            return true;
        }
        if (!slot_delete(vm, number, error)) {
            return false;
        }
    }
    return true;
}

static bool slot_add(struct kvm_vm *vm, const struct kvm_slot *slot, GError **error)
{
    bool serves = false;
    uint32_t number;

    if (!clear_stale(vm, slot, &serves, error)) {
        return false;
    }
    if (serves) {
        return true;
    }
    if (!kvm_slots_lowest_free(&vm->slots, &number)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "KVM's memory slots are used up: all %u are taken, none is left for '%s' at "
                    "0x%" PRIx64,
                    vm->slots.max, slot->region, slot->gpa);
        return false;
    }
    if (!set_memory_region(vm, number, slot, slot->size_bytes, error)) {
        return false;
    }
    kvm_slots_insert(&vm->slots, number, slot);
    trace_kvm_memslot_added(number, slot->gpa, slot->size_bytes, slot->flags, slot->region);
    return true;
}

/* A range that never got a slot needs none deleted: that is how a failed plug is undone. */
static bool slot_find_and_delete(struct kvm_vm *vm, const struct kvm_slot *slot, GError **error)
{
    uint32_t number;

    if (!kvm_slots_find(&vm->slots, slot->gpa, slot->size_bytes, &number) ||
        !is_same(&vm->slots.slots[number], slot) || vm->slots.slots[number].stale_since != 0) {
        return true;
    }
    return slot_delete(vm, number, error);
}

static void kvm_set_phys_mem(struct kvm_vm *vm, const struct memory_region_section *section,
                             bool adding)
{
    GError *error = NULL;
    struct kvm_slot slot;
    bool ok = true;

    trace_kvm_set_phys_mem_enter(section->gpa, section->size, section->region->name, adding);
    if (slot_of(section, &slot)) {
        ok = adding ? slot_add(vm, &slot, &error) : slot_find_and_delete(vm, &slot, &error);
    }
    if (!ok) {
        error_latch_set(vm->options.errors, error);
    }
    trace_kvm_set_phys_mem_leave(ok);
}

static void kvm_region_add(void *opaque, const struct memory_region_section *section)
{
    trace_kvm_region_add_enter(section->gpa, section->size, section->region->name,
                               section->readonly);
    if (is_ram(section->region)) {
        kvm_set_phys_mem(opaque, section, true);
    }
    trace_kvm_region_add_leave();
}

static void kvm_region_del(void *opaque, const struct memory_region_section *section)
{
    struct kvm_vm *vm = opaque;

    trace_kvm_region_del_enter(section->gpa, section->size, section->region->name,
                               section->readonly);
    /* At the end of the VM its slots go with it. */
    if (is_ram(section->region) && !vm->closing) {
        kvm_set_phys_mem(vm, section, false);
    }
    trace_kvm_region_del_leave();
}

/* A RAM range that goes and one that comes share an address. Both views are sorted and free of
 * overlaps in themselves, so the last one seen of each reaches furthest. */
static bool commit_replaces(const struct flatview *old_view, const struct flatview *new_view)
{
    const struct flat_range *gone = NULL;
    const struct flat_range *came = NULL;
    uint32_t o = 0;
    uint32_t n = 0;

    while (o < old_view->count || n < new_view->count) {
        const struct flat_range *before = o < old_view->count ? &old_view->ranges[o] : NULL;
        const struct flat_range *after = n < new_view->count ? &new_view->ranges[n] : NULL;

        if (before != NULL && after != NULL && flat_range_equal(before, after)) {
            o++;
            n++;
            continue;
        }
        if (before != NULL && (after == NULL || before->first <= after->first)) {
            gone = is_ram(before->region) ? before : gone;
            o++;
        } else {
            came = is_ram(after->region) ? after : came;
            n++;
        }
        if (gone != NULL && came != NULL && gone->first <= came->last &&
            came->first <= gone->last) {
            return true;
        }
    }
    return false;
}

static void on_begin(void *opaque, const struct flatview *old_view, const struct flatview *new_view)
{
    struct kvm_vm *vm = opaque;

    invariant(!vm->commit_holds);
    vm->commits++;
    vm->commit_holds = commit_replaces(old_view, new_view);
    if (vm->commit_holds) {
        kvm_vcpus_hold(vm);
    }
}

/* Slots from earlier commits that did not come to use again: the guest shall not keep what was taken
 * from it. Nobody waits for the outcome. */
static void retry_stale(struct kvm_vm *vm)
{
    for (uint32_t i = 0; i < vm->slots.capacity && vm->stale_slots > 0; i++) {
        const struct kvm_slot *slot = &vm->slots.slots[i];

        if (slot->stale_since != 0 && slot->stale_since != vm->commits) {
            (void)slot_delete(vm, i, NULL);
        }
    }
}

static void on_commit(void *opaque)
{
    struct kvm_vm *vm = opaque;

    retry_stale(vm);
    if (vm->commit_holds) {
        vm->commit_holds = false;
        kvm_vcpus_release(vm);
    }
}

void kvm_memory_listener_register(struct kvm_vm *vm)
{
    vm->listener = (struct memory_listener){
        .name = "kvm",
        .priority = 10,
        .opaque = vm,
        .begin = on_begin,
        .region_add = kvm_region_add,
        .region_del = kvm_region_del,
        .coalesced_io_add = kvm_coalesced_add,
        .coalesced_io_del = kvm_coalesced_del,
        .commit = on_commit,
    };
    memory_listener_register(&vm->listener, vm->options.memory_space);
    vm->listens = true;
}

void kvm_memory_listener_unregister(struct kvm_vm *vm)
{
    if (vm->listens) {
        memory_listener_unregister(&vm->listener, vm->options.memory_space);
        vm->listens = false;
    }
}
