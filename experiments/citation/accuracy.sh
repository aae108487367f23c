#!/bin/sh
# Plain GAT (8 x 8 heads, ELU, one output head) and GCN on Cora and CiteSeer over 100 seeds.
# Writes results/MODEL_DATASET.json and prints a line for each. Some ten minutes on two cores.
set -eu
cd "$(dirname "$0")"
attune=${ATTUNE:-../../build/release/attune}
runs=${RUNS:-100}
[ -n "${ATTUNE_DATA:-}" ] || [ ! -d ../../../shared/datasets ] || export ATTUNE_DATA=../../../shared/datasets
mkdir -p results
for dataset in cora citeseer; do
  for model in gat gcn; do
    # Kipf and Welling train their GCN with a learning rate of 0.01.
    lr=0.005
    [ "$model" = gcn ] && lr=0.01
    "$attune" sweep --dataset "$dataset" --model "$model" --lr "$lr" --runs "$runs" --jobs 2 \
      --json "results/${model}_$dataset.json"
  done
done | tee results/accuracy.txt
