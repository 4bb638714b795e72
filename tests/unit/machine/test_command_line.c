/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_command_line.c - QEMU's command line: what each option sets, and what each says about a wrong argument. */
#include <json-c/json.h>
#include <string.h>

#include "machine/machine_config.h"
#include "unit.h"

#define WORDS_MAX 24

/* line: words separated by single blanks; "''" stands for an empty one. */
static bool parse(struct machine_config *config, const char *line, char **out_text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(line, " ", WORDS_MAX);
    char *argv[WORDS_MAX + 1] = { (char *)"replug" };
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = strcmp(words[argc - 1], "''") == 0 ? (char *)"" : words[argc - 1];
    }
    return machine_config_parse(config, argc, argv, out_text, error);
}

static void accept(struct machine_config *config, const char *line)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    machine_config_init(config);
    if (!parse(config, line, &text, &error)) {
        fail_msg("%s: %s", line, error->message);
    }
    assert_null(text);
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *part;
    } rows[] = {
        { "-fake", "-fake: invalid option" },
        { "x", "x: invalid option" },
        { "-", "-: invalid option" },
        { "-m", "-m: requires an argument" },
        { "-machine q35", "unsupported machine type 'q35'; expected pc" },
        { "-machine pc,foo=1", "Property 'pc-i440fx-7.2-machine.foo' not found" },
        { "-machine pc,kernel-irqchip=some",
          "Parameter 'kernel-irqchip' does not accept value 'some'; expected on, off or split" },
        { "-accel kvm,kernel-irqchip=1x", "does not accept value '1x'" },
        { "-machine pc,accel=hvf", "Accelerator 'hvf' is not available; expected kvm or soft" },
        { "-accel hvf", "Accelerator 'hvf' is not available" },
        { "-cpu Nehalem", "unable to find CPU model 'Nehalem'; expected qemu64" },
        { "-m 0", "must be a positive multiple of 4096 bytes" },
        { "-m 5000b", "must be a positive multiple of 4096 bytes" },
        { "-m x", "x" },
        { "-m 1G,slots=4", "missing 'maxmem' option" },
        { "-m 1G,maxmem=2G", "maxmem above size needs slots" },
        { "-m 2G,slots=1,maxmem=1G", "must be at least the initial memory size (0x80000000)" },
        { "-m 1G,slots=257,maxmem=2G", "Parameter 'slots' expects a number from 0 to 256" },
        { "-m 1G,slots=-1,maxmem=2G", "Parameter 'slots' expects a number" },
        { "-m 1G,foo=2", "Invalid parameter 'foo'; expected one of size, slots, maxmem" },
        { "-m 99999999999999999999", "99999999999999999999" },
        { "-smp 0x2", "Parameter 'cpus' expects a number" },
        { "-smp 17", "Invalid SMP CPUs: cpus 17, maxcpus 17; expected 1 <= cpus <= maxcpus <= 16" },
        { "-smp 9", "Invalid SMP CPUs: maxcpus 9; expected at most 8 on KVM" },
        { "-smp 4,maxcpus=2", "Invalid SMP CPUs: cpus 4, maxcpus 2" },
        { "-smp 4,cores=3", "product of the hierarchy must match maxcpus" },
        { "-smp 2,dies=2", "Parameter 'dies' expects a number from 0 to 1" },
        { "-smp 2,apples=1", "Invalid parameter 'apples'" },
        { "-uuid 123", "'123' is no UUID" },
        { "-rtc base=yesterday", "invalid base 'yesterday'; expected utc" },
        { "-fault foo=EIO", "foo" },
        { "-fault kvm_irq_line=EWHAT", "EWHAT" },
        { "-object {", "JSON parse error" },
        { "-device =x", "Invalid parameter '=x'" },
        { "-initrd a", "-initrd only allowed with -kernel option" },
        { "-append a", "-append only allowed with -kernel option" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        struct machine_config config;
        char *text = NULL;

        machine_config_init(&config);
        if (parse(&config, rows[i].line, &text, &error)) {
            fail_msg("'%s' was accepted", rows[i].line);
        }
        if (strstr(error->message, rows[i].part) == NULL) {
            fail_msg("'%s' gave '%s', expected '%s'", rows[i].line, error->message, rows[i].part);
        }
        assert_null(text);
        machine_config_fini(&config);
    }
}

static void test_every_argument_may_be_missing(void **state)
{
    static const char *const options[] = {
        "-machine", "-M",       "-accel",   "-cpu",    "-smp",    "-m",       "-object",
        "-device",  "-numa",    "-kernel",  "-initrd", "-append", "-chardev", "-serial",
        "-mon",     "-qmp",     "-monitor", "-trace",  "-fault",  "-name",    "-uuid",
        "-rtc",     "-pidfile", "-display", "-vga",    "-net",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *expected = g_strdup_printf("%s: requires an argument", options[i]);
        struct machine_config config;
        char *text = NULL;

        machine_config_init(&config);
        assert_false(parse(&config, options[i], &text, &error));
        assert_non_null(strstr(error->message, expected));
        machine_config_fini(&config);
    }
}

static void test_memory(void **state)
{
    struct machine_config config;

    (void)state;
    accept(&config, "-S");
    assert_int_equal(config.ram_bytes, 128u << 20);
    assert_int_equal(config.maxram_bytes, 128u << 20);
    assert_true(config.start_stopped);
    machine_config_fini(&config);

    accept(&config, "--m 64,slots=4,maxmem=8G");
    assert_int_equal(config.ram_bytes, 64u << 20);
    assert_int_equal(config.maxram_bytes, 8ull << 30);
    assert_int_equal(config.slots, 4);
    machine_config_fini(&config);

    accept(&config, "-m size=262144k,slots=256,maxmem=1T");
    assert_int_equal(config.ram_bytes, 256u << 20);
    assert_int_equal(config.slots, 256);
    machine_config_fini(&config);
}

static void test_topology(void **state)
{
    struct machine_config config;

    (void)state;
    accept(&config, "-smp 2,maxcpus=8,cores=2,threads=2");
    assert_int_equal(config.cpus, 2);
    assert_int_equal(config.cpus_max, 8);
    assert_int_equal(config.sockets, 2);
    machine_config_fini(&config);

    accept(&config, "-smp sockets=2,cores=2,threads=1");
    assert_int_equal(config.cpus, 4);
    machine_config_fini(&config);
}

/* What libvirt passes for such a guest. */
static void test_as_a_manager_calls(void **state)
{
    struct machine_config config;
    struct json_object *value;

    (void)state;
    accept(&config,
           "-name guest=vm,debug-threads=on -S -object {\"qom-type\":\"secret\",\"id\":\"key\"} "
           "-machine pc-i440fx-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram -accel kvm "
           "-cpu host,migratable=on -m size=65536k,slots=2,maxmem=1048576k -no-user-config "
           "-uuid 6F2A4E0C-3F0D-4F0A-9E57-0123456789ab -display none -nodefaults "
           "-rtc base=2026-01-31 -boot strict=on");
    assert_string_equal(config.name, "vm");
    assert_string_equal(config.machine_name, "pc-i440fx-7.2");
    assert_string_equal(config.ram_backend, "pc.ram");
    assert_string_equal(config.cpu_model, "host");
    assert_string_equal(config.uuid, "6f2a4e0c-3f0d-4f0a-9e57-0123456789ab");
    assert_int_equal(config.rtc_base_seconds, 1769817600);
    assert_int_equal(config.objects->len, 0);
    assert_string_equal(config.cpu_features, "migratable=on");
    machine_config_fini(&config);

    accept(&config, "-cpu max,-avx,+aes -cpu x86-64-v2");
    assert_string_equal(config.cpu_model, "x86-64-v2");
    assert_null(config.cpu_features);
    machine_config_fini(&config);

    accept(&config, "-mon chardev=c,mode=control -qmp unix:/q,server=on -qmp-pretty stdio "
                    "-monitor none -monitor stdio -chardev null,id=c -serial null -serial none "
                    "-trace * -fault kvm_irq_line=EIO,at=2 -numa node,memdev=m");
    assert_int_equal(config.monitors->len, 4);
    value = json_object_object_get(g_ptr_array_index(config.monitors, 2), "pretty");
    assert_true(json_object_get_boolean(value));
    assert_int_equal(config.serials->len, 2);
    assert_int_equal(config.faults.points[FAULT_kvm_irq_line].countdown, 2);
    machine_config_fini(&config);
}

/* Without a display the console is where the program runs, unless the caller says what there is. */
static void test_nographic(void **state)
{
    struct machine_config config;

    (void)state;
    accept(&config, "-nographic");
    assert_int_equal(config.serials->len, 1);
    assert_string_equal(g_ptr_array_index(config.serials, 0), "stdio");
    machine_config_fini(&config);
    accept(&config, "-nographic -serial null");
    assert_int_equal(config.serials->len, 1);
    assert_string_equal(g_ptr_array_index(config.serials, 0), "null");
    machine_config_fini(&config);
    accept(&config, "-nographic -nodefaults");
    assert_int_equal(config.serials->len, 0);
    machine_config_fini(&config);
}

static void test_texts(void **state)
{
    static const char *const lines[][2] = {
        { "-help", "usage: replug" },
        { "-h", "usage: replug" },
        { "--version", "compatible with QEMU 7.2" },
        { "-m 64 -fault help", "kvm_set_user_memory_region" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct machine_config config;
        g_autofree char *text = NULL;

        machine_config_init(&config);
        assert_true(parse(&config, lines[i][0], &text, NULL));
        assert_non_null(strstr(text, lines[i][1]));
        machine_config_fini(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_argument_may_be_missing),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_topology),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_nographic),
        cmocka_unit_test(test_as_a_manager_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
