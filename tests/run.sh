#!/usr/bin/env bash
# All tests, each once, in the build that tells most of it:
#   sanitized  unit, integration and end-to-end tests under ASan and UBSan
#   plain      the programs as they are: campaigns (simulation, faults, chaos, endurance), the demo, what judges time
#   threads    what has threads, under TSan
# $STAGES chooses some of them ("plain"); $TEST_JOBS: how many tests run at once (most of them wait).
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
test_jobs=${TEST_JOBS:-$((3 * $(nproc)))}
total=0
summary=
# Debian's gRPC is not instrumented: what only it does is not judged.
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp ignore_noninstrumented_modules=1 ${TSAN_OPTIONS:-}"

# run_stage STAGE PRESET "ctest arguments": builds the target STAGE_stage of the preset and runs its tests.
run_stage() {
  local stage=$1 preset=$2 log ran started=$SECONDS built
  shift 2
  echo "== $stage: build"
  cmake --preset "$preset" --log-level=WARNING
  cmake --build --preset "$preset" -j "$jobs" --target "${stage}_stage" | tail -n 3
  built=$((SECONDS - started))
  echo "== $stage: built in $built s; tests"
  started=$SECONDS
  log=build/$preset/test.log
  if ! ctest --test-dir "build/$preset" --output-on-failure -j "$test_jobs" "$@" >"$log" 2>&1; then
    grep -vE '^ +(Start|[0-9]+/[0-9]+ Test).*(Start|Passed)' "$log" | tail -n 200
    echo "== $stage: FAILED; the whole log is in $log" >&2
    return 1
  fi
  ran=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#' "$log" || true)
  tail -n 3 "$log"
  # What the campaigns did, in their own words.
  grep -hE '^[0-9]+ histories, |^violations: | system calls; |kills, [0-9]+ violations|pings failed|longest gap between| spawns, .* signalled| starts and stops in |^[0-9]+ orphans |jumps of ten years' \
    "build/$preset/Testing/Temporary/LastTest.log" || true
  echo "== $stage: $ran tests ran in $((SECONDS - started)) s"
  [ "$ran" -gt 0 ] || { echo "== $stage: no test ran" >&2; return 1; }
  ctest --test-dir "build/$preset" -N | grep -oE '[A-Za-z_]+_NOT_BUILT' | sort >"build/$stage.not_built" || true
  summary+="$stage: build $built s, $ran tests $((SECONDS - started)) s; "
  total=$((total + ran))
}

stages=${STAGES:-sanitized plain threads}
for stage in $stages; do
  case $stage in
    # A program that is not built has no test to select but one that says so, and fails.
    sanitized) run_stage sanitized asan -LE '^campaign$' -E '^(simulation|faults|endurance)_tests_NOT_BUILT$' ;;
    plain) run_stage plain plain -L '^(campaign|plain)$' ;;
    threads) run_stage threads tsan -L '^threads$' ;;
    *) echo "there is no stage $stage: sanitized, plain, threads" >&2; exit 2 ;;
  esac
done
if [ "$stages" = "sanitized plain threads" ]; then
  # A test program that neither stage builds would never run.
  forgotten=$(comm -12 build/sanitized.not_built build/plain.not_built)
  [ -z "$forgotten" ] || { echo "in no stage of tests/CMakeLists.txt: $forgotten" >&2; exit 1; }
fi
echo
echo "${summary}all $SECONDS s"
echo "$total passed, 0 failed"
