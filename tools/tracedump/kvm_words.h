/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_words.h - recorded ioctls in words. False: it has another layout. */
#ifndef REPLUG_TRACEDUMP_KVM_WORDS_H
#define REPLUG_TRACEDUMP_KVM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words;

/* target, vCPU (a byte each), request (32 bits), the argument. */
bool kvm_call_words(struct words *words, const uint8_t *bytes, size_t size);

/* result (32 bits), the argument afterwards where KVM writes into it. */
bool kvm_result_words(struct words *words, const uint8_t *bytes, size_t size);

/* "KVM_IRQ_LINE", NULL = not known. */
const char *kvm_ioctl_name(uint32_t request);

#endif
