#!/usr/bin/env bash
# Runs libFuzzer programs, two at a time: run.sh BUILD_DIRECTORY MINUTES TARGET...
# Each gets MINUTES of processor time. BUILD_DIRECTORY/corpus keeps the inputs that reached something new, for the next
# run, and BUILD_DIRECTORY/finds those that failed. Ends with status 1 if there is a find.
set -euo pipefail
ulimit -c 0

build=$1
seconds=$(($2 * 60))
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$build" && pwd)

# The stack traces of the sanitizers get names and lines.
ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-$(command -v llvm-symbolizer || command -v addr2line)}
export ASAN_SYMBOLIZER_PATH
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) # for targets that write files
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

sum() { awk '{ total += $1 } END { printf "%d", total }'; }

# libFuzzer counts the time on the clock, so it is started again until the processor time is used up. How much of the
# processor it got before says how long it should run, but at most five minutes, because the machine may become less busy.
fuzz() { # fuzz TARGET
  local target=$1 log=$build/logs/$1.log slice=$TMPDIR/$1.slice inputs left=$seconds limit=$((seconds < 300 ? seconds : 300)) status began used
  mkdir -p "$build/corpus/$target" "$build/finds/$target"
  inputs=("$build/corpus/$target" "$here/corpus/$target")
  [ ! -d "$here/finds/$target" ] || inputs+=("$here/finds/$target")
  : >"$log"
  while [ "$left" -gt 0 ]; do
    status=0 began=$SECONDS TIMEFORMAT='cpu: %U %S'
    { time "$build/tests/fuzz/fuzz_$target" -max_total_time="$limit" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$build/finds/$target/" "${inputs[@]}"; } >"$slice" 2>&1 || status=$?
    cat "$slice" >>"$log"
    used=$(awk '/^cpu: / { printf "%d", $2 + $3 + 1 }' "$slice")
    left=$((left - used))
    limit=$((left * (SECONDS - began) / used + 1))
    limit=$((limit < 300 ? limit : 300))
    [ "$status" = 0 ] || break
  done
}

row() { # row TARGET
  local log=$build/logs/$1.log runs cpu edges finds
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log" | sum)
  cpu=$(awk '/^cpu: / { print $2 + $3 }' "$log" | sum)
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  finds=$(find "$build/finds/$1" -type f | wc -l)
  printf '%-14s %12s %9s %9s %8s %6s\n' "$1" "$runs" "$((runs / (cpu > 0 ? cpu : 1)))" "$cpu" "${edges:-0}" "$finds"
}

mkdir -p "$build/logs"
running=0
for target in "$@"; do
  if [ "$running" = 2 ]; then
    wait -n || true
    running=1
  fi
  fuzz "$target" &
  running=$((running + 1))
done
wait || true

printf '%-14s %12s %9s %9s %8s %6s\n' target executions "a second" "CPU in s" edges finds
for target in "$@"; do row "$target"; done
status=0
for target in "$@"; do
  for find in "$build/finds/$target"/*; do
    [ -e "$find" ] || continue
    status=1
    echo "find: $find (why: $build/logs/$target.log)" >&2
  done
done
exit "$status"
