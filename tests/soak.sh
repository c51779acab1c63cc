#!/usr/bin/env bash
# The long campaign: histories in the simulation, then kills of the real binaries, as far as the time goes.
# usage: tests/soak.sh BIN_DIR [SECONDS [SEED]]; prints the figures with their seeds and the 3/N bounds.
set -uo pipefail
bin=$1
budget=${2:-3600}
seed=${3:-$(date +%s)}
status=0

echo "soak: $budget s, first seed $seed, $(uname -sr), $(nproc) cores"
if [ -x "$bin/sutra-simulation" ]; then
  # A third of the time at most: it is done long before, or the machine is slow.
  "$bin/sutra-simulation" --histories 1000000 --first-seed "$seed" --seconds $((budget / 3)) || status=1
else
  echo "soak: no $bin/sutra-simulation; only the real binaries are tested"
fi
left=$((budget - SECONDS))
if [ "$left" -gt 0 ]; then
  "$bin/sutra-chaos" --bin-dir "$bin" --seed "$seed" --seconds "$left" \
    --kills-nodes 3000 --kills-comms 10000 --kills-supervisor 10000 --kills-both 1000 || status=1
fi
echo "soak: ended after $SECONDS s, $([ $status = 0 ] && echo sound || echo FAILED)"
exit $status
