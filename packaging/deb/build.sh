#!/usr/bin/env bash
# Makes the source package and the packages of libbcda for this release of Debian or Ubuntu, from the files of this
# checkout: build.sh DIRECTORY. The version and its changes come from CHANGELOG.md. Two builds of a commit are the same,
# byte for byte.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$1
tree=$work/tree

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# The first heading of CHANGELOG.md is "0.2.0" or "0.2.0 (unreleased)". A version before its release sorts before it,
# and a package from here before one of the distribution.
heading=$(sed -n 's/^## //p' CHANGELOG.md | head -n 1)
upstream=${heading%% *}
grep -q "^project(libbcda VERSION $upstream " CMakeLists.txt ||
  { echo "CHANGELOG.md begins with $upstream, which is not the version of CMakeLists.txt" >&2; exit 1; }
[[ $heading != *'(unreleased)' ]] || upstream+=~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)

changelog() {
  printf 'libbcda (%s-0upstream1) unstable; urgency=medium\n\n  * CHANGELOG.md lists the changes.\n\n' "$upstream"
  printf ' -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$(date -uR -d "@$SOURCE_DATE_EPOCH")"
}

rm -rf "$work"
mkdir -p "$tree"
git ls-files -z | tar --create --null --files-from=- --sort=name --mtime="@$SOURCE_DATE_EPOCH" --mode=go=rX,u+rw \
  --owner=0 --group=0 --numeric-owner --transform='s,^,libbcda/,' | gzip -n >"$work/libbcda_$upstream.orig.tar.gz"
tar -xzf "$work/libbcda_$upstream.orig.tar.gz" -C "$tree" --strip-components=1
cp -r packaging/debian "$tree/debian"
changelog >"$tree/debian/changelog"

# debhelper sets another HOME. A ccache of the user is used nevertheless. It must not make paths relative, because they
# would then be in the objects, and a build without ccache would make others.
if command -v ccache >/dev/null; then CCACHE_DIR=$(ccache --get-config cache_dir) && export CCACHE_DIR; fi
unset CCACHE_BASEDIR
DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}"
export DEB_BUILD_OPTIONS
(cd "$tree" && dpkg-buildpackage --no-sign)
