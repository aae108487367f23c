#!/usr/bin/env bash
# From a bare Debian to a trained graph attention network with aligned heads: installs the packages
# it takes, builds the attune command, and trains on Cora, or, where Cora is neither found nor can
# be fetched, on a generated graph like it. Options, if any, go to `attune train` instead of
# `--align ct`.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/install_packages.sh

build=build/quickstart
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Building the attune command (a few minutes the first time)"
if ! { cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Release "${launcher[@]}" &&
  cmake --build "$build" -j "$(nproc)" --target attune_cli; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "Building failed." >&2
  exit 1
fi
attune=$build/attune

if [ -z "${ATTUNE_DATA:-}" ] && [ -d ../shared/datasets ]; then
  ATTUNE_DATA=$(cd ../shared/datasets && pwd)
  export ATTUNE_DATA
fi

dataset=cora
if "$attune" datasets info cora >/dev/null 2>&1; then
  echo "Training on Cora"
elif "$attune" datasets fetch cora >/dev/null 2>"$log"; then
  echo "Training on Cora, which was downloaded just now"
else
  dataset=citation-like
  echo "Cora is not at hand and could not be fetched:"
  sed 's/^/  /' "$log"
  echo "Training on a generated citation-like graph of the same size instead"
fi

[ $# -gt 0 ] || set -- --align ct
echo "$ $attune train --dataset $dataset $*"
"$attune" train --dataset "$dataset" "$@"
