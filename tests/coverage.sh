#!/usr/bin/env bash
# Prints the share of the library's lines that the tests execute, by room and by file, and ends with
# status 1 where the library as a whole, apart from the command line, is below 90 %. Writes the
# pages that mark the lines to build/coverage/report. Apart from tests/run.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/install_packages.sh
tests/install_packages.sh tests/coverage_packages.txt
if [ -z "${ATTUNE_DATA:-}" ] && [ -d ../shared/datasets ]; then
  ATTUNE_DATA=$(cd ../shared/datasets && pwd)
  export ATTUNE_DATA
fi
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi

cmake --preset coverage "${launcher[@]}" >/dev/null
cmake --build --preset coverage -j "$(nproc)" >/dev/null
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" --label-exclude "install|house|docs" | tail -n 30

report=build/coverage/report
mkdir -p "$report"
# Lines that only throw on what cannot happen are counted as any other.
gcovr --root . --object-directory build/coverage --filter src/ --filter include/ --exclude src/cli/ \
  --exclude-unreachable-branches -j "$(nproc)" --html-details "$report/index.html" \
  --json-summary "$report/summary.json" --txt --fail-under-line 90 >"$report/files.txt" || failed=yes
python3 - "$report/summary.json" <<'SUMMARY'
import collections
import json
import sys

rooms = collections.defaultdict(lambda: [0, 0])
for file in json.load(open(sys.argv[1]))["files"]:
    room = file["filename"].removeprefix("include/attune/").removeprefix("src/").split("/")[0]
    for total in (rooms[room], rooms["all"]):
        total[0] += file["line_covered"]
        total[1] += file["line_total"]
print("| room | lines | covered |\n|---|---|---|")
for room, (covered, lines) in sorted(rooms.items()):
    print(f"| {room} | {lines:,} | {100 * covered / max(lines, 1):.1f} % |")
SUMMARY
[ -z "${failed:-}" ] || { echo "Below 90 %, or gcovr failed; see $report/files.txt" >&2; exit 1; }
