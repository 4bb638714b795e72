#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh - builds tracedump's readers with clang's libFuzzer and runs it: of native traces and recordings, beginning with the golden files; of
# filters; or of the messages that a CTF trace becomes (guard).
# usage: tests/fuzz/fuzz.sh [filter|guard] [libFuzzer's options, such as -max_total_time=600]
set -eu
cd "$(dirname "$0")/../.."
command -v clang >/dev/null || { echo "clang is not installed" >&2; exit 77; }
build=build-fuzz corpus=build-fuzz/corpus
[ -f $build/build.ninja ] || CC=clang meson setup $build -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link
ninja -C $build -j2 tools/tracedump/libtracedump_lib.a src/base/libbase.a src/replay/libreplay.a src/state/libstate.a
mkdir -p $corpus
python3 tests/golden/write_traces.py $corpus
read -ra packages <<<"$(pkg-config --cflags --libs glib-2.0 json-c libxxhash libzstd babeltrace2 libdw)"
clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc -Itools tests/fuzz/fuzz_trace.c \
    $build/tools/tracedump/libtracedump_lib.a $build/src/replay/libreplay.a $build/src/state/libstate.a \
    $build/src/base/libbase.a "${packages[@]}" -lm -o $build/fuzz_trace
case ${1:-} in
filter | guard)
    target=$1
    shift
    clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc -Itools "tests/fuzz/fuzz_$target.c" \
        $build/tools/tracedump/libtracedump_lib.a $build/src/replay/libreplay.a $build/src/state/libstate.a $build/src/base/libbase.a \
        "${packages[@]}" -lm -o "$build/fuzz_$target"
    mkdir -p "$build/$target"
    exec "$build/fuzz_$target" -max_len=8192 "$@" "$build/$target" "tests/fuzz/corpus/$target"
    ;;
esac
exec $build/fuzz_trace -max_len=8192 "$@" $corpus
