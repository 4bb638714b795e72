/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/region.h"

#include "memory/address_space.h"
#include "memory/flatview.h"
#include "memory/listener.h"
#include "memory/memory_print.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
