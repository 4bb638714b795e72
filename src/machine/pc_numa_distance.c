/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_numa_distance.c - how far NUMA nodes are from each other, as -numa dist says it; a distance that goes one way only holds for
 * the other too.
 *
 * ACPI 6.5 §5.2.17: 10 is a node's distance to itself, 255 is out of reach, less than 10 is reserved.
 */
#include "base/error.h"
#include "machine/machine_internal.h"

#define LOCAL_DISTANCE 10u

/* While options are read the table has room for the most nodes; 0 = not said. */
static uint8_t *distance(struct numa *numa, uint32_t from, uint32_t to)
{
    return &numa->distances[from * NUMA_NODES_MAX + to];
}

bool pc_numa_set_distance(struct numa *numa, uint32_t from, uint32_t to, uint32_t value,
                          GError **error)
{
    if (from >= NUMA_NODES_MAX || to >= NUMA_NODES_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter '%s' expects an integer between 0 and %d",
                    from >= NUMA_NODES_MAX ? "src" : "dst", NUMA_NODES_MAX - 1);
        return false;
    }
    if (!numa->present[from] || !numa->present[to]) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Source/Destination NUMA node is missing. Please use '-numa node' option to "
                    "declare it first.");
        return false;
    }
    if (value > UINT8_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter 'val' expects uint8_t");
        return false;
    }
    if (value < LOCAL_DISTANCE) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "NUMA distance (%u) is invalid, it shouldn't be less than %u.", value,
                    LOCAL_DISTANCE);
        return false;
    }
    if (from == to && value != LOCAL_DISTANCE) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Local distance of node %u should be %u.", from, LOCAL_DISTANCE);
        return false;
    }
    *distance(numa, from, to) = (uint8_t)value;
    numa->has_distances = true;
    return true;
}

/* Each pair has a distance; if one pair has two different ones, all have two. */
static bool check(struct numa *numa, GError **error)
{
    bool asymmetric = false, one_way = false;

    for (uint32_t from = 0; from < numa->count; from++) {
        for (uint32_t to = from + 1; to < numa->count; to++) {
            uint8_t there = *distance(numa, from, to), back = *distance(numa, to, from);

            if (there == 0 && back == 0) {
                g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                            "The distance between node %u and %u is missing, at least one "
                            "distance value between each nodes should be provided.",
                            from, to);
                return false;
            }
            one_way = one_way || there == 0 || back == 0;
            asymmetric = asymmetric || (there != 0 && back != 0 && there != back);
        }
    }
    if (asymmetric && one_way) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "At least one asymmetrical pair of distances is given, please provide "
                    "distances for both directions of all node pairs.");
        return false;
    }
    return true;
}

bool pc_numa_complete_distances(struct numa *numa, GError **error)
{
    uint32_t count = numa->count;

    if (!numa->has_distances) {
        return true;
    }
    if (!check(numa, error)) {
        return false;
    }
    for (uint32_t from = 0; from < count; from++) {
        *distance(numa, from, from) = LOCAL_DISTANCE;
        for (uint32_t to = 0; to < count; to++) {
            if (*distance(numa, from, to) == 0) {
                *distance(numa, from, to) = *distance(numa, to, from);
            }
        }
    }
    /* Rows move together; none is written before it was read. */
    for (uint32_t from = 0; from < count; from++) {
        for (uint32_t to = 0; to < count; to++) {
            numa->distances[from * count + to] = *distance(numa, from, to);
        }
    }
    return true;
}
