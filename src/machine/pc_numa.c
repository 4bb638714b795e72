/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_numa.c - NUMA nodes as -numa describes them: which memory backend and which processors belong to which node.
 *
 *     -numa node[,nodeid=N][,memdev=ID][,cpus=FIRST[-LAST]]     -numa cpu,node-id=N[,socket-id=S][,core-id=C][,thread-id=T]
 *     -numa dist,src=N,dst=M,val=V (pc_numa_distance.c)
 *
 * Processors that nothing names belong to node 0; if nothing names any, sockets take turns. The guest learns it from SRAT,
 * SLIT and _PXM (hw/firmware).
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/mem/memory_backend.h"
#include "machine/machine_internal.h"

#define NO_NODE UINT32_MAX

/* ---- values of options: texts ---- */

static bool number_of(const struct json_object *numa, const char *key, uint32_t absent,
                      uint32_t *out_number, GError **error)
{
    const char *text;
    guint64 number;

    if (!machine_text_argument(numa, key, false, &text, error)) {
        return false;
    }
    if (text == NULL) {
        *out_number = absent;
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &number, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter '%s' expects a number, got '%s'", key, text);
        return false;
    }
    *out_number = (uint32_t)number;
    return true;
}

/* "3" or "1-3". */
static bool range_of(const char *text, uint32_t *out_first, uint32_t *out_last, GError **error)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    guint64 first, last;

    if (ends[0] == NULL || !g_ascii_string_to_unsigned(ends[0], 10, 0, UINT32_MAX, &first, NULL) ||
        !g_ascii_string_to_unsigned(ends[1] != NULL ? ends[1] : ends[0], 10, 0, UINT32_MAX, &last,
                                    NULL) ||
        first > last) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'cpus' expects a processor or a range such as 0-3, got '%s'", text);
        return false;
    }
    *out_first = (uint32_t)first;
    *out_last = (uint32_t)last;
    return true;
}

/* ---- nodes ---- */

static bool set_cpus(struct machine *machine, const char *text, uint32_t node, GError **error)
{
    uint32_t first, last;

    if (text == NULL) {
        return true;
    }
    if (!range_of(text, &first, &last, error)) {
        return false;
    }
    if (last >= machine->config->cpus_max) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "CPU index (%u) should be smaller than maxcpus (%u)", last,
                    machine->config->cpus_max);
        return false;
    }
    for (uint32_t i = first; i <= last; i++) {
        machine->numa.cpu_nodes[i] = node;
    }
    return true;
}

static bool find_backend(struct machine *machine, const char *memdev, struct object **out_backend,
                         GError **error)
{
    struct object *backend = object_child(machine->objects, memdev);

    if (backend == NULL || !object_is_a(backend, TYPE_MEMORY_BACKEND)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Memory backend '%s' not found",
                    memdev);
        return false;
    }
    if (memory_backend_is_mapped(backend)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "memory backend %s can't be used multiple times.", memdev);
        return false;
    }
    /* From here on it is nobody else's; pc_memory_map_destroy() gives it back. */
    memory_backend_set_mapped(backend, true);
    g_ptr_array_add(machine->ram_backends, backend);
    *out_backend = backend;
    return true;
}

static bool add_node(struct machine *machine, const struct json_object *numa, GError **error)
{
    struct numa *nodes = &machine->numa;
    const char *memdev, *cpus;
    uint32_t node;

    if (json_object_object_get_ex(numa, "mem", NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Parameter -numa node,mem is not supported by this machine type; use -numa "
                    "node,memdev instead");
        return false;
    }
    if (!machine_text_argument(numa, "memdev", false, &memdev, error) ||
        !machine_text_argument(numa, "cpus", false, &cpus, error) ||
        !number_of(numa, "nodeid", nodes->count, &node, error)) {
        return false;
    }
    if (node >= NUMA_NODES_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Max number of NUMA nodes reached: %u; expected less than %d", node,
                    NUMA_NODES_MAX);
        return false;
    }
    if (nodes->present[node]) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Duplicate NUMA nodeid: %u", node);
        return false;
    }
    nodes->present[node] = true;
    nodes->count++;
    return set_cpus(machine, cpus, node, error) &&
           (memdev == NULL || find_backend(machine, memdev, &nodes->backends[node], error));
}

/* ---- processors by their place ---- */

static bool matches(uint32_t wanted, int32_t is)
{
    return wanted == NO_NODE || wanted == (uint32_t)is;
}

static bool add_cpu(struct machine *machine, const struct json_object *numa, GError **error)
{
    uint32_t node, socket, core, thread;
    bool found = false;

    if (!number_of(numa, "node-id", NO_NODE, &node, error) ||
        !number_of(numa, "socket-id", NO_NODE, &socket, error) ||
        !number_of(numa, "core-id", NO_NODE, &core, error) ||
        !number_of(numa, "thread-id", NO_NODE, &thread, error)) {
        return false;
    }
    if (node >= NUMA_NODES_MAX || !machine->numa.present[node]) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid node-id=%" PRIi64 ", NUMA node must be defined with -numa "
                    "node,nodeid=ID before it's used with -numa cpu,node-id=ID",
                    node == NO_NODE ? INT64_C(-1) : (int64_t)node);
        return false;
    }
    for (uint32_t i = 0; i < machine->config->cpus_max; i++) {
        struct x86_cpu place;

        pc_cpu_topology(machine->config, i, &place);
        if (matches(socket, place.socket_id) && matches(core, place.core_id) &&
            matches(thread, place.thread_id)) {
            machine->numa.cpu_nodes[i] = node;
            found = true;
        }
    }
    if (!found) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "no match found");
    }
    return found;
}

/* ---- distances ---- */

static bool add_distance(struct machine *machine, const struct json_object *numa, GError **error)
{
    static const char *const keys[] = { "src", "dst", "val" };
    uint32_t values[G_N_ELEMENTS(keys)];

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!json_object_object_get_ex(numa, keys[i], NULL)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is missing",
                        keys[i]);
            return false;
        }
        if (!number_of(numa, keys[i], 0, &values[i], error)) {
            return false;
        }
    }
    return pc_numa_set_distance(&machine->numa, values[0], values[1], values[2], error);
}

/* ---- all of it ---- */

static bool add(struct machine *machine, const struct json_object *numa, GError **error)
{
    const char *type;

    if (!machine_text_argument(numa, "type", true, &type, error)) {
        return false;
    }
    if (strcmp(type, "node") == 0) {
        return add_node(machine, numa, error);
    }
    if (strcmp(type, "cpu") == 0) {
        return add_cpu(machine, numa, error);
    }
    if (strcmp(type, "dist") == 0) {
        return add_distance(machine, numa, error);
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Parameter 'type' does not accept value '%s'; expected node, cpu or dist", type);
    return false;
}

static bool check_nodes(const struct numa *nodes, GError **error)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        if (!nodes->present[i]) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "numa: Node ID missing: %u", i);
            return false;
        }
    }
    return true;
}

static void place_other_cpus(struct machine *machine)
{
    struct numa *nodes = &machine->numa;
    bool any = false;

    for (uint32_t i = 0; i < MACHINE_CPUS_MAX; i++) {
        any = any || nodes->cpu_nodes[i] != NO_NODE;
    }
    for (uint32_t i = 0; i < MACHINE_CPUS_MAX; i++) {
        struct x86_cpu place;

        pc_cpu_topology(machine->config, i, &place);
        if (nodes->cpu_nodes[i] == NO_NODE) {
            nodes->cpu_nodes[i] =
                any || nodes->count == 0 ? 0 : (uint32_t)place.socket_id % nodes->count;
        }
    }
}

bool pc_numa_read(struct machine *machine, GError **error)
{
    const GPtrArray *numa = machine->config->numa;

    for (uint32_t i = 0; i < MACHINE_CPUS_MAX; i++) {
        machine->numa.cpu_nodes[i] = NO_NODE;
    }
    for (guint i = 0; i < numa->len; i++) {
        if (!add(machine, g_ptr_array_index(numa, i), error)) {
            g_prefix_error(error, "-numa: ");
            return false;
        }
    }
    if (!check_nodes(&machine->numa, error) || !pc_numa_complete_distances(&machine->numa, error)) {
        return false;
    }
    for (uint32_t i = 0; i < machine->numa.count; i++) {
        const struct object *backend = machine->numa.backends[i];

        machine->numa.bytes[i] = backend != NULL ? memory_backend_size(backend) : 0;
    }
    place_other_cpus(machine);
    return true;
}

uint32_t pc_cpu_node(const struct machine *machine, uint32_t index)
{
    return machine->numa.cpu_nodes[index];
}
