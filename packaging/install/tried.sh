#!/usr/bin/env bash
# What try.sh runs in a minimal system: the wheel and the jar are installed and used. There is no compiler, and no OpenSSL
# or C++ library is asked for.
set -euo pipefail
step() { printf '== %s\n' "$*"; }
install() { apt-get install -qq --no-install-recommends "$@" >log 2>&1 || { cat log; exit 1; }; }
cd /try
# shellcheck disable=SC1091
. /etc/os-release
step "$PRETTY_NAME, $(ldd --version | head -n 1)"

step 'pip install, without an index'
install python3-venv python3-pip
python3 -m venv venv
if ! venv/bin/pip install -q --no-index --find-links . bcda >log 2>&1; then cat log; exit 1; fi
venv/bin/pip --version
venv/bin/bcda version
venv/bin/bcda export --sandbox --profile bcda-v3 --out claims 2>&1 | tail -n 2
venv/bin/bcda export --sandbox --out claims-of-2019 2>&1 | tail -n 2
venv/bin/bcda tables claims --table claim_line --out claim_line.csv
[ "$(wc -l <claim_line.csv)" -gt 1 ]
venv/bin/python -c 'import bcda; print(bcda.Sandbox().client().export(out="trial"))'

step 'java -cp bcda.jar'
install openjdk-17-jdk-headless
java -version 2>&1 | head -n 1
java -cp bcda.jar java/NightlyExport.java --sandbox
echo ok
