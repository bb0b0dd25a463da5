#!/bin/sh
# docs/servers.md has the table that the command prints, and explains each field of a profile.
# usage: profiles_reference.sh BCDA docs/servers.md
set -eu
"$1" profiles --markdown | while IFS= read -r line; do
  grep -qxF -- "$line" "$2" || { echo "$2 lacks this line; run ./dev docs: $line" >&2; exit 1; }
done
fields=$("$1" profiles generic | sed -n 's/^  "\([a-z0-9_]*\)":.*/\1/p')
[ "$(echo "$fields" | wc -l)" -gt 20 ]
for field in $fields; do
  grep -q "^|.*\`$field\`" "$2" || { echo "$2 does not explain the field $field" >&2; exit 1; }
done
