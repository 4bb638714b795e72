/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.h - guest-visible state declared once: the list of a struct's fields serves digest, dump,
 * comparison and schema.
 *
 * A state struct holds fixed-width integers, bools, arrays of them and nested state structs; no
 * pointers, no padding. Listing it wrongly (a field left out, a hole) does not compile. A hole that
 * the layout needs is a named zero field "pad".
 *
 *     #define I8254_CHANNEL_FIELDS(FIELD, NESTED, T) FIELD(T, loaded_at_ns) FIELD(T, reload)
 *     STATE_DESCRIBE(i8254_channel_desc, struct i8254_channel_state, I8254_CHANNEL_FIELDS);
 */
#ifndef REPLUG_STATE_STATE_H
#define REPLUG_STATE_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state_desc;

struct state_field {
    const char *name;
    uint32_t offset;                 /* bytes from the start of the struct */
    uint32_t element_size;           /* bytes of one element */
    uint32_t count;                  /* elements; 1 for a plain field */
    const struct state_desc *nested; /* NULL for integers and bools */
    bool is_bool;
};

struct state_desc {
    const char *name;
    uint32_t size; /* bytes of the whole struct */
    uint32_t field_count;
    const struct state_field *fields;
};

#define STATE_MEMBER(T, f) (((T *)0)->f)

/* Bytes of one element; any other type (a pointer, a float, an enum) does not compile. */
#define STATE_ELEMENT_SIZE(T, f)                                                                  \
    _Generic(STATE_MEMBER(T, f), bool : 1, uint8_t : 1, uint16_t : 2, uint32_t : 4, uint64_t : 8, \
             int64_t : 8, bool * : 1, uint8_t * : 1, uint16_t * : 2, uint32_t * : 4,              \
             uint64_t * : 8)

#define STATE_IS_BOOL(T, f) \
    _Generic(STATE_MEMBER(T, f), bool : true, bool * : true, default : false)

#define STATE_ROW(T, f)                                      \
    { #f,                                                    \
      offsetof(T, f),                                        \
      STATE_ELEMENT_SIZE(T, f),                              \
      sizeof(STATE_MEMBER(T, f)) / STATE_ELEMENT_SIZE(T, f), \
      NULL,                                                  \
      STATE_IS_BOOL(T, f) },
#define STATE_ROW_NESTED(T, f, desc)                    \
    { #f,                                               \
      offsetof(T, f),                                   \
      sizeof(desc##_type),                              \
      sizeof(STATE_MEMBER(T, f)) / sizeof(desc##_type), \
      &(desc),                                          \
      false },
#define STATE_BYTES(T, f)              +sizeof(STATE_MEMBER(T, f))
#define STATE_BYTES_NESTED(T, f, desc) +sizeof(STATE_MEMBER(T, f))

/* NESTED(T, field, desc) names the nested struct's descriptor; works for one struct and for an
 * array of them. */
#define STATE_DESCRIBE(var, T, FIELDS)                                                             \
    _Static_assert(0 FIELDS(STATE_BYTES, STATE_BYTES_NESTED, T) == sizeof(T),                      \
                   #T ": a field is not listed, or the struct has padding");                       \
    static const struct state_field var##_fields[] = { FIELDS(STATE_ROW, STATE_ROW_NESTED, T) };   \
    const struct state_desc var = { #T, sizeof(T), sizeof(var##_fields) / sizeof(var##_fields[0]), \
                                    var##_fields }

/* Next to the extern declaration of a descriptor: gives its struct type a name that NESTED can
 * find. */
#define STATE_DECLARE(var, T) \
    typedef T var##_type;     \
    extern const struct state_desc var

/* XXH3-64 over the state's bytes, seeded by seed so that digests chain. Padding cannot enter: there
 * is none. */
uint64_t state_digest(const struct state_desc *desc, const void *state, uint64_t seed);

/* Appends one line a field, "PREFIX.gpe_sts: 08", hex in the field's width, arrays and nested
 * structs by index. */
void state_print(const struct state_desc *desc, const void *state, const char *prefix,
                 GString *out);

/* Appends a line for each field that differs, "piix4_pm.gpe_sts: recorded 08, replayed 00"; returns
 * their number. */
unsigned state_compare(const struct state_desc *desc, const void *recorded, const void *replayed,
                       const char *prefix, GString *out);

/*
 * Makes state what the desc->size bytes say, which may come from a damaged file: false where a bool is
 * neither 0 nor 1, with its name in out_field ("PREFIX.on", the caller's); state is as it was then. What
 * the numbers mean to their owner is the owner's to check.
 */
bool state_load(const struct state_desc *desc, void *state, const void *bytes, const char *prefix,
                char **out_field) G_GNUC_WARN_UNUSED_RESULT;

/* XXH3-64 over names, widths, offsets and counts: equal hashes mean the same layout. */
uint64_t state_schema_hash(const struct state_desc *desc);

#endif
