/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help_filter.c - what tracedump help filter prints. */
#include "tracedump/command.h"

const char help_filter[] =
    "A filter says which events are meant:\n\n"
    "  NAME             events of this name; * ? and [a-z] as in the shell: 'kvm_*,pc_dimm_plug'\n"
    "  FIELD=VALUE      a field of the event; also != < <= > >=, and ~ for a regular expression\n"
    "  NAME(A=1, B=2)   the name and all of the conditions\n"
    "  within NAME(...) inside of such a span, its begin and end included\n"
    "  before WHEN      earlier than the first such event\n"
    "  after WHEN       later than it; of a span, than its end\n"
    "  A and B, A B     both;   A or B   one of them;   not A;   (A)\n\n"
    "Values are words, \"quoted texts\", numbers (12, -1, 0x1f, 4K, 256M, 1G, 1.5s, 20ms, 3us,\n"
    "7ns), true, false, an errno's name, ranges (1..5, 4G.., ..9) or several of them with |\n"
    "between: slot=0..3|7. A word may have * and ? in it, a quoted text means itself.\n"
    "A regular expression is /.../, or /.../i for either case.\n\n"
    "Each event also has: event (its name), phase (instant, enter or leave), turn, icount\n"
    "(instructions), now (virtual time), host (host's time), vcpu (or none), seq, span and parent.\n"
    ".turn is a field of the event's own with such a name.\n\n"
    "A condition on a field that an event does not have is not met. The end of a span has only\n"
    "the span's results: within finds it by what the begin says.\n\n"
    "WHEN is turn=12, icount=5000, now=1500, seq=7, a time (1.5s), or an event as above.\n\n"
    "Examples:\n"
    "  'pc_dimm_plug device=dimm0'\n"
    "  'kvm_* and within qmp_device_add(id=dimm0)'\n"
    "  'guest_error or kvm_ioctl error!=0'\n"
    "  'gpa=4G..5G and not memory_region_access'\n"
    "  'phase=enter event~/^acpi_.*_plug/ after turn=100'\n";
