/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * span_tree.h - the distinct paths of nested spans, as a tree whose nodes are (parent node, name): a
 * step costs one look-up whatever its depth, and memory is one node per distinct path.
 */
#ifndef REPLUG_TRACEDUMP_SPAN_TREE_H
#define REPLUG_TRACEDUMP_SPAN_TREE_H

#include <glib.h>
#include <stdint.h>

/* A hostile trace can't make memory grow: what goes beyond is counted as its parent. */
#define SPAN_TREE_NODES_MAX 200000u

struct span_node {
    struct span_node *parent; /* NULL: the path begins here */
    const char *name;
    uint64_t count; /* the user's own, as are these */
    uint64_t self_ns;
    uint32_t tag; /* its number, from 1 */
};

struct span_tree {
    GHashTable *set;  /* of struct span_node, by parent and name */
    GPtrArray *nodes; /* the same, owned, by tag, in the order of first appearance */
};

void span_tree_init(struct span_tree *tree);
void span_tree_fini(struct span_tree *tree);

/* NULL for 0. */
struct span_node *span_tree_node(const struct span_tree *tree, uint32_t tag);

/* Names are the same when their addresses are. Where the tree is full, parent; it may be NULL. */
struct span_node *span_tree_child(struct span_tree *tree, struct span_node *parent,
                                  const char *name);

#endif
