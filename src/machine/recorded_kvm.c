/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_kvm.c - an ioctl as an effect (target, vCPU, request, argument) and an input (result, and
 * the argument afterwards where KVM writes into it), as replay/payload_layout.h has them.
 *
 * Host addresses in arguments are left out. KVM_RUN is never recorded: exits are. What the vCPU
 * threads do outside of turns passes.
 */
#include "machine/recorded_kvm.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/bytes.h"
#include "machine/machine_internal.h"
#include "replay/payload_layout.h"
#include "replay/recording.h"

#define RESULT_BYTES    sizeof(struct payload_kvm_result)
#define ENTRIES_MAX     65536u /* of a list that KVM asks a longer one for */
#define XSAVE_BYTES_MAX (1u << 20)

struct recorded_kvm {
    struct machine *machine;
    struct kvm_calls real; /* call is NULL in a replay */
    uint32_t xsave_bytes;  /* what KVM said for KVM_CAP_XSAVE2 */
    GByteArray *effect, *input;
    bool spoils;
};

/* Ioctls whose argument is a count (32 bits, at its start) and entries: _IOC_SIZE is the head's. */
struct list_row {
    unsigned long request;
    uint32_t head_bytes, entry_bytes;
};

static const struct list_row list_rows[] = {
    { KVM_GET_SUPPORTED_CPUID, sizeof(struct kvm_cpuid2), sizeof(struct kvm_cpuid_entry2) },
    { KVM_GET_EMULATED_CPUID, sizeof(struct kvm_cpuid2), sizeof(struct kvm_cpuid_entry2) },
    { KVM_SET_CPUID2, sizeof(struct kvm_cpuid2), sizeof(struct kvm_cpuid_entry2) },
    { KVM_GET_CPUID2, sizeof(struct kvm_cpuid2), sizeof(struct kvm_cpuid_entry2) },
    { KVM_GET_MSR_INDEX_LIST, sizeof(struct kvm_msr_list), sizeof(uint32_t) },
    { KVM_GET_MSR_FEATURE_INDEX_LIST, sizeof(struct kvm_msr_list), sizeof(uint32_t) },
    { KVM_GET_MSRS, sizeof(struct kvm_msrs), sizeof(struct kvm_msr_entry) },
    { KVM_SET_MSRS, sizeof(struct kvm_msrs), sizeof(struct kvm_msr_entry) },
    { KVM_SET_GSI_ROUTING, sizeof(struct kvm_irq_routing), sizeof(struct kvm_irq_routing_entry) },
    { KVM_SET_SIGNAL_MASK, sizeof(struct kvm_signal_mask), 1 },
};

static const struct list_row *find_list(unsigned long request)
{
    for (size_t i = 0; i < G_N_ELEMENTS(list_rows); i++) {
        if (list_rows[i].request == request) {
            return &list_rows[i];
        }
    }
    return NULL;
}

static uint32_t count_of(const void *argument)
{
    uint32_t count;

    memcpy(&count, argument, sizeof(count));
    return count;
}

static bool takes_number(unsigned long request)
{
    return _IOC_DIR(request) == _IOC_NONE;
}

/* KVM_GET_XSAVE2 and, since there is such a thing, KVM_SET_XSAVE take what KVM_CAP_XSAVE2 says (KVM
 * API 4.42, 4.134). */
static size_t argument_bytes(const struct recorded_kvm *recorded, unsigned long request,
                             const void *argument)
{
    const struct list_row *list = find_list(request);

    if (list != NULL) {
        return list->head_bytes + (size_t)count_of(argument) * list->entry_bytes;
    }
    if (request == KVM_GET_XSAVE2 || request == KVM_SET_XSAVE) {
        return MAX(recorded->xsave_bytes, (uint32_t)sizeof(struct kvm_xsave));
    }
    return _IOC_SIZE(request);
}

/* ---- the effect ---- */

static void hide_host_address(unsigned long request, uint8_t *argument)
{
    struct kvm_userspace_memory_region region;

    if (request == KVM_SET_USER_MEMORY_REGION) {
        memcpy(&region, argument, sizeof(region));
        region.userspace_addr = region.userspace_addr != 0;
        memcpy(argument, &region, sizeof(region));
    }
}

static void log_effect(struct recorded_kvm *recorded, enum kvm_target target, unsigned vcpu,
                       unsigned long request, const void *argument)
{
    struct payload_kvm_call head = { .target = { (uint8_t)target }, .vcpu = { (uint8_t)vcpu } };
    GByteArray *effect = recorded->effect;

    bytes_store_le32(head.request, (uint32_t)request);
    g_byte_array_set_size(effect, 0);
    g_byte_array_append(effect, (const guint8 *)&head, sizeof(head));
    if (takes_number(request)) {
        uint8_t number[8];

        bytes_store_le64(number, (uintptr_t)argument);
        g_byte_array_append(effect, number, sizeof(number));
    } else {
        g_byte_array_append(effect, argument, (guint)argument_bytes(recorded, request, argument));
        hide_host_address(request, effect->data + sizeof(head));
    }
    if (recorded->spoils) {
        effect->data[sizeof(head)] ^= 1;
        recorded->spoils = false;
    }
    machine_effect(recorded->machine, RECORDING_EFFECT_kvm_call, effect->data, effect->len);
}

/* ---- the answer ---- */

static bool writes_argument(unsigned long request)
{
    return (_IOC_DIR(request) & _IOC_READ) != 0;
}

/* A count that goes beyond its list is KVM's way to ask for a longer one, with a failure. */
static bool answer_is_possible(unsigned long request, const void *argument, int result, size_t size,
                               const uint8_t *after)
{
    const struct list_row *list = find_list(request);

    if (request == KVM_CHECK_EXTENSION && (uintptr_t)argument == KVM_CAP_XSAVE2) {
        return result <= (int)XSAVE_BYTES_MAX;
    }
    if (list == NULL || size < list->head_bytes) {
        return true;
    }
    return list->head_bytes + (size_t)count_of(after) * list->entry_bytes <= size ||
           (result < 0 && count_of(after) <= ENTRIES_MAX);
}

/* What was written down, or is now. size: of what KVM writes into the argument. */
static int log_answer(struct recorded_kvm *recorded, unsigned long request, void *argument,
                      size_t size, int result)
{
    GByteArray *input = recorded->input;

    g_byte_array_set_size(input, (guint)(RESULT_BYTES + size));
    bytes_store_le32(input->data, (uint32_t)result);
    if (size > 0) {
        memcpy(input->data + RESULT_BYTES, argument, size);
    }
    machine_input(recorded->machine, RECORDING_INPUT_kvm_call, input->data, input->len);
    if (recorded->real.call != NULL) {
        return result;
    }
    result = (int)bytes_load_le32(input->data);
    if (!answer_is_possible(request, argument, result, size, input->data + RESULT_BYTES)) {
        recording_diverge(recorded->machine->recording,
                          "an ioctl's recorded answer is larger than its argument");
        return -EIO;
    }
    if (argument != NULL && size > 0) {
        memcpy(argument, input->data + RESULT_BYTES, size);
    }
    return result;
}

static int ask(const struct recorded_kvm *recorded, enum kvm_target target, unsigned vcpu,
               unsigned long request, void *argument)
{
    if (recorded->real.call == NULL) {
        return -ENODATA; /* in a replay the registers of vCPUs and chips are nowhere */
    }
    return recorded->real.call(recorded->real.opaque, target, vcpu, request, argument);
}

static int call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                void *argument)
{
    struct recorded_kvm *recorded = opaque;
    size_t size;
    int result;

    if (request == KVM_RUN || !inputs_are_logged(recorded->machine)) {
        return ask(recorded, target, vcpu, request, argument);
    }
    log_effect(recorded, target, vcpu, request, argument);
    size = writes_argument(request) ? argument_bytes(recorded, request, argument) : 0;
    result = recorded->real.call != NULL ? ask(recorded, target, vcpu, request, argument) : 0;
    result = log_answer(recorded, request, argument, size, result);
    if (request == KVM_CHECK_EXTENSION && (uintptr_t)argument == KVM_CAP_XSAVE2) {
        recorded->xsave_bytes = (uint32_t)MAX(result, 0);
    }
    return result;
}

/* ---- coalesced writes, completions ---- */

static bool coalesced_next(void *opaque, struct kvm_coalesced_mmio *out_entry)
{
    struct recorded_kvm *recorded = opaque;
    struct payload_coalesced_look look = { { 0 } };
    struct payload_coalesced entry = { 0 };

    if (recorded->real.coalesced_next != NULL) {
        look.is_there[0] = recorded->real.coalesced_next(recorded->real.opaque, out_entry);
    }
    if (!inputs_are_logged(recorded->machine)) {
        return look.is_there[0] != 0;
    }
    machine_input(recorded->machine, RECORDING_INPUT_coalesced, &look, sizeof(look));
    if (look.is_there[0] == 0) {
        return false;
    }
    if (recorded->real.coalesced_next != NULL) {
        bytes_store_le64(entry.gpa, out_entry->phys_addr);
        bytes_store_le32(entry.length, out_entry->len);
        bytes_store_le32(entry.is_pio, out_entry->pio);
        memcpy(entry.data, out_entry->data, sizeof(out_entry->data));
    }
    machine_input(recorded->machine, RECORDING_INPUT_coalesced, &entry, sizeof(entry));
    out_entry->phys_addr = bytes_load_le64(entry.gpa);
    out_entry->len = bytes_load_le32(entry.length);
    out_entry->pio = bytes_load_le32(entry.is_pio);
    memcpy(out_entry->data, entry.data, sizeof(out_entry->data));
    return true;
}

static int io_completed(void *opaque, unsigned vcpu, int result)
{
    struct recorded_kvm *recorded = opaque;
    uint8_t bytes[RESULT_BYTES];

    (void)vcpu;
    bytes_store_le32(bytes, (uint32_t)result);
    machine_input(recorded->machine, RECORDING_INPUT_kvm_call, bytes, sizeof(bytes));
    return (int)bytes_load_le32(bytes);
}

/* ---- life ---- */

struct recorded_kvm *recorded_kvm_create(struct machine *machine, const struct kvm_calls *real,
                                         struct kvm_calls *out_calls)
{
    struct recorded_kvm *recorded = g_new0(struct recorded_kvm, 1);

    recorded->machine = machine;
    if (real != NULL) {
        recorded->real = *real;
    }
    recorded->effect = g_byte_array_new();
    recorded->input = g_byte_array_new();
    *out_calls = (struct kvm_calls){ recorded, call, coalesced_next, io_completed };
    return recorded;
}

void recorded_kvm_destroy(struct recorded_kvm *recorded)
{
    if (recorded != NULL) {
        g_byte_array_unref(recorded->effect);
        g_byte_array_unref(recorded->input);
        g_free(recorded);
    }
}

void recorded_kvm_spoil(struct recorded_kvm *recorded)
{
    recorded->spoils = true;
}
