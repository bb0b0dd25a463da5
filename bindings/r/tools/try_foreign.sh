#!/usr/bin/env bash
# Exports with the package for the other kind of machine: with Debian's R for it, unpacked into DIRECTORY, and qemu.
# ./dev r-try calls it.
# usage: try_foreign.sh MACHINE TARBALL DIRECTORY (MACHINE: aarch64 or x86_64)
set -euo pipefail
machine=$1 tarball=$2 directory=$(realpath -m "$3")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../..")
system=$directory/system library=$directory/library
# shellcheck source=packaging/apt.sh
. "$root/packaging/apt.sh"

unpack_r() (
  [ ! -e "$system/complete" ] || return 0
  # shellcheck disable=SC1091
  release=$(. /etc/os-release && echo "$VERSION_CODENAME") # with the R that made the package
  architecture=arm64
  [ "$machine" = aarch64 ] || architecture=amd64
  packages=(r-base-core r-cran-cli r-cran-jsonlite)
  private_apt "$directory/apt" "$architecture" "deb $release"
  mapfile -t packages < <(apt-get install -s --no-install-recommends "${packages[@]}" | awk '$1 == "Inst" {print $2}')
  unpack_packages "$system" "${packages[@]}"
  touch "$system/complete"
)

unpack_r
rm -rf "$library" "$directory/tried"
mkdir -p "$library" "$directory/tried"
tar -xzf "$tarball" -C "$library"
libraries=/usr/lib/R/lib
for part in /blas /lapack ''; do libraries+=:/usr/lib/$machine-linux-gnu$part; done
export R_HOME=/usr/lib/R R_SHARE_DIR=/usr/share/R/share R_LIBS=$library:/usr/lib/R/site-library
"qemu-$machine-static" -L "$system" -E LD_LIBRARY_PATH="$libraries" "$system/usr/lib/R/bin/exec/R" --no-echo --vanilla \
  --file="$root/examples/r/paid_by_month.R" --args --sandbox --out "$directory/tried/claims" --plot "$directory/tried/plot.pdf"
