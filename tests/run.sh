#!/usr/bin/env bash
# All tests: everything as a debug build; everything but the campaigns once more under ASan+UBSan; what has threads
# under TSan.
# $PRESETS chooses some of them ("dev").
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
total=0
# Debian's gRPC is not instrumented: what only it does is not judged.
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp ignore_noninstrumented_modules=1 ${TSAN_OPTIONS:-}"

# run_preset PRESET "targets" "ctest arguments"
run_preset() {
  local preset=$1 targets=$2 log started
  shift 2
  started=$SECONDS
  echo "== $preset: build"
  cmake --preset "$preset" --log-level=WARNING
  # shellcheck disable=SC2086
  cmake --build --preset "$preset" -j "$jobs" ${targets:+--target $targets} | tail -n 3
  echo "== $preset: built in $((SECONDS - started)) s; tests"
  started=$SECONDS
  log=build/$preset/test.log
  if ! ctest --test-dir "build/$preset" --output-on-failure -j "$jobs" "$@" >"$log" 2>&1; then
    grep -vE '^ +(Start|[0-9]+/[0-9]+ Test).*(Start|Passed)' "$log" | tail -n 200
    echo "== $preset: FAILED; the whole log is in $log" >&2
    return 1
  fi
  local ran
  ran=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#' "$log")
  tail -n 3 "$log"
  # What the campaigns did, in their own words.
  grep -hE '^[0-9]+ histories, |^violations: | system calls; |kills, [0-9]+ violations|pings failed|longest gap between| spawns, .* signalled| starts and stops in |^[0-9]+ orphans |jumps of ten years' \
    "build/$preset/Testing/Temporary/LastTest.log" || true
  echo "== $preset: $ran tests ran in $((SECONDS - started)) s"
  [ "$ran" -gt 0 ] || { echo "== $preset: no test ran" >&2; return 1; }
  total=$((total + ran))
}

for preset in ${PRESETS:-dev asan tsan}; do
  case $preset in
    tsan) run_preset tsan "comms_tests comms_process_tests ipc_tests" -L threads ;;
    # The campaigns judge time and memory, and run their own optimised copy of the core: once is enough.
    asan) run_preset asan "" -LE campaign ;;
    *) run_preset "$preset" "" ;;
  esac
done
echo
echo "$total passed, 0 failed"
