/* SPDX-License-Identifier: GPL-2.0-or-later */
/* generate_filter.h - which decoded instructions may become part of a sequence. */
#ifndef REPLUG_TESTS_SILICON_GENERATE_FILTER_H
#define REPLUG_TESTS_SILICON_GENERATE_FILTER_H

#include <Zydis/Zydis.h>
#include <stdbool.h>

bool silicon_is_wanted(const ZydisDecodedInstruction *instruction,
                       const ZydisDecodedOperand *operands);

#endif
