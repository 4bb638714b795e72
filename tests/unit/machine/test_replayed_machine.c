/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_replayed_machine.c - a machine's session on a played KVM, recorded and replayed without it: what is asked,
 * what is compared, what is refused.
 */
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host_loop.h"
#include "hw/rtc/mc146818.h"
#include "machine/recorded_state.h"
#include "machine_fixture.h"
#include "replay/recording.h"

#define COMMAND_LINE "-m 64M,slots=4,maxmem=2G -smp 2 -nodefaults -S"

struct place {
    char *path;
};

static int setup(void **state)
{
    struct place *place = g_new0(struct place, 1);
    int fd = g_file_open_tmp("replug-XXXXXX.rpl", &place->path, NULL);

    assert_true(fd >= 0);
    close(fd);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    g_unlink(place->path);
    g_free(place->path);
    g_free(place);
    return 0;
}

static struct recording *new_recording(const char *path)
{
    char program[] = "test";
    char build_id[] = "";
    char *arguments[] = { NULL };
    struct recording_header header = { program, build_id, arguments, machine_schema(), 0 };
    struct recording *recording = recording_create(path, &header, NULL);

    assert_non_null(recording);
    return recording;
}

static struct recording *open_recording(const char *path)
{
    g_autoptr(GError) error = NULL;
    struct recording *recording = recording_open(path, &error);

    assert_null(error);
    return recording;
}

typedef void (*session_fn)(struct machine_fixture *fixture);

/* Gives the digest. */
static uint64_t record(const char *path, session_fn session)
{
    struct recording *recording = new_recording(path);
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    uint64_t digest;

    assert_non_null(fixture->machine);
    session(fixture);
    machine_fixture_destroy(fixture);
    assert_null(recording_write_error(recording));
    digest = recording_digest(recording);
    recording_close(recording);
    return digest;
}

/* Replays all but the last turn, which is the machine's destruction. */
static struct machine_fixture *replay_start(struct recording *recording, const char *plant)
{
    struct machine_replay_options options = { .plant = plant };
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);

    assert_non_null(fixture->machine);
    assert_true(machine_replay_start(fixture->machine, &options, NULL));
    host_loop_run(fixture->loop);
    return fixture;
}

static void check_equal(const char *path, uint64_t digest)
{
    struct recording *recording = open_recording(path);
    struct machine_fixture *fixture = replay_start(recording, NULL);
    struct recording_turn turn;

    if (recording_divergence(recording) != NULL) {
        fail_msg("%s", recording_divergence(recording)->text);
    }
    machine_fixture_destroy(fixture);
    assert_null(recording_divergence(recording));
    assert_false(recording_peek_turn(recording, &turn));
    assert_int_equal(recording_digest(recording), digest);
    recording_close(recording);
}

/* Gives the report; the caller frees it. */
static char *check_diverges(const char *path, const char *plant)
{
    struct recording *recording = open_recording(path);
    struct machine_fixture *fixture = replay_start(recording, plant);
    char *text;

    assert_non_null(recording_divergence(recording));
    text = g_strdup(recording_divergence(recording)->text);
    machine_fixture_destroy(fixture);
    recording_close(recording);
    return text;
}

/* ---- sessions ---- */

static void plug(struct machine_fixture *fixture)
{
    assert_null(machine_fixture_object_add(
        fixture, "{'qom-type':'memory-backend-ram','id':'m0','size':4194304}"));
    assert_null(
        machine_fixture_device_add(fixture, "{'driver':'pc-dimm','id':'d0','memdev':'m0'}"));
    assert_int_equal(machine_fixture_port_read(fixture, 0xa14, 1), 3);
}

static void test_plug(void **state)
{
    const struct place *place = *state;

    check_equal(place->path, record(place->path, plug));
}

static void refused_and_failed(struct machine_fixture *fixture)
{
    plug(fixture);
    assert_non_null(machine_fixture_device_add(fixture, "{'driver':'nothing'}"));
    assert_non_null(machine_fixture_object_add(
        fixture,
        "{'qom-type':'memory-backend-file','id':'f','size':4096,'mem-path':'/nonexistent/x'}"));
    assert_null(machine_fixture_fault(fixture, "kvm_set_user_memory_region=ENOMEM"));
    assert_null(machine_fixture_object_add(
        fixture, "{'qom-type':'memory-backend-memfd','id':'m1','size':4194304}"));
    assert_non_null(
        machine_fixture_device_add(fixture, "{'driver':'pc-dimm','id':'d1','memdev':'m1'}"));
    (void)machine_fixture_command(fixture, "cpus");
    (void)machine_fixture_command(fixture, "state");
    assert_null(machine_fixture_command(fixture, "cont"));
    assert_null(machine_fixture_command(fixture, "reset"));
}

static void test_failures(void **state)
{
    const struct place *place = *state;

    check_equal(place->path, record(place->path, refused_and_failed));
}

/* ---- what comes from outside within a turn ---- */

/* A batched write of the CMOS index is carried out when the memory map changes. */
static void batched_write(struct machine_fixture *fixture)
{
    fixture->batched = (struct kvm_coalesced_mmio){ .phys_addr = 0x70, .len = 1, .pio = 1 };
    fixture->batched.data[0] = 0x0d;
    fixture->has_batched = true;
    plug(fixture);
    assert_false(fixture->has_batched);
    assert_int_equal(machine_fixture_port_read(fixture, 0x71, 1), 0x80); /* register D: VRT */
}

static void test_batched_writes(void **state)
{
    const struct place *place = *state;

    check_equal(place->path, record(place->path, batched_write));
}

/* A device that reads what a guest wrote; the replay's memory has nothing of it. */
static uint64_t dma(struct machine_fixture *fixture)
{
    struct machine *machine = fixture->machine;
    uint8_t bytes[8] = { 0 };
    uint64_t value;

    machine_turn_begin(machine, 0xffff, RECORDING_TURN_timer, NULL, 0);
    assert_true(machine->dma.read(machine->dma.opaque, 0x1000, bytes, sizeof(bytes)));
    assert_true(machine->dma.write(machine->dma.opaque, 0x2000, bytes, sizeof(bytes)));
    machine_turn_end(machine);
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static void test_dma(void **state)
{
    const struct place *place = *state;
    struct recording *recording = new_recording(place->path);
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    struct recording_turn turn;

    address_space_store(fixture->machine->memory_space, 0x1000, 0x1122334455667788, 8);
    assert_int_equal(dma(fixture), 0x1122334455667788);
    machine_fixture_destroy(fixture);
    recording_close(recording);

    recording = open_recording(place->path);
    fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    assert_true(recording_peek_turn(recording, &turn));
    fixture->machine->replayed = &turn;
    assert_int_equal(address_space_load(fixture->machine->memory_space, 0x1000, 8), 0);
    assert_int_equal(dma(fixture), 0x1122334455667788);
    fixture->machine->replayed = NULL;
    assert_null(recording_divergence(recording));
    machine_fixture_destroy(fixture);
    recording_close(recording);
}

/* ---- divergences ---- */

static void test_state(void **state)
{
    const struct place *place = *state;
    g_autofree char *text = NULL;

    record(place->path, plug);
    text = check_diverges(place->path, "state@2");
    assert_non_null(strstr(text, "turn 2 (command): the state differs"));
    assert_non_null(strstr(text, ".config[0]: recorded 86, replayed 87"));
}

static void test_ioctl(void **state)
{
    const struct place *place = *state;
    g_autofree char *text = NULL;

    record(place->path, plug);
    text = check_diverges(place->path, "ioctl@2");
    assert_non_null(strstr(text, "turn 2 (command)"));
    assert_non_null(strstr(text, "request=KVM_SET_USER_MEMORY_REGION slot="));
    assert_non_null(strstr(text, "\nfields that differ:\nslot: expected "));
}

static void test_listener(void **state)
{
    const struct place *place = *state;
    g_autofree char *text = NULL;

    record(place->path, plug);
    text = check_diverges(place->path, "listener@2");
    assert_non_null(strstr(text, "turn 2 (command)"));
    assert_non_null(strstr(text, "request: expected KVM_SET_USER_MEMORY_REGION, got "));
}

/* The same commands on another machine. */
static void test_another_machine(void **state)
{
    const struct place *place = *state;
    struct recording *recording;
    struct machine_fixture *fixture;

    record(place->path, plug);
    recording = open_recording(place->path);
    fixture = machine_fixture_create_recorded("-m 32M,slots=4,maxmem=2G -nodefaults -S", recording);
    assert_non_null(recording_divergence(recording));
    assert_int_equal(recording_divergence(recording)->turn, 0);
    machine_fixture_destroy(fixture);
    recording_close(recording);
}

/* ---- turns that say what they touch ---- */

/* Says that it touches nothing, and changes the clock's CMOS memory. */
static void lie(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    const struct machine *machine = opaque;

    (void)offset;
    (void)size;
    mc146818_set_cmos(machine->rtc, 0x40, (uint8_t)value);
}

#define LIAR_PORT 0x5000

static const struct memory_region_ops liar_ops = { .write = lie, .reach = MEMORY_REACH_NOTHING };
static const struct memory_region_ops honest_ops = { .write = lie };

static void add_port(struct machine_fixture *fixture, struct memory_region *region,
                     const struct memory_region_ops *ops)
{
    struct machine *machine = fixture->machine;

    *region = (struct memory_region){ 0 };
    memory_region_init_io(region, machine->memory, "port", ops, machine, 1);
    memory_region_add_subregion(&machine->system_io, LIAR_PORT, region);
}

static void drop_port(struct machine_fixture *fixture, struct memory_region *region)
{
    memory_region_del_subregion(&fixture->machine->system_io, region);
    memory_region_fini(region);
}

/* Gives the report of the replay, NULL = equal up to the port's end. */
static char *replay_with_port(const char *path, const struct memory_region_ops *ops)
{
    struct recording *recording = new_recording(path);
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    struct machine_replay_options options = { .has_until = true, .until = 4 };
    const struct recording_divergence *divergence;
    struct memory_region region;
    char *report = NULL;

    add_port(fixture, &region, ops);
    (void)machine_fixture_port_read(fixture, 0x80, 1);
    machine_fixture_port_write(fixture, LIAR_PORT, 0x5a, 1);
    machine_fixture_port_write(fixture, 0x70, 0x40, 1);
    (void)machine_fixture_port_read(fixture, 0x71, 1);
    drop_port(fixture, &region);
    machine_fixture_destroy(fixture);
    recording_close(recording);

    recording = open_recording(path);
    fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    add_port(fixture, &region, ops);
    assert_true(machine_replay_start(fixture->machine, &options, NULL));
    host_loop_set_idle(fixture->loop, 0, (host_loop_fn)host_loop_quit, fixture->loop);
    host_loop_run(fixture->loop);
    divergence = recording_divergence(recording);
    report = divergence != NULL ? g_strdup(divergence->text) : NULL;
    drop_port(fixture, &region);
    machine_fixture_destroy(fixture);
    recording_close(recording);
    return report;
}

static void test_honest_turns(void **state)
{
    const struct place *place = *state;
    g_autofree char *report = replay_with_port(place->path, &honest_ops);

    assert_null(report);
}

static void child_that_lies(const char *path, int out)
{
    struct recording *recording = new_recording(path);
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    struct memory_region region;

    (void)dup2(out, STDERR_FILENO);
    recorded_state_set_checked(fixture->machine->recorded_state, true);
    add_port(fixture, &region, &liar_ops);
    machine_fixture_port_write(fixture, 0x70, 0x40, 1); /* honest */
    machine_fixture_port_write(fixture, LIAR_PORT, 0x5a, 1);
    _exit(0);
}

/* A hole is found at once where all is compared. */
static void test_lie_is_found(void **state)
{
    const struct place *place = *state;
    char text[512] = "";
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        child_that_lies(place->path, ends[1]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    close(ends[1]);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "a turn that had not said that it touches"));
    assert_non_null(strstr(text, "\"/machine/unattached/device["));
}

#ifndef __SANITIZE_ADDRESS__
/* Where not all is compared, the replay finds it: it compares all. */
static void test_lie_diverges(void **state)
{
    const struct place *place = *state;
    g_autofree char *report = replay_with_port(place->path, &liar_ops);

    assert_non_null(report);
    assert_non_null(strstr(report, "turn 2 (exit): the state differs"));
    assert_non_null(strstr(report, ".cmos[64]: recorded 00, replayed 5a"));
}
#endif

/* ---- looking ---- */

static void test_looking_leaves_no_mark(void **state)
{
    const struct place *place = *state;
    uint64_t digest = record(place->path, refused_and_failed);
    struct recording *recording = open_recording(place->path);
    struct machine_fixture *fixture = machine_fixture_create_recorded(COMMAND_LINE, recording);
    struct machine_replay_options options = { .has_until = true, .until = 3, .is_paused = true };
    g_autofree char *text = NULL;

    assert_true(machine_replay_start(fixture->machine, &options, NULL));
    assert_non_null(strstr(machine_fixture_command(fixture, "replay"),
                           "\"replaying\": true, \"paused\": true, \"turn\": 0, "));
    (void)machine_fixture_command(fixture, "state");
    (void)machine_fixture_command(fixture, "cpus");
    assert_null(machine_fixture_command(fixture, "cont")); /* the replay's, not the machine's */
    assert_int_equal(fixture->machine->run_state, RUN_STATE_PRELAUNCH);
    host_loop_set_idle(fixture->loop, 0, (host_loop_fn)host_loop_quit, fixture->loop);
    host_loop_run(fixture->loop);
    assert_int_equal(fixture->machine->turn, 3);
    (void)machine_fixture_command(fixture, "state");
    assert_null(machine_fixture_command(fixture, "cont"));
    host_loop_set_idle(fixture->loop, 0, NULL, NULL);
    host_loop_run(fixture->loop);
    if (recording_divergence(recording) != NULL) {
        fail_msg("%s", recording_divergence(recording)->text);
    }
    machine_fixture_destroy(fixture);
    assert_int_equal(recording_digest(recording), digest);
    recording_close(recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batched_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dma, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ioctl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listener, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_honest_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lie_is_found, setup, teardown),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test_setup_teardown(test_lie_diverges, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(test_looking_leaves_no_mark, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
