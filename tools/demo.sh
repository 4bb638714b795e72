#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh - Replug's main job in one command: boots Debian's kernel on Replug's own processors, plugs a DIMM that Linux takes and gives back,
# replays the session to the same instruction, shows the chains of its trace, and leaves a report, a page for a browser. Where the kernel
# can't be fetched a small guest takes its place.
# Installs what is missing (Debian 12 or later; elsewhere it says what to install) and builds first. usage: tools/demo.sh
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh
build=${DEMO_BUILD:-build} # a test names its own, which is built already
if [ -z "${DEMO_IN_TEST:-}" ]; then
    install_replug_packages
    [ -f "$build/build.ninja" ] || meson setup "$build" >/dev/null
    echo "Building ..." >&2
    ninja -C "$build" --quiet >&2
fi
PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1 REPLUG=$build/replug TRACEDUMP=$build/tracedump \
    GUEST=$build/tests/guest/acpi_memory.elf LINUX_FOLDER=${DEMO_LINUX:-$build/linux} DEMO_REPORT=$build/demo.html exec python3 tools/demo.py
