/* SPDX-License-Identifier: GPL-2.0-or-later */
/* span_tree.c - finds or makes the node of a path. */
#include "tracedump/span_tree.h"

static guint node_hash(gconstpointer key)
{
    const struct span_node *node = key;

    return g_direct_hash(node->parent) * 31 + g_direct_hash(node->name);
}

static gboolean node_equal(gconstpointer a, gconstpointer b)
{
    const struct span_node *left = a;
    const struct span_node *right = b;

    return left->parent == right->parent && left->name == right->name;
}

void span_tree_init(struct span_tree *tree)
{
    tree->set = g_hash_table_new(node_hash, node_equal);
    tree->nodes = g_ptr_array_new_with_free_func(g_free);
}

void span_tree_fini(struct span_tree *tree)
{
    g_hash_table_unref(tree->set);
    g_ptr_array_unref(tree->nodes);
}

struct span_node *span_tree_node(const struct span_tree *tree, uint32_t tag)
{
    return tag == 0 ? NULL : tree->nodes->pdata[tag - 1];
}

struct span_node *span_tree_child(struct span_tree *tree, struct span_node *parent,
                                  const char *name)
{
    const struct span_node key = { .parent = parent, .name = name };
    struct span_node *node = g_hash_table_lookup(tree->set, &key);

    if (node != NULL) {
        return node;
    }
    if (tree->nodes->len == SPAN_TREE_NODES_MAX) {
        return parent;
    }
    node = g_new(struct span_node, 1);
    *node = key;
    g_ptr_array_add(tree->nodes, node);
    node->tag = tree->nodes->len;
    g_hash_table_add(tree->set, node);
    return node;
}
