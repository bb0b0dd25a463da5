# shellcheck shell=bash
# A minimal system of Debian or Ubuntu, to be sourced. debootstrap makes it, as root, from the machine's mirror.

# Runs a command in the system in $root.
within() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# Sets `root` to a fresh copy of the system that DIRECTORY keeps, and makes that one if it is missing.
minimal_system() { # minimal_system RELEASE DIRECTORY
  local minimal=$2
  root=$minimal.used
  if [ ! -e "$minimal/made" ]; then
    echo "== a minimal $1"
    mkdir -p "$minimal"
    debootstrap --variant=minbase "$1" "$minimal" >"$minimal.log" || { tail "$minimal.log"; return 1; }
    touch "$minimal/made"
  fi
  rm -rf "$root"
  cp -a "$minimal" "$root"
  echo '127.0.0.1 localhost' >"$root/etc/hosts" # of the sandbox
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  mkdir "$root/try"
  within apt-get update -qq
}
