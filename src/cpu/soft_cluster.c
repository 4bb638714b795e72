/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_cluster.c - what the CPUs of a machine share, and how changes of memory reach them. */
#include "cpu/soft_internal.h"
#include "memory/transaction.h"

#define A20_BIT 0x100000ull

static void cluster_ram_written(void *opaque, const void *host, uint64_t size)
{
    struct soft_cluster *cluster = opaque;

    soft_code_written(cluster->code, host, size);
}

/* The map has changed: host addresses in the TLBs and keys of the code cache may be stale. */
static void cluster_commit(void *opaque)
{
    struct soft_cluster *cluster = opaque;

    soft_code_flush(cluster->code);
    for (guint i = 0; i < cluster->cpus->len; i++) {
        soft_tlb_flush(cluster->cpus->pdata[i], true);
    }
}

struct soft_cluster *soft_cluster_create(const struct soft_cluster_options *options, GError **error)
{
    struct soft_cluster *cluster;
    struct soft_features features;

    if (!soft_model_parse(options->model != NULL ? options->model : "max", &features, error)) {
        return NULL;
    }
    cluster = g_new0(struct soft_cluster, 1);
    cluster->options = *options;
    cluster->features = features;
    cluster->cpus = g_ptr_array_new();
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++) {
        cluster->no_tlb[i].read = cluster->no_tlb[i].write = SOFT_TLB_NONE;
    }
    cluster->between = g_malloc0(sizeof(struct soft_block) + sizeof(struct op));
    cluster->between->single = true;
    cluster->a20_mask = UINT64_MAX;
    cluster->code = soft_code_create(cluster);
    cluster->listener =
        (struct memory_listener){ .name = "soft-cpu", .opaque = cluster, .commit = cluster_commit };
    memory_listener_register(&cluster->listener, options->memory);
    memory_system_set_ram_write_hook(options->system, cluster_ram_written, cluster);
    return cluster;
}

void soft_cluster_destroy(struct soft_cluster *cluster)
{
    if (cluster == NULL) {
        return;
    }
    invariant(cluster->cpus->len == 0);
    memory_system_set_ram_write_hook(cluster->options.system, NULL, NULL);
    memory_listener_unregister(&cluster->listener, cluster->options.memory);
    soft_code_destroy(cluster->code);
    g_free(cluster->between);
    g_ptr_array_unref(cluster->cpus);
    g_free(cluster);
}

void soft_cluster_ram_changed(struct soft_cluster *cluster, const void *host, uint64_t size)
{
    soft_code_written(cluster->code, host, size);
}

void soft_cluster_set_a20(struct soft_cluster *cluster, bool open)
{
    uint64_t mask = open ? UINT64_MAX : ~A20_BIT;

    if (cluster->a20_mask != mask) {
        cluster->a20_mask = mask;
        cluster_commit(cluster);
    }
}
