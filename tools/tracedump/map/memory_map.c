/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_map.c - applies a trace's events to the map. */
#include "tracedump/map/memory_map.h"

#include <string.h>

#include "tracedump/event_field.h"

/* Far above what a machine has; a hostile trace stops growing here. */
#define REGIONS_MAX    20000u
#define SPACES_MAX     1024u
#define RANGES_MAX     20000u
#define SLOTS_MAX      65536u
#define NAME_BYTES_MAX (16u << 20)

#define ALIAS_DEPTH_MAX 64

struct memory_map *memory_map_create(void)
{
    struct memory_map *map = g_new0(struct memory_map, 1);

    map->regions = g_ptr_array_new_with_free_func(g_free);
    map->spaces = g_ptr_array_new();
    map->slots = g_array_new(FALSE, FALSE, sizeof(struct map_slot));
    map->names = g_string_chunk_new(4096);
    map->applier_of = g_hash_table_new(NULL, NULL);
    return map;
}

static void space_free(struct map_space *space)
{
    g_array_unref(space->ranges);
    g_free(space);
}

void memory_map_destroy(struct memory_map *map)
{
    if (map == NULL) {
        return;
    }
    for (guint i = 0; i < map->spaces->len; i++) {
        space_free(map->spaces->pdata[i]);
    }
    g_ptr_array_unref(map->regions);
    g_ptr_array_unref(map->spaces);
    g_array_unref(map->slots);
    g_string_chunk_free(map->names);
    g_hash_table_unref(map->applier_of);
    g_free(map);
}

static const char *keep_name(struct memory_map *map, const char *text, size_t length)
{
    g_autofree char *copy = NULL;

    if (map->name_bytes > NAME_BYTES_MAX) {
        map->is_full = true;
        return "";
    }
    copy = g_strndup(text, length);
    map->name_bytes += length;
    return g_string_chunk_insert_const(map->names, copy);
}

static const char *name_of(struct memory_map *map, const struct trace_event *event,
                           const char *field)
{
    const char *text;
    uint32_t length;

    return event_text(event, field, &text, &length) ? keep_name(map, text, length) : "";
}

static uint64_t number_of(const struct trace_event *event, const char *field)
{
    uint64_t number = 0;

    (void)event_number(event, field, &number); /* Missing ones count as 0. */
    return number;
}

static struct map_moment moment_of(const struct trace_event *event)
{
    return (struct map_moment){ .sequence = event->sequence,
                                .turn = event->turn,
                                .now_ns = event->now_ns };
}

/* ---- regions ---- */

/* Where the region with that number is, or would be. */
static guint region_place(const struct memory_map *map, uint64_t number)
{
    guint low = 0;
    guint high = map->regions->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (((const struct map_region *)map->regions->pdata[middle])->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct map_region *find_region(const struct memory_map *map, uint64_t number)
{
    guint place = region_place(map, number);
    struct map_region *region = place < map->regions->len ? map->regions->pdata[place] : NULL;

    return region != NULL && region->number == number ? region : NULL;
}

const struct map_region *memory_map_region(const struct memory_map *map, uint64_t number)
{
    return find_region(map, number);
}

static enum map_kind kind_of(const struct trace_event *event)
{
    static const char *const names[] = {
        [MAP_CONTAINER] = "container", [MAP_RAM] = "ram", [MAP_ROM] = "rom", [MAP_IO] = "io",
        [MAP_ALIAS] = "alias",
    };

    for (unsigned kind = MAP_CONTAINER; kind < G_N_ELEMENTS(names); kind++) {
        if (event_text_is(event, "kind", names[kind])) {
            return (enum map_kind)kind;
        }
    }
    return MAP_UNKNOWN;
}

static void region_described(struct memory_map *map, const struct trace_event *event)
{
    uint64_t number = number_of(event, "number");
    struct map_region *region = find_region(map, number);
    uint64_t container = number_of(event, "container");

    map->has_regions = true;
    if (region == NULL) {
        if (map->regions->len == REGIONS_MAX) {
            map->is_full = true;
            return;
        }
        region = g_new0(struct map_region, 1);
        region->number = number;
        region->name = name_of(map, event, "region");
        g_ptr_array_insert(map->regions, (gint)region_place(map, number), region);
    }
    if (container != region->container) {
        region->order = ++map->next_order;
    }
    region->kind = kind_of(event);
    region->size_bytes = number_of(event, "size_bytes");
    region->enabled = number_of(event, "enabled") != 0;
    region->readonly = number_of(event, "readonly") != 0;
    region->target = number_of(event, "target");
    region->target_offset = number_of(event, "target_offset");
    region->container = container;
    region->offset = number_of(event, "offset");
    region->priority = (int32_t)number_of(event, "priority");
}

static void region_finished(struct memory_map *map, const struct trace_event *event)
{
    uint64_t number = number_of(event, "number");

    if (find_region(map, number) != NULL) {
        g_ptr_array_remove_index(map->regions, region_place(map, number));
    } else {
        map->lacks_beginning = true;
    }
}

/* ---- address spaces ---- */

static guint space_index(const struct memory_map *map, const char *name)
{
    guint i = 0;

    while (i < map->spaces->len &&
           strcmp(((const struct map_space *)map->spaces->pdata[i])->name, name) != 0) {
        i++;
    }
    return i;
}

const struct map_space *memory_map_space(const struct memory_map *map, const char *name)
{
    guint index = space_index(map, name);

    return index < map->spaces->len ? map->spaces->pdata[index] : NULL;
}

static struct map_space *add_space(struct memory_map *map, const char *name, uint64_t root)
{
    struct map_space *space;

    if (map->spaces->len == SPACES_MAX) {
        map->is_full = true;
        return NULL;
    }
    space = g_new0(struct map_space, 1);
    space->name = name;
    space->root = root;
    space->ranges = g_array_new(FALSE, FALSE, sizeof(struct map_range));
    g_ptr_array_add(map->spaces, space);
    return space;
}

static void space_created(struct memory_map *map, const struct trace_event *event)
{
    (void)add_space(map, name_of(map, event, "address_space"), number_of(event, "root"));
    map->has_beginning = true;
}

static void space_destroyed(struct memory_map *map, const struct trace_event *event)
{
    guint index = space_index(map, name_of(map, event, "address_space"));

    if (index < map->spaces->len) {
        space_free(map->spaces->pdata[index]);
        g_ptr_array_remove_index(map->spaces, index);
    }
}

/* One that the trace did not show coming: only some of its ranges are known. */
static struct map_space *space_of(struct memory_map *map, const struct trace_event *event)
{
    const char *name = name_of(map, event, "address_space");
    guint index = space_index(map, name);

    if (index < map->spaces->len) {
        return map->spaces->pdata[index];
    }
    map->lacks_beginning = true;
    return add_space(map, name, 0);
}

uint64_t map_last(uint64_t gpa, uint64_t size_bytes)
{
    uint64_t last = gpa + (size_bytes - 1);

    return last < gpa ? UINT64_MAX : last;
}

/* The first range that ends at or behind gpa. */
static guint range_place(const struct map_space *space, uint64_t gpa)
{
    guint low = 0;
    guint high = space->ranges->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct map_range *range = &g_array_index(space->ranges, struct map_range, middle);

        if (map_last(range->gpa, range->size_bytes) < gpa) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void drop_ranges(struct map_space *space, uint64_t gpa, uint64_t last)
{
    guint place = range_place(space, gpa);

    while (place < space->ranges->len &&
           g_array_index(space->ranges, struct map_range, place).gpa <= last) {
        g_array_remove_index(space->ranges, place);
    }
}

static void range_added(struct memory_map *map, const struct trace_event *event)
{
    struct map_space *space = space_of(map, event);
    struct map_range range = { .gpa = number_of(event, "gpa"),
                               .size_bytes = number_of(event, "size_bytes"),
                               .region = name_of(map, event, "region"),
                               .number = number_of(event, "number"),
                               .region_offset = number_of(event, "region_offset"),
                               .readonly = number_of(event, "readonly") != 0,
                               .since = moment_of(event) };

    if (space == NULL) {
        return;
    }
    if (space->ranges->len == RANGES_MAX) {
        map->is_full = true;
        return;
    }
    drop_ranges(space, range.gpa, map_last(range.gpa, range.size_bytes));
    g_array_insert_val(space->ranges, range_place(space, range.gpa), range);
}

static void range_removed(struct memory_map *map, const struct trace_event *event)
{
    struct map_space *space = space_of(map, event);
    uint64_t gpa = number_of(event, "gpa");
    guint before;

    if (space == NULL) {
        return;
    }
    before = space->ranges->len;
    drop_ranges(space, gpa, map_last(gpa, number_of(event, "size_bytes")));
    map->lacks_beginning |= before == space->ranges->len;
}

/* ---- memslots ---- */

static guint slot_place(const struct memory_map *map, uint64_t slot)
{
    guint place = 0;

    while (place < map->slots->len &&
           g_array_index(map->slots, struct map_slot, place).slot < slot) {
        place++;
    }
    return place;
}

static struct map_slot *find_slot(const struct memory_map *map, uint64_t slot)
{
    guint place = slot_place(map, slot);

    return place < map->slots->len && g_array_index(map->slots, struct map_slot, place).slot == slot
               ? &g_array_index(map->slots, struct map_slot, place)
               : NULL;
}

static void slot_added(struct memory_map *map, const struct trace_event *event)
{
    struct map_slot slot = { .slot = number_of(event, "slot"),
                             .gpa = number_of(event, "gpa"),
                             .size_bytes = number_of(event, "size_bytes"),
                             .flags = number_of(event, "flags"),
                             .region = name_of(map, event, "region"),
                             .since = moment_of(event) };
    struct map_slot *old = find_slot(map, slot.slot);

    if (old != NULL) {
        *old = slot;
    } else if (map->slots->len == SLOTS_MAX) {
        map->is_full = true;
    } else {
        g_array_insert_val(map->slots, slot_place(map, slot.slot), slot);
    }
}

static void slot_deleted(struct memory_map *map, const struct trace_event *event)
{
    uint64_t slot = number_of(event, "slot");

    if (find_slot(map, slot) != NULL) {
        g_array_remove_index(map->slots, slot_place(map, slot));
    } else {
        map->lacks_beginning = true;
    }
}

static void slot_kept(struct memory_map *map, const struct trace_event *event)
{
    struct map_slot *slot = find_slot(map, number_of(event, "slot"));

    if (slot != NULL) {
        slot->stale = false;
        slot->region = name_of(map, event, "region");
    } else {
        map->lacks_beginning = true;
    }
}

/* A deletion that fails leaves the memslot: no event of its own says so. */
static void phys_mem(struct memory_map *map, const struct trace_event *event)
{
    if (event->phase == EVENT_ENTER) {
        map->deleting = number_of(event, "adding") == 0;
        map->deleting_gpa = number_of(event, "gpa");
        return;
    }
    for (guint i = 0; map->deleting && number_of(event, "ok") == 0 && i < map->slots->len; i++) {
        struct map_slot *slot = &g_array_index(map->slots, struct map_slot, i);

        slot->stale |= slot->gpa <= map->deleting_gpa &&
                       map->deleting_gpa <= map_last(slot->gpa, slot->size_bytes);
    }
    map->deleting = false;
}

/* KVM_CHECK_EXTENSION of KVM_CAP_NR_MEMSLOTS (10). */
static void ioctl_done(struct memory_map *map, const struct trace_event *event)
{
    if (event_text_is(event, "request", "KVM_CHECK_EXTENSION") &&
        event_text_is(event, "arguments", "capability=10")) {
        map->slots_max = number_of(event, "result");
    }
}

/* ---- the whole map ---- */

static const struct {
    const char *name;
    void (*apply)(struct memory_map *map, const struct trace_event *event);
} appliers[] = {
    { "memory_region_described", region_described },
    { "memory_region_finished", region_finished },
    { "address_space_created", space_created },
    { "address_space_destroyed", space_destroyed },
    { "flat_range_added", range_added },
    { "flat_range_removed", range_removed },
    { "kvm_memslot_added", slot_added },
    { "kvm_memslot_deleted", slot_deleted },
    { "kvm_memslot_kept", slot_kept },
    { "kvm_set_phys_mem", phys_mem },
    { "kvm_ioctl", ioctl_done },
};

bool memory_map_has_gaps(const struct memory_map *map)
{
    return map->lacks_beginning || !map->has_beginning;
}

/* Most events change nothing; names are compared once per name. */
void memory_map_apply(struct memory_map *map, const struct trace_event *event)
{
    gpointer known;

    if (!g_hash_table_lookup_extended(map->applier_of, event->name, NULL, &known)) {
        unsigned i = 0;

        while (i < G_N_ELEMENTS(appliers) && strcmp(event->name, appliers[i].name) != 0) {
            i++;
        }
        known = GUINT_TO_POINTER(i);
        g_hash_table_insert(map->applier_of, (gpointer)event->name, known);
    }
    if (GPOINTER_TO_UINT(known) < G_N_ELEMENTS(appliers)) {
        appliers[GPOINTER_TO_UINT(known)].apply(map, event);
    }
}

struct memory_map *memory_map_copy(const struct memory_map *map)
{
    struct memory_map *copy = memory_map_create();

    for (guint i = 0; i < map->regions->len; i++) {
        struct map_region *region = g_memdup2(map->regions->pdata[i], sizeof(*region));

        region->name = keep_name(copy, region->name, strlen(region->name));
        g_ptr_array_add(copy->regions, region);
    }
    for (guint i = 0; i < map->spaces->len; i++) {
        const struct map_space *space = map->spaces->pdata[i];
        struct map_space *added =
            add_space(copy, keep_name(copy, space->name, strlen(space->name)), space->root);

        g_array_append_vals(added->ranges, space->ranges->data, space->ranges->len);
        for (guint k = 0; k < added->ranges->len; k++) {
            struct map_range *range = &g_array_index(added->ranges, struct map_range, k);

            range->region = keep_name(copy, range->region, strlen(range->region));
        }
    }
    g_array_append_vals(copy->slots, map->slots->data, map->slots->len);
    for (guint i = 0; i < copy->slots->len; i++) {
        struct map_slot *slot = &g_array_index(copy->slots, struct map_slot, i);

        slot->region = keep_name(copy, slot->region, strlen(slot->region));
    }
    copy->slots_max = map->slots_max;
    copy->has_regions = map->has_regions;
    copy->lacks_beginning = map->lacks_beginning;
    copy->has_beginning = map->has_beginning;
    copy->is_full = map->is_full;
    copy->next_order = map->next_order;
    return copy;
}

const char *memory_map_kind_text(const struct memory_map *map, uint64_t region, bool readonly)
{
    for (unsigned depth = 0; depth < ALIAS_DEPTH_MAX; depth++) {
        const struct map_region *found = find_region(map, region);

        if (found == NULL) {
            return NULL;
        }
        switch (found->kind) {
        case MAP_RAM: return readonly || found->readonly ? "rom" : "ram";
        case MAP_ROM: return "rom";
        case MAP_CONTAINER:
        case MAP_IO: return "i/o";
        case MAP_UNKNOWN: return NULL;
        case MAP_ALIAS:
            readonly |= found->readonly;
            region = found->target;
            break;
        }
    }
    return NULL;
}
