#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh - installs what is missing, builds Replug in build/ and with sanitizers in build-sanitize/, runs all tests.
# The last line is "N passed, N failed, N skipped". In CI warnings of the plain build are errors.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/packages.sh
[ "${CI:-}" = true ] && replug_packages+=(chromium) # large, and for tests/e2e/report_page.py alone
install_replug_packages || exit 1

build() { # FOLDER OPTION...: configures when new, builds
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" || return 1
    ninja -C "$folder"
}

passed=0 failed=0 skipped=0
count() { # FOLDER: adds up meson's own account of the run
    local log=$1/meson-logs/testlog.json counts
    counts=$(python3 tests/support/count_results.py "$log") || { failed=$((failed + 1)); return; }
    read -r ok bad skip <<<"$counts"
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

werror=()
[ "${CI:-}" = true ] && werror=(--werror)
for variant in "build" "build-sanitize -Db_sanitize=address,undefined -Db_lundef=false"; do
    read -r folder options <<<"$variant"
    strict=()
    [ "$folder" = build ] && strict=("${werror[@]}") # gcc warns of its own instrumentation: its manual, -fsanitize
    # shellcheck disable=SC2086 # options are words
    if ! build "$folder" "${strict[@]}" $options; then
        echo "$folder: the build failed" >&2
        failed=$((failed + 1))
        continue
    fi
    rm -f "$folder/meson-logs/testlog.json"
    meson test -C "$folder" --no-rebuild --print-errorlogs
    count "$folder"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
