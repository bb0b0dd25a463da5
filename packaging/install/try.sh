#!/usr/bin/env bash
# Installs the wheel and the jar of DIST in minimal systems of the given releases of Debian, which debootstrap makes in
# ROOTS, as root, and runs the first commands of README.md there: try.sh DIST ROOTS RELEASE...
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packaging/minimal.sh
. "$source/packaging/minimal.sh"
dist=$(realpath "$1") roots=$2
shift 2

for release in "$@"; do
  minimal_system "$release" "$roots/$release"
  cp "$dist"/bcda.jar "$dist"/bcda-*.whl "$source/packaging/install/tried.sh" "$root/try"
  cp -r "$source/examples/java" "$root/try"
  within /try/tried.sh
done
