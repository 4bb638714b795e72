/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_format.h - the sizes and offsets of docs/formats/trace.md, which is normative. */
#ifndef REPLUG_TRACE_TRACE_FORMAT_H
#define REPLUG_TRACE_TRACE_FORMAT_H

#define TRACE_FILE_MAGIC        "RPLTRACE"
#define TRACE_FILE_MAJOR        2u
#define TRACE_FILE_MINOR        0u
#define TRACE_FILE_PREFIX_BYTES 24u /* magic, versions, header's length and checksum */

#define TRACE_BLOCK_MAGIC        "RBLK"
#define TRACE_BLOCK_HEADER_BYTES 24u
#define TRACE_BLOCK_CLOCK_BYTES  32u /* of the payload, in front of the records */

#define TRACE_RECORD_BYTES_MAX   0xffffu
#define TRACE_RECORD_FIXED_BYTES 64u
#define TRACE_RECORD_EVENT       2u
#define TRACE_RECORD_PHASE       4u
#define TRACE_RECORD_FLAGS       5u
#define TRACE_RECORD_VCPU        6u
#define TRACE_RECORD_SEQUENCE    8u
#define TRACE_RECORD_TURN        16u
#define TRACE_RECORD_NOW_NS      24u
#define TRACE_RECORD_ICOUNT      32u
#define TRACE_RECORD_SPAN        40u
#define TRACE_RECORD_PARENT      48u
#define TRACE_RECORD_STAMP       56u

#define TRACE_SHORT_FIXED_BYTES  12u
#define TRACE_SHORT_PARENT       6u
#define TRACE_SHORT_STAMP        8u
#define TRACE_SHORT_DISTANCE_MAX 0xffffu

#define TRACE_FLAG_BACKTRACE  1u
#define TRACE_FLAG_SHORT      2u
#define TRACE_FRAME_NO_MODULE 0xffffu

#endif
