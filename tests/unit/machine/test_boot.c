/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_boot.c - a multiboot kernel in guest memory, what it is told, and the processor at its first instruction. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/bytes.h"
#include "machine_fixture.h"

#define MAGIC      0x1badb002u
#define LOAD_GPA   0x200000u
#define FILE_BYTES 0x100u
#define BSS_BYTES  0x3000u

struct boot {
    char *folder, *kernel, *module;
    struct machine_fixture *fixture;
};

static char *write_file(const char *folder, const char *name, const void *bytes, size_t count)
{
    char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, bytes, (gssize)count, NULL));
    return path;
}

/* A flat kernel loaded to load_gpa with a bss behind it; byte n of it is n. */
static struct boot *boot(uint32_t load_gpa, const char *more)
{
    struct boot *boot = g_new0(struct boot, 1);
    uint8_t file[FILE_BYTES];
    g_autofree char *line = NULL;

    for (unsigned i = 0; i < FILE_BYTES; i++) {
        file[i] = (uint8_t)i;
    }
    bytes_store_le32(file, MAGIC);
    bytes_store_le32(file + 4, 0x10003);
    bytes_store_le32(file + 8, -(MAGIC + 0x10003));
    bytes_store_le32(file + 12, load_gpa);
    bytes_store_le32(file + 16, load_gpa);
    bytes_store_le32(file + 20, 0);
    bytes_store_le32(file + 24, load_gpa + FILE_BYTES + BSS_BYTES);
    bytes_store_le32(file + 28, load_gpa + 0x20);
    boot->folder = g_dir_make_tmp("replug-test-XXXXXX", NULL);
    boot->kernel = write_file(boot->folder, "kernel", file, sizeof(file));
    boot->module = write_file(boot->folder, "module.img", "module", 6);
    line = g_strdup_printf("-kernel %s %s%s", boot->kernel, more,
                           strstr(more, "-initrd") != NULL ? boot->module : "");
    boot->fixture = machine_fixture_create(line);
    return boot;
}

static void done(struct boot *boot)
{
    machine_fixture_destroy(boot->fixture);
    (void)g_remove(boot->kernel);
    (void)g_remove(boot->module);
    (void)g_remove(boot->folder);
    g_free(boot->kernel);
    g_free(boot->module);
    g_free(boot->folder);
    g_free(boot);
}

static uint32_t load32(struct boot *boot, uint64_t gpa)
{
    return (uint32_t)address_space_load(boot->fixture->machine->memory_space, gpa, 4);
}

static const char *text_at(struct boot *boot, uint64_t gpa)
{
    return address_space_ram(boot->fixture->machine->memory_space, gpa, 1);
}

static void test_entry_state(void **state)
{
    struct boot *b = boot(LOAD_GPA, "-m 64M");
    const struct machine_fixture *f = b->fixture;

    (void)state;
    assert_non_null(f->machine);
    assert_int_equal(f->regs.rax, 0x2badb002);
    assert_int_equal(f->regs.rbx, 0x9000);
    assert_int_equal(f->regs.rip, LOAD_GPA + 0x20);
    assert_int_equal(f->regs.rflags, 2);
    assert_int_equal(f->sregs.cr0 & 0x80000001, 1);
    assert_int_equal(f->sregs.efer, 0);
    assert_int_equal(f->sregs.cs.base, 0);
    assert_int_equal(f->sregs.cs.limit, 0xffffffff);
    assert_int_equal(f->sregs.cs.db, 1);
    assert_int_equal(f->sregs.cs.type & 8, 8);
    assert_int_equal(f->sregs.ss.type & 10, 2);
    assert_int_equal(f->sregs.ds.limit, 0xffffffff);
    assert_int_equal(f->mp_state.mp_state, KVM_MP_STATE_RUNNABLE);
    done(b);
}

static void test_information(void **state)
{
    struct boot *b = boot(LOAD_GPA, "-m 3584M -append console=ttyS0,quiet -initrd ");
    uint32_t flags, map, module;

    (void)state;
    assert_non_null(b->fixture->machine);
    flags = load32(b, 0x9000);
    assert_int_equal(flags, 1 | 4 | 8 | 0x40 | 0x200);
    assert_int_equal(load32(b, 0x9004), 640);
    assert_int_equal(load32(b, 0x9008), 3 * 1024 * 1024 - 1024);
    assert_string_equal(text_at(b, load32(b, 0x9010)), "console=ttyS0,quiet");
    assert_string_equal(text_at(b, load32(b, 0x9040)), "Replug");
    assert_int_equal(load32(b, 0x902c), 3 * 24);
    map = load32(b, 0x9030);
    assert_int_equal(load32(b, map), 20);
    assert_int_equal(load32(b, map + 4), 0);
    assert_int_equal(load32(b, map + 12), 0xa0000);
    assert_int_equal(load32(b, map + 20), 1);
    assert_int_equal(load32(b, map + 24 + 4), 0x100000);
    assert_int_equal(load32(b, map + 24 + 12), 0xc0000000 - 0x100000);
    assert_int_equal(load32(b, map + 48 + 8), 1); /* 4 GiB */
    assert_int_equal(load32(b, map + 48 + 12), 512u << 20);
    assert_int_equal(load32(b, 0x9014), 1);
    module = load32(b, 0x9018);
    assert_int_equal(module % 4, 0);
    /* Behind kernel and bss, at a page. */
    assert_int_equal(load32(b, module), 0x204000);
    assert_int_equal(load32(b, module + 4), 0x204006);
    assert_string_equal(text_at(b, load32(b, module + 8)), "module.img");
    assert_memory_equal(text_at(b, 0x204000), "module", 6);
    done(b);
}

/* What the guest wrote over its image is as new after a reset, and its bss is zero. */
static void test_reset_loads_again(void **state)
{
    struct boot *b = boot(LOAD_GPA, "-m 64M");
    struct machine *machine = b->fixture->machine;

    (void)state;
    assert_int_equal(address_space_load(machine->memory_space, LOAD_GPA + 0x80, 1), 0x80);
    address_space_store(machine->memory_space, LOAD_GPA + 0x80, 0x55, 1);
    address_space_store(machine->memory_space, LOAD_GPA + FILE_BYTES + BSS_BYTES - 1, 0x55, 1);
    address_space_store(machine->memory_space, LOAD_GPA + FILE_BYTES + BSS_BYTES, 0x55, 1);
    b->fixture->regs.rip = 0;
    machine_turn_begin(machine, 0xffff, RECORDING_TURN_command, NULL, 0);
    machine_system_reset(machine);
    machine_turn_end(machine);
    assert_int_equal(address_space_load(machine->memory_space, LOAD_GPA + 0x80, 1), 0x80);
    assert_int_equal(
        address_space_load(machine->memory_space, LOAD_GPA + FILE_BYTES + BSS_BYTES - 1, 1), 0);
    assert_int_equal(
        address_space_load(machine->memory_space, LOAD_GPA + FILE_BYTES + BSS_BYTES, 1), 0x55);
    assert_int_equal(b->fixture->regs.rip, LOAD_GPA + 0x20);
    done(b);
}

static void expect_refused(uint32_t load_gpa, const char *more, const char *part)
{
    struct boot *b = boot(load_gpa, more);

    assert_null(b->fixture->machine);
    if (strstr(b->fixture->error, part) == NULL) {
        fail_msg("'%s'; expected '%s'", b->fixture->error, part);
    }
    done(b);
}

static void test_no_room(void **state)
{
    g_autofree char *long_line = g_strnfill(0xa0000, 'x');
    g_autofree char *append = g_strconcat("-m 64M -append ", long_line, NULL);

    (void)state;
    expect_refused(0x4000000, "-m 64M", "a segment at 0x4000000, 0x3100 bytes, is not in RAM");
    expect_refused(0x3fffff0, "-m 64M", "is not in RAM");
    expect_refused(0x8000, "-m 64M", "overlaps the boot information at 0x9000");
    expect_refused(0x200000, "-m 2064k -initrd ", "-initrd: 0x6 bytes don't fit behind the kernel");
    expect_refused(0x200000, append, "-append: the command line is too long");
}

/* Nothing to run: the processor halts, and the machine can be inspected and plugged. */
static void test_without_kernel(void **state)
{
    struct machine_fixture *fixture = machine_fixture_create("-m 64M");

    (void)state;
    assert_int_equal(fixture->mp_state.mp_state, KVM_MP_STATE_HALTED);
    machine_fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_state),       cmocka_unit_test(test_information),
        cmocka_unit_test(test_reset_loads_again), cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_without_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
