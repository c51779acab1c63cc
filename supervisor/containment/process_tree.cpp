#include "supervisor/containment/process_tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <utility>

namespace sutra::supervisor {
namespace {

constexpr int kMaxPasses = 16;  // a tree that still grows then is caught by the next look

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

std::set<pid_t> ProcessTree::roots(const ProcessScan& scan) const {
  std::set<pid_t> found;
  const bool alive = leader_alive();
  if (alive) found.insert(leader_pid_);
  // The number of a session is not given to another process while anybody is in it. Once it was empty, or
  // somebody else bears it, it says nothing any more. Of a leader that was gone before we came (its number
  // may be from another boot) a session proves nothing at all: there the environment must agree.
  if (!alive && scan.contains(leader_pid_)) session_over_ = true;
  bool anybody = alive;
  for (const auto& [pid, process] : scan) {
    const auto before = seen_.find(pid);
    if (before != seen_.end() && before->second == process.start_ticks) found.insert(pid);
    if (leader_pid_ > 0 && !session_over_ && process.session == leader_pid_ &&
        (leader_ || belongs_by_environment(pid, node_id_))) {
      anybody = true;
      found.insert(pid);
    }
    if (process.parent == ::getpid() && !trees_.claimed(process) && belongs_by_environment(pid, node_id_)) {
      found.insert(pid);
    }
  }
  if (!anybody) session_over_ = true;
  return found;
}

ProcessScan ProcessTree::members() const {
  const ProcessScan scan = scan_processes();
  ProcessScan result;
  for (const pid_t pid : with_descendants(scan, roots(scan))) {
    if (pid != ::getpid()) result.emplace(pid, scan.at(pid));
  }
  seen_.clear();  // the dead need not be remembered
  for (const auto& [pid, process] : result) seen_.emplace(pid, process.start_ticks);
  return result;
}

bool ProcessTree::populated() const {
  if (members().empty()) return false;
  if (killed_) kill_all();
  return true;
}

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

void ProcessTree::kill() {
  killed_ = true;
  kill_all();
}

// Stopped first, until a look finds nobody new, so that nobody forks away while the others die.
void ProcessTree::kill_all() const {
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
  // So that what a node leaves behind becomes our child and can be found.
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

void ProcessTrees::exclude(int pid) {
  const ProcessScan scan = scan_processes();
  std::erase_if(excluded_, [&scan](const auto& entry) {
    const auto found = scan.find(entry.first);
    return found == scan.end() || found->second.start_ticks != entry.second;
  });
  if (const auto found = scan.find(pid); found != scan.end()) excluded_[pid] = found->second.start_ticks;
}

bool ProcessTrees::claimed(const ScannedProcess& process) const {
  const auto excluded = excluded_.find(process.pid);
  if (excluded != excluded_.end() && excluded->second == process.start_ticks) return true;
  for (const ProcessTree* tree : known_) {
    if (tree->leader_pid() == process.pid) return true;
  }
  return false;
}

}  // namespace sutra::supervisor
