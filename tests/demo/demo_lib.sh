# Functions of the demo's steps. Sourced.
# shellcheck shell=bash
declare -A node port
steps=()
agent_pid= master_pid= master_port=0 result= shown=0 failed=false

now_ms() { echo $(($(date +%s%N) / 1000000)); }
say() { printf '%s\n' "$*"; }
note() { say "  => $*"; }
step() {
  steps+=("$*")
  say ""
  say "[$(date +%T)] $((${#steps[@]})). $*"
}
fail() {
  say "  FAILED: $*"
  say "--- the agent's last lines:"
  tail -n 25 "$work/agent.log" 2>/dev/null
  failed=true
  exit 1
}

clean_up() {
  # Only what this demo started, by pid.
  [ -n "$agent_pid" ] && kill -TERM "$agent_pid" 2>/dev/null && wait "$agent_pid" 2>/dev/null
  [ -n "$master_pid" ] && kill -TERM "$master_pid" 2>/dev/null && wait "$master_pid" 2>/dev/null
  $failed && say "(kept for a look: $work)" || rm -rf "$work"
}

free_port() {
  local p
  while :; do
    p=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
  done
}

set_up() {
  work=$(mktemp -d /tmp/sutra-demo.XXXXXX)
  chmod 755 "$work"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  agent_port=$(free_port)
  range=$((33000 + RANDOM % 20000))
}

write_config() {
  cat >"$work/agent-config.toml" <<EOF
[agent]
agent_id = "demo-agent"
platform = "desktop"
master_host = "127.0.0.1:$master_port"
max_storage_nodes = 10
agent_port = $agent_port
state_dir = "$work/state"
runtime_dir = "$work/run"

[storage]
binary_path = "/usr/bin/redis-server"
data_path = "$work/data"
default_memory_mb = 256
default_port_range_start = $range
log_dir = "$work/log"
args = ["--port", "{port}", "--dir", "{storage_path}", "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""]

[monitoring]
heartbeat_interval_secs = 1
EOF
}

start_master() {
  : >"$work/master.log"
  "$bin/sutra-grid-master" --listen "127.0.0.1:$master_port" >>"$work/master.log" 2>&1 &
  master_pid=$!
  wait_for 10 "the Master listens" grep -q 'Listening on' "$work/master.log"
  master_port=$(sed -n 's/.*Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/master.log" | head -n 1)
  [ -e "$work/agent-config.toml" ] || write_config
}
stop_master() {
  kill -TERM "$master_pid"
  wait "$master_pid" 2>/dev/null
  master_pid=
}
start_agent() {
  (cd "$work" && exec "$bin/sutra-agent" --config "$work/agent-config.toml" 2>>"$work/agent.log") &
  agent_pid=$!
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local deadline=$(($(now_ms) + $1 * 1000)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$(now_ms)" -lt $deadline ] || fail "waited in vain for: $what"
    read -rt 0.01 <> <(:) || :
  done
}

# A zombie is dead: it only waits for its parent, which is not this script after a supervisor was killed.
alive() { [ -e "/proc/$1" ] && ! grep -qE '^State:\s+[ZX]' "/proc/$1/status" 2>/dev/null; }

show_log() {
  tail -n "+$((shown + 1))" "$work/agent.log" | sed 's/^/    | /'
  shown=$(wc -l <"$work/agent.log")
}

ctl() { "$bin/sutra-agentctl" --config "$work/agent-config.toml" "$@"; }
ctl_ok() { ctl status >/dev/null; }
# json KEY KEY...: a value out of `status --json`
json() {
  ctl status --json | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$@"
}
node_field() {
  ctl list --json | python3 -c '
import json, sys
for node in json.load(sys.stdin)["nodes"]:
    if node["node_id"] == sys.argv[1]:
        print(node[sys.argv[2]])' "$@"
}
comms_pid() { json comms pid; }
new_comms() { local p; p=$(comms_pid) && [ "$p" != 0 ] && [ "$p" != "$1" ]; }
connected() { [ "$(json master state)" = connected ]; }
registered_more_than() { [ "$(grep -c 'Registered with Master' "$work/agent.log")" -gt "$1" ]; }
pid_of() { node_field "${node[$1]}" pid; }
node_pids() { for i in 1 2 3; do pid_of "$i"; done | tr '\n' ' '; }
all_running() { [ "$(ctl list --json | grep -c '"state": "running"')" -eq "$1" ]; }
redis() { local n=$1; shift; redis-cli -h 127.0.0.1 -p "${port[$n]}" "$@"; }
replaced() { [ "$(redis "$1" ping 2>/dev/null)" = PONG ] && [ "$(pid_of "$1")" != "$2" ]; }

spawn_node() {
  local out
  out=$("$bin/sutra-grid-cli" --master "127.0.0.1:$master_port" --json spawn) || fail "spawn: $out"
  node[$1]=$(printf '%s' "$out" | python3 -c 'import json,sys; print(json.load(sys.stdin)["node_id"])')
  port[$1]=$(node_field "${node[$1]}" port)
}

summary() {
  say ""
  say "Summary"
  local i=0
  for each in "${steps[@]}"; do
    i=$((i + 1))
    printf '  %d  ok  %s\n' $i "$each"
  done
  say "  $result"
}
