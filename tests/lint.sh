#!/usr/bin/env bash
# What needs no build, or only a look: clang-format on all C++ files, shellcheck on all scripts where it is installed,
# clang-tidy (settings in .clang-tidy) on the sources that differ from $BASE.
#   usage: lint.sh [--quick | --all]    --quick: without clang-tidy; --all: clang-tidy on each source
# BASE: where to compare with; by default the branch point of origin's main branch, without one the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-}
failed=0

mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.c')
[ ${#sources[@]} -gt 0 ] || { echo "lint: no source was found" >&2; exit 1; }
if wrong=$(clang-format --dry-run -Werror "${sources[@]}" 2>&1); then
  echo "clang-format: ${#sources[@]} files"
else
  grep -oE '^[^ :]+:[0-9]+:[0-9]+: error' <<<"$wrong" | cut -d: -f1 | uniq -c | sed 's/$/: not as clang-format has it/' >&2
  failed=1
fi

if command -v shellcheck >/dev/null; then
  mapfile -t scripts < <(git grep -lE '^#!.*\b(ba)?sh\b')
  shellcheck -x "${scripts[@]}" && echo "shellcheck: ${#scripts[@]} scripts" || failed=1
else
  echo "shellcheck: not installed, so no script was looked at"
fi

[ "$mode" = --quick ] && exit $failed
[ -f build/dev/compile_commands.json ] || cmake --preset dev --log-level=WARNING >/dev/null
if [ "$mode" = --all ]; then
  mapfile -t changed < <(git ls-files '*.cpp')
else
  base=${BASE:-$(git merge-base HEAD origin/HEAD 2>/dev/null || git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD)}
  mapfile -t changed < <({ git diff --name-only --diff-filter=d "$base" -- '*.cpp'; git ls-files -o --exclude-standard -- '*.cpp'; } | sort -u)
fi
# Only what is compiled by the rules of this build: the launcher is musl's.
mapfile -t changed < <(printf '%s\n' "${changed[@]}" | grep -v '^supervisor/launcher/' | grep . || true)
if [ ${#changed[@]} -gt 0 ]; then
  # Generated headers must be there to be included.
  cmake --build --preset dev --target sutra_proto >/dev/null
  # The commands name GCC's warnings, of which clang does not know all.
  printf '%s\0' "${changed[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build/dev --extra-arg=-Wno-unknown-warning-option 2>/dev/null || failed=1
fi
echo "clang-tidy: ${#changed[@]} sources"
exit $failed
