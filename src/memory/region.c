/* SPDX-License-Identifier: GPL-2.0-or-later */
/* region.c - the tree of memory regions and what changes it. */
#include "memory/region.h"

#include "base/invariant.h"
#include "memory/memory_internal.h"
#include "memory/ram_block.h"
#include "trace/trace.h"

static const char *const kind_names[] = {
    [MEMORY_REGION_CONTAINER] = "container",
    [MEMORY_REGION_RAM] = "ram",
    [MEMORY_REGION_ROM] = "rom",
    [MEMORY_REGION_IO] = "io",
    [MEMORY_REGION_ALIAS] = "alias",
};

/* Whoever keeps the last one of each region can draw the tree at any moment of a trace. */
static void describe(const struct memory_region *region)
{
    trace_memory_region_described(
        region->number, region->name, kind_names[region->kind], region->size, region->enabled,
        region->readonly, region->target != NULL ? region->target->number : 0,
        region->target_offset, region->container != NULL ? region->container->number : 0,
        region->offset, region->priority);
}

static void init(struct memory_region *region, struct memory_system *system, const char *name,
                 enum memory_region_kind kind, uint64_t size)
{
    *region = (struct memory_region){
        .system = system, .name = g_strdup(name), .kind = kind, .size = size, .enabled = true
    };
    region->number = ++system->regions_made;
}

void memory_region_init_container(struct memory_region *region, struct memory_system *system,
                                  const char *name, uint64_t size)
{
    init(region, system, name, MEMORY_REGION_CONTAINER, size);
    describe(region);
}

void memory_region_init_ram(struct memory_region *region, struct memory_system *system,
                            const char *name, struct ram_block *ram)
{
    init(region, system, name, MEMORY_REGION_RAM, ram_block_size(ram));
    region->ram = ram;
    describe(region);
}

void memory_region_init_rom(struct memory_region *region, struct memory_system *system,
                            const char *name, struct ram_block *ram)
{
    init(region, system, name, MEMORY_REGION_ROM, ram_block_size(ram));
    region->ram = ram;
    describe(region);
}

void memory_region_init_io(struct memory_region *region, struct memory_system *system,
                           const char *name, const struct memory_region_ops *ops, void *opaque,
                           uint64_t size)
{
    init(region, system, name, MEMORY_REGION_IO, size);
    region->ops = ops;
    region->opaque = opaque;
    describe(region);
}

void memory_region_init_alias(struct memory_region *region, struct memory_system *system,
                              const char *name, struct memory_region *target,
                              uint64_t target_offset, uint64_t size)
{
    init(region, system, name, MEMORY_REGION_ALIAS, size);
    region->target = target;
    region->target_offset = target_offset;
    describe(region);
}

void memory_region_fini(struct memory_region *region)
{
    invariant(region->container == NULL);
    invariant(region->subregions == NULL || region->subregions->len == 0);
    if (region->number != 0) {
        trace_memory_region_finished(region->number, region->name);
    }
    if (region->subregions != NULL) {
        g_ptr_array_unref(region->subregions);
    }
    if (region->coalesced != NULL) {
        g_array_unref(region->coalesced);
    }
    g_free(region->name);
    *region = (struct memory_region){ 0 };
}

bool memory_region_is_mapped(const struct memory_region *region)
{
    return region->container != NULL;
}

/* ---- order within a container ---- */

static bool overlap(const struct memory_region *a, const struct memory_region *b)
{
    uint64_t a_last = a->offset + (a->size - 1);
    uint64_t b_last = b->offset + (b->size - 1);

    a_last = a_last < a->offset ? UINT64_MAX : a_last;
    b_last = b_last < b->offset ? UINT64_MAX : b_last;
    return a->offset <= b_last && b->offset <= a_last;
}

/*
 * Where a region that is newer than all its peers goes: before them all when it overlaps one, else
 * by offset, which makes painting an ordinary map append at the end.
 */
static guint place_of(const struct memory_region *container, const struct memory_region *region)
{
    const GPtrArray *peers = container->subregions;
    guint begin = 0;
    guint place;

    while (begin < peers->len &&
           ((struct memory_region *)peers->pdata[begin])->priority > region->priority) {
        begin++;
    }
    place = begin;
    for (guint i = begin; i < peers->len; i++) {
        const struct memory_region *peer = peers->pdata[i];

        if (peer->priority != region->priority) {
            break;
        }
        if (overlap(peer, region)) {
            return begin;
        }
        if (peer->offset < region->offset) {
            place = i + 1;
        }
    }
    return place;
}

static void insert(struct memory_region *container, struct memory_region *region)
{
    if (container->subregions == NULL) {
        container->subregions = g_ptr_array_new();
    }
    g_ptr_array_insert(container->subregions, (gint)place_of(container, region), region);
}

static gint by_sequence(gconstpointer a, gconstpointer b)
{
    const struct memory_region *left = *(struct memory_region *const *)a;
    const struct memory_region *right = *(struct memory_region *const *)b;

    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

/* A size has changed: what did not overlap may do so now. */
static void sort_again(struct memory_region *container)
{
    GPtrArray *old = container->subregions;

    container->subregions = NULL;
    g_ptr_array_sort(old, by_sequence);
    for (guint i = 0; i < old->len; i++) {
        insert(container, old->pdata[i]);
    }
    g_ptr_array_unref(old);
}

/* ---- mapping ---- */

static bool is_below(const struct memory_region *region, const struct memory_region *top)
{
    for (; region != NULL; region = region->container) {
        if (region == top) {
            return true;
        }
    }
    return false;
}

static void update_container_subregions(struct memory_region *region)
{
    struct memory_region *container = region->container;

    trace_memory_region_update_container_subregions_enter(container->name, region->name);
    memory_region_transaction_begin(region->system);
    region->sequence = region->system->next_sequence++;
    /* It may be the top of a tree that an alias shows: such views must learn their new top. */
    region->container = NULL;
    memory_system_mark(region);
    region->container = container;
    insert(container, region);
    memory_system_mark(region);
    describe(region);
    memory_region_transaction_commit(region->system);
    trace_memory_region_update_container_subregions_leave();
}

static void add_subregion_common(struct memory_region *container, uint64_t offset,
                                 struct memory_region *region)
{
    trace_memory_region_add_subregion_common_enter(container->name, offset, region->name,
                                                   region->priority);
    invariant(container->kind != MEMORY_REGION_ALIAS);
    invariant(region->container == NULL);
    invariant(!is_below(container, region));
    region->container = container;
    region->offset = offset;
    update_container_subregions(region);
    trace_memory_region_add_subregion_common_leave();
}

void memory_region_add_subregion(struct memory_region *container, uint64_t offset,
                                 struct memory_region *subregion)
{
    trace_memory_region_add_subregion_enter(container->name, offset, subregion->name);
    subregion->priority = 0;
    add_subregion_common(container, offset, subregion);
    trace_memory_region_add_subregion_leave();
}

void memory_region_add_subregion_overlap(struct memory_region *container, uint64_t offset,
                                         struct memory_region *subregion, int32_t priority)
{
    subregion->priority = priority;
    add_subregion_common(container, offset, subregion);
}

void memory_region_del_subregion(struct memory_region *container, struct memory_region *subregion)
{
    trace_memory_region_del_subregion_enter(container->name, subregion->name);
    invariant(subregion->container == container);
    memory_region_transaction_begin(subregion->system);
    memory_system_mark(subregion);
    g_ptr_array_remove(container->subregions, subregion);
    subregion->container = NULL;
    describe(subregion);
    memory_region_transaction_commit(subregion->system);
    trace_memory_region_del_subregion_leave();
}

/* ---- changes in place ---- */

void memory_region_set_enabled(struct memory_region *region, bool enabled)
{
    if (region->enabled == enabled) {
        return;
    }
    memory_region_transaction_begin(region->system);
    region->enabled = enabled;
    describe(region);
    memory_system_mark(region);
    memory_region_transaction_commit(region->system);
}

void memory_region_set_offset(struct memory_region *region, uint64_t offset)
{
    struct memory_region *container = region->container;

    if (region->offset == offset) {
        return;
    }
    if (container == NULL) {
        region->offset = offset;
        return;
    }
    memory_region_transaction_begin(region->system);
    memory_region_del_subregion(container, region);
    add_subregion_common(container, offset, region);
    memory_region_transaction_commit(region->system);
}

void memory_region_set_size(struct memory_region *region, uint64_t size)
{
    if (region->size == size) {
        return;
    }
    invariant(region->ram == NULL);
    memory_region_transaction_begin(region->system);
    region->size = size;
    describe(region);
    if (region->container != NULL) {
        sort_again(region->container);
    }
    memory_system_mark(region);
    memory_region_transaction_commit(region->system);
}

void memory_region_set_alias_offset(struct memory_region *region, uint64_t target_offset)
{
    invariant(region->kind == MEMORY_REGION_ALIAS);
    if (region->target_offset == target_offset) {
        return;
    }
    memory_region_transaction_begin(region->system);
    region->target_offset = target_offset;
    describe(region);
    memory_system_mark(region);
    memory_region_transaction_commit(region->system);
}

void memory_region_set_readonly(struct memory_region *region, bool readonly)
{
    if (region->readonly == readonly) {
        return;
    }
    memory_region_transaction_begin(region->system);
    region->readonly = readonly;
    describe(region);
    memory_system_mark(region);
    memory_region_transaction_commit(region->system);
}

/* ---- coalescing ---- */

static void tell_coalescing(struct memory_region *region, uint64_t offset, uint64_t size,
                            bool adding)
{
    const GPtrArray *spaces = region->system->address_spaces;

    for (guint i = 0; i < spaces->len; i++) {
        address_space_tell_coalescing(spaces->pdata[i], region, offset, size, adding);
    }
}

void memory_region_add_coalescing(struct memory_region *region, uint64_t offset, uint64_t size)
{
    struct memory_coalesced_range range = { .offset = offset, .size = size };

    invariant(region->kind == MEMORY_REGION_IO);
    if (region->coalesced == NULL) {
        region->coalesced = g_array_new(FALSE, FALSE, sizeof(range));
    }
    g_array_append_val(region->coalesced, range);
    tell_coalescing(region, offset, size, true);
}

void memory_region_clear_coalescing(struct memory_region *region)
{
    if (region->coalesced == NULL) {
        return;
    }
    /* What is batched already belongs to the time before. */
    memory_region_transaction_begin(region->system);
    memory_region_transaction_commit(region->system);
    for (guint i = 0; i < region->coalesced->len; i++) {
        const struct memory_coalesced_range *range =
            &g_array_index(region->coalesced, struct memory_coalesced_range, i);

        tell_coalescing(region, range->offset, range->size, false);
    }
    g_array_unref(region->coalesced);
    region->coalesced = NULL;
}
