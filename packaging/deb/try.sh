#!/usr/bin/env bash
# Tries the packages in DIRECTORY in a minimal system of this release of Debian or Ubuntu, which debootstrap makes in
# ROOT, as root. It stays there, and each try gets a copy: try.sh DIRECTORY ROOT
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
packages=$(realpath "$1")
minimal=$2
root=$minimal.used

step() { printf '== %s\n' "$*"; }
within() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

if [ ! -e "$minimal/made" ]; then
  release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  step "a minimal $release"
  debootstrap --variant=minbase "$release" "$minimal" >"$packages/debootstrap.log"
  touch "$minimal/made"
fi
rm -rf "$root"
cp -a "$minimal" "$root"
echo '127.0.0.1 localhost' >"$root/etc/hosts" # of the sandbox
cp /etc/resolv.conf "$root/etc/resolv.conf"

# Everything below runs in the new system, where only the packages and the examples are.
mkdir "$root/try"
find "$packages" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$root/try" {} +
cp "$source"/examples/c/* "$root/try"
cp "${BASH_SOURCE[0]%/*}/tried.sh" "$root/try"
within apt-get update -qq
within /try/tried.sh
