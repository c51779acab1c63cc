#!/usr/bin/env bash
# Installs the Debian packages that building, testing and the demo need. Silent when all are there.
# With --skip-tests only what building needs; with --only PACKAGE... those and nothing else.
set -euo pipefail

build=(cmake ninja-build g++ pkg-config musl-tools
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev libboost-dev libtomlplusplus-dev
  libspdlog-dev libfmt-dev libuv1-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev)
run=(logrotate)
tests=(redis-server redis-tools etcd-server etcd-client python3 binutils)

wanted=("${build[@]}" "${run[@]}")
case ${1:-} in
  --skip-tests) ;;
  --only) wanted=("${@:2}") ;;
  *) wanted+=("${tests[@]}") ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install packages: not root, and there is no sudo; run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
# A package that starts its daemon at once would occupy ports on this host: policy-rc.d says no while we install,
# unless the host has a policy of its own.
policy=/usr/sbin/policy-rc.d
made_policy=false
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  made_policy=true
fi
cleanup() { if $made_policy; then "${as_root[@]}" rm -f $policy; fi; }
trap cleanup EXIT
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "install packages: apt-get failed; the whole output is in $log" >&2
  exit 1
fi
rm -f "$log"
