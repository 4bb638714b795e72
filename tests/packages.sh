# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh - sourced by tests/run.sh and tools/demo.sh: the packages that Replug needs, and their installation.

replug_packages=(
    gcc libc6-dev binutils meson ninja-build pkg-config python3
    libglib2.0-dev libjson-c-dev libzstd-dev libxxhash-dev liblttng-ust-dev libunwind-dev libdw-dev libelf-dev
    libbabeltrace2-dev libzydis-dev libcmocka-dev babeltrace2 lttng-tools clang-format util-linux acpica-tools
    busybox-static cpio python3-pytest seabios libslirp-dev
)

# Installs what is missing on Debian 12 or later (as root or through sudo); elsewhere says what to install and goes on.
install_replug_packages() {
    local missing=() package as_root=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is no Debian: please install the equivalents of these packages yourself: ${replug_packages[*]}" >&2
        return 0
    fi
    for package in "${replug_packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    echo "Installing: ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
