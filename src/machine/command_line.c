/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command_line.c - QEMU's command line into a machine_config.
 *
 * One table of options; each has a handler, or none: options that callers such as libvirt always
 * pass and that have no effect here are accepted and ignored.
 */
#include "machine/command_line.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "kvm/kvm_vm.h"
#include "machine/machine_config.h"

typedef bool (*option_fn)(struct machine_config *config, const char *argument, GError **error);

struct option {
    const char *name;
    const char *argument; /* what stands behind it, for -help; NULL = nothing */
    option_fn apply;      /* NULL = accepted without effect */
    const char *help;     /* NULL = not shown */
    bool is_host;         /* says nothing of the machine: may stand beside -replay */
};

/* A key=value list or JSON into one of the config's arrays. */
static bool append_options(GPtrArray *array, const char *argument, const char *implied,
                           GError **error)
{
    struct json_object *options = options_parse(argument, implied, error);

    if (options != NULL) {
        g_ptr_array_add(array, options);
    }
    return options != NULL;
}

static bool apply_object(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "qom-type", error);
    const char *type = options != NULL ? options_text(options, "qom-type") : NULL;

    if (options == NULL) {
        return false;
    }
    if (type != NULL &&
        strcmp(type, "secret") == 0) { /* libvirt's master key: nothing here uses one */
        json_object_put(options);
        return true;
    }
    g_ptr_array_add(config->objects, options);
    return true;
}

static bool apply_device(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->devices, argument, "driver", error);
}

static bool apply_blockdev(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->blockdevs, argument, "driver", error);
}

static bool apply_drive(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->drives, argument, NULL, error);
}

static bool apply_numa(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->numa, argument, "type", error);
}

static bool apply_chardev(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->chardevs, argument, "backend", error);
}

static bool monitor_add(struct machine_config *config, const char *argument, const char *mode,
                        bool pretty)
{
    struct json_object *monitor = json_object_new_object();

    json_object_object_add(monitor, "text", json_object_new_string(argument));
    json_object_object_add(monitor, "mode", json_object_new_string(mode));
    json_object_object_add(monitor, "pretty", json_object_new_boolean(pretty));
    g_ptr_array_add(config->monitors, monitor);
    return true;
}

static bool apply_mon(struct machine_config *config, const char *argument, GError **error)
{
    return append_options(config->monitors, argument, "chardev", error);
}

static bool apply_qmp(struct machine_config *config, const char *argument, GError **error)
{
    (void)error;
    return monitor_add(config, argument, "control", false);
}

static bool apply_qmp_pretty(struct machine_config *config, const char *argument, GError **error)
{
    (void)error;
    return monitor_add(config, argument, "control", true);
}

static bool apply_monitor(struct machine_config *config, const char *argument, GError **error)
{
    (void)error;
    return strcmp(argument, "none") == 0 || monitor_add(config, argument, "readline", false);
}

static bool apply_serial(struct machine_config *config, const char *argument, GError **error)
{
    (void)error;
    g_ptr_array_add(config->serials, g_strdup(argument));
    return true;
}

static bool apply_trace(struct machine_config *config, const char *argument, GError **error)
{
    (void)error;
    g_ptr_array_add(config->traces, g_strdup(argument));
    return true;
}

static bool apply_fault(struct machine_config *config, const char *argument, GError **error)
{
    return fault_plan_arm(&config->faults, argument, error);
}

/* "10s", "500ms": a whole number with ns, us, ms, s or m. */
static bool parse_time(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *suffix;
        uint64_t ns;
    } units[] = {
        { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 }
    };

    size_t digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    guint64 value;

    if (!g_ascii_string_to_unsigned(number, 10, 1, G_MAXINT64, &value, NULL)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(text + digits, units[i].suffix) == 0 && value <= G_MAXINT64 / units[i].ns) {
            *out_ns = value * units[i].ns;
            return true;
        }
    }
    return false;
}

/* One of -record's or -replay's; wanted: for the error. */
static bool unexpected(const char *key, const char *wanted, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Parameter '%s' is unexpected; expected %s", key, wanted);
    return false;
}

static bool need_file(const struct json_object *options, GError **error)
{
    if (options != NULL && options_text(options, "file") == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter 'file' is missing");
        return false;
    }
    return options != NULL;
}

static bool parse_verify(struct machine_config *config, const char *text, GError **error)
{
    if (strcmp(text, "io") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'verify' does not accept value '%s'; expected io", text);
        return false;
    }
    config->record_io = true;
    return true;
}

static bool apply_record_option(struct machine_config *config, const char *key, const char *text,
                                GError **error)
{
    if (strcmp(key, "file") == 0) {
        command_line_replace(&config->record_path, text);
        return true;
    }
    if (strcmp(key, "verify") == 0) {
        return parse_verify(config, text, error);
    }
    if (strcmp(key, "checkpoint") != 0) {
        return unexpected(key, "file, checkpoint or verify", error);
    }
    if (!parse_time(text, &config->checkpoint_ns)) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
            "Parameter 'checkpoint' does not accept value '%s'; expected a time such as 10s "
            "or 500ms",
            text);
        return false;
    }
    return true;
}

static bool apply_record(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "file", error);
    bool ok = need_file(options, error);

    if (ok) {
        config->record_io = false;
        json_object_object_foreach(options, key, value)
        {
            ok = ok && apply_record_option(config, key, json_object_get_string(value), error);
        }
    }
    json_object_put(options);
    return ok;
}

static bool parse_until(struct machine_config *config, const char *text, GError **error)
{
    guint64 turn;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &turn, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'until' does not accept value '%s'; expected the number of a turn",
                    text);
        return false;
    }
    config->replay_until = turn;
    config->replay_has_until = true;
    return true;
}

/* plant is for tests: docs/determinism.md. */
static bool apply_replay(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "file", error);
    bool ok = need_file(options, error);

    if (ok) {
        json_object_object_foreach(options, key, value)
        {
            const char *text = json_object_get_string(value);

            if (!ok) {
                break;
            }
            if (strcmp(key, "file") == 0) {
                command_line_replace(&config->replay_path, text);
            } else if (strcmp(key, "until") == 0) {
                ok = parse_until(config, text, error);
            } else if (strcmp(key, "from") == 0) {
                command_line_replace(&config->replay_from, text);
            } else if (strcmp(key, "plant") == 0) {
                command_line_replace(&config->replay_plant, text);
            } else {
                ok = unexpected(key, "file, from or until", error);
            }
        }
    }
    json_object_put(options);
    return ok;
}

static bool apply_name(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "guest", error);

    if (options == NULL) {
        return false;
    }
    command_line_replace(&config->name, options_text(options, "guest"));
    json_object_put(options);
    return true;
}

static bool apply_uuid(struct machine_config *config, const char *argument, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(argument, -1);

    if (!g_uuid_string_is_valid(lower)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'%s' is no UUID; expected 8-4-4-4-12 hexadecimal digits", argument);
        return false;
    }
    command_line_replace(&config->uuid, lower);
    return true;
}

/* Everything but the menu is the firmware's own choice here. */
static bool apply_boot(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options = options_parse(argument, "order", error);
    const char *menu = options != NULL ? options_text(options, "menu") : NULL;
    bool ok =
        options != NULL && (menu == NULL || options_parse_bool(menu, &config->boot_menu, error));

    json_object_put(options);
    return ok;
}

#define TEXT_OPTION(field)                                                                         \
    static bool apply_##field(struct machine_config *config, const char *argument, GError **error) \
    {                                                                                              \
        (void)error;                                                                               \
        command_line_replace(&config->field, argument);                                            \
        return true;                                                                               \
    }
#define FLAG_OPTION(field)                                                                         \
    static bool apply_##field(struct machine_config *config, const char *argument, GError **error) \
    {                                                                                              \
        (void)argument;                                                                            \
        (void)error;                                                                               \
        config->field = true;                                                                      \
        return true;                                                                               \
    }

TEXT_OPTION(bios)
TEXT_OPTION(kernel)
TEXT_OPTION(initrd)
TEXT_OPTION(append)
TEXT_OPTION(pidfile)
TEXT_OPTION(console_script)
FLAG_OPTION(start_stopped)
FLAG_OPTION(no_reboot)
FLAG_OPTION(no_shutdown)
FLAG_OPTION(daemonize)
FLAG_OPTION(nodefaults)
FLAG_OPTION(nographic)
FLAG_OPTION(digest)

static const struct option options_table[] = {
    { "machine", "TYPE[,PROP=VALUE...]", command_line_apply_machine, "pc (pc-i440fx-7.2) or none",
      false },
    { "M", "TYPE", command_line_apply_machine, NULL, false },
    { "accel", "NAME", command_line_apply_accel, "kvm", false },
    { "enable-kvm", NULL, command_line_apply_enable_kvm, "the same as -accel kvm", false },
    { "cpu", "MODEL[,+FEATURE][,-FEATURE]", command_line_apply_cpu,
      "qemu64, host or max: KVM's supported features; on soft qemu64, max, x86-64-v1 to -v3",
      false },
    { "smp", "[cpus=]N[,maxcpus=N...]", command_line_apply_smp, "virtual CPUs, 1 to 8", false },
    { "m", "[size=]MEGS[,slots=N,maxmem=SIZE]", command_line_apply_memory,
      "guest memory, DIMM slots, limit", false },
    { "object", "TYPE,id=ID[,...]", apply_object, "create an object, such as a memory backend",
      false },
    { "device", "DRIVER[,...]", apply_device, "add a device", false },
    { "blockdev", "DRIVER,node-name=NAME,...", apply_blockdev, "an image: file or raw", false },
    { "drive", "file=FILE,if=none,id=ID,format=raw", apply_drive, "the same, in one", false },
    { "netdev", "user,id=ID[,hostfwd=...]", command_line_apply_netdev, "a network of the user's",
      false },
    { "nic", "none|user[,mac=MAC][,hostfwd=...]", command_line_apply_nic,
      "the same with a virtio-net-pci on it", false },
    { "numa", "node[,...]", apply_numa, "a NUMA node; memdev= gives its memory", false },
    { "bios", "FILE", apply_bios, "firmware, such as SeaBIOS's bios-256k.bin", false },
    { "kernel", "FILE", apply_kernel, "boot a Linux bzImage or a multiboot-1 ELF image", false },
    { "initrd", "FILE", apply_initrd, "module for the kernel", false },
    { "append", "TEXT", apply_append, "command line of the kernel", false },
    { "chardev", "BACKEND,id=ID[,...]", apply_chardev, "a character device", true },
    { "serial", "CHARDEV", apply_serial, "stdio, file:PATH, unix:PATH, pty, null, none, ...",
      false },
    { "mon", "[chardev=]ID[,mode=readline|control]", apply_mon, "a monitor on a -chardev", true },
    { "qmp", "CHARDEV", apply_qmp, "a QMP monitor, such as unix:PATH,server=on,wait=off", true },
    { "qmp-pretty", "CHARDEV", apply_qmp_pretty, NULL, true },
    { "monitor", "CHARDEV", apply_monitor, "a human monitor", true },
    { "record", "FILE[,checkpoint=TIME][,verify=io]", apply_record,
      "write the session down for -replay; on soft with each device access", false },
    { "replay", "FILE[,from=CHECKPOINT][,until=TURN]", apply_replay,
      "carry a recorded session out again, without KVM and guest", true },
    { "console-script", "FILE", apply_console_script,
      "lines of INSTRUCTION TEXT or TIME TEXT, typed there on the first console", false },
    { "digest", NULL, apply_digest,
      "at the end, tell instructions, time and digest of state and memory", true },
    { "trace", "PATTERN[,file=PATH][,sink=ring|file][,backtrace=on]", apply_trace, "trace events",
      true },
    { "fault", "POINT=ERRNO[,at=N]", apply_fault, "let the Nth such call fail; -fault help lists",
      false },
    { "S", NULL, apply_start_stopped, "do not start the CPUs; use cont", true },
    { "no-reboot", NULL, apply_no_reboot, "end instead of rebooting", false },
    { "no-shutdown", NULL, apply_no_shutdown, "stop instead of ending at power-off", false },
    { "name", "TEXT", apply_name, "name of the guest", false },
    { "uuid", "UUID", apply_uuid, "UUID of the machine", false },
    { "rtc", "base=utc|DATE", command_line_apply_rtc, "what the CMOS clock shows at start", false },
    { "pidfile", "FILE", apply_pidfile, "write the process ID to FILE", true },
    { "daemonize", NULL, apply_daemonize, "go to the background once everything listens", true },
    { "nodefaults", NULL, apply_nodefaults, NULL, true },
    { "no-user-config", NULL, NULL, NULL, true },
    { "nographic", NULL, apply_nographic, "the first serial port on stdio", true },
    { "display", "TYPE", NULL, NULL, true },
    { "vga", "TYPE", NULL, NULL, false },
    { "net", "none", command_line_apply_net, NULL, false },
    { "msg", "TEXT", NULL, NULL, true },
    { "sandbox", "TEXT", NULL, NULL, false },
    { "audiodev", "TEXT", NULL, NULL, false },
    { "overcommit", "TEXT", NULL, NULL, false },
    { "boot", "[menu=on]", apply_boot, "whether the firmware shows its boot menu", false },
    { "global", "TEXT", NULL, NULL, false },
    { "no-hpet", NULL, NULL, NULL, false },
    { "no-acpi", NULL, NULL, NULL, false },
};

static const struct option *option_find(const char *word)
{
    const char *name = word + (g_str_has_prefix(word, "--") ? 2 : 1);

    for (size_t i = 0; word[0] == '-' && i < G_N_ELEMENTS(options_table); i++) {
        if (strcmp(name, options_table[i].name) == 0) {
            return &options_table[i];
        }
    }
    return NULL;
}

static char *help_text(void)
{
    GString *text = g_string_new("Replug runs a PC guest on KVM and explains its hotplugs.\n\n"
                                 "usage: replug [OPTION]...\n\n");

    for (size_t i = 0; i < G_N_ELEMENTS(options_table); i++) {
        const struct option *option = &options_table[i];

        if (option->help != NULL) {
            g_string_append_printf(text, "  -%s %s\n        %s\n", option->name,
                                   option->argument ? option->argument : "", option->help);
        }
    }
    g_string_append(text,
                    "  -help, -version\n\nExample:\n  replug -accel kvm -m 64M,slots=4,maxmem=8G "
                    "-kernel guest.elf \\\n         -qmp unix:/tmp/qmp,server=on,wait=off "
                    "-serial stdio -trace '*,file=plug.rpt'\n");
    return g_string_free(text, FALSE);
}

static char *fault_help_text(void)
{
    GString *text = g_string_new("Fault points:\n");

    for (unsigned i = 0; i < FAULT_POINT_COUNT; i++) {
        g_string_append_printf(text, "  %-30s %s\n", fault_point_name((enum fault_point)i),
                               fault_point_help((enum fault_point)i));
    }
    return g_string_free(text, FALSE);
}

static char *text_answer(const char *word, const char *next)
{
    const char *name = word + strspn(word, "-");

    if (word[0] == '-' && (strcmp(name, "help") == 0 || strcmp(word, "-h") == 0)) {
        return help_text();
    }
    if (word[0] == '-' && strcmp(name, "version") == 0) {
        return g_strdup("Replug 0.1.0, compatible with QEMU 7.2\n");
    }
    if (word[0] == '-' && strcmp(name, "fault") == 0 && next != NULL && strcmp(next, "help") == 0) {
        return fault_help_text();
    }
    return NULL;
}

static bool config_complete(struct machine_config *config, GError **error)
{
    if (!machine_is_soft(config) && config->cpus_max > KVM_VCPUS_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid SMP CPUs: maxcpus %u; expected at most %u on KVM", config->cpus_max,
                    KVM_VCPUS_MAX);
        return false;
    }
    if (!machine_is_soft(config) && (config->console_script != NULL || config->record_io)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "%s needs -accel soft: KVM doesn't count instructions",
                    config->console_script != NULL ? "-console-script" : "-record verify=io");
        return false;
    }
    if (config->maxram_bytes == 0) {
        config->maxram_bytes = config->ram_bytes;
    }
    if (config->cpus_max == 0) {
        config->cpus_max = config->sockets = config->cores = config->threads = 1;
    }
    if (config->nographic && !config->nodefaults && config->serials->len == 0) {
        g_ptr_array_add(config->serials, g_strdup("stdio"));
    }
    if (config->kernel == NULL && (config->initrd != NULL || config->append != NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "%s only allowed with -kernel option",
                    config->initrd != NULL ? "-initrd" : "-append");
        return false;
    }
    return true;
}

/* In the words of the command line, as options may stand in any order. */
static bool check_replay(const struct machine_config *config, const char *machine_option,
                         GError **error)
{
    if (config->replay_path != NULL && machine_option != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "%s can't stand beside -replay: the machine is the recording's",
                    machine_option);
        return false;
    }
    return true;
}

bool machine_config_parse(struct machine_config *config, int argc, char **argv, char **out_text,
                          GError **error)
{
    const char *machine_option = NULL;

    for (int i = 1; i < argc; i++) {
        const struct option *option = option_find(argv[i]);
        const char *argument = i + 1 < argc ? argv[i + 1] : NULL;

        *out_text = text_answer(argv[i], argument);
        if (*out_text != NULL) {
            return true;
        }
        if (option == NULL) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "%s: invalid option; -help lists the options", argv[i]);
            return false;
        }
        if (option->argument != NULL && argument == NULL) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "%s: requires an argument: %s",
                        argv[i], option->argument);
            return false;
        }
        if (option->apply != NULL && !option->apply(config, argument, error)) {
            g_prefix_error(error, "%s%s%s: ", argv[i], option->argument ? " " : "",
                           option->argument ? argument : "");
            return false;
        }
        if (machine_option == NULL && !option->is_host) {
            machine_option = argv[i];
        }
        i += option->argument != NULL;
    }
    return check_replay(config, machine_option, error) && config_complete(config, error);
}
