#include "supervisor/containment/process_tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sutra::supervisor {
namespace {

constexpr int kMaxPasses = 16;  // a tree that still grows is handled by the caller's next call

}  // namespace

ProcessTree::ProcessTree(ProcessTrees& trees, std::string node_id)
    : trees_(trees), node_id_(std::move(node_id)) {
  trees_.known_.insert(this);
}

ProcessTree::~ProcessTree() { trees_.known_.erase(this); }

void ProcessTree::set_leader(const UniqueFd* pidfd, int pid) {
  leader_pid_ = pid;
  leader_.reset(pidfd == nullptr ? -1 : ::fcntl(pidfd->get(), F_DUPFD_CLOEXEC, 0));
}

bool ProcessTree::leader_alive() const {
  if (!leader_) return false;
  pollfd dead{leader_.get(), POLLIN, 0};
  return ::poll(&dead, 1, 0) == 0;
}

std::set<pid_t> ProcessTree::roots(const ProcessScan& scan) {
  std::set<pid_t> found;
  const bool alive = leader_alive();
  if (alive) found.insert(leader_pid_);
  // The kernel does not reuse a session id while the session has a process. Once a scan found the session
  // empty, or another process has the leader's pid, the id may belong to another session: ignore it from then
  // on. Without a pidfd the leader was dead before we started, and the recorded pid may even be from an
  // earlier boot: then a process must also have our NODE_ID in its environment.
  if (!alive && scan.contains(leader_pid_)) session_over_ = true;
  bool session_lives = alive;
  for (const auto& [pid, process] : scan) {
    const auto before = seen_.find(pid);
    if (before != seen_.end() && before->second == process.start_ticks) found.insert(pid);
    if (leader_pid_ > 0 && !session_over_ && process.session == leader_pid_ &&
        (leader_ || belongs_by_environment(pid, node_id_))) {
      session_lives = true;
      found.insert(pid);
    }
    if (process.parent == ::getpid() && !trees_.claimed(pid) && belongs_by_environment(pid, node_id_)) {
      found.insert(pid);
    }
  }
  if (!session_lives) session_over_ = true;
  return found;
}

ProcessScan ProcessTree::members() {
  const ProcessScan scan = scan_processes();
  ProcessScan result;
  for (const pid_t pid : with_descendants(scan, roots(scan))) {
    if (pid != ::getpid()) result.emplace(pid, scan.at(pid));
  }
  seen_.clear();  // forget processes that have ended
  for (const auto& [pid, process] : result) seen_.emplace(pid, process.start_ticks);
  return result;
}

bool ProcessTree::populated() { return !members().empty(); }

void ProcessTree::terminate() {
  std::map<pid_t, std::uint64_t> told;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    bool anything_new = false;
    for (const auto& [pid, process] : members()) {
      if (!told.emplace(pid, process.start_ticks).second) continue;
      anything_new = true;
      (void)signal_scanned(process, SIGTERM);
    }
    if (!anything_new) return;
  }
}

void ProcessTree::repeat_kill() {
  if (killed_) kill();
}

void ProcessTree::kill() {
  killed_ = true;
  // First stop every process, until a scan finds no new one: a stopped process cannot fork, so none is
  // created while the others are killed.
  std::map<pid_t, std::uint64_t> stopped;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    bool anything_new = false;
    for (const auto& [pid, process] : members()) {
      if (!stopped.emplace(pid, process.start_ticks).second) continue;
      anything_new = true;
      (void)signal_scanned(process, SIGSTOP);
    }
    if (!anything_new) break;
  }
  for (const auto& [pid, process] : members()) (void)signal_scanned(process, SIGKILL);
}

ProcessTrees::ProcessTrees(std::string lost) : lost_(std::move(lost)) {
  // Orphans of nodes then become our children, where members() finds them; else they become children of init.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) lost_ += "; orphans of nodes cannot be found";
}

Result<std::unique_ptr<NodeTree>> ProcessTrees::create(const std::string& node_id, std::uint64_t,
                                                       std::uint64_t) {
  return std::unique_ptr<NodeTree>(std::make_unique<ProcessTree>(*this, node_id));
}

std::unique_ptr<NodeTree> ProcessTrees::adopt(const std::string& node_id, std::uint64_t,
                                              const UniqueFd* leader_pidfd, int leader_pid) {
  auto tree = std::make_unique<ProcessTree>(*this, node_id);
  tree->set_leader(leader_pidfd, leader_pid);
  return tree;
}

void ProcessTrees::set_leader(NodeTree& tree, const UniqueFd& pidfd, int pid) {
  if (auto* process_tree = dynamic_cast<ProcessTree*>(&tree)) process_tree->set_leader(&pidfd, pid);
}

bool ProcessTrees::claimed(pid_t pid) const {
  return std::any_of(known_.begin(), known_.end(),
                     [pid](const ProcessTree* tree) { return tree->leader_pid() == pid; });
}

}  // namespace sutra::supervisor
