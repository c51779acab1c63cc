// Periodic work: reaps children that no other part waits for, and repairs deleted files. Supervisor.
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "common/log/logging.h"
#include "supervisor/host/own_directory.h"
#include "supervisor/startup/instance_lock.h"
#include "supervisor/supervisor.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr auto kStrayRetry = 20ms;

}  // namespace

/// Reaps children that no other part waits for: a comms or a check from before a re-exec, and orphans of
/// nodes (we are their subreaper in process-tree mode). A child with a watch must not be reaped here: its
/// exit status would be lost.
void Supervisor::reap_strays() {
  for (int looked = 0; looked < 1024; ++looked) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    const pid_t pid = info.si_pid;
    const bool watched = nodes_->owns_pid(pid) || comms_->owns_pid(pid) || rotation_->owns_pid(pid) ||
                         (reload_check_ && reload_check_->owns_pid(pid));
    if (watched) {
      // waitid() returns the same dead child until it is reaped, and other dead children may come after it.
      // The watch on its pidfd reaps it in this turn of the loop, so try again soon.
      stray_timer_ = Timer(loop_, kStrayRetry, 0ms, [this] { reap_strays(); });
      return;
    }
    waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
  }
}

void Supervisor::housekeeping() {
  keep_directories();
  control_->keep_bound();
  nodes_->record_all();
  rotation_->look(nodes_->names());
}

/// Handles the case that runtime_dir or state_dir is deleted while we run, and with it the locks, the records
/// and the node table. The locks are taken again at once: without them a second agent could start. Everything
/// else is created by every start, so we re-exec with the running configuration.
void Supervisor::keep_directories() {
  bool lost = access((inputs_.config.agent.runtime_dir + "/nodes.table").c_str(), F_OK) != 0;
  const auto keep = [&lost](UniqueFd& lock, const std::string& directory, const std::string& what) -> Status {
    if (lock_is_in_place(lock, directory)) return {};
    if (const Status made = make_own_directory(directory, 0755); !made) return made;
    auto again = lock_directory(directory, what);
    if (!again) return again.error();
    log::warning("the files in " + what + " " + directory +
                 " were removed while the agent runs; they are created again");
    lock = std::move(again).value();
    lost = true;
    return {};
  };
  const Config::Agent& agent = inputs_.config.agent;
  Status kept = keep(runtime_lock_, agent.runtime_dir, "runtime_dir");
  if (kept) kept = keep(state_lock_, agent.state_dir, "state_dir");
  if (!kept) {
    if (!std::exchange(directories_lost_, true)) log::error(kept.error().message());
    return;
  }
  directories_lost_ = false;
  // Records first: they are what a crash right now would lose.
  const Status records = nodes_->keep_records();
  if (!lost || !records) return;
  if (const Status s = ledger_->write_registration(registration_); !s) return log::error(s.error().message());
  renew();
}

}  // namespace sutra::supervisor
