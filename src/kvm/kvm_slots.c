/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_slots.c - the table of memslots, equal to what KVM holds.
 *
 * By number: an array with a bitmap of taken numbers, so that the lowest free one is found a word at
 * a time. By address: sorted numbers, searched by halves. The 255th DIMM costs what the 2nd did.
 */
#include <inttypes.h>
#include <string.h>

#include "base/invariant.h"
#include "kvm/kvm_internal.h"

#define WORD_BITS      64u
#define CAPACITY_FIRST 64u

void kvm_slots_init(struct kvm_slots *slots, uint32_t max)
{
    *slots = (struct kvm_slots){ .max = max };
    slots->by_gpa = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void kvm_slots_fini(struct kvm_slots *slots)
{
    for (uint32_t i = 0; i < slots->capacity; i++) {
        g_free(slots->slots[i].region);
    }
    g_free(slots->slots);
    g_free(slots->taken);
    if (slots->by_gpa != NULL) {
        g_array_unref(slots->by_gpa);
    }
    *slots = (struct kvm_slots){ 0 };
}

static void grow(struct kvm_slots *slots)
{
    uint32_t capacity = slots->capacity == 0 ? CAPACITY_FIRST : slots->capacity * 2;

    slots->slots = g_renew(struct kvm_slot, slots->slots, capacity);
    memset(&slots->slots[slots->capacity], 0,
           (capacity - slots->capacity) * sizeof(slots->slots[0]));
    slots->taken = g_renew(uint64_t, slots->taken, capacity / WORD_BITS);
    memset(&slots->taken[slots->capacity / WORD_BITS], 0,
           (capacity - slots->capacity) / WORD_BITS * sizeof(slots->taken[0]));
    slots->capacity = capacity;
}

bool kvm_slots_lowest_free(struct kvm_slots *slots, uint32_t *out_number)
{
    uint32_t number = slots->capacity;

    for (uint32_t word = slots->first_free / WORD_BITS; word < slots->capacity / WORD_BITS;
         word++) {
        if (slots->taken[word] != UINT64_MAX) {
            number = word * WORD_BITS + (uint32_t)__builtin_ctzll(~slots->taken[word]);
            break;
        }
    }
    slots->first_free = number;
    if (number >= slots->max) {
        return false;
    }
    *out_number = number;
    return true;
}

/* Place in by_gpa of the first slot that ends behind gpa. */
static guint place_of(const struct kvm_slots *slots, gpa_t gpa)
{
    guint low = 0;
    guint high = slots->by_gpa->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct kvm_slot *slot = &slots->slots[g_array_index(slots->by_gpa, uint32_t, middle)];

        if (slot->gpa + (slot->size_bytes - 1) < gpa) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool kvm_slots_find(const struct kvm_slots *slots, gpa_t gpa, uint64_t size_bytes,
                    uint32_t *out_number)
{
    guint place = place_of(slots, gpa);
    uint32_t number;

    if (place == slots->by_gpa->len) {
        return false;
    }
    number = g_array_index(slots->by_gpa, uint32_t, place);
    if (slots->slots[number].gpa > gpa + (size_bytes - 1)) {
        return false;
    }
    *out_number = number;
    return true;
}

void kvm_slots_insert(struct kvm_slots *slots, uint32_t number, const struct kvm_slot *slot)
{
    guint place = place_of(slots, slot->gpa);
    uint32_t other;

    invariant(number < slots->max);
    invariant(!kvm_slots_find(slots, slot->gpa, slot->size_bytes, &other));
    while (number >= slots->capacity) {
        grow(slots);
    }
    invariant(!slots->slots[number].used);
    slots->slots[number] = *slot;
    slots->slots[number].region = g_strdup(slot->region);
    slots->slots[number].used = true;
    slots->taken[number / WORD_BITS] |= 1ull << (number % WORD_BITS);
    slots->used++;
    g_array_insert_val(slots->by_gpa, place, number);
}

void kvm_slots_remove(struct kvm_slots *slots, uint32_t number)
{
    struct kvm_slot *slot = &slots->slots[number];
    guint place = place_of(slots, slot->gpa);

    invariant(slot->used);
    invariant(g_array_index(slots->by_gpa, uint32_t, place) == number);
    g_array_remove_index(slots->by_gpa, place);
    slots->taken[number / WORD_BITS] &= ~(1ull << (number % WORD_BITS));
    slots->first_free = MIN(slots->first_free, number);
    slots->used--;
    g_free(slot->region);
    *slot = (struct kvm_slot){ 0 };
}

void kvm_slots_print(const struct kvm_vm *vm, GString *out)
{
    const struct kvm_slots *slots = &vm->slots;

    g_string_append_printf(out, "memslots: %u of %u used\n", slots->used, slots->max);
    for (uint32_t i = 0; i < slots->capacity; i++) {
        const struct kvm_slot *slot = &slots->slots[i];

        if (slot->used) {
            g_string_append_printf(
                out, "slot %u: %016" PRIx64 "-%016" PRIx64 " size 0x%" PRIx64 " %s: %s%s\n", i,
                slot->gpa, slot->gpa + (slot->size_bytes - 1), slot->size_bytes,
                slot->flags & KVM_MEM_READONLY ? "rom" : "ram", slot->region,
                slot->stale_since != 0 ? " (deletion failed)" : "");
        }
    }
}

uint32_t kvm_slots_used(const struct kvm_vm *vm)
{
    return vm->slots.used;
}

uint32_t kvm_slots_max(const struct kvm_vm *vm)
{
    return vm->slots.max;
}
