#!/usr/bin/env bash
# A Master and an agent in the foreground, until Ctrl-C.
#   usage: run.sh DIRECTORY_OF_THE_BINARIES
set -u
bin=$(cd "${1:?directory of the binaries}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/demo/demo_lib.sh
. "$here/demo_lib.sh"
set_up
start_master
start_agent
tail -n +1 -F "$work/master.log" "$work/agent.log" 2>/dev/null &
tail_pid=$!
trap 'kill "$tail_pid" 2>/dev/null; clean_up' EXIT
cat <<EOF
Master on 127.0.0.1:$master_port, agent on 127.0.0.1:$agent_port, files in $work. Try, in another terminal:
  $bin/sutra-grid-cli --master 127.0.0.1:$master_port spawn
  $bin/sutra-grid-cli --master 127.0.0.1:$master_port list-agents
  $bin/sutra-agentctl --config $work/agent-config.toml status
Ctrl-C ends all of it.
EOF
wait "$agent_pid"
