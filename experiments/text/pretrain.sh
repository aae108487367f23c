#!/usr/bin/env bash
# Pretrains the small encoder of these experiments by masked language modelling on the training texts of the tasks whose files
# are here: 2 layers, 128 channels, 4 heads, 1.5 million parameters. Some ten minutes on two cores.
#
#   pretrain.sh [FOLDER]     build/text/encoder unless told otherwise
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${ATTUNE_DATA:-}" ] && [ -d "$root/../shared/datasets" ]; then
  export ATTUNE_DATA=$root/../shared/datasets
fi
folder=${1:-$root/build/text/encoder}
mkdir -p "$(dirname "$folder")"
"${ATTUNE:-$root/build/release/attune}" text pretrain --hidden 128 --layers 2 --heads 4 --epochs 12 --lr 0.001 --out "$folder"
