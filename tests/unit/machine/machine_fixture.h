/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_fixture.h - a whole machine on a KVM that is played: no vCPU runs, the test acts as client and as guest.
 *
 *     struct machine_fixture *f = machine_fixture_create("-m 64M,slots=4,maxmem=2G");
 *     machine_fixture_object_add(f, "{'qom-type':'memory-backend-ram','id':'m0','size':4194304}");
 *     assert_null(machine_fixture_device_add(f, "{'driver':'pc-dimm','id':'d0','memdev':'m0'}"));
 *     assert_int_equal(machine_fixture_port_read(f, 0xa14, 1), 3);
 *     machine_fixture_destroy(f);
 */
#ifndef REPLUG_TESTS_UNIT_MACHINE_MACHINE_FIXTURE_H
#define REPLUG_TESTS_UNIT_MACHINE_MACHINE_FIXTURE_H

#include <linux/kvm.h>

#include "machine/machine_internal.h"
#include "unit.h"

#define FIXTURE_SLOTS_MAX 512
#define FIXTURE_GSI_COUNT 24

struct machine_fixture {
    struct machine_config config;
    struct host_loop *loop;
    struct trace_session *trace;
    struct machine *machine; /* NULL = it could not be created: error says why */
    char *error;
    GString *events; /* "NAME {data}" a line */
    /* The played KVM. */
    struct kvm_calls calls;
    struct kvm_userspace_memory_region slots[FIXTURE_SLOTS_MAX];
    int levels[FIXTURE_GSI_COUNT];
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_mp_state mp_state;
    struct kvm_coalesced_mmio batched; /* in the ring, if has_batched */
    bool has_batched;
};

/* command_line: words separated by blanks. Never NULL; machine may be. */
struct machine_fixture *machine_fixture_create(const char *command_line);
/* recording: what writes the session down, or is to be replayed; borrowed. */
struct machine_fixture *machine_fixture_create_recorded(const char *command_line,
                                                        struct recording *recording);
void machine_fixture_destroy(struct machine_fixture *fixture);

/* One turn each. Arguments: JSON, with ' for ". NULL = done, else the error's text, until the next
 * call. */
const char *machine_fixture_device_add(struct machine_fixture *fixture, const char *arguments);
const char *machine_fixture_device_del(struct machine_fixture *fixture, const char *id);
const char *machine_fixture_object_add(struct machine_fixture *fixture, const char *arguments);
const char *machine_fixture_object_del(struct machine_fixture *fixture, const char *id);
const char *machine_fixture_fault(struct machine_fixture *fixture, const char *fault);

/* "reset", "cont"; the queries "state", "cpus", "replay": their answer as text. */
const char *machine_fixture_command(struct machine_fixture *fixture, const char *name);

/* The guest's accesses to ports: a turn each. */
uint64_t machine_fixture_port_read(struct machine_fixture *fixture, uint16_t port, unsigned size);
void machine_fixture_port_write(struct machine_fixture *fixture, uint16_t port, uint64_t value,
                                unsigned size);

/* Everything that a refused command must leave as it was; the caller frees it. */
char *machine_fixture_dump(struct machine_fixture *fixture);
unsigned machine_fixture_slots_used(const struct machine_fixture *fixture);
/* The events since the last call; until the next one. */
const char *machine_fixture_events(struct machine_fixture *fixture);

#endif
