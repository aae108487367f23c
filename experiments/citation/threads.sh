#!/bin/sh
# The same training on 1, 2 and 8 threads: the result files must differ in times alone.
set -eu
cd "$(dirname "$0")"
attune=${ATTUNE:-../../build/release/attune}
[ -n "${ATTUNE_DATA:-}" ] || [ ! -d ../../../shared/datasets ] || export ATTUNE_DATA=../../../shared/datasets
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for dataset in cora citeseer; do
  for threads in 1 2 8; do
    "$attune" train --quiet --dataset "$dataset" --threads "$threads" \
      --json "$scratch/$dataset-$threads.json"
  done
done
python3 - "$scratch" <<'PYTHON'
import json, sys

def without_times(path):
    result = json.load(open(path))
    for key in ("command", "threads", "jobs", "environment"):
        result.pop(key, None)
    for run in result["runs"]:
        for key in ("seconds", "ms_per_epoch"):
            run.pop(key)
    return result

same = True
for dataset in ("cora", "citeseer"):
    results = [without_times(f"{sys.argv[1]}/{dataset}-{threads}.json") for threads in (1, 2, 8)]
    equal = results[0] == results[1] == results[2]
    same = same and equal
    run = results[0]["runs"][0]
    print(f"{dataset}: 1, 2 and 8 threads {'agree' if equal else 'DIFFER'}; "
          f"{run['epochs']} epochs, weights {run['weights_sha256'][:16]}")
sys.exit(0 if same else 1)
PYTHON
