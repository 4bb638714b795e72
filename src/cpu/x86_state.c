/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpu/x86_state.h"

#include "cpu/vm_exit.h"
