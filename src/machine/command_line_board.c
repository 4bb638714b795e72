/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_line_board.c - the options that describe the board: machine, accelerator, memory, processors, clock. */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "machine/command_line.h"
#include "machine/machine_internal.h"

void command_line_replace(char **at, const char *text)
{
    g_free(*at);
    *at = g_strdup(text);
}

static bool only_keys(const struct json_object *options, const char *const *known, GError **error)
{
    struct json_object_iterator at = json_object_iter_begin((struct json_object *)options);
    struct json_object_iterator end = json_object_iter_end(options);

    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *key = json_object_iter_peek_name(&at);

        if (!g_strv_contains(known, key)) {
            g_autofree char *list = g_strjoinv(", ", (char **)known);

            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Invalid parameter '%s'; expected one of %s", key, list);
            return false;
        }
    }
    return true;
}

static bool number_of(const struct json_object *options, const char *key, guint64 max,
                      unsigned *out_number, GError **error)
{
    const char *text = options_text(options, key);
    guint64 number;

    if (text == NULL) {
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter '%s' expects a number from 0 to %" G_GUINT64_FORMAT ", got '%s'",
                    key, max, text);
        return false;
    }
    *out_number = (unsigned)number;
    return true;
}

static bool accel_choose(struct machine_config *config, const char *list, GError **error)
{
    g_auto(GStrv) names = g_strsplit_set(list, ":", 8);

    for (unsigned i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], "kvm") == 0) {
            command_line_replace(&config->accel, "kvm");
            return true;
        }
        if (strcmp(names[i], "soft") == 0 || strcmp(names[i], "tcg") == 0) {
            command_line_replace(&config->accel, "soft");
            return true;
        }
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "Accelerator '%s' is not available; expected kvm or soft", list);
    return false;
}

static bool irqchip_choose(struct machine_config *config, const char *text, GError **error)
{
    bool on;

    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "split") == 0) {
        config->irqchip = KVM_IRQCHIP_SPLIT;
        return true;
    }
    if (!options_parse_bool(text, &on, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'kernel-irqchip' does not accept value '%s'; expected on, off or "
                    "split",
                    text);
        return false;
    }
    config->irqchip = on ? KVM_IRQCHIP_ON : KVM_IRQCHIP_OFF;
    return true;
}

bool command_line_apply_accel(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "accel", error);
    const char *name = options != NULL ? options_text(options, "accel") : NULL;
    bool ok = name != NULL && accel_choose(config, name, error) &&
              irqchip_choose(config, options_text(options, "kernel-irqchip"), error);

    json_object_put(options);
    return ok;
}

bool command_line_apply_enable_kvm(struct machine_config *config, const char *argument,
                                   GError **error)
{
    (void)argument;
    return accel_choose(config, "kvm", error);
}

/* Properties of QEMU's PC that callers pass. value NULL: accepted, whatever it is, as there is nothing
 * here that it could change; else the only value that holds here. */
static const struct machine_property {
    const char *name;
    const char *value;
} machine_properties[] = {
    { "type", NULL },
    { "accel", NULL },
    { "memory-backend", NULL },
    { "kernel-irqchip", NULL },
    { "acpi", "on" },
    { "nvdimm", "off" },
    { "usb", "off" },
    { "dump-guest-core", NULL },
    { "mem-merge", NULL },
    { "graphics", NULL },
    { "vmport", NULL },
    { "hpet", NULL },
    { "hmat", "off" },
    { "smm", NULL },
    { "pit", "on" },
    { "sata", "off" },
    { "smbus", NULL },
    { "i8042", NULL },
    { "fd-bootchk", NULL },
    { "suppress-vmdesc", NULL },
};

static bool check_machine_property(const char *key, const char *value, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(machine_properties); i++) {
        const struct machine_property *property = &machine_properties[i];
        bool given, expected;

        if (strcmp(property->name, key) != 0) {
            continue;
        }
        if (property->value == NULL) {
            return true;
        }
        if (!options_parse_bool(value, &given, NULL) ||
            !options_parse_bool(property->value, &expected, NULL) || given != expected) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                        "%s=%s is not supported; expected %s", key, value, property->value);
            return false;
        }
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Property 'pc-i440fx-7.2-machine.%s' not found", key);
    return false;
}

static bool check_machine_properties(const struct json_object *options, GError **error)
{
    json_object_object_foreach((struct json_object *)options, key, value)
    {
        if (!check_machine_property(key, json_object_get_string(value), error)) {
            return false;
        }
    }
    return true;
}

static bool machine_read(struct machine_config *config, const struct json_object *options,
                         GError **error)
{
    const char *type = options_text(options, "type");
    const char *accel = options_text(options, "accel");

    if (type != NULL && strcmp(type, "pc") != 0 && strcmp(type, "pc-i440fx-7.2") != 0 &&
        strcmp(type, "none") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "unsupported machine type '%s'; expected pc, pc-i440fx-7.2 or none", type);
        return false;
    }
    if (!check_machine_properties(options, error) ||
        (accel != NULL && !accel_choose(config, accel, error)) ||
        !irqchip_choose(config, options_text(options, "kernel-irqchip"), error)) {
        return false;
    }
    if (type != NULL) {
        command_line_replace(&config->machine_name,
                             strcmp(type, "pc") == 0 ? "pc-i440fx-7.2" : type);
    }
    if (options_text(options, "memory-backend") != NULL) {
        command_line_replace(&config->ram_backend, options_text(options, "memory-backend"));
    }
    return true;
}

bool command_line_apply_machine(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "type", error);
    bool ok = options != NULL && machine_read(config, options, error);

    json_object_put(options);
    return ok;
}

static bool memory_read(struct machine_config *config, const struct json_object *options,
                        GError **error)
{
    static const char *const known[] = { "size", "slots", "maxmem", NULL };
    const char *size = options_text(options, "size");
    const char *maxmem = options_text(options, "maxmem");
    uint64_t ram = config->ram_bytes, max = 0;
    unsigned slots = 0;

    if (!only_keys(options, known, error) ||
        (size != NULL && !options_parse_size(size, 1 << 20, &ram, error)) ||
        (maxmem != NULL && !options_parse_size(maxmem, 1, &max, error)) ||
        !number_of(options, "slots", 256, &slots, error)) {
        return false;
    }
    if (ram == 0 || ram % 4096 != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "size '%s' must be a positive multiple of 4096 bytes", size ? size : "0");
        return false;
    }
    if (maxmem != NULL && max < ram) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "invalid value of maxmem: maximum memory size (0x%" PRIx64
                    ") must be at least the initial memory size (0x%" PRIx64 ")",
                    max, ram);
        return false;
    }
    if ((maxmem != NULL && max > ram && slots == 0) || (slots != 0 && maxmem == NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "invalid -m option value: %s",
                    slots == 0 ? "maxmem above size needs slots as well"
                               : "missing 'maxmem' option (slots were given)");
        return false;
    }
    config->ram_bytes = ram;
    config->maxram_bytes = max;
    config->slots = slots;
    return true;
}

bool command_line_apply_memory(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "size", error);
    bool ok = options != NULL && memory_read(config, options, error);

    json_object_put(options);
    return ok;
}

static bool smp_read(struct machine_config *config, const struct json_object *options,
                     GError **error)
{
    static const char *const known[] = { "cpus",     "maxcpus", "sockets", "dies",
                                         "clusters", "cores",   "threads", NULL };
    unsigned cpus = 0, max = 0, sockets = 0, cores = 0, threads = 0, dies = 1;

    if (!only_keys(options, known, error) || !number_of(options, "cpus", 255, &cpus, error) ||
        !number_of(options, "maxcpus", 255, &max, error) ||
        !number_of(options, "sockets", 255, &sockets, error) ||
        !number_of(options, "cores", 255, &cores, error) ||
        !number_of(options, "threads", 255, &threads, error) ||
        !number_of(options, "dies", 1, &dies, error)) {
        return false;
    }
    for (unsigned i = 0; known[i] != NULL; i++) {
        const char *text = options_text(options, known[i]);

        if (text != NULL && strtoul(text, NULL, 10) == 0) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Invalid CPU topology: %s=%s; expected a number greater than zero",
                        known[i], text);
            return false;
        }
    }
    if (cpus == 0 && max == 0) {
        max = MAX(sockets, 1) * MAX(cores, 1) * MAX(threads, 1);
    }
    max = max ? max : cpus;
    cpus = cpus ? cpus : max;
    /* Of what is not given: as many cores as fit, then sockets, then threads (QEMU since 6.2). */
    if (cores == 0) {
        sockets = MAX(sockets, 1);
        threads = MAX(threads, 1);
        cores = max / (sockets * threads);
    } else if (sockets == 0) {
        threads = MAX(threads, 1);
        sockets = max / (cores * threads);
    }
    threads = threads ? threads : max / (sockets * cores);
    if (sockets * cores * threads != max) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
            "Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (%u) * "
            "cores (%u) * threads (%u) != maxcpus (%u)",
            sockets, cores, threads, max);
        return false;
    }
    if (cpus > max || max > MACHINE_CPUS_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid SMP CPUs: cpus %u, maxcpus %u; expected 1 <= cpus <= maxcpus <= %u",
                    cpus, max, MACHINE_CPUS_MAX);
        return false;
    }
    config->cpus = cpus;
    config->cpus_max = max;
    config->sockets = sockets;
    config->cores = cores;
    config->threads = threads;
    return true;
}

bool command_line_apply_smp(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "cpus", error);
    bool ok = options != NULL && smp_read(config, options, error);

    json_object_put(options);
    return ok;
}

bool command_line_apply_cpu(struct machine_config *config, const char *argument, GError **error)
{
    static const char *const models[] = { "qemu64",    "host",      "max", "x86-64-v1",
                                          "x86-64-v2", "x86-64-v3", NULL };
    g_autofree char *model = g_strndup(argument, strcspn(argument, ","));

    if (!g_strv_contains(models, model)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "unable to find CPU model '%s'; expected qemu64, host, max, x86-64-v1, "
                    "x86-64-v2 or x86-64-v3",
                    model);
        return false;
    }
    command_line_replace(&config->cpu_model, model);
    argument += strlen(model);
    g_free(config->cpu_features);
    config->cpu_features = *argument == ',' ? g_strdup(argument + 1) : NULL;
    return true;
}

static bool rtc_base_read(struct machine_config *config, const char *base, GError **error)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = NULL;
    g_autofree char *iso = NULL;

    if (strcmp(base, "utc") == 0 || strcmp(base, "localtime") == 0) {
        return true;
    }
    /* A day alone means its midnight. */
    iso = strchr(base, 'T') == NULL ? g_strconcat(base, "T00:00:00", NULL) : g_strdup(base);
    when = g_date_time_new_from_iso8601(iso, zone);
    if (when == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "invalid base '%s'; expected utc, localtime or 2026-01-31T12:00:00", base);
        return false;
    }
    config->rtc_base_seconds = g_date_time_to_unix(when);
    return true;
}

bool command_line_apply_rtc(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "base", error);
    const char *base = options != NULL ? options_text(options, "base") : NULL;
    bool ok = options != NULL && (base == NULL || rtc_base_read(config, base, error));

    json_object_put(options);
    return ok;
}
