/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_session.c - sessions, their switches and context. */
#include "trace/trace_session.h"
