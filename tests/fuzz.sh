#!/usr/bin/env bash
# Fuzzes every reader of files under AddressSanitizer and UndefinedBehaviorSanitizer, from the
# committed corpus, and prints a line for each: executions, executions a second, peak of memory,
# size of the corpus that was found. Stops with status 1 at the first crash, leak, sanitizer report,
# allocation above 256 MiB or input that takes 10 s, and leaves that input in build/fuzz/found.
# Apart from tests/run.sh, which replays the corpus alone.
#
#   tests/fuzz.sh [RUNS] [TARGET...]     at least RUNS executions each, 1,000,000 unless told otherwise
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-1000000}
shift || true
tests/install_packages.sh
tests/install_packages.sh tests/fuzz_packages.txt

launcher=()
if command -v ccache >/dev/null; then
  launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake --preset fuzz "${launcher[@]}" >/dev/null
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cd tests/fuzz/corpus && ls)
fi
cmake --build build/fuzz -j "$(nproc)" --target "${targets[@]/%/_fuzz}" >/dev/null

found=build/fuzz/found
mkdir -p "$found"
# Files that the targets write stay in memory where that can be.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

printf '%-12s %12s %10s %8s %8s\n' target executions per_second peak_MB corpus
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target"
  log=$TMPDIR/$target.log
  if ! "build/fuzz/tests/fuzz/${target}_fuzz" -runs="$runs" -max_len=4096 -timeout=10 \
    -malloc_limit_mb=256 -rss_limit_mb=1024 -close_fd_mask=3 -print_final_stats=1 \
    -artifact_prefix="$found/$target-" "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" \
    >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$target: failed; the input is in $found" >&2
    exit 1
  fi
  stat() { sed -n "s/^stat::$1: *//p" "$log"; }
  printf '%-12s %12s %10s %8s %8s\n' "$target" "$(stat number_of_executed_units)" \
    "$(stat average_exec_per_sec)" "$(stat peak_rss_mb)" "$(ls "build/fuzz/corpus/$target" | wc -l)"
done
