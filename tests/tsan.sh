#!/usr/bin/env bash
# Builds with ThreadSanitizer and runs the tests of everything that runs in parallel. Debian's TBB is
# not instrumented: its hand-overs would be reported as races, and silencing it silences ours. So
# this build runs the parallel loops on std::jthread; a planted race shows that one would be found.
# Apart from tests/run.sh, which does not take the time. Options are passed on to ctest.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/install_packages.sh

# GCC 12's ThreadSanitizer does not start where the kernel spreads addresses more widely than it
# knows of; containers may not allow to switch that off, and mostly do not need to.
fixed=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed=(setarch "$(uname -m)" -R)
fi
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi

TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
cmake --preset tsan "${launcher[@]}" >/dev/null
"${fixed[@]}" cmake --build --preset tsan -j "$(nproc)"
"${fixed[@]}" ctest --preset tsan -j 1 --label-exclude "install|e2e" "$@"
