// The supervisor's report about itself: for operators, and for the log at its start. Supervisor.
#include <unistd.h>

#include "common/log/logging.h"
#include "common/version.h"
#include "supervisor/supervisor.h"

namespace sutra::supervisor {

std::string Supervisor::protections_off() const {
  std::string text;
  const auto add = [&](const std::string& line) { text += line + "\n"; };
  if (geteuid() != 0) add("users: not root, so comms and nodes run as our own user");
  if (!storage_account_.warning.empty()) add("storage user: " + storage_account_.warning);
  if (!comms_account_.warning.empty()) add("comms user: " + comms_account_.warning);
  if (!trees_->lost().empty()) add("cgroups: " + trees_->lost());
  if (!inputs_.launcher->clone3_works()) {
    add("clone3: refused here; nodes are moved into their cgroup after they were started, which costs some "
        "10 ms a start");
  }
  add("confine: this version does not restrict what a node may write to");
  add("sandbox: this version does not restrict the system calls of comms");
  if (inputs_.config.tls.allow_plaintext) add("tls: plaintext is allowed off loopback (tls.allow_plaintext)");
  return text;
}

void Supervisor::warn_of_what_is_off() const {
  if (!storage_account_.warning.empty()) log::warning(storage_account_.warning);
  if (!comms_account_.warning.empty()) log::warning(comms_account_.warning);
  if (!trees_->lost().empty()) {
    log::warning(trees_->lost() + "; meanwhile RLIMIT_DATA bounds each process of a node alone");
  }
  if (!inputs_.launcher->clone3_works()) {
    log::warning(
        "clone3 is refused by this kernel or its filter: clone is used, and a start costs some 10 ms more");
  }
}

ipc::AgentStatus Supervisor::status() const {
  const CommsKeeper::Status comms = comms_->status();
  ipc::AgentStatus s;
  s.started_at_unix = static_cast<std::uint64_t>(started_at_unix_);
  s.comms_restarts = comms.restarts;
  s.heartbeats = comms.link.heartbeats;
  s.last_heartbeat_unix = comms.link.last_heartbeat_unix;
  s.away_since_unix = comms.link.away_since_unix;
  s.next_try_unix = comms.link.next_try_unix;
  s.pid = static_cast<std::uint32_t>(getpid());
  s.comms_pid = comms.pid;
  s.comms_state = comms.state;
  s.link = comms.link.state;
  s.storage_uid = storage_account_.uid;
  s.comms_uid = comms_account_.uid;
  s.cgroup_mode = static_cast<std::uint32_t>(trees_->mode());
  s.clone3_works = inputs_.launcher->clone3_works() ? 1 : 0;
  s.version.assign(kVersion);
  s.agent_id.assign(inputs_.config.agent.agent_id);
  s.master.assign(comms.link.address.view());
  s.link_cause.assign(comms.link.cause.view());
  s.cgroup_path.assign(trees_->path());
  s.config_path.assign(inputs_.config_path);
  s.protections_off.assign(protections_off());
  return s;
}

}  // namespace sutra::supervisor
