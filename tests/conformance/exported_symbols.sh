#!/bin/sh
# Checks that a library exports exactly the functions that its header declares.
# usage: exported_symbols.sh LIBRARY.so|LIBRARY.a HEADER.h
set -eu
library=$1 header=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $library in *.a) table=--extern-only ;; *) table=--dynamic ;; esac
nm "$table" --defined-only "$library" | awk 'NF == 3 {print $NF}' | sed 's/@.*//' | sort -u >"$work/exported"
# A declaration has BCDA_API, a type, a name and a parenthesis, on one line or two. Nothing else has this form.
tr '\n' ' ' <"$header" | grep -oE 'BCDA_API [a-z0-9_ *]+\(' | grep -oE 'bcda_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >"$work/declared"

status=0
if extra=$(comm -23 "$work/exported" "$work/declared" | grep .); then
  printf '%s shows symbols that %s does not declare:\n%s\n' "$library" "$header" "$extra" >&2
  status=1
fi
if missing=$(comm -13 "$work/exported" "$work/declared" | grep .); then
  printf '%s lacks functions that %s declares:\n%s\n' "$library" "$header" "$missing" >&2
  status=1
fi
[ $status -ne 0 ] || echo "$(wc -l <"$work/exported") symbols, all declared"
exit $status
