/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_state.c - gathers the state structs through a list of places that is made anew only when
 * devices come or go, so that a turn costs a comparison of what it can have touched.
 *
 * Maps and memslots, which are no plain data, stand there by digests of what "info mtree -f" and "info
 * memslots" show; they are taken after a commit only.
 */
#include "machine/recorded_state.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/device.h"
#include "machine/machine_internal.h"
#include "machine/soft_machine.h"
#include "memory/memory_print.h"
#include "memory/transaction.h"
#include "replay/recording_format.h"
#include "state/state.h"
#include "state/state_layout.h"
#include "state/state_stream.h"

#define TOUCHED_MAX     4u
#define SHOWN_BYTES_MAX 8192u /* of a text that names fields */

#if defined(__SANITIZE_ADDRESS__)
#    define CHECKED_BY_DEFAULT true
#else
#    define CHECKED_BY_DEFAULT false
#endif

struct machine_state {
    uint64_t clock_base_ns;
    uint64_t deadline_ns;
    uint64_t memory_generation;
    uint64_t flatviews_digest;
    uint64_t memslots_digest;
    uint64_t plugged_bytes;
    uint64_t console_digest; /* what our own CPUs have printed */
    uint64_t ram_digest;     /* their memory; taken at the end only */
    uint64_t irq_raised[GSI_NUM_PINS];
    uint32_t irq_level;
    uint32_t run_state;
    uint32_t requests;
    uint32_t exit_status;
    uint32_t devices;
    uint32_t objects;
    uint32_t memory_devices;
    uint32_t unattached_count;
    uint32_t anonymous_count;
    bool ready;
    bool quitting;
    bool reboot_is_shutdown;
    bool shutdown_is_pause;
};

/* clang-format off */
#define MACHINE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, clock_base_ns) FIELD(T, deadline_ns) FIELD(T, memory_generation) \
    FIELD(T, flatviews_digest) FIELD(T, memslots_digest) FIELD(T, plugged_bytes) FIELD(T, console_digest) FIELD(T, ram_digest) \
    FIELD(T, irq_raised) FIELD(T, irq_level) FIELD(T, run_state) FIELD(T, requests) \
    FIELD(T, exit_status) FIELD(T, devices) FIELD(T, objects) FIELD(T, memory_devices) \
    FIELD(T, unattached_count) FIELD(T, anonymous_count) FIELD(T, ready) FIELD(T, quitting) \
    FIELD(T, reboot_is_shutdown) FIELD(T, shutdown_is_pause)
/* clang-format on */
STATE_DECLARE(machine_state_desc, struct machine_state);
STATE_DESCRIBE(machine_state_desc, struct machine_state, MACHINE_FIELDS);

struct place {
    const void *at;
    const void *device; /* NULL = the machine's own */
    const struct state_desc *desc;
    gsize offset; /* in the bytes */
    char *path;
};

struct recorded_state {
    struct machine *machine;
    struct machine_state own;
    GArray *places;    /* of struct place; the first one is own */
    bool is_stale;     /* places must be found anew */
    bool is_moved;     /* the layout may be another one than layout */
    GByteArray *bytes; /* taken last */
    bool has_news;     /* they have changed since somebody asked */
    bool touched_all;  /* by the turn under way */
    bool is_checked;
    guint touched_count;
    const void *touched[TOUCHED_MAX]; /* devices */
    guint found_at;                   /* the place of the device that was looked for last */
    GString *text;                    /* scratch */
    GString *layout;                  /* told last */
};

static void place_clear(void *place)
{
    g_free(((struct place *)place)->path);
}

/* ---- what a turn touches ---- */

static void touched(struct recorded_state *state, const void *device)
{
    for (guint i = 0; i < state->touched_count; i++) {
        if (state->touched[i] == device) {
            return;
        }
    }
    if (state->touched_count == TOUCHED_MAX) {
        state->touched_all = true;
    } else {
        state->touched[state->touched_count++] = device;
    }
}

static void io_accessed(void *opaque, const struct memory_region *region)
{
    struct recorded_state *state = opaque;

    switch (region->ops->reach) {
    case MEMORY_REACH_ANYTHING: state->touched_all = true; break;
    case MEMORY_REACH_OWNER: touched(state, region->opaque); break;
    case MEMORY_REACH_NOTHING: break;
    }
}

void recorded_state_narrow(struct recorded_state *state)
{
    if (state != NULL) {
        state->touched_all = false;
    }
}

void recorded_state_touched_all(struct recorded_state *state)
{
    if (state != NULL) {
        state->touched_all = true;
    }
}

void recorded_state_set_checked(struct recorded_state *state, bool checked)
{
    state->is_checked = checked;
}

struct recorded_state *recorded_state_create(struct machine *machine)
{
    struct recorded_state *state = g_new0(struct recorded_state, 1);

    state->machine = machine;
    state->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    g_array_set_clear_func(state->places, place_clear);
    state->bytes = g_byte_array_new();
    state->text = g_string_new(NULL);
    state->layout = g_string_new(NULL);
    state->is_stale = true;
    state->is_moved = true;
    state->touched_all = true;
    state->is_checked = CHECKED_BY_DEFAULT;
    memory_system_set_io_access_hook(machine->memory, io_accessed, state);
    return state;
}

void recorded_state_destroy(struct recorded_state *state)
{
    if (state != NULL) {
        g_array_unref(state->places);
        g_byte_array_unref(state->bytes);
        g_string_free(state->text, TRUE);
        g_string_free(state->layout, TRUE);
        g_free(state);
    }
}

void recorded_state_changed(struct recorded_state *state)
{
    if (state != NULL) {
        state->is_stale = true;
        state->is_moved = true;
    }
}

/* ---- places ---- */

static void add_place(struct recorded_state *state, const void *device, const void *at,
                      const struct state_desc *desc, char *path)
{
    struct place place = { .at = at, .device = device, .desc = desc, .path = path };

    g_array_append_val(state->places, place);
}

static bool add_device(struct object *object, void *opaque)
{
    const struct device *device = (const struct device *)(const void *)object;
    const struct device_class *class;

    if (object_is_a(object, TYPE_DEVICE)) {
        class = device_class(device);
        if (class->state != NULL) {
            add_place(opaque, device, (const uint8_t *)device + class->state_offset, class->state,
                      device_path(device));
        }
        if (class->hotpluggable) {
            add_place(opaque, device, &device->life, &device_life_desc, device_path(device));
        }
    }
    return true;
}

static void add_soft_place(void *opaque, const void *at, const struct state_desc *desc,
                           const char *path)
{
    add_place(opaque, NULL, at, desc, g_strdup(path));
}

static void find_places(struct recorded_state *state)
{
    gsize size = 0;

    g_array_set_size(state->places, 0);
    add_place(state, NULL, &state->own, &machine_state_desc, g_strdup("machine"));
    (void)object_for_each(state->machine->root, add_device, state); /* no visit stops it */
    soft_machine_for_each_state(state->machine, add_soft_place, state);
    for (guint i = 0; i < state->places->len; i++) {
        struct place *place = &g_array_index(state->places, struct place, i);

        place->offset = size;
        size += place->desc->size;
    }
    g_byte_array_set_size(state->bytes, (guint)size);
    state->found_at = 0;
    state->is_stale = false;
    state->has_news = true;
    state->touched_all = true;
}

/* In the place of what text has. */
static void find_layout(const struct recorded_state *state, GString *text)
{
    g_string_truncate(text, 0);
    for (guint i = 0; i < state->places->len; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);

        state_layout_append(place->desc, place->path, text);
    }
}

const GString *recorded_state_new_layout(struct recorded_state *state)
{
    GString *swap = state->layout;

    if (!state->is_moved) {
        return NULL;
    }
    state->is_moved = false;
    if (state->is_stale) {
        find_places(state);
    }
    find_layout(state, state->text);
    if (g_string_equal(state->text, state->layout)) {
        return NULL;
    }
    state->layout = state->text;
    state->text = swap;
    return state->layout;
}

/* ---- the machine's own ---- */

static uint64_t text_digest(const GString *text)
{
    return XXH3_64bits(text->str, text->len);
}

static void take_maps(struct recorded_state *state)
{
    struct machine *machine = state->machine;
    uint64_t generation = memory_system_generation(machine->memory);

    if (state->own.memory_generation == generation && state->own.flatviews_digest != 0) {
        return;
    }
    g_string_truncate(state->text, 0);
    memory_print_flatviews(machine->memory, state->text);
    state->own.flatviews_digest = text_digest(state->text);
    g_string_truncate(state->text, 0);
    machine_print_memslots(machine, state->text);
    state->own.memslots_digest = text_digest(state->text);
    state->own.memory_generation = generation;
}

static uint32_t count_of(const GPtrArray *array)
{
    return array != NULL ? array->len : 0;
}

static void take_own(struct recorded_state *state)
{
    const struct machine *machine = state->machine;
    struct machine_state *own = &state->own;

    take_maps(state);
    own->clock_base_ns = machine->clock_base_ns;
    own->deadline_ns = timer_queue_deadline_ns(&machine->timers);
    own->plugged_bytes = machine->device_memory.plugged_bytes;
    own->console_digest = machine->console_digest;
    memcpy(own->irq_raised, machine->gsi_lines.statistics.raised, sizeof(own->irq_raised));
    own->irq_level = machine->gsi_lines.statistics.level;
    own->run_state = machine->run_state;
    own->requests = machine->requests;
    own->exit_status = (uint32_t)machine->exit_status;
    own->devices = machine->devices->len;
    own->objects = count_of(machine->objects->children);
    own->memory_devices = count_of(machine->device_memory.devices);
    own->unattached_count = machine->unattached_count;
    own->anonymous_count = machine->anonymous_count;
    own->ready = machine->ready;
    own->quitting = machine->quitting;
    own->reboot_is_shutdown = machine->reboot_is_shutdown;
    own->shutdown_is_pause = machine->shutdown_is_pause;
}

static bool has_changed(const struct recorded_state *state, const struct place *place)
{
    return memcmp(state->bytes->data + place->offset, place->at, place->desc->size) != 0;
}

/* Most turns change little or nothing, and to compare costs half of a copy. */
static void take_place(struct recorded_state *state, const struct place *place)
{
    if (has_changed(state, place)) {
        memcpy(state->bytes->data + place->offset, place->at, place->desc->size);
        state->has_news = true;
    }
}

static const void *device_at(const struct recorded_state *state, guint at)
{
    return at < state->places->len ? g_array_index(state->places, struct place, at).device : NULL;
}

/* A device's places are neighbours; a guest is often at the same device as before. */
static void take_device(struct recorded_state *state, const void *device)
{
    if (device_at(state, state->found_at) != device) {
        state->found_at = 0;
        while (state->found_at < state->places->len &&
               device_at(state, state->found_at) != device) {
            state->found_at++;
        }
    }
    for (guint i = state->found_at; i < state->places->len && device_at(state, i) == device; i++) {
        take_place(state, &g_array_index(state->places, struct place, i));
    }
}

static void take_all(struct recorded_state *state)
{
    for (guint i = 1; i < state->places->len; i++) {
        take_place(state, &g_array_index(state->places, struct place, i));
    }
}

static void check_untouched(const struct recorded_state *state)
{
    for (guint i = 0; i < state->places->len; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);

        if (has_changed(state, place)) {
            invariant_failed(place->path, __FILE__, __LINE__,
                             "a turn that had not said that it touches");
        }
    }
}

const GByteArray *recorded_state_take(struct recorded_state *state)
{
    if (state->is_stale) {
        find_places(state);
    }
    take_own(state);
    take_place(state, &g_array_index(state->places, struct place, 0));
    if (state->touched_all) {
        take_all(state);
    } else {
        for (guint i = 0; i < state->touched_count; i++) {
            take_device(state, state->touched[i]);
        }
    }
    if (state->is_checked && !state->touched_all) {
        check_untouched(state);
    }
    state->touched_all = true; /* so says the next turn, until it says something else */
    state->touched_count = 0;
    return state->bytes;
}

bool recorded_state_has_news(struct recorded_state *state)
{
    bool has_news = state->has_news;

    state->has_news = false;
    return has_news;
}

void recorded_state_take_ram(struct recorded_state *state)
{
    const struct flatview *view = address_space_flatview(state->machine->memory_space);
    uint64_t digest = 0;

    for (uint32_t i = 0; i < view->count && state->machine->soft != NULL; i++) {
        const struct flat_range *range = &view->ranges[i];
        uint64_t size = range->last - range->first + 1;
        const void *host = address_space_ram(state->machine->memory_space, range->first, size);

        if (host != NULL) {
            digest = XXH3_64bits_withSeed(host, size, digest);
        }
    }
    state->own.ram_digest = digest;
}

/* Of the flat range, what is RAM: NULL, or its bytes. */
static const uint8_t *ram_of(const struct recorded_state *state, const struct flat_range *range)
{
    return address_space_ram(state->machine->memory_space, range->first,
                             range->last - range->first + 1);
}

static uint64_t ram_bytes(const struct recorded_state *state, const struct flatview *view)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < view->count; i++) {
        const struct flat_range *range = &view->ranges[i];

        bytes += ram_of(state, range) != NULL ? range->last - range->first + 1 : 0;
    }
    return bytes;
}

uint64_t recorded_state_ram_window(const struct recorded_state *state, uint64_t number,
                                   uint64_t *out_offset)
{
    const struct flatview *view = address_space_flatview(state->machine->memory_space);
    uint64_t windows =
        (ram_bytes(state, view) + RECORDED_RAM_WINDOW_BYTES - 1) / RECORDED_RAM_WINDOW_BYTES;
    uint64_t from = windows > 0 ? number % windows * RECORDED_RAM_WINDOW_BYTES : 0;
    uint64_t to = from + RECORDED_RAM_WINDOW_BYTES;
    uint64_t digest = 0, at = 0;

    *out_offset = from;
    for (uint32_t i = 0; i < view->count; i++) {
        const uint8_t *host = ram_of(state, &view->ranges[i]);
        uint64_t end = at + (view->ranges[i].last - view->ranges[i].first + 1);

        if (host == NULL) {
            continue;
        }
        if (MAX(at, from) < MIN(end, to)) {
            digest = XXH3_64bits_withSeed(host + (MAX(at, from) - at), MIN(end, to) - MAX(at, from),
                                          digest);
        }
        at = end;
    }
    return windows > 0 && digest == 0 ? 1 : digest;
}

uint64_t recorded_state_digest(const struct recorded_state *state)
{
    return XXH3_64bits(state->bytes->data, state->bytes->len);
}

const GByteArray *recorded_state_taken(const struct recorded_state *state)
{
    return state->bytes;
}

void recorded_state_spoil(struct recorded_state *state)
{
    (void)recorded_state_take(state);
    for (guint i = 1; i < state->places->len; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);

        if (place->desc != &device_life_desc) { /* without which a device could not go down */
            *(uint8_t *)place->at ^= 1;
            return;
        }
    }
}

/* ---- for checkpoints ---- */

void recorded_state_save(struct recorded_state *state, GByteArray *out)
{
    const GByteArray *bytes;

    recorded_state_touched_all(state);
    bytes = recorded_state_take(state);
    find_layout(state, state->text);
    state_put_bytes(out, state->text->str, state->text->len);
    state_put_bytes(out, state->layout->str, state->layout->len);
    state_put_bytes(out, bytes->data, bytes->len);
}

static bool is_text(GString *text, const uint8_t *bytes, size_t size)
{
    return size == text->len && (size == 0 || memcmp(text->str, bytes, size) == 0);
}

/* The machine's own as it was; digests are taken anew. */
static void put_own(struct recorded_state *state)
{
    struct machine *machine = state->machine;
    struct machine_state *own = &state->own;

    machine->clock_base_ns = own->clock_base_ns;
    machine->console_digest = own->console_digest;
    memcpy(machine->gsi_lines.statistics.raised, own->irq_raised, sizeof(own->irq_raised));
    machine->gsi_lines.statistics.level = own->irq_level;
    machine->run_state = own->run_state <= RUN_STATE_INTERNAL_ERROR ? (enum run_state)own->run_state
                                                                    : RUN_STATE_PAUSED;
    machine->exit_status = (int)own->exit_status;
    machine->unattached_count = own->unattached_count;
    machine->anonymous_count = own->anonymous_count;
    machine->quitting = own->quitting;
    machine->reboot_is_shutdown = own->reboot_is_shutdown;
    machine->shutdown_is_pause = own->shutdown_is_pause;
    memory_system_restore(machine->memory, own->memory_generation, 0);
    own->flatviews_digest = 0;
}

bool recorded_state_load_again(struct recorded_state *state, GBytes *bytes, GError **error)
{
    gsize size;
    const uint8_t *from = g_bytes_get_data(bytes, &size);

    invariant(size == state->bytes->len);
    for (guint i = 0; i < state->places->len; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);
        g_autofree char *field = NULL;

        /* Only realizing realizes. */
        if (place->desc == &device_life_desc &&
            ((const struct device_life *)place->at)->realized != (from[0] != 0)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                        "the checkpoint is damaged: %s is realized or not", place->path);
            return false;
        }
        if (!state_load(place->desc, (void *)place->at, from, place->path, &field)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                        "the checkpoint is damaged: %s is neither 0 nor 1", field);
            return false;
        }
        from += place->desc->size;
    }
    put_own(state);
    soft_machine_after_load(state->machine);
    return true;
}

GBytes *recorded_state_load(struct recorded_state *state, struct state_stream *stream,
                            GError **error)
{
    size_t size;
    size_t told_size;
    const uint8_t *layout = state_take_bytes(stream, &size);
    const uint8_t *told = state_take_bytes(stream, &told_size);
    g_autoptr(GBytes) bytes = NULL;

    find_places(state);
    find_layout(state, state->text);
    if (!is_text(state->text, layout, size)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the checkpoint is damaged: its devices are not those of its history");
        return NULL;
    }
    g_string_truncate(state->layout, 0);
    g_string_append_len(state->layout, (const char *)told, (gssize)told_size);
    state->is_moved = true;
    layout = state_take_bytes(stream, &size);
    if (stream->failed || size != state->bytes->len) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the checkpoint is damaged: its state is cut");
        return NULL;
    }
    bytes = g_bytes_new(layout, size);
    return recorded_state_load_again(state, bytes, error) ? g_steal_pointer(&bytes) : NULL;
}

/* ---- reports ---- */

static void describe_composition(const struct recorded_state *state, GString *out)
{
    g_string_append(out, "the devices are not those of the recording; here they are\n");
    for (guint i = 1; i < state->places->len && out->len < SHOWN_BYTES_MAX; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);

        g_string_append_printf(out, "  %s (%s, %" PRIu32 " bytes of state)\n", place->path,
                               place->desc->name, place->desc->size);
    }
}

char *recorded_state_describe(void *opaque, GBytes *expected)
{
    const struct recorded_state *state = opaque;
    GString *out = g_string_new(NULL);
    const uint8_t *actual = state->bytes->data;
    const uint8_t *recorded;
    gsize size;

    recorded = g_bytes_get_data(expected, &size);
    if (size != state->bytes->len) {
        describe_composition(state, out);
        return g_string_free(out, FALSE);
    }
    for (guint i = 0; i < state->places->len && out->len < SHOWN_BYTES_MAX; i++) {
        const struct place *place = &g_array_index(state->places, struct place, i);

        (void)state_compare(place->desc, recorded, actual, place->path, out);
        recorded += place->desc->size;
        actual += place->desc->size;
    }
    return g_string_free(out, FALSE);
}
