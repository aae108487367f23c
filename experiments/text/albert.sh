#!/usr/bin/env bash
# Fine-tunes ALBERT-base on a task of GLUE or on SQuAD, with the settings of Lan et al. 2020, arXiv 1909.11942, Table 14.
#
#   albert.sh FOLDER TASK [none|gan|ot|ct|mmd] [OPTION...]     options are passed on to `attune text sweep`
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 task=$2 align=${3:-none}
shift $(($# < 3 ? 2 : 3))

#        rate  batch dropout steps warm-up steps, longest text
case $task in
  cola)   set -- 1e-5 16  0   5336  320  512 "$@" ;;
  stsb)   set -- 2e-5 16  0   3598  214  512 "$@" ;;
  sst2)   set -- 1e-5 32  0   20935 1256 512 "$@" ;;
  mnli)   set -- 3e-5 128 0   10000 1000 512 "$@" ;;
  qnli)   set -- 1e-5 32  0   33112 1986 512 "$@" ;;
  qqp)    set -- 5e-5 128 0.1 14000 1000 512 "$@" ;;
  rte)    set -- 3e-5 32  0.1 800   200  512 "$@" ;;
  mrpc)   set -- 2e-5 32  0   800   200  512 "$@" ;;
  squad)  set -- 5e-5 48  0   3649  365  384 "$@" ;;
  squad2) set -- 3e-5 48  0   8144  814  512 "$@" ;;
  *) echo "albert.sh: expected cola, stsb, sst2, mnli, qnli, qqp, rte, mrpc, squad or squad2, got \"$task\"" >&2; exit 2 ;;
esac
rate=$1 batch=$2 dropout=$3 steps=$4 warmup=$5 length=$6
shift 6

# Batches of half the size, two a step: half the memory, the same gradient.
# Where the dropout is 0, the configuration that comes with ALBERT-base says so; of the classifier it is 0.1 throughout.
[ "$dropout" = 0 ] || set -- --dropout "$dropout" --attention-dropout "$dropout" "$@"
exec "${ATTUNE:-$root/build/release/attune}" text sweep --task "$task" --model "$folder" --max-length "$length" --lr "$rate" \
  --batch-size $((batch / 2)) --accumulate 2 --steps "$steps" \
  --warmup "$(awk "BEGIN { print $warmup / $steps }")" --align "$align" --runs 5 --json "albert-$task-$align.json" "$@"
