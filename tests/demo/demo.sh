#!/usr/bin/env bash
# Shows the agent doing its job on real redis servers, and exits 0 when every step did what it should.
# Everything runs on loopback in a directory of its own, and ends with the demo.
#   usage: demo.sh DIRECTORY_OF_THE_BINARIES
set -u
bin=$(cd "${1:?directory of the binaries}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/demo/demo_lib.sh
. "$here/demo_lib.sh"

set_up
say "Everything below happens in $work, on loopback. The agent's own log follows, indented."

step "the Master starts, then the agent, which registers"
start_master
start_agent
wait_for 15 "registration" grep -q 'Registered with Master' "$work/agent.log"
wait_for 15 "first heartbeat" grep -q 'Starting heartbeat loop' "$work/agent.log"
wait_for 5 "status" ctl_ok
show_log
note "agent pid $agent_pid, comms pid $(comms_pid), registered at 127.0.0.1:$master_port"

step "three redis nodes spawned through the Master, each answers PING"
for i in 1 2 3; do
  spawn_node "$i"
  note "${node[$i]}  pid $(pid_of "$i")  port ${port[$i]}  PING -> $(redis "$i" ping)"
  [ "$(redis "$i" ping)" = PONG ] || fail "node $i does not answer"
done

step "a key is written, its node killed with SIGKILL: the same port serves again, with the key"
redis 1 set greeting "still here" >/dev/null
before=$(pid_of 1)
begin=$(now_ms)
kill -KILL "$before"
wait_for 20 "node 1 serves again" replaced 1 "$before"
took=$(($(now_ms) - begin))
value=$(redis 1 get greeting)
[ "$value" = "still here" ] || fail "the key is gone (got '$value')"
note "pid $before -> $(pid_of 1), port ${port[1]}, key '$value', serving again after $took ms"
result="crash to serving again: $took ms"

step "comms is killed: the nodes do not notice, heartbeats go on"
pids=$(node_pids)
old_comms=$(comms_pid)
kill -KILL "$old_comms"
wait_for 20 "a new comms" new_comms "$old_comms"
wait_for 20 "heartbeats again" connected
[ "$(node_pids)" = "$pids" ] || fail "node pids changed: $pids -> $(node_pids)"
note "comms pid $old_comms -> $(comms_pid), connected again, node pids unchanged: $pids"

step "the Master is stopped and started: the agent registers again"
stop_master
wait_for 30 "loss noticed" grep -q 'Connection to Master lost' "$work/agent.log"
registered=$(grep -c 'Registered with Master' "$work/agent.log")
start_master
wait_for 40 "registered again" registered_more_than "$registered"
note "registered again: $(grep 'Agent registered' "$work/master.log" | tail -n 1)"

step "the supervisor is killed and started again: it adopts the nodes"
pids=$(node_pids)
old_agent=$agent_pid
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
start_agent
wait_for 20 "the agent answers" ctl_ok
wait_for 20 "nodes running" all_running 3
[ "$(node_pids)" = "$pids" ] || fail "node pids changed: $pids -> $(node_pids)"
note "supervisor pid $old_agent -> $agent_pid, node pids unchanged: $pids"

step "a reload: same supervisor, same nodes"
wait_for 30 "connected" connected
old_comms=$(comms_pid)
"$bin/sutra-agentctl" --config "$work/agent-config.toml" reload || fail "the reload was refused"
wait_for 20 "a new comms" new_comms "$old_comms"
[ "$(node_pids)" = "$pids" ] || fail "node pids changed"
[ "$(json agent pid)" = "$agent_pid" ] || fail "the supervisor's pid changed"
note "supervisor pid $agent_pid and node pids unchanged: $pids; comms pid $old_comms -> $(comms_pid)"
wait_for 30 "connected" connected

step "SIGTERM: everything stops, nothing is left"
kill -TERM "$agent_pid"
wait "$agent_pid"
status=$?
[ $status -eq 0 ] || fail "the agent exited with status $status"
for pid in $pids; do
  alive "$pid" && fail "node pid $pid is still there"
done
agent_pid=
note "the agent exited 0, its nodes are gone: $pids"
grep 'unregistered' "$work/master.log" | tail -n 1 | sed 's/^/    /'

summary
