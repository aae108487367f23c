#!/usr/bin/env bash
# Installs the packages that are missing, builds, and runs every test: the release build with
# warnings as errors, then the same tests under AddressSanitizer and UndefinedBehaviorSanitizer.
# Public data is taken from $ATTUNE_DATA, else ../shared/datasets; tests that lack theirs are
# skipped, by name. Everything is built in build/, which a next run continues from.
#
#   tests/run.sh             everything
#   tests/run.sh release     the release build alone
#   tests/run.sh asan        the sanitized build alone
set -euo pipefail
cd "$(dirname "$0")/.."

builds=("${@:-all}")
case ${builds[0]} in
  all) builds=(release asan) ;;
  release | asan) ;;
  *) echo "tests/run.sh: expected release, asan or nothing, got \"${builds[0]}\"" >&2; exit 2 ;;
esac

tests/install_packages.sh
tests/install_packages.sh tests/browser_packages.txt ||
  echo "No browser: the tests that open a page in one are skipped." >&2
tests/install_packages.sh tests/docs_packages.txt ||
  echo "No doxygen: the test of the reference is skipped." >&2

python=ON
tests/install_packages.sh tests/python_packages.txt || {
  python=OFF
  echo "No pybind11: the Python package is neither built nor tested." >&2
}

if [ -z "${ATTUNE_DATA:-}" ] && [ -d ../shared/datasets ]; then
  ATTUNE_DATA=$(cd ../shared/datasets && pwd)
  export ATTUNE_DATA
fi
echo "Data sets: ${ATTUNE_DATA:-none; set ATTUNE_DATA to test on real ones}"

# Tests write nothing outside the folder of temporary files; theirs goes when they do.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# On a terminal as it is; else only how it ends, and all that went wrong.
quietly() {
  if [ -t 1 ]; then
    "$@"
    return
  fi
  local log=$TMPDIR/log status=0
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    sed -n '/tests passed/,$p' "$log"
  else
    grep -vE '^[ ]*(Start|[0-9]+/[0-9]+ Test) |^\[[0-9]+/[0-9]+\] (Building|Linking|Generating)' "$log" | tail -n 300
  fi
  return "$status"
}

jobs=$(nproc)
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi

for build in "${builds[@]}"; do
  SECONDS=0
  options=()
  left_out=()
  if [ "$build" = release ]; then
    options=(-D ATTUNE_PYTHON="$python")  # the interpreter itself is not sanitized
  else
    # What takes ten seconds or more here to measure, to learn or to be killed: memory errors in what
    # these run are found by tests of a tenth of the time.
    long_commands="bench|The tutorial|A browser|A GAT learns|Every training option goes on|report writes the same|text: every kind"
    left_out=(--exclude-regex "^e2e: ?($long_commands)|^unit_train_allocation|memory (stays|grows)|killed with SIGKILL|GAT learns more|parameters (as the weights|of the published)|layers of some heads.*threads|distances: same bits")
  fi
  cmake --preset "$build" "${launcher[@]}" "${options[@]}" >/dev/null
  quietly cmake --build --preset "$build" -j "$jobs"
  echo "$build: built in $SECONDS s"
  quietly ctest --preset "$build" -j "$jobs" --progress "${left_out[@]}"
  echo "$build: built and tested in $SECONDS s"
done
