#!/usr/bin/env bash
# Prints the benchmarks side by side.   usage: run.sh DIRECTORY_OF_THE_BINARIES
set -euo pipefail
exec "${1:?directory of the binaries}/sutra-bench"
