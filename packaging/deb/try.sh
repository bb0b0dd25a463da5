#!/usr/bin/env bash
# Tries the packages in DIRECTORY in a minimal system of this release of Debian or Ubuntu, which debootstrap makes in
# ROOT, as root. It stays there, and each try gets a copy: try.sh DIRECTORY ROOT
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packaging/minimal.sh
. "$source/packaging/minimal.sh"
minimal_system "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$2"

# Everything below runs in the new system, where only the packages and the examples are.
find "$1" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$root/try" {} +
cp "$source"/examples/c/* "$source/packaging/deb/tried.sh" "$root/try"
within /try/tried.sh
