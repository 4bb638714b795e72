/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * payload_layout.h - how the payloads of a recording begin: the one place where their fields, widths
 * and names are written down. Writers and readers go through the structs, texts through the lists
 * (payload_fields.h); docs/formats/recording.md says the same to people, and a test compares.
 *
 *     F(field, bytes, how it is shown: PAYLOAD_SHOW_...)
 *
 * Integers are little-endian (base/bytes.h). What comes behind the last field stands in the comment.
 */
#ifndef REPLUG_REPLAY_PAYLOAD_LAYOUT_H
#define REPLUG_REPLAY_PAYLOAD_LAYOUT_H

#include <stdint.h>

/* clang-format off */

/* ---- turns ---- */

/* Then, of a write, count * unit_bytes of data; then detail_count details of 8 bytes. */
#define PAYLOAD_EXIT(F) \
    F(kind, 1, EXIT) F(flags, 1, HEX) F(unit_bytes, 1, NUMBER) F(detail_count, 1, NUMBER) \
    F(count, 4, NUMBER) F(gpa, 8, HEX)

/* Then JSON. */
#define PAYLOAD_COMMAND(F) F(client, 4, NUMBER)

/* A turn or an effect console has no head: label, 0, bytes. */

/* Behind node, 0; then what was read. */
#define PAYLOAD_BLOCK_RESULT(F) F(tag, 4, NUMBER) F(error, 4, ERRNO)

/* A turn packet has no head: network, 0, the frame. */

/* Then, with verify=io, the accesses: payload_accesses.h. */
#define PAYLOAD_INTERVAL(F) \
    F(from_icount, 8, NUMBER) F(count, 8, NUMBER) F(digest, 8, HEX) F(ram_digest, 8, HEX)

/* ---- inputs ---- */

/* Then the argument's bytes where KVM writes into it. */
#define PAYLOAD_KVM_RESULT(F) F(result, 4, RESULT)

/* A look into the ring: there is a write or not. When there is one, it is the next input. */
#define PAYLOAD_COALESCED_LOOK(F) F(is_there, 1, NUMBER)
#define PAYLOAD_COALESCED(F) \
    F(gpa, 8, HEX) F(length, 4, NUMBER) F(is_pio, 4, NUMBER) F(data, 8, BYTES)

#define PAYLOAD_REALTIME(F) F(us, 8, TIME)

/* Then what belongs to the fact. */
#define PAYLOAD_HOST_FACT(F) F(fact, 1, FACT)
/* thread_id, has_kvm, image_bytes, seed: a number. chardevs: JSON, without a head. */
#define PAYLOAD_FACT_NUMBER(F) F(number, 8, NUMBER)
/* claim: nothing at success, else this and the error's text. */
#define PAYLOAD_FACT_ERROR(F) F(code, 1, NUMBER)
/* outside: then JSON or the error's text. */
#define PAYLOAD_FACT_OUTSIDE(F) F(outcome, 1, NUMBER) F(code, 1, NUMBER)
/* write_fault */
#define PAYLOAD_FACT_FAULT(F) F(error, 4, ERRNO) F(countdown, 8, NUMBER) F(every, 1, NUMBER)

#define PAYLOAD_MEMORY_ANSWER(F) F(error, 4, ERRNO) F(number, 8, NUMBER)

/* ---- effects ---- */

/* Then the argument: its bytes, or the number (8 bytes) of an ioctl that takes one. */
#define PAYLOAD_KVM_CALL(F) F(target, 1, TARGET) F(vcpu, 1, NUMBER) F(request, 4, IOCTL)

/* Then the bytes written, or their XXH3-64 (8 bytes) where there are too many to be shown. */
#define PAYLOAD_DMA_WRITE(F) F(gpa, 8, HEX) F(count, 8, NUMBER) F(memory_bytes, 8, NUMBER)

/* Then a name or path. */
#define PAYLOAD_MEMORY_CALL(F) F(what, 1, MEMORY) F(first, 8, NUMBER) F(second, 8, NUMBER)

/* The digest is the XXH3-64 of what is written. */
#define PAYLOAD_BLOCK_REQUEST(F) \
    F(operation, 1, BLOCK) F(offset, 8, NUMBER) F(count, 8, NUMBER) F(digest, 8, HEX) F(tag, 8, NUMBER)

/* Behind network, 0. The digest is the frame's XXH3-64. */
#define PAYLOAD_PACKET(F) F(count, 4, NUMBER) F(digest, 8, HEX)

#define PAYLOAD_END(F) F(exit_status, 1, NUMBER)

/* ---- the names of numbers ---- */

#define PAYLOAD_EXITS(X) \
    X(interrupted, "interrupted") X(pio, "pio") X(mmio, "mmio") X(halt, "halt") X(shutdown, "shutdown") \
    X(system_event, "system-event") X(fail_entry, "fail-entry") X(internal_error, "internal-error") \
    X(run_failed, "run-failed") X(unknown, "unknown") X(interrupt_window, "interrupt-window") \
    X(tpr, "tpr") X(eoi, "eoi")
#define PAYLOAD_FACTS(X) \
    X(thread_id) X(has_kvm) X(chardevs) X(claim) X(outside) X(write_fault) X(image_bytes) X(seed)
#define PAYLOAD_MEMORY_CALLS(X) \
    X(create_memfd) X(open_file) X(file_size) X(set_file_size) X(page_size) X(map) X(populate)
#define PAYLOAD_BLOCK_OPERATIONS(X) X(read) X(write) X(flush)
#define PAYLOAD_TARGETS(X) X(system) X(vm) X(vcpu)

#define PAYLOAD_EXIT_ENUM(name, text) PAYLOAD_EXIT_##name,
#define PAYLOAD_FACT_ENUM(name)   PAYLOAD_FACT_##name,
#define PAYLOAD_MEMORY_ENUM(name) PAYLOAD_MEMORY_##name,
enum payload_exit_kind { PAYLOAD_EXITS(PAYLOAD_EXIT_ENUM) PAYLOAD_EXIT_COUNT };
enum payload_fact { PAYLOAD_FACTS(PAYLOAD_FACT_ENUM) PAYLOAD_FACT_COUNT };
enum payload_memory_what { PAYLOAD_MEMORY_CALLS(PAYLOAD_MEMORY_ENUM) PAYLOAD_MEMORY_COUNT };

#define PAYLOAD_EXIT_FLAG_WRITE  1u
#define PAYLOAD_DMA_BYTES_SHOWN  256u

/* ---- as structs of bytes, which may lie anywhere ---- */

#define PAYLOAD_MEMBER(name, bytes, show) uint8_t name[bytes];
struct payload_exit { PAYLOAD_EXIT(PAYLOAD_MEMBER) };
struct payload_command { PAYLOAD_COMMAND(PAYLOAD_MEMBER) };
struct payload_interval { PAYLOAD_INTERVAL(PAYLOAD_MEMBER) };
struct payload_block_result { PAYLOAD_BLOCK_RESULT(PAYLOAD_MEMBER) };
struct payload_kvm_result { PAYLOAD_KVM_RESULT(PAYLOAD_MEMBER) };
struct payload_coalesced_look { PAYLOAD_COALESCED_LOOK(PAYLOAD_MEMBER) };
struct payload_coalesced { PAYLOAD_COALESCED(PAYLOAD_MEMBER) };
struct payload_realtime { PAYLOAD_REALTIME(PAYLOAD_MEMBER) };
struct payload_host_fact { PAYLOAD_HOST_FACT(PAYLOAD_MEMBER) };
struct payload_fact_number { PAYLOAD_FACT_NUMBER(PAYLOAD_MEMBER) };
struct payload_fact_error { PAYLOAD_FACT_ERROR(PAYLOAD_MEMBER) };
struct payload_fact_outside { PAYLOAD_FACT_OUTSIDE(PAYLOAD_MEMBER) };
struct payload_fact_fault { PAYLOAD_FACT_FAULT(PAYLOAD_MEMBER) };
struct payload_memory_answer { PAYLOAD_MEMORY_ANSWER(PAYLOAD_MEMBER) };
struct payload_kvm_call { PAYLOAD_KVM_CALL(PAYLOAD_MEMBER) };
struct payload_dma_write { PAYLOAD_DMA_WRITE(PAYLOAD_MEMBER) };
struct payload_memory_call { PAYLOAD_MEMORY_CALL(PAYLOAD_MEMBER) };
struct payload_block_request { PAYLOAD_BLOCK_REQUEST(PAYLOAD_MEMBER) };
struct payload_packet { PAYLOAD_PACKET(PAYLOAD_MEMBER) };
struct payload_end { PAYLOAD_END(PAYLOAD_MEMBER) };

/* clang-format on */

#endif
