#!/bin/sh
# Checks that docs/settings.md matches the table of settings. ./dev docs generates the file.
# usage: settings_reference.sh BCDA SETTINGS.md
set -eu
if ! "$1" settings --markdown | diff -u "$2" -; then
  echo "docs/settings.md is out of date: run ./dev docs" >&2
  exit 1
fi
