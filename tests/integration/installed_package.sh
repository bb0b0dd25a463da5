#!/bin/sh
# Installs the build into an empty prefix and uses it like a user: builds the C example with pkg-config, with CMake and
# with the static library, and runs each against the installed `bcda sandbox` over TLS.
# usage: installed_package.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
sandbox=
clean() {
  [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

step() { printf '== %s\n' "$*"; }
member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' "$work/sandbox.json"; }

step install
cmake --install "$build" --prefix "$work/installed" >/dev/null
mv "$work/installed" "$work/moved" # nothing may remember where it was put first
prefix=$work/moved
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name bcda.pc)")
libdir=$(dirname "$(find "$prefix" -name libbcda.so)")
export PKG_CONFIG_PATH

step 'bcda sandbox'
"$prefix/bin/bcda" sandbox --port 0 >"$work/sandbox.json" &
sandbox=$!
for _ in $(seq 100); do
  [ -s "$work/sandbox.json" ] && break
  kill -0 "$sandbox"
  sleep 0.1
done
BCDA_URL=$(member url) BCDA_CLIENT_ID=$(member client_id) BCDA_PRIVATE_KEY=$(member private_key)
BCDA_CA_FILE=$(member ca_file) BCDA_CLIENT_SECRET=$(member client_secret)
export BCDA_URL BCDA_CLIENT_ID BCDA_CLIENT_SECRET BCDA_PRIVATE_KEY BCDA_CA_FILE
case $BCDA_URL in https://*) ;; *) echo "the sandbox has no TLS: $BCDA_URL" >&2 && exit 1 ;; esac

# Checks the export of the example PROGRAM: the receipt must exist, and the Patient file must end with a complete line.
check() {
  program=$1 out=$2
  "$program" "$out" Patient,Coverage >"$work/log" || { cat "$work/log" >&2 && exit 1; }
  [ -s "$out/export.json" ]
  [ ! -e "$out/.bcda" ]
  grep -q '"resourceType":"Patient"' "$out"/Patient.*.ndjson
  grep -q '"resourceType":"Coverage"' "$out"/Coverage.*.ndjson
  grep -q 'first record' "$work/log"
}

# Checks the example PROGRAM with the claims in DIRECTORY, against the lines of the command's own table.
check_lines() {
  program=$1 directory=$2
  lines=$("$prefix/bin/bcda" tables "$directory" --table claim_line --format csv --out - | tail -n +2 | wc -l)
  "$program" "$directory" >"$work/lines"
  grep -q "^$lines claim lines, [1-9][0-9]* of them with a paid amount, [0-9]*[.][0-9][0-9] dollars in all$" "$work/lines"
}

step 'the example through pkg-config'
cp -r "$source/examples/c" "$work/make"
(unset PKG_CONFIG_PATH && make -C "$work/make" PKG_CONFIG_PATH="$(dirname "$(find "$prefix" -name bcda.pc)")" >/dev/null)
LD_LIBRARY_PATH=$libdir check "$work/make/export" "$work/out-make"

step 'the example through CMake'
cmake -S "$source/examples/c" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/cmake" >/dev/null
check "$work/cmake/export" "$work/out-cmake"
"$work/cmake/export" "$work/out-claims" ExplanationOfBenefit >/dev/null
check_lines "$work/cmake/claim_lines" "$work/out-claims"
LD_LIBRARY_PATH=$libdir check_lines "$work/make/claim_lines" "$work/out-claims"

step 'the packages that were installed, and those that were not'
package() { # package FIND_PACKAGE_ARGUMENTS [TARGET]: configures a project that asks for it
  rm -rf "$work/asks"
  mkdir "$work/asks"
  {
    echo 'cmake_minimum_required(VERSION 3.25)'
    echo "project(asks LANGUAGES C)"
    echo "find_package(bcda $1 REQUIRED)"
    if [ $# -gt 1 ]; then
      # shellcheck disable=SC2016 # CMake's variables
      echo 'file(WRITE ${CMAKE_BINARY_DIR}/main.c "int main(void) { return 0; }")'
      echo 'add_executable(main ${CMAKE_BINARY_DIR}/main.c)'
      echo "target_link_libraries(main PRIVATE $2)"
    fi
  } >"$work/asks/CMakeLists.txt"
  cmake -S "$work/asks" -B "$work/asks/build" -DCMAKE_PREFIX_PATH="${from:-$prefix}" >"$work/log" 2>&1
}
refused() { # refused ARGUMENTS WORDS: the reason is given
  if package "$1"; then echo "find_package(bcda $1) succeeds" >&2 && exit 1; fi
  tr -s ' \n' ' ' <"$work/log" | grep -qF "$2" || { cat "$work/log" >&2 && exit 1; }
}
package '' bcda::bcda
package '' bcda::bcda_sandbox
package 'COMPONENTS sandbox' bcda::bcda_sandbox
refused 'COMPONENTS static' 'LANGUAGES C CXX'
refused 'COMPONENTS dynamic' 'no component dynamic'
cp -r "$prefix" "$work/plain"
rm "$(dirname "$(find "$work/plain" -name bcdaConfig.cmake)")"/bcdaSandbox*
from=$work/plain
package '' bcda::bcda
package 'OPTIONAL_COMPONENTS sandbox' bcda::bcda
refused 'COMPONENTS sandbox' 'installed without its sandbox'
from=

step 'one version rule: the name that programs load, and the package'
version=$(pkg-config --modversion bcda)
minor=${version%.*} # while the major version is 0
for library in bcda bcda_sandbox; do
  objdump -p "$libdir/lib$library.so" | grep -q "SONAME *lib$library.so.$minor\$"
done
package "$minor"
refused "0.$((${minor#0.} + 1))" "$version"
refused "0.$((${minor#0.} - 1))" "$version"

step 'the static library shows the C interface alone'
"$source/tests/conformance/exported_symbols.sh" "$libdir/libbcda.a" "$prefix/include/bcda/bcda.h"

step 'the example with the static library'
# shellcheck disable=SC2046 # several words are meant
cc -std=c99 $(pkg-config --cflags bcda) "$source/examples/c/export.c" -o "$work/export-static" \
  "$libdir/libbcda.a" $(pkg-config --static --libs bcda | tr ' ' '\n' | grep -v -e '^-lbcda$' -e '^-L')
check "$work/export-static" "$work/out-static"

step 'the example with the static library through CMake: a program in C'
mkdir "$work/static"
cat >"$work/static/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(static LANGUAGES C CXX)
find_package(bcda REQUIRED COMPONENTS static)
add_executable(export "$source/examples/c/export.c")
target_link_libraries(export PRIVATE bcda::bcda_static)
END
cmake -S "$work/static" -B "$work/static/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/static/build" >/dev/null
check "$work/static/build/export" "$work/out-static-cmake"

step 'bcda export'
check() { "$@" >/dev/null && [ -s "$work/out-command/export.json" ]; }
check "$prefix/bin/bcda" export --type Patient --out "$work/out-command"

step 'every installed header is C99 or C++17 on its own'
for header in bcda.h bcda_sandbox.h; do
  echo "#include <bcda/$header>" | cc -std=c99 -pedantic -Werror -Wall -Wextra -I"$prefix/include" -xc -fsyntax-only -
done
for header in bcda.h bcda_sandbox.h bcda.hpp bcda_sandbox.hpp; do
  echo "#include <bcda/$header>" | c++ -std=c++17 -pedantic -Werror -Wall -Wextra -I"$prefix/include" -xc++ -fsyntax-only -
done
echo ok
