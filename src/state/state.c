/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.c - walks the field lists: digest, text, comparison, schema. */
#include "state/state.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"

uint64_t state_digest(const struct state_desc *desc, const void *state, uint64_t seed)
{
    return XXH3_64bits_withSeed(state, desc->size, seed);
}

/* Called for each integer; index text and field name are in path. */
typedef void (*leaf_fn)(const char *path, unsigned size, uint64_t a, uint64_t b, void *opaque);

struct walk {
    leaf_fn leaf;
    void *opaque;
    GString *path; /* grows and shrinks while the walk goes down and up */
};

static void walk_desc(struct walk *walk, const struct state_desc *desc, const uint8_t *a,
                      const uint8_t *b);

static void walk_element(struct walk *walk, const struct state_field *field, const uint8_t *a,
                         const uint8_t *b)
{
    if (field->nested != NULL) {
        walk_desc(walk, field->nested, a, b);
    } else {
        walk->leaf(walk->path->str, field->element_size, bytes_load_le(a, field->element_size),
                   bytes_load_le(b, field->element_size), walk->opaque);
    }
}

static void walk_desc(struct walk *walk, const struct state_desc *desc, const uint8_t *a,
                      const uint8_t *b)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];
        gsize length = walk->path->len;

        for (uint32_t n = 0; n < field->count; n++) {
            size_t at = field->offset + (size_t)n * field->element_size;

            g_string_append_printf(walk->path, "%s%s", length != 0 ? "." : "", field->name);
            if (field->count > 1) {
                g_string_append_printf(walk->path, "[%" PRIu32 "]", n);
            }
            walk_element(walk, field, a + at, b + at);
            g_string_truncate(walk->path, length);
        }
    }
}

static void walk_state(const struct state_desc *desc, const void *a, const void *b,
                       const char *prefix, leaf_fn leaf, void *opaque)
{
    struct walk walk = { .leaf = leaf, .opaque = opaque, .path = g_string_new(prefix) };

    walk_desc(&walk, desc, a, b);
    g_string_free(walk.path, TRUE);
}

static void print_leaf(const char *path, unsigned size, uint64_t a, uint64_t b, void *opaque)
{
    (void)b;
    g_string_append_printf(opaque, "%s: %0*" PRIx64 "\n", path, (int)size * 2, a);
}

void state_print(const struct state_desc *desc, const void *state, const char *prefix, GString *out)
{
    walk_state(desc, state, state, prefix, print_leaf, out);
}

struct comparison {
    GString *out;
    unsigned differences;
};

static void compare_leaf(const char *path, unsigned size, uint64_t a, uint64_t b, void *opaque)
{
    struct comparison *comparison = opaque;

    if (a != b) {
        comparison->differences++;
        g_string_append_printf(comparison->out,
                               "%s: recorded %0*" PRIx64 ", replayed %0*" PRIx64 "\n", path,
                               (int)size * 2, a, (int)size * 2, b);
    }
}

unsigned state_compare(const struct state_desc *desc, const void *recorded, const void *replayed,
                       const char *prefix, GString *out)
{
    struct comparison comparison = { .out = out };

    walk_state(desc, recorded, replayed, prefix, compare_leaf, &comparison);
    return comparison.differences;
}

/* The offset of the first bool that is none, or desc->size. */
static size_t find_bad_bool(const struct state_desc *desc, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];

        for (uint32_t n = 0; n < field->count; n++) {
            size_t at = field->offset + (size_t)n * field->element_size;

            if (field->nested != NULL) {
                size_t inner = find_bad_bool(field->nested, bytes + at);

                if (inner < field->nested->size) {
                    return at + inner;
                }
            } else if (field->is_bool && bytes[at] > 1) {
                return at;
            }
        }
    }
    return desc->size;
}

/* "PREFIX.field[2].inner" of the byte at offset. */
static char *name_of(const struct state_desc *desc, size_t offset, const char *prefix)
{
    GString *name = g_string_new(prefix);

    while (desc != NULL) {
        const struct state_field *field = desc->fields;

        while (offset >= field->offset + (size_t)field->count * field->element_size) {
            field++;
        }
        offset -= field->offset;
        g_string_append_printf(name, ".%s", field->name);
        if (field->count > 1) {
            g_string_append_printf(name, "[%zu]", offset / field->element_size);
        }
        offset %= field->element_size;
        desc = field->nested;
    }
    return g_string_free(name, FALSE);
}

bool state_load(const struct state_desc *desc, void *state, const void *bytes, const char *prefix,
                char **out_field)
{
    size_t bad = find_bad_bool(desc, bytes);

    if (bad < desc->size) {
        *out_field = name_of(desc, bad, prefix);
        return false;
    }
    memcpy(state, bytes, desc->size);
    return true;
}

static void schema_text(const struct state_desc *desc, GString *out)
{
    g_string_append_printf(out, "%s %" PRIu32 "{", desc->name, desc->size);
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];

        g_string_append_printf(out, "%s@%" PRIu32 ":%" PRIu32 "*%" PRIu32, field->name,
                               field->offset, field->element_size, field->count);
        if (field->nested != NULL) {
            schema_text(field->nested, out);
        }
        g_string_append_c(out, ';');
    }
    g_string_append_c(out, '}');
}

uint64_t state_schema_hash(const struct state_desc *desc)
{
    g_autoptr(GString) text = g_string_new(NULL);

    schema_text(desc, text);
    return XXH3_64bits(text->str, text->len);
}
