/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * real_guest.h - a bare VM on the host's KVM for tests: 1 MiB of RAM, real-mode code given as bytes, a
 * lock in the machine's place, and what the guest wrote to port 10h.
 *
 * Port 10h: output. Ports 11h to 13h: reads give answer. The MMIO page d0000h notes its accesses.
 */
#ifndef REPLUG_TESTS_UNIT_KVM_REAL_GUEST_H
#define REPLUG_TESTS_UNIT_KVM_REAL_GUEST_H

#include <glib.h>

#include "base/error_latch.h"
#include "cpu/x86_state.h"
#include "host/host_kvm.h"
#include "kvm/kvm_vm.h"
#include "memory/address_space.h"
#include "memory/ram_block.h"
#include "memory/region.h"
#include "memory/transaction.h"

#define GUEST_RAM_BYTES 0x100000u
#define GUEST_CODE_GPA  0x1000u
#define GUEST_MMIO_GPA  0xd0000u
#define GUEST_MMIO_SIZE 0x1000u

struct guest_access {
    uint64_t offset, value;
    unsigned size;
    bool write;
};

struct guest {
    struct host_kvm *host;
    struct kvm_calls calls;
    struct error_latch errors;
    struct memory_system *memory;
    struct memory_region root, ram, mmio, io_root, ports;
    struct memory_region_ops mmio_ops, port_ops;
    struct ram_block *block;
    uint8_t *bytes; /* the RAM */
    struct address_space *memory_space, *io_space;
    struct kvm_vm *vm;

    GMutex lock; /* the machine's, as it were; guards all below */
    GCond changed;
    GArray *out;      /* uint32_t written to port 10h */
    GArray *accesses; /* struct guest_access to the MMIO page */
    uint32_t answer;
    bool block_exits; /* exits wait */
    unsigned blocked; /* how many do */
    unsigned exits, overtaken, shutdowns, failures;
};

/* NULL when the host has no KVM; the reason is printed. */
struct guest *guest_create(unsigned vcpus);
/* Stops the vCPUs first. */
void guest_destroy(struct guest *guest);

/* Real mode at 0:gpa, segments at 0. Under the lock. */
void guest_state(struct x86_state *state, uint16_t ip);
void guest_load(struct guest *guest, unsigned vcpu, uint16_t ip);
void guest_put(struct guest *guest, uint32_t gpa, const void *bytes, size_t size);

/* Starts the threads and opens the gate. */
void guest_start(struct guest *guest);

/* Waits until the guest has written count values to port 10h; fails after 20 s. Takes the lock. */
void guest_wait_out(struct guest *guest, unsigned count);
/* Waits until *counter, under the lock, is at least value. */
void guest_wait(struct guest *guest, const unsigned *counter, unsigned value);
uint32_t guest_out(const struct guest *guest, unsigned index);

#endif
