#!/usr/bin/env bash
# What try.sh runs in the minimal system: the packages are installed, used and removed.
set -euo pipefail
step() { printf '== %s\n' "$*"; }
install() { apt-get install -qq --no-install-recommends "$@" >log 2>&1 || { cat log; exit 1; }; }
cd /try
dpkg-query -W -f '${Package}\n' | sort >before

step 'dpkg -i, and the packages that it asks for'
dpkg --unpack ./bcda_*.deb ./libbcda0*.deb ./libbcda-sandbox0*.deb >log
apt-get install -qq --no-install-recommends --fix-broken >log 2>&1 || { cat log; exit 1; }
dpkg-query -W -f '${Package}\n' | sort | comm -13 before - | xargs echo 'installed:'
bcda version

step 'the first commands of README.md'
bcda export --sandbox --profile bcda-v3 --out claims 2>&1 | tail -n 2
bcda export --sandbox --out claims-of-2019 2>&1 | tail -n 2
bcda tables claims --table claim_line --out claim_line.csv
bcda tables claims --all --out tables >log
[ "$(find tables -name '*.csv' | wc -l)" = "$(bcda tables --list | wc -l)" ]

step 'completion and the manual page'
# shellcheck disable=SC1091
source /usr/share/bash-completion/completions/bcda
COMP_WORDS=(bcda exp) COMP_CWORD=1
_bcda
[ "${COMPREPLY[*]}" = export ]
[ -s /usr/share/zsh/vendor-completions/_bcda ] && [ -s /usr/share/fish/vendor_completions.d/bcda.fish ]
# A minimal system leaves out manual pages.
dpkg -c bcda_*.deb | grep -q usr/share/man/man1/bcda.1.gz

step 'a program in C: pkg-config and CMake'
install gcc libc6-dev pkg-config cmake make ./libbcda-dev_*.deb
# The shared library needs none of these.
if dpkg-query -W -f '${Package}\n' | grep -E '^lib(boost.*|ssl|simdjson)-dev$'; then exit 1; fi
[ "$(pkg-config --cflags --libs bcda | xargs)" = -lbcda ]
# shellcheck disable=SC2046 # several words are meant
cc -std=c99 export.c $(pkg-config --cflags --libs bcda) -o with-pkg-config
cmake -S . -B built >log
cmake --build built >>log
bcda sandbox --port 0 >sandbox.json &
sandbox=$!
for _ in $(seq 100); do [ -s sandbox.json ] && break; sleep 0.1; done
member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' sandbox.json; }
for name in url client_id client_secret private_key ca_file; do
  export "BCDA_${name^^}=$(member $name)"
done
for program in ./with-pkg-config built/export; do
  rm -rf out
  $program out Patient,Coverage >log || { cat log; exit 1; }
  [ -s out/export.json ]
done
kill $sandbox
wait $sandbox

step 'the sandbox in a program, and the static library'
mkdir more
cat >more/main.c <<'END'
#include <bcda/bcda.h>
#include <stdio.h>
int main(void) { return puts(bcda_version()) < 0; }
END
cat >more/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(more LANGUAGES C CXX)
find_package(bcda REQUIRED COMPONENTS sandbox static)
foreach(library bcda_sandbox bcda_static)
  add_executable(with_${library} main.c)
  target_link_libraries(with_${library} PRIVATE bcda::${library})
endforeach()
END
install g++ ./libbcda-sandbox-dev_*.deb libssl-dev zlib1g-dev libsimdjson-dev \
  "$(dpkg-deb -f libbcda0*.deb Depends | grep -o 'libboost-json[0-9]*[.][0-9]*')-dev"
cmake -S more -B more/built >log || { cat log; exit 1; }
cmake --build more/built >>log || { cat log; exit 1; }
more/built/with_bcda_sandbox
more/built/with_bcda_static

step 'removed without a rest'
apt-get purge -qq bcda 'libbcda*' >log 2>&1 || { cat log; exit 1; }
[ -z "$(find / -xdev -path /try -prune -o -path /proc -prune -o -name '*bcda*' -print)" ]
echo ok
