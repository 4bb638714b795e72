/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_words.h - recorded ioctls in words. False: it has another layout. */
#ifndef REPLUG_TRACEDUMP_KVM_WORDS_H
#define REPLUG_TRACEDUMP_KVM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words;

/* An effect kvm_call. */
bool kvm_call_words(struct words *words, const uint8_t *bytes, size_t size);

/* An input kvm_call. */
bool kvm_result_words(struct words *words, const uint8_t *bytes, size_t size);

#endif
