/* SPDX-License-Identifier: GPL-2.0-or-later */
/* story.c - names that tell, spans that are told, windows around operations. */
#include "tracedump/report/story.h"

#include <fnmatch.h>
#include <string.h>

#include "tracedump/event_field.h"

#define BUILD_MAX     2500u /* events of turn 0 */
#define TELLING_MAX   8000u
#define WINDOWS_MAX   5000u
#define WINDOW_EVENTS 1500u /* of one operation */

enum class { CLASS_NONE, CLASS_TELLING, CLASS_OTHER, CLASS_EXTERNAL, CLASS_NEVER };

void story_init(struct story *story)
{
    *story = (struct story){ .class_of = g_hash_table_new(NULL, NULL) };
}

void story_fini(struct story *story)
{
    g_hash_table_unref(story->class_of);
}

static enum class judge(const char *name)
{
    static const char *const never[] = { "turn_ended", "vcpu_exit_data", "trace_module" };
    static const char *const other[] = { "acpi_register_*", "acpi_memory_register_*", "acpi_timer*",
                                         "cpuhp_acpi_*",    "acpi_pci_*",             "pci_config_*" };
    static const char *const telling[] = {
        "qmp_*",          "hmp_command",        "qdev_*",           "device_*",
        "hotplug_phase",  "pc_*",               "piix4_*",          "acpi_*",
        "cpu_*",          "pci_*",              "virtio_*",         "address_space_*",
        "flat_range_*",   "memory_region_t*",   "memory_region_a*_subregion",
        "memory_backend*", "memory_device_*",   "kvm_set_phys_mem", "kvm_region_*",
        "kvm_memslot_*",  "run_state_changed",  "machine_reset",    "guest_error",
        "recording_stopped", "reset_requested", "kvm_park_vcpu",    "kvm_unpark_vcpu",
        "kvm_vcpu_created",
    };

    if (strcmp(name, "external_event") == 0) {
        return CLASS_EXTERNAL;
    }
for (unsigned i = 0; i < G_N_ELEMENTS(never); i++)
{
    if (strcmp(name, never[i]) == 0) {
        return CLASS_NEVER;
    }
}
for (unsigned i = 0; i < G_N_ELEMENTS(other); i++) {
    if (fnmatch(other[i], name, 0) == 0) {
        return CLASS_OTHER;
    }
}
for (unsigned i = 0; i < G_N_ELEMENTS(telling); i++) {
    if (fnmatch(telling[i], name, 0) == 0) {
        return CLASS_TELLING;
    }
}
return CLASS_OTHER;
}

static enum class class_of(struct story *story, const struct trace_event *event) {
    enum class known = (enum class)GPOINTER_TO_INT(g_hash_table_lookup(story->class_of,
                                                                       event->name));

    if (known == CLASS_NONE){
        known = judge(event->name);
        g_hash_table_insert(story->class_of, (gpointer)event->name, GINT_TO_POINTER((int)known)); }
if (known == CLASS_EXTERNAL)
{
    bool is_rare = !event_text_is(event, "kind", "exit") && !event_text_is(event, "kind", "timer");

    return is_rare ? CLASS_TELLING : CLASS_OTHER;
}
return known;
}

static bool take(struct story *story, uint64_t *told, uint64_t limit)
{
    if (*told >= limit) {
        story->left_out++;
        return false;
    }
    (*told)++;
    return true;
}

static bool opens_window(const struct trace_event *event)
{
    return event->phase == EVENT_ENTER && (strcmp(event->name, "qmp_device_add") == 0 ||
                                           strcmp(event->name, "qmp_device_del") == 0);
}

static bool is_told(struct story *story, const struct trace_event *event, bool is_error)
{
    enum class class = class_of(story, event);
    bool inside = story->depth > 0 && story->spans[story->depth - 1].is_told;

    if (opens_window(event)) {
        story->window = WINDOW_EVENTS;
    }
    if (class == CLASS_NEVER) {
        return false;
    }
    if (event->turn == 0) {
        return (class == CLASS_TELLING || inside) && take(story, &story->told_in_build, BUILD_MAX);
    }
    if (class == CLASS_TELLING || inside || is_error) {
        return take(story, &story->told_by_name, TELLING_MAX);
    }
    if (story->window == 0) {
        return false;
    }
    story->window--;
    return take(story, &story->told_in_window, WINDOWS_MAX);
}

/* As in nesting.h: what is not around this event is over. */
static void advance(struct story *story, const struct trace_event *event)
{
    bool has_span = event->phase == EVENT_LEAVE && event->span != 0;
    uint64_t innermost = has_span ? event->span : event->parent;

    while (story->depth > 0 && (story->spans[story->depth - 1].sequence > innermost ||
                                story->spans[story->depth - 1].turn != event->turn)) {
        story->depth--;
    }
}

bool story_event(struct story *story, const struct trace_event *event, bool is_error,
                 struct story_span *out_span)
{
    bool told;

    *out_span = (struct story_span){ 0 };
    advance(story, event);
    if (event->phase == EVENT_LEAVE) {
        if (story->depth == 0 || story->spans[story->depth - 1].sequence != event->span) {
            return false;
        }
        *out_span = story->spans[--story->depth];
        return out_span->is_told; /* Its enter took both places. */
    }
    told = is_told(story, event, is_error);
    if (event->phase == EVENT_ENTER && story->depth < STORY_DEPTH_MAX) {
        story->spans[story->depth++] = (struct story_span){ .sequence = event->sequence,
                                                            .host_ns = event->host_ns,
                                                            .icount = event->icount,
                                                            .turn = event->turn,
                                                            .is_told = told };
    }
    return told;
}

void story_close_window(struct story *story)
{
    story->window = MIN(story->window, 50); /* The guest still has something to say. */
}

static bool is_false(const struct trace_event *event, const char *field)
{
    uint64_t value;

    return event_number(event, field, &value) && value == 0;
}

bool story_is_error(const struct trace_event *event)
{
    static const char *const names[] = { "guest_error", "device_add_refused", "pc_dimm_plug_undone",
                                         "acpi_unplug_refused", "recording_stopped" };
    uint64_t number;

    if (event->phase == EVENT_LEAVE) {
        return is_false(event, "ok");
    }
    if (event->phase == EVENT_ENTER) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(event->name, names[i]) == 0) {
            return true;
        }
    }
    if (strcmp(event->name, "acpi_device_ost") == 0) {
        /* Notifications below 0x80 only say that something goes on (ACPI 6.2, 6.3.5). */
        return event_number(event, "status", &number) && number != 0 && number < 0x84;
    }
    return is_false(event, "ok") || (event_number(event, "error", &number) && number != 0);
}
