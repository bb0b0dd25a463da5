#!/bin/sh
# Compares the binary interface of a library with the baseline of its minor version. Functions and codes may be added,
# but nothing else may change. With --renew it writes a new baseline, which is needed when the minor version changes.
# usage: abi.sh [--renew] LIBRARY.so HEADERS_DIR BASELINE.xml
set -eu
renew=
if [ "$1" = --renew ]; then
  renew=yes
  shift
fi
library=$1 headers=$2 baseline=$3

if [ -n "$renew" ]; then
  abidw --headers-dir "$headers" --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs \
    --no-elf-needed --no-parameter-names --exported-interfaces-only --out-file "$baseline" "$library"
  exit
fi
soname() { sed -n "s/.* soname='\([^']*\)'.*/\1/p" "$1" | head -n 1; }
ours=$(objdump -p "$library" | awk '$1 == "SONAME" {print $2}')
if [ "$(soname "$baseline")" != "$ours" ]; then
  echo "$baseline is of $(soname "$baseline"), the library is $ours: renew it (docs/ARCHITECTURE.md)" >&2
  exit 1
fi
# It fails for changes that affect compiled programs. A new code at the end of an enum does not affect them.
abidiff --headers-dir2 "$headers" --drop-private-types --no-added-syms "$baseline" "$library"
