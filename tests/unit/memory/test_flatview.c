/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_flatview.c - random region trees against a naive byte map; listeners against the difference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_latch.h"
#include "memory/address_space.h"
#include "memory/listener.h"
#include "memory/transaction.h"
#include "unit.h"

#define SPACE   256 /* bytes that the naive map looks at */
#define REGIONS 24

/* What the guest sees at one address. */
struct cell {
    const struct memory_region *region;
    uint64_t offset;
    bool readonly;
};

struct world {
    struct memory_system *system;
    struct error_latch errors;
    struct memory_region root;
    struct memory_region regions[REGIONS];
    unsigned count;
    struct address_space *space;
    struct memory_listener listener;
    struct cell listened[SPACE]; /* kept by adds and deletes alone */
    unsigned seed;
    unsigned begins, commits;
};

static const struct memory_region_ops no_ops;

static unsigned pick(struct world *world, unsigned bound)
{
    world->seed = world->seed * 1103515245u + 12345u;
    return (world->seed >> 16) % bound;
}

/* The rule in its plainest form: which region answers at one address? Later and higher wins. */
static bool naive(const struct memory_region *region, int64_t at, bool readonly, struct cell *out)
{
    const struct memory_region *done[REGIONS + 1];
    unsigned done_count = 0;

    if (!region->enabled || at < 0 || (region->size != 0 && (uint64_t)at >= region->size)) {
        return false;
    }
    readonly = readonly || region->readonly;
    if (region->kind == MEMORY_REGION_ALIAS) {
        return naive(region->target, at + (int64_t)region->target_offset, readonly, out);
    }
    for (;;) { /* the best sub region that was not tried yet */
        const struct memory_region *best = NULL;

        for (guint i = 0; region->subregions != NULL && i < region->subregions->len; i++) {
            const struct memory_region *sub = region->subregions->pdata[i];
            bool tried = false;

            for (unsigned d = 0; d < done_count; d++) {
                tried |= done[d] == sub;
            }
            if (!tried && (best == NULL || sub->priority > best->priority ||
                           (sub->priority == best->priority && sub->sequence > best->sequence))) {
                best = sub;
            }
        }
        if (best == NULL) {
            break;
        }
        if (naive(best, at - (int64_t)best->offset, readonly, out)) {
            return true;
        }
        done[done_count++] = best;
    }
    if (region->kind == MEMORY_REGION_CONTAINER) {
        return false;
    }
    *out = (struct cell){ region, (uint64_t)at, readonly };
    return true;
}

static void on_begin(void *opaque, const struct flatview *old_view, const struct flatview *new_view)
{
    struct world *world = opaque;

    assert_ptr_not_equal(old_view, new_view);
    world->begins++;
}

static void on_commit(void *opaque)
{
    ((struct world *)opaque)->commits++;
}

static void on_add(void *opaque, const struct memory_region_section *section)
{
    struct world *world = opaque;

    for (uint64_t i = 0; i < section->size && section->gpa + i < SPACE; i++) {
        struct cell *cell = &world->listened[section->gpa + i];

        assert_null(cell->region); /* nothing is added on top of what is there */
        *cell = (struct cell){ section->region, section->region_offset + i, section->readonly };
    }
}

static void on_del(void *opaque, const struct memory_region_section *section)
{
    struct world *world = opaque;

    for (uint64_t i = 0; i < section->size && section->gpa + i < SPACE; i++) {
        struct cell *cell = &world->listened[section->gpa + i];

        assert_ptr_equal(cell->region, section->region);
        assert_int_equal(cell->offset, section->region_offset + i);
        *cell = (struct cell){ 0 };
    }
}

static void on_nop(void *opaque, const struct memory_region_section *section)
{
    struct world *world = opaque;

    if (section->gpa < SPACE) {
        assert_ptr_equal(world->listened[section->gpa].region, section->region);
    }
}

static void check(struct world *world)
{
    const struct flatview *view = address_space_flatview(world->space);

    for (unsigned at = 0; at < SPACE; at++) {
        const struct flat_range *range = flatview_find(view, at);
        struct cell expected = { 0 };

        (void)naive(&world->root, at, false, &expected);
        assert_ptr_equal(range != NULL ? range->region : NULL, expected.region);
        assert_ptr_equal(world->listened[at].region, expected.region);
        if (range != NULL) {
            assert_int_equal(range->region_offset + (at - range->first), expected.offset);
            assert_int_equal(range->readonly, expected.readonly);
            assert_int_equal(world->listened[at].offset, expected.offset);
            assert_int_equal(world->listened[at].readonly, expected.readonly);
        }
    }
    for (uint32_t i = 1; i < view->count; i++) {
        assert_true(view->ranges[i - 1].last < view->ranges[i].first);
        assert_true(view->ranges[i].first <= view->ranges[i].last);
    }
}

static void add_region(struct world *world)
{
    struct memory_region *region = &world->regions[world->count];
    struct memory_region *target;
    uint64_t size = 1 + pick(world, 90);

    switch (pick(world, 3)) {
    case 0: memory_region_init_container(region, world->system, "c", size); break;
    case 1: memory_region_init_io(region, world->system, "io", &no_ops, NULL, size); break;
    default:
        target = world->count > 0 ? &world->regions[pick(world, world->count)] : &world->root;
        if (target == &world->root) {
            memory_region_init_io(region, world->system, "io", &no_ops, NULL, size);
        } else {
            memory_region_init_alias(region, world->system, "alias", target, pick(world, 30), size);
        }
    }
    world->count++;
}

/* An alias may hold only what was made before it, so containers take no newer alias below an older
 * target. */
static bool reaches(const struct memory_region *from, const struct memory_region *to)
{
    if (from == to) {
        return true;
    }
    if (from->kind == MEMORY_REGION_ALIAS && reaches(from->target, to)) {
        return true;
    }
    for (guint i = 0; from->subregions != NULL && i < from->subregions->len; i++) {
        if (reaches(from->subregions->pdata[i], to)) {
            return true;
        }
    }
    return false;
}

static void map_somewhere(struct world *world, struct memory_region *region)
{
    struct memory_region *container = &world->root;
    unsigned choice = pick(world, world->count + 2);

    if (choice < world->count && world->regions[choice].kind != MEMORY_REGION_ALIAS) {
        container = &world->regions[choice];
    }
    /* A container that holds or is reached from the region would make a circle, also by alias. */
    for (const struct memory_region *up = container; up != NULL; up = up->container) {
        if (reaches(region, up)) {
            return;
        }
    }
    for (unsigned i = 0; i < world->count; i++) {
        if (reaches(region, container) ||
            (world->regions[i].kind == MEMORY_REGION_ALIAS && reaches(region, &world->regions[i]) &&
             container != &world->root)) {
            return;
        }
    }
    memory_region_add_subregion_overlap(container, pick(world, 200), region,
                                        (int)pick(world, 3) - 1);
}

static void change(struct world *world)
{
    struct memory_region *region;

    if (world->count < REGIONS && pick(world, 3) == 0) {
        add_region(world);
        map_somewhere(world, &world->regions[world->count - 1]);
        return;
    }
    if (world->count == 0) {
        return;
    }
    region = &world->regions[pick(world, world->count)];
    switch (pick(world, 6)) {
    case 0: memory_region_set_enabled(region, !region->enabled); break;
    case 1: memory_region_set_offset(region, pick(world, 200)); break;
    case 2: memory_region_set_size(region, 1 + pick(world, 90)); break;
    case 3: memory_region_set_readonly(region, !region->readonly); break;
    case 4:
        if (region->kind == MEMORY_REGION_ALIAS) {
            memory_region_set_alias_offset(region, pick(world, 40));
        }
        break;
    default:
        if (memory_region_is_mapped(region)) {
            memory_region_del_subregion(region->container, region);
        } else {
            map_somewhere(world, region);
        }
    }
}

static void world_init(struct world *world, unsigned seed)
{
    memset(world, 0, sizeof(*world));
    world->seed = seed;
    world->system = memory_system_create(&world->errors);
    memory_region_init_container(&world->root, world->system, "root", MEMORY_SIZE_ALL);
    world->space = address_space_create(world->system, &world->root, "memory");
    world->listener = (struct memory_listener){ .name = "test",
                                                .opaque = world,
                                                .begin = on_begin,
                                                .region_add = on_add,
                                                .region_del = on_del,
                                                .region_nop = on_nop,
                                                .commit = on_commit };
    memory_listener_register(&world->listener, world->space);
}

static void world_fini(struct world *world)
{
    memory_listener_unregister(&world->listener, world->space);
    for (unsigned at = 0; at < SPACE; at++) {
        assert_null(world->listened[at].region);
    }
    address_space_destroy(world->space);
    for (unsigned i = world->count; i-- > 0;) {
        if (memory_region_is_mapped(&world->regions[i])) {
            memory_region_del_subregion(world->regions[i].container, &world->regions[i]);
        }
    }
    for (unsigned i = world->count; i-- > 0;) {
        memory_region_fini(&world->regions[i]);
    }
    memory_region_fini(&world->root);
    memory_system_destroy(world->system);
}

static void test_random_trees(void **unused)
{
    struct world *world = g_new(struct world, 1);
    const char *seed_text = getenv("SEED");
    unsigned first = seed_text != NULL ? (unsigned)atoi(seed_text) : 1;
    unsigned runs = seed_text != NULL ? 1 : 300;

    (void)unused;
    for (unsigned run = 0; run < runs; run++) {
        print_message("SEED=%u\n", first + run);
        world_init(world, first + run);
        for (unsigned i = 0; i < 60; i++) {
            unsigned batch = 1 + pick(world, 3);

            memory_region_transaction_begin(world->system);
            for (unsigned b = 0; b < batch; b++) {
                change(world);
            }
            memory_region_transaction_commit(world->system);
            check(world);
        }
        assert_int_equal(world->begins, world->commits);
        world_fini(world);
    }
    g_free(world);
}

static void test_nested_transactions_render_once(void **unused)
{
    struct world *world = g_new(struct world, 1);
    uint64_t before;

    (void)unused;
    world_init(world, 1);
    before = memory_system_generation(world->system);
    memory_region_transaction_begin(world->system);
    memory_region_transaction_begin(world->system);
    memory_region_init_io(&world->regions[0], world->system, "a", &no_ops, NULL, 16);
    memory_region_add_subregion(&world->root, 0, &world->regions[0]);
    memory_region_init_io(&world->regions[1], world->system, "b", &no_ops, NULL, 16);
    memory_region_add_subregion(&world->root, 64, &world->regions[1]);
    world->count = 2;
    memory_region_transaction_commit(world->system);
    assert_int_equal(memory_region_transaction_depth(world->system), 1);
    assert_int_equal(address_space_flatview(world->space)->count, 0);
    memory_region_transaction_commit(world->system);
    assert_int_equal(address_space_flatview(world->space)->count, 2);
    assert_int_equal(memory_system_generation(world->system), before + 1);
    memory_region_transaction_begin(world->system);
    memory_region_transaction_commit(world->system);
    assert_int_equal(memory_system_generation(world->system), before + 1);
    world_fini(world);
    g_free(world);
}

static void test_ends_of_the_space(void **unused)
{
    struct world *world = g_new(struct world, 1);
    const struct flatview *view;

    (void)unused;
    world_init(world, 1);
    memory_region_init_io(&world->regions[0], world->system, "top", &no_ops, NULL, 0x2000);
    memory_region_add_subregion(&world->root, UINT64_MAX - 0xfff, &world->regions[0]);
    world->count = 1;
    view = address_space_flatview(world->space);
    assert_int_equal(view->count, 1);
    assert_true(view->ranges[0].first == UINT64_MAX - 0xfff);
    assert_true(view->ranges[0].last == UINT64_MAX);
    assert_non_null(flatview_find(view, UINT64_MAX));
    assert_null(flatview_find(view, UINT64_MAX - 0x1000));
    world_fini(world);
    g_free(world);
}

static void count_flush(void *opaque)
{
    (*(unsigned *)opaque)++;
}

static void test_begin_flushes_first(void **unused)
{
    struct world *world = g_new(struct world, 1);
    unsigned flushes = 0;

    (void)unused;
    world_init(world, 1);
    memory_system_set_coalesced_flush(world->system, count_flush, &flushes);
    memory_region_transaction_begin(world->system);
    assert_int_equal(flushes, 1);
    memory_region_transaction_commit(world->system);
    assert_int_equal(flushes, 1);
    world_fini(world);
    g_free(world);
}

struct coalescing {
    uint64_t gpa, size;
    int adds, dels;
};

static void on_coalesced_add(void *opaque, const struct memory_region_section *section)
{
    struct coalescing *seen = opaque;

    seen->gpa = section->gpa;
    seen->size = section->size;
    seen->adds++;
}

static void on_coalesced_del(void *opaque, const struct memory_region_section *section)
{
    (void)section;
    ((struct coalescing *)opaque)->dels++;
}

static void test_coalesced_ranges(void **unused)
{
    struct world *world = g_new(struct world, 1);
    struct coalescing seen = { 0 };
    struct memory_listener listener = { .name = "coalesced",
                                        .opaque = &seen,
                                        .coalesced_io_add = on_coalesced_add,
                                        .coalesced_io_del = on_coalesced_del };

    (void)unused;
    world_init(world, 1);
    memory_listener_register(&listener, world->space);
    memory_region_init_io(&world->regions[0], world->system, "vga", &no_ops, NULL, 64);
    world->count = 1;
    memory_region_add_coalescing(&world->regions[0], 16, 8);
    assert_int_equal(seen.adds, 0);
    memory_region_add_subregion(&world->root, 100, &world->regions[0]);
    assert_int_equal(seen.adds, 1);
    assert_int_equal(seen.gpa, 116);
    assert_int_equal(seen.size, 8);
    memory_region_set_offset(&world->regions[0], 40);
    assert_int_equal(seen.dels, 1);
    assert_int_equal(seen.gpa, 56);
    memory_region_clear_coalescing(&world->regions[0]);
    assert_int_equal(seen.dels, 2);
    memory_listener_unregister(&listener, world->space);
    world_fini(world);
    g_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_trees),
        cmocka_unit_test(test_nested_transactions_render_once),
        cmocka_unit_test(test_ends_of_the_space),
        cmocka_unit_test(test_begin_flushes_first),
        cmocka_unit_test(test_coalesced_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
