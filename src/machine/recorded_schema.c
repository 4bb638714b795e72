/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorded_schema.c - one number for the layout of all state: where it is equal, a build can replay a recording. */
#include <string.h>
#include <xxhash.h>

#include "hw/core/device.h"
#include "machine/machine_internal.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "replay/recording_format.h"
#include "state/state.h"

struct schema {
    uint64_t hash;
};

static void hash_more(struct schema *schema, const void *bytes, size_t size)
{
    schema->hash = XXH3_64bits_withSeed(bytes, size, schema->hash);
}

static void hash_type(const struct type *type, void *opaque)
{
    const struct device_class *class;
    uint64_t hash;

    if (!type_is_a(type, TYPE_DEVICE)) {
        return;
    }
    class = type_class(type);
    if (class != NULL && class->state != NULL) {
        hash = state_schema_hash(class->state);
        hash_more(opaque, type_name(type), strlen(type_name(type)));
        hash_more(opaque, &hash, sizeof(hash));
    }
}

static void hash_kinds(struct schema *schema, enum recording_group group, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const char *name = recording_kind_name(group, i);

        hash_more(schema, name, strlen(name) + 1);
    }
}

/* Not over the trace declarations: a build with more trace points may replay an older recording,
 * that is what replays are for. */
uint64_t recorded_state_schema(void)
{
    struct type_registry *types = type_registry_create(machine_types);
    uint64_t life = state_schema_hash(&device_life_desc);
    struct schema schema = { state_schema_hash(&machine_state_desc) ^ soft_machine_schema() };

    type_registry_for_each(types, hash_type, &schema);
    hash_more(&schema, &life, sizeof(life));
    hash_kinds(&schema, RECORDING_GROUP_TURN, RECORDING_TURN_COUNT);
    hash_kinds(&schema, RECORDING_GROUP_INPUT, RECORDING_INPUT_COUNT);
    hash_kinds(&schema, RECORDING_GROUP_EFFECT, RECORDING_EFFECT_COUNT);
    type_registry_destroy(types);
    return schema.hash;
}
