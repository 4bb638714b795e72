#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh - builds tracedump's readers of native traces and recordings with clang's libFuzzer and runs it, beginning with the golden files.
# usage: tests/fuzz/fuzz.sh [filter] [libFuzzer's options, such as -max_total_time=600]
set -eu
cd "$(dirname "$0")/../.."
command -v clang >/dev/null || { echo "clang is not installed" >&2; exit 77; }
build=build-fuzz corpus=build-fuzz/corpus
[ -f $build/build.ninja ] || CC=clang meson setup $build -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link
ninja -C $build tools/tracedump/libtracedump_lib.a src/base/libbase.a src/replay/libreplay.a
mkdir -p $corpus
python3 tests/golden/write_traces.py $corpus
read -ra packages <<<"$(pkg-config --cflags --libs glib-2.0 json-c libxxhash libzstd babeltrace2 libdw)"
clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc -Itools tests/fuzz/fuzz_trace.c \
    $build/tools/tracedump/libtracedump_lib.a $build/src/replay/libreplay.a $build/src/base/libbase.a "${packages[@]}" -lm -o $build/fuzz_trace
if [ "${1:-}" = filter ]; then
    shift
    clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc -Itools tests/fuzz/fuzz_filter.c \
        $build/tools/tracedump/libtracedump_lib.a $build/src/replay/libreplay.a $build/src/base/libbase.a "${packages[@]}" -lm -o $build/fuzz_filter
    mkdir -p $build/filters
    exec $build/fuzz_filter -max_len=256 "$@" $build/filters tests/fuzz/corpus/filter
fi
exec $build/fuzz_trace -max_len=8192 "$@" $corpus
