#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh - Replug's main job in one command: plugs two DIMMs into a guest on KVM, takes one away, and shows the trace of it.
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
if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
    echo "The demo needs /dev/kvm, readable and writable for $(id -un): load the kvm module, or join the group kvm." >&2
    exit 77
fi
PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1 REPLUG=$build/replug TRACEDUMP=$build/tracedump \
    GUEST=$build/tests/guest/acpi_memory.elf exec python3 tools/demo.py
