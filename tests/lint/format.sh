#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format.sh - fails when a C file is not formatted as .clang-format says. usage: format.sh SOURCE_ROOT
cd "$1" || exit 1
command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 77; }
find src tools tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
