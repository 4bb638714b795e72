/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug.c - which operation an event belongs to, and what it makes of it. */
#include "tracedump/hotplug.h"

#include <string.h>

#include "tracedump/event_field.h"

/* ACPI 6.4, 6.3.5: _OST's source events and status codes. */
#define OST_DEVICE_CHECK         0x1u
#define OST_EJECT_REQUEST        0x3u
#define OST_EJECTION             0x103u
#define OST_INSERTION            0x200u
#define OST_SUCCESS              0x0u
#define OST_EJECTION_PROCEEDS    0x84u
#define OST_INSERTION_PROCEEDS   0x80u
#define OST_SOURCE_EVENT(source) ((source)&0x3ffu)

/* What an event's name and phase mean, looked up once for each. */
struct meaning {
    const char *name;
    enum event_phase phase;
    const struct hotplug_rule *rules;
    unsigned rule_count;
    void (*special)(struct hotplug *hotplug, const struct trace_event *event);
};

struct hotplug {
    struct hotplug_options options;
    GQueue operations;                 /* of struct hotplug_operation, owned, oldest first */
    struct hotplug_operation *current; /* what this moment of the turn works on */
    uint64_t turn;
    uint64_t now_ns;
    GHashTable *meanings; /* of struct meaning, owned */
};

static void operation_free(struct hotplug_operation *operation)
{
    g_free(operation->device);
    g_free(operation->driver);
    g_free(operation->reason);
    if (operation->story != NULL) {
        g_string_free(operation->story, TRUE);
    }
    g_free(operation);
}

/* ---- what becomes of an operation ---- */

static void reach(struct hotplug *hotplug, struct hotplug_operation *operation,
                  enum hotplug_stage stage, const struct trace_event *event)
{
    struct hotplug_moment *moment = &operation->stages[stage];

    if (moment->reached) {
        return;
    }
    *moment = (struct hotplug_moment){
        .reached = true,
        .turn = event->turn,
        .now_ns = event->now_ns,
        .icount = event->icount,
        .host_ns = event->host_ns,
    };
    operation->last = MAX(operation->last, stage);
    if (hotplug->options.stage != NULL) {
        hotplug->options.stage(operation, stage, hotplug->options.opaque);
    }
}

static void decide(struct hotplug *hotplug, struct hotplug_operation *operation,
                   enum hotplug_result result)
{
    if (operation->result != RESULT_PENDING) {
        return;
    }
    operation->result = result;
    operation->is_closed = result != RESULT_DONE || operation->is_unplug;
    if (hotplug->options.stage != NULL) {
        hotplug->options.stage(operation, STAGE_NONE, hotplug->options.opaque);
    }
}

static void give_reason(struct hotplug_operation *operation, const struct trace_event *event,
                        const char *field)
{
    const char *text;
    uint32_t length;

    if (operation->reason == NULL && event_text(event, field, &text, &length) && length > 0) {
        operation->reason = g_strndup(text, length);
    }
}

static void pop_oldest(struct hotplug *hotplug)
{
    struct hotplug_operation *operation = g_queue_pop_head(&hotplug->operations);

    hotplug->options.through(operation, hotplug->options.opaque);
    if (hotplug->current == operation) {
        hotplug->current = NULL;
    }
    operation_free(operation);
}

static bool is_of(const struct hotplug_operation *operation, const char *device, uint32_t length)
{
    return strlen(operation->device) == length && memcmp(operation->device, device, length) == 0;
}

/* The device's last operation. */
static struct hotplug_operation *find_by_device(const struct hotplug *hotplug,
                                                const struct trace_event *event)
{
    const char *device;
    uint32_t length;

    if (!event_text(event, "device", &device, &length)) {
        return NULL;
    }
    for (GList *link = hotplug->operations.tail; link != NULL; link = link->prev) {
        if (is_of(link->data, device, length)) {
            return link->data;
        }
    }
    return NULL;
}

static bool number_is(const struct hotplug_operation *operation, const struct hotplug_rule *rule,
                      uint64_t number)
{
    if (!operation->has_number || operation->family != rule->family) {
        return false;
    }
    return rule->match == MATCH_MASK
               ? operation->number < 64 && (number >> operation->number & 1) != 0
               : operation->number == number;
}

/* The last operation on what has this number; one that is through at once is no longer told. */
static struct hotplug_operation *find_by_number(const struct hotplug *hotplug,
                                                const struct hotplug_rule *rule,
                                                const struct trace_event *event)
{
    uint64_t number;

    if (!event_number(event, rule->number_field, &number)) {
        return NULL;
    }
    for (GList *link = hotplug->operations.tail; link != NULL; link = link->prev) {
        struct hotplug_operation *operation = link->data;

        if (!operation->is_closed && number_is(operation, rule, number)) {
            return operation;
        }
    }
    return NULL;
}

static void begin(struct hotplug *hotplug, const struct trace_event *event, bool is_unplug)
{
    struct hotplug_operation *operation = g_new0(struct hotplug_operation, 1);
    const char *text;
    uint32_t length;

    operation->is_unplug = is_unplug;
    if (event_text(event, "driver", &text, &length)) {
        operation->driver = g_strndup(text, length);
    }
    operation->device = event_text(event, "id", &text, &length) && length > 0
                            ? g_strndup(text, length)
                            : g_strdup(operation->driver != NULL ? operation->driver : "?");
    if (hotplug->options.story_of != NULL &&
        strcmp(hotplug->options.story_of, operation->device) == 0) {
        operation->story = g_string_new(NULL);
    }
    if (g_queue_get_length(&hotplug->operations) == HOTPLUG_OPERATIONS_MAX) {
        pop_oldest(hotplug);
    }
    g_queue_push_tail(&hotplug->operations, operation);
    hotplug->current = operation;
    reach(hotplug, operation, STAGE_QMP, event);
    hotplug_tell(operation, event,
                 is_unplug ? "a client asks for {id} back" : "a client adds {id}, a {driver}");
}

/* ---- events that begin or decide ---- */

static void add_begins(struct hotplug *hotplug, const struct trace_event *event)
{
    if (hotplug->current ==
        NULL) { /* qdev_device_add is inside qmp_device_add, if that is traced */
        begin(hotplug, event, false);
    }
}

static void del_begins(struct hotplug *hotplug, const struct trace_event *event)
{
    if (hotplug->current == NULL) {
        begin(hotplug, event, true);
    }
}

static void command_ends(struct hotplug *hotplug, const struct trace_event *event)
{
    uint64_t ok;

    if (hotplug->current == NULL || !event_number(event, "ok", &ok)) {
        return;
    }
    if (ok == 0) {
        decide(hotplug, hotplug->current, RESULT_REFUSED);
    } else if (event->turn == 0) {
        decide(hotplug, hotplug->current, RESULT_DONE);
    }
}

static void refused(struct hotplug *hotplug, const struct trace_event *event)
{
    if (hotplug->current != NULL) {
        give_reason(hotplug->current, event, "reason");
        decide(hotplug, hotplug->current, RESULT_REFUSED);
    }
}

static void replied(struct hotplug *hotplug, const struct trace_event *event)
{
    struct hotplug_operation *current = hotplug->current;
    uint64_t ok;

    if (current != NULL && event_number(event, "ok", &ok) && ok == 0) {
        give_reason(current, event, "error");
        decide(hotplug, current, RESULT_REFUSED);
        hotplug_tell(current, event, "the client gets the error: {error}");
    } else if (current != NULL) {
        hotplug_tell(current, event, "the client is told that it is accepted");
    }
}

static void kept(struct hotplug *hotplug, const struct trace_event *event)
{
    struct hotplug_operation *operation = find_by_device(hotplug, event);

    if (operation != NULL && operation->is_unplug) {
        give_reason(operation, event, "why");
        decide(hotplug, operation, RESULT_FAILED);
    }
}

static void deleted(struct hotplug *hotplug, const struct trace_event *event)
{
    struct hotplug_operation *operation = find_by_device(hotplug, event);

    if (operation != NULL && operation->is_unplug) {
        decide(hotplug, operation, RESULT_DONE);
    }
}

static bool proceeds(uint64_t source, uint64_t status)
{
    return source == OST_INSERTION ? status == OST_INSERTION_PROCEEDS
                                   : status == OST_EJECTION_PROCEEDS;
}

static void reported(struct hotplug *hotplug, const struct trace_event *event)
{
    struct hotplug_operation *operation = find_by_device(hotplug, event);
    uint64_t source, status;
    bool of_unplug;

    if (operation == NULL || !event_number(event, "source", &source) ||
        !event_number(event, "status", &status)) {
        return;
    }
    source = OST_SOURCE_EVENT(source);
    of_unplug = source == OST_EJECT_REQUEST || source == OST_EJECTION;
    if (of_unplug != operation->is_unplug || proceeds(source, status)) {
        return;
    }
    if (status == OST_SUCCESS) {
        if (!of_unplug) {
            decide(hotplug, operation, RESULT_DONE);
        }
        return;
    }
    if (operation->result == RESULT_PENDING) {
        give_reason(operation, event, "meaning");
        decide(hotplug, operation, RESULT_FAILED);
    }
}

static const struct {
    const char *event;
    enum event_phase phase;
    void (*handle)(struct hotplug *hotplug, const struct trace_event *event);
} specials[] = {
    { "qmp_device_add", EVENT_ENTER, add_begins },
    { "qdev_device_add", EVENT_ENTER, add_begins },
    { "qmp_device_del", EVENT_ENTER, del_begins },
    { "qdev_unplug", EVENT_ENTER, del_begins },
    { "qmp_device_add", EVENT_LEAVE, command_ends },
    { "qdev_device_add", EVENT_LEAVE, command_ends },
    { "qmp_device_del", EVENT_LEAVE, command_ends },
    { "qdev_unplug", EVENT_LEAVE, command_ends },
    { "device_add_refused", EVENT_INSTANT, refused },
    { "qmp_reply", EVENT_INSTANT, replied },
    { "acpi_unplug_refused", EVENT_INSTANT, kept },
    { "device_deleted", EVENT_INSTANT, deleted },
    { "acpi_device_ost", EVENT_INSTANT, reported },
};

/* ---- stages ---- */

static bool condition_holds(const struct hotplug_rule *rule, const struct trace_event *event)
{
    const char *text;
    uint64_t number;
    uint32_t length;

    if (rule->field == NULL) {
        return true;
    }
    if (event_text(event, rule->field, &text, &length)) {
        size_t wanted = strlen(rule->value);
        bool is_prefix = rule->value[wanted - 1] == '*';

        wanted -= is_prefix;
        return (is_prefix ? length >= wanted : length == wanted) &&
               memcmp(text, rule->value, wanted) == 0;
    }
    return event_number(event, rule->field, &number) &&
           strcmp(rule->value, number != 0 ? "true" : "false") == 0;
}

static struct hotplug_operation *find_operation(struct hotplug *hotplug,
                                                const struct hotplug_rule *rule,
                                                const struct trace_event *event)
{
    switch (rule->match) {
    case MATCH_CURRENT: return hotplug->current;
    case MATCH_DEVICE: return find_by_device(hotplug, event);
    case MATCH_NUMBER:
    case MATCH_MASK: break;
    }
    return find_by_number(hotplug, rule, event);
}

static void learn_number(struct hotplug_operation *operation, const struct hotplug_rule *rule,
                         const struct trace_event *event)
{
    uint64_t number;

    if (rule->match != MATCH_DEVICE || rule->family == FAMILY_NONE) {
        return;
    }
    operation->family = rule->family;
    if (rule->number_field != NULL && event_number(event, rule->number_field, &number)) {
        operation->number = number;
        operation->has_number = true;
    }
}

/* A turn is what follows from one thing from outside. On our own CPUs the guest runs on in it, and its
 * instructions later in the turn are no part of what the command did: they have another time. */
static bool is_same_moment(const struct hotplug *hotplug, const struct trace_event *event)
{
    return hotplug->turn == event->turn && hotplug->now_ns == event->now_ns;
}

static void set_moment(struct hotplug *hotplug, const struct trace_event *event)
{
    hotplug->turn = event->turn;
    hotplug->now_ns = event->now_ns;
}

/* The guest's eject is carried out an instruction later: the moment works on that device again. */
static bool resumes(const struct hotplug *hotplug, const struct hotplug_rule *rule)
{
    return hotplug->current == NULL && rule->match == MATCH_DEVICE && rule->stage != STAGE_OST &&
           rule->stage != STAGE_DELETED;
}

static void apply_rule(struct hotplug *hotplug, const struct hotplug_rule *rule,
                       const struct trace_event *event)
{
    struct hotplug_operation *operation = find_operation(hotplug, rule, event);
    bool is_news;

    if (operation == NULL || !condition_holds(rule, event)) {
        return;
    }
    if (operation->is_closed && rule->stage != STAGE_DELETED && rule->stage != STAGE_OST) {
        return;
    }
    learn_number(operation, rule, event);
    is_news = rule->stage != STAGE_READ || !operation->stages[STAGE_READ].reached;
    /* An unplug's commit and what follows it come with the eject: the guest's answer. */
    if (rule->stage != STAGE_NONE) {
        reach(hotplug, operation, rule->stage, event);
    }
    if (rule->stage == STAGE_READ && rule->family == FAMILY_PCI && !operation->is_unplug) {
        decide(hotplug, operation, RESULT_DONE); /* PCI has no report of success. */
    }
    if (rule->stage == STAGE_EJECT || resumes(hotplug, rule)) {
        hotplug->current = operation;
        set_moment(hotplug, event);
    }
    if (is_news && rule->sentence != NULL) {
        hotplug_tell(operation, event, rule->sentence);
    }
}

static void note_enabled(struct hotplug *hotplug, const struct trace_event *event)
{
    struct hotplug_operation *current = hotplug->current;

    if (current != NULL && strcmp(event->name, "acpi_update_sci") == 0 && !current->has_enable) {
        current->has_enable = event_number(event, "gpe_enable", &current->gpe_enable);
    }
}

static guint meaning_hash(gconstpointer key)
{
    const struct meaning *meaning = key;

    return g_direct_hash(meaning->name) + (guint)meaning->phase;
}

static gboolean meaning_equal(gconstpointer a, gconstpointer b)
{
    const struct meaning *left = a, *right = b;

    return left->name == right->name && left->phase == right->phase;
}

static const struct meaning *meaning_of(struct hotplug *hotplug, const struct trace_event *event)
{
    struct meaning key = { .name = event->name, .phase = event->phase };
    struct meaning *meaning = g_hash_table_lookup(hotplug->meanings, &key);

    if (meaning != NULL) {
        return meaning;
    }
    key.rules = hotplug_rules(event->name, event->phase, &key.rule_count);
    for (size_t i = 0; i < G_N_ELEMENTS(specials); i++) {
        if (specials[i].phase == event->phase && strcmp(specials[i].event, event->name) == 0) {
            key.special = specials[i].handle;
        }
    }
    meaning = g_memdup2(&key, sizeof(key));
    g_hash_table_add(hotplug->meanings, meaning);
    return meaning;
}

bool hotplug_ignores(struct hotplug *hotplug, const struct trace_event *shape)
{
    const struct meaning *meaning = meaning_of(hotplug, shape);

    return meaning->rules == NULL && meaning->special == NULL;
}

void hotplug_event(struct hotplug *hotplug, const struct trace_event *event)
{
    const struct meaning *meaning = meaning_of(hotplug, event);

    if (meaning->rules == NULL && meaning->special == NULL) {
        return;
    }
    if (hotplug->current != NULL && !is_same_moment(hotplug, event)) {
        hotplug->current = NULL;
    }
    set_moment(hotplug, event);
    note_enabled(hotplug, event);
    for (unsigned i = 0; i < meaning->rule_count; i++) {
        apply_rule(hotplug, &meaning->rules[i], event);
    }
    if (meaning->special != NULL) {
        meaning->special(hotplug, event);
    }
}

void hotplug_finish(struct hotplug *hotplug)
{
    while (!g_queue_is_empty(&hotplug->operations)) {
        pop_oldest(hotplug);
    }
}

struct hotplug *hotplug_create(const struct hotplug_options *options)
{
    struct hotplug *hotplug = g_new0(struct hotplug, 1);

    hotplug->options = *options;
    g_queue_init(&hotplug->operations);
    hotplug->meanings = g_hash_table_new_full(meaning_hash, meaning_equal, g_free, NULL);
    return hotplug;
}

void hotplug_destroy(struct hotplug *hotplug)
{
    while (!g_queue_is_empty(&hotplug->operations)) {
        operation_free(g_queue_pop_head(&hotplug->operations));
    }
    g_hash_table_unref(hotplug->meanings);
    g_free(hotplug);
}
