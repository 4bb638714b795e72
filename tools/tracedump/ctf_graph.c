/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctf_graph.c - finds the traces in a directory and builds babeltrace2's graph over them. */
#include "tracedump/ctf_graph.h"

#include "base/error.h"

/* Rotated sessions lie in archives/CHUNK/ust/uid/0/64-bit. */
#define FOLDER_DEPTH_MAX 8u
#define TRACES_MAX       4096u

struct ctf_graph {
    bt_graph *graph;
    ctf_message_fn message;
    void *opaque;
    uint64_t inputs; /* ports of the muxer in use */
    bool is_live;
    bool is_damaged;
};

static bool fail(GError **error, const char *what)
{
    const bt_error *bt = bt_current_thread_take_error();
    const char *cause = "";

    if (bt != NULL && bt_error_get_cause_count(bt) > 0) {
        cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(bt, 0));
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "%s%s%s", what,
                *cause == '\0' ? "" : ": ", cause);
    if (bt != NULL) {
        bt_error_release(bt);
    }
    return false;
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

/* Adds the folders from path downward that hold a CTF trace, in the order of their names. */
static void find_traces(const char *path, unsigned depth, GPtrArray *out_paths)
{
    g_autofree char *metadata = g_build_filename(path, "metadata", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *folder;
    const char *name;

    if (g_file_test(metadata, G_FILE_TEST_IS_REGULAR)) {
        g_ptr_array_add(out_paths, g_strdup(path));
        return;
    }
    folder = depth == FOLDER_DEPTH_MAX ? NULL : g_dir_open(path, 0, NULL);
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    if (folder != NULL) {
        g_dir_close(folder);
    }
    g_ptr_array_sort(names, compare_texts);
    for (guint i = 0; i < names->len && out_paths->len < TRACES_MAX; i++) {
        const char *below = names->pdata[i];

        if (g_file_test(below, G_FILE_TEST_IS_DIR) && !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            find_traces(below, depth + 1, out_paths);
        }
    }
}

static bt_graph_simple_sink_component_consume_func_status consume(bt_message_iterator *iterator,
                                                                  void *opaque)
{
    struct ctf_graph *graph = opaque;
    bt_message_array_const messages;
    bt_message_iterator_next_status status;
    const bt_error *error;
    uint64_t count = 0;

    status = bt_message_iterator_next(iterator, &messages, &count);
    /* libbabeltrace2 2.0.4 gives the messages in front of damage with its error already set, and aborts
     * when it is still set behind this function; then comes failure or the end. */
    error = status == BT_MESSAGE_ITERATOR_NEXT_STATUS_OK ? bt_current_thread_take_error() : NULL;
    if (error != NULL) {
        bt_error_release(error);
        graph->is_damaged = true;
    }
    switch (status) {
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK: break;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_AGAIN;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_MEMORY_ERROR:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_MEMORY_ERROR;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_ERROR:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR;
    }
    for (uint64_t i = 0; i < count; i++) {
        graph->message(messages[i], graph->opaque);
        bt_message_put_ref(messages[i]);
    }
    return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

/* Each stream of the trace is a port of its own. */
static bool connect_streams(struct ctf_graph *graph, const bt_component_source *source,
                            const bt_component_filter *muxer)
{
    uint64_t count = bt_component_source_get_output_port_count(source);

    for (uint64_t i = 0; i < count; i++) {
        const bt_port_output *from =
            bt_component_source_borrow_output_port_by_index_const(source, i);
        /* The muxer always has one port more than are connected. */
        const bt_port_input *to =
            bt_component_filter_borrow_input_port_by_index_const(muxer, graph->inputs);

        if (bt_graph_connect_ports(graph->graph, from, to, NULL) !=
            BT_GRAPH_CONNECT_PORTS_STATUS_OK) {
            return false;
        }
        graph->inputs++;
    }
    return true;
}

static bool add_trace(struct ctf_graph *graph, const bt_plugin *ctf, const char *path,
                      const bt_component_filter *muxer)
{
    const bt_component_class_source *class = bt_plugin_borrow_source_component_class_by_name_const(
        ctf, ctf_graph_is_live(path) ? "lttng-live" : "fs");
    g_autofree char *name = g_strdup_printf("source%s", path);
    const bt_component_source *source = NULL;
    bt_value *params = bt_value_map_create();
    bt_value *inputs = NULL;
    bool ok;

    ok = class != NULL &&
         bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) ==
             BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK &&
         bt_value_array_append_string_element(inputs, path) ==
             BT_VALUE_ARRAY_APPEND_ELEMENT_STATUS_OK &&
         (!ctf_graph_is_live(path) ||
          bt_value_map_insert_string_entry(params, "session-not-found-action", "fail") ==
              BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK) &&
         bt_graph_add_source_component(graph->graph, class, name, params, BT_LOGGING_LEVEL_NONE,
                                       &source) == BT_GRAPH_ADD_COMPONENT_STATUS_OK &&
         connect_streams(graph, source, muxer);
    bt_value_put_ref(params);
    return ok;
}

static bool add_muxer_and_sink(struct ctf_graph *graph, const bt_plugin *utils,
                               const bt_component_filter **out_muxer)
{
    const bt_component_class_filter *muxer_class =
        bt_plugin_borrow_filter_component_class_by_name_const(utils, "muxer");
    const bt_component_sink *sink;

    return muxer_class != NULL &&
           bt_graph_add_filter_component(graph->graph, muxer_class, "muxer", NULL,
                                         BT_LOGGING_LEVEL_NONE,
                                         out_muxer) == BT_GRAPH_ADD_COMPONENT_STATUS_OK &&
           bt_graph_add_simple_sink_component(graph->graph, "sink", NULL, consume, NULL, graph,
                                              &sink) == BT_GRAPH_ADD_COMPONENT_STATUS_OK &&
           bt_graph_connect_ports(
               graph->graph, bt_component_filter_borrow_output_port_by_index_const(*out_muxer, 0),
               bt_component_sink_borrow_input_port_by_index_const(sink, 0),
               NULL) == BT_GRAPH_CONNECT_PORTS_STATUS_OK;
}

static bool build(struct ctf_graph *graph, const GPtrArray *paths, GError **error)
{
    const bt_component_filter *muxer = NULL;
    const bt_plugin *ctf = NULL;
    const bt_plugin *utils = NULL;
    bool ok = true;

    graph->graph = bt_graph_create(0);
    if (bt_plugin_find("ctf", BT_TRUE, BT_FALSE, BT_TRUE, BT_FALSE, BT_TRUE, &ctf) !=
            BT_PLUGIN_FIND_STATUS_OK ||
        bt_plugin_find("utils", BT_TRUE, BT_FALSE, BT_TRUE, BT_FALSE, BT_TRUE, &utils) !=
            BT_PLUGIN_FIND_STATUS_OK) {
        ok = fail(error, "babeltrace2's plugins ctf and utils can't be loaded");
    } else if (!add_muxer_and_sink(graph, utils, &muxer)) {
        ok = fail(error, "babeltrace2 can't be set up");
    }
    for (guint i = 0; ok && i < paths->len; i++) {
        if (!add_trace(graph, ctf, paths->pdata[i], muxer)) {
            ok = fail(error, "its CTF can't be read");
        }
    }
    bt_plugin_put_ref(ctf);
    bt_plugin_put_ref(utils);
    return ok;
}

bool ctf_graph_is_live(const char *path)
{
    return g_str_has_prefix(path, "net://") || g_str_has_prefix(path, "net4://") ||
           g_str_has_prefix(path, "net6://");
}

struct ctf_graph *ctf_graph_open(const char *path, ctf_message_fn message, void *opaque,
                                 GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    struct ctf_graph *graph;

    if (ctf_graph_is_live(path)) {
        g_ptr_array_add(paths, g_strdup(path));
    } else {
        find_traces(path, 0, paths);
    }
    if (paths->len == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "it is a directory without a CTF trace in it (no file named metadata)");
        return NULL;
    }
    graph = g_new0(struct ctf_graph, 1);
    graph->message = message;
    graph->opaque = opaque;
    graph->is_live = ctf_graph_is_live(path);
    if (!build(graph, paths, error)) {
        ctf_graph_close(graph);
        return NULL;
    }
    return graph;
}

enum ctf_step ctf_graph_step(struct ctf_graph *graph, GError **error)
{
    bt_graph_run_once_status status;

    if (graph->inputs == 0) {
        return CTF_STEP_END; /* LTTng leaves a trace without streams when nothing has happened. */
    }
    status = bt_graph_run_once(graph->graph);
    if (status == BT_GRAPH_RUN_ONCE_STATUS_OK) {
        return CTF_STEP_MORE;
    }
    if (status == BT_GRAPH_RUN_ONCE_STATUS_AGAIN) {
        return CTF_STEP_WAIT;
    }
    if (status == BT_GRAPH_RUN_ONCE_STATUS_END && !graph->is_damaged) {
        return CTF_STEP_END;
    }
    (void)fail(error, graph->is_live ? "the live session can't be read" : "its CTF is damaged");
    return CTF_STEP_FAILED;
}

void ctf_graph_close(struct ctf_graph *graph)
{
    if (graph != NULL) {
        bt_graph_put_ref(graph->graph);
        g_free(graph);
    }
}
