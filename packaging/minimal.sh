# shellcheck shell=bash
# A minimal system of Debian or Ubuntu, to be sourced. debootstrap makes it, as root, from the machine's mirror.

# Runs a command in the system in $root.
within() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

leave_minimal_system() { ! mountpoint -q "$root/proc" || umount "$root/proc"; }

# Sets `root` to a fresh copy of the system that DIRECTORY keeps, and makes that one if it is missing. Its /proc is that of
# the machine until the script ends, because Java needs one.
minimal_system() { # minimal_system RELEASE DIRECTORY
  local minimal=$2
  [ -z "${root:-}" ] || leave_minimal_system
  root=$minimal.used
  leave_minimal_system
  trap leave_minimal_system EXIT
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
  mount -t proc proc "$root/proc"
  mkdir "$root/try"
  within apt-get update -qq
}
