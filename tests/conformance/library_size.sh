#!/bin/sh
# Checks that a library has at most MIB mebibytes without its symbols for debuggers, as packages install it.
# usage: library_size.sh LIBRARY.so MIB
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objcopy --strip-all "$1" "$work/stripped"
bytes=$(stat -c %s "$work/stripped")
echo "$1: $bytes bytes, at most $(($2 * 1048576))"
[ "$bytes" -le $(($2 * 1048576)) ]
