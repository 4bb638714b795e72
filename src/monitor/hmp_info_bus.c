/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmp_info_bus.c - "info pci", "info block", "info network": what hangs on buses and what stands behind it. */
#include <inttypes.h>

#include "base/json_members.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"

static struct json_object *member(const struct json_object *object, const char *key)
{
    return json_object_object_get(object, key);
}

static void print_region(const struct json_object *region, GString *out)
{
    bool is_io = strcmp(json_text(region, "type"), "io") == 0;
    uint64_t address = (uint64_t)json_object_get_int64(member(region, "address"));
    uint64_t last = address + json_number(region, "size") - 1;

    if (is_io) {
        g_string_append_printf(out,
                               "      BAR%" PRIu64 ": I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n",
                               json_number(region, "bar"), address, last);
        return;
    }
    g_string_append_printf(
        out, "      BAR%" PRIu64 ": 32 bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n",
        json_number(region, "bar"), json_flag(region, "prefetch") ? " prefetchable" : "", address,
        last);
}

static void print_function(const struct json_object *function, GString *out)
{
    const struct json_object *info = member(function, "class_info"), *id = member(function, "id");
    const struct json_object *regions = member(function, "regions");
    const char *text = json_text(info, "desc");

    g_string_append_printf(out,
                           "  Bus %2" PRIu64 ", device %3" PRIu64 ", function %" PRIu64 ":\n    ",
                           json_number(function, "bus"), json_number(function, "slot"),
                           json_number(function, "function"));
    if (text[0] != '\0') {
        g_string_append(out, text);
    } else {
        g_string_append_printf(out, "Class %04" PRIu64, json_number(info, "class"));
    }
    g_string_append_printf(out,
                           ": PCI device %04" PRIx64 ":%04" PRIx64
                           "\n      PCI subsystem %04" PRIx64 ":%04" PRIx64 "\n",
                           json_number(id, "vendor"), json_number(id, "device"),
                           json_number(id, "subsystem-vendor"), json_number(id, "subsystem"));
    if (member(function, "irq") != NULL) {
        g_string_append_printf(out, "      IRQ %" PRIu64 ", pin %c\n", json_number(function, "irq"),
                               (char)('A' + json_number(function, "irq_pin") - 1));
    }
    for (size_t i = 0; i < json_object_array_length(regions); i++) {
        print_region(json_object_array_get_idx(regions, i), out);
    }
    g_string_append_printf(out, "      id \"%s\"\n", json_text(function, "qdev_id"));
}

void hmp_info_pci(const struct hmp_call *call)
{
    struct json_object *buses = machine_query_pci(call->machine);

    for (size_t i = 0; i < json_object_array_length(buses); i++) {
        const struct json_object *devices = member(json_object_array_get_idx(buses, i), "devices");

        for (size_t k = 0; k < json_object_array_length(devices); k++) {
            print_function(json_object_array_get_idx(devices, k), call->out);
        }
    }
    if (json_object_array_length(buses) == 0) {
        g_string_append(call->out, "PCI not supported\n");
    }
    json_object_put(buses);
}

static void print_backend(const struct json_object *backend, GString *out)
{
    const struct json_object *inserted = member(backend, "inserted");
    const char *device = json_text(backend, "device"), *node = json_text(inserted, "node-name");

    if (device[0] != '\0') {
        g_string_append_printf(out, "%s (%s)", device, node);
    } else {
        g_string_append(out, node);
    }
    g_string_append_printf(out, ": %s (%s%s)\n", json_text(inserted, "file"),
                           json_text(inserted, "drv"),
                           json_flag(inserted, "ro") ? ", read-only" : "");
    if (member(backend, "qdev") != NULL) {
        g_string_append_printf(out, "    Attached to:      %s\n", json_text(backend, "qdev"));
    }
    g_string_append(out, "    Cache mode:       writeback\n");
}

void hmp_info_block(const struct hmp_call *call)
{
    struct json_object *backends = machine_query_block(call->machine);

    for (size_t i = 0; i < json_object_array_length(backends); i++) {
        if (i > 0) {
            g_string_append_c(call->out, '\n');
        }
        print_backend(json_object_array_get_idx(backends, i), call->out);
    }
    json_object_put(backends);
}

void hmp_info_network(const struct hmp_call *call)
{
    machine_print_network(call->machine, call->out);
}
