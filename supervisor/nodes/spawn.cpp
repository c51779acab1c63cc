// Starting a node's process and recording it. The order is what makes it safe: directory, tree, launcher at
// the gate, record, gate. Supervisor.
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "common/log/logging.h"
#include "supervisor/host/directories.h"
#include "supervisor/launch/exec_mark.h"
#include "supervisor/nodes/entry.h"
#include "supervisor/nodes/command.h"
#include "supervisor/nodes/log.h"

namespace sutra::supervisor {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::size_t kMaxUnrecorded = 4096;  // events; a disk that stays full must not fill our memory

/// What a storage server starts with, whatever limits we were given ourselves.
std::vector<launch::Limit> limits(const core::Placement& placement, TreeMode mode) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  std::vector<launch::Limit> all{{RLIMIT_NOFILE, 0, files.rlim_max, files.rlim_max}, {RLIMIT_CORE, 0, 0, 0}};
  if (mode != TreeMode::kCgroupWithMemory) {
    // Without the memory controller the kernel can only bound a process's data, not what it shares or maps.
    const std::uint64_t bytes = placement.memory_mb * kMegabyte;
    all.push_back({RLIMIT_DATA, 0, bytes, bytes});
  }
  return all;
}

}  // namespace

Result<LaunchPlan> Nodes::plan(Entry& entry, UniqueFd& directory, UniqueFd& log) const {
  const Config::Storage& storage = parts_.config.storage;
  const core::Placement& placement = entry.node.intent.placement;
  const Account& account = parts_.storage_account;
  auto opened = open_data_directory(placement.root, placement.storage_path, {account.uid, account.gid});
  if (!opened) return opened.error();
  directory = std::move(opened).value();
  auto output = open_node_log(storage.log_dir, entry.id());
  if (!output) return output.error();
  log = std::move(output).value();

  ServerCommand command = server_command(storage, entry.id(), placement);
  LaunchPlan plan;
  plan.program = storage.binary_path;
  plan.arguments = std::move(command.arguments);
  plan.environment = std::move(command.environment);
  plan.flags =
      launch::kRedirectOutput | launch::kChangeDirectory | launch::kLockDirectory | launch::kNewSession;
  if (geteuid() == 0) plan.flags |= launch::kSetIds;
  plan.uid = account.uid;
  plan.gid = account.gid;
  plan.oom_score_adj = 0;
  plan.limits = limits(placement, parts_.trees.mode());
  plan.directory_fd = directory.get();
  plan.log_fd = log.get();
  return plan;
}

/// What nobody knew is nobody's once it is empty.
void Nodes::forget_emptied_leaves() {
  std::erase_if(unmanaged_, [this](const NodeTrees::Leaf& leaf) {
    const auto tree = parts_.trees.adopt(leaf.node_id, leaf.generation, nullptr, 0);
    return !tree->populated() && tree->remove();
  });
}

std::string Nodes::unmanaged_holder(const NodeId& node_id) {
  if (unmanaged_.empty()) return {};
  forget_emptied_leaves();
  const auto held = std::find_if(unmanaged_.begin(), unmanaged_.end(),
                                 [&](const NodeTrees::Leaf& leaf) { return leaf.node_id == node_id; });
  if (held == unmanaged_.end()) return {};
  return "processes of an earlier start still run in cgroup " + parts_.trees.path() + "/" + node_id + "." +
         std::to_string(held->generation) +
         " and no record says whether they are the node; end them to let it start";
}

Status Nodes::try_spawn(Entry& entry) {
  // First: whoever sees a process after a failure waits for its report.
  if (entry.process) retired_.push_back(std::move(entry.process));
  UniqueFd directory;
  UniqueFd log;
  auto planned = plan(entry, directory, log);
  if (!planned) return planned.error();
  const auto mark = begin_exec_mark(parts_.config.agent.runtime_dir, entry.id(), entry.node.generation);
  if (mark) {
    planned.value().flags |= launch::kMarkExec;
    planned.value().extra_fds[0] = mark.value().get();
  } else {
    log::warning("node " + entry.id() + ": " + mark.error().message(), {{"node_id", entry.id()}});
  }
  entry.log_from = log_size(parts_.config.storage.log_dir, entry.id());
  entry.process = std::make_unique<NodeProcess>(
      parts_.loop, parts_.trees, entry.id(), entry.node.generation,
      [this, id = entry.id()](core::Event event) { post(id, std::move(event)); });
  const core::Placement& placement = entry.node.intent.placement;
  const LaunchSubject subject = subject_of(
      planned.value(), "set storage.binary_path to the storage server, and reload", placement.storage_path);
  const Status launched =
      entry.process->launch(parts_.launcher, std::move(planned).value(), subject, placement.memory_mb);
  if (!launched) {
    retired_.push_back(std::move(entry.process));
    return launched;
  }
  (void)save_facts(entry);  // before the gate: there is never a server that the ledger does not know
  return entry.process->open();
}

void Nodes::spawn(Entry& entry) {
  const std::uint64_t generation = entry.node.generation;
  if (const std::string holder = unmanaged_holder(entry.id()); !holder.empty()) {
    post(entry.id(), core::LaunchFailed{generation, true, holder});
    return;
  }
  const Status spawned = try_spawn(entry);
  // With a process, its own report tells what became of it.
  if (!spawned && !entry.process)
    post(entry.id(), core::LaunchFailed{generation, false, spawned.error().message()});
}

Status Nodes::save_facts(Entry& entry) {
  Facts facts;
  facts.intent = entry.node.intent;
  facts.state = entry.node.state;
  if (entry.process && entry.node.leader != core::Leader::kNone) facts.process = entry.process->identity();
  facts.generation = entry.node.generation;
  facts.started_at_unix = entry.node.started_at_unix;
  facts.since_boot_ns = static_cast<std::uint64_t>(entry.node.since.count());
  if (entry.node.timer && entry.node.timer->kind == core::TimerKind::kRetry) {
    facts.retry_due_boot_ns = static_cast<std::uint64_t>(entry.node.timer->due.count());
  }
  facts.history = entry.node.history;
  facts.last_exit = entry.node.last_exit;
  const Status written = parts_.ledger.write_facts(facts);
  if (!written && !facts_failed_) {
    log::error("record node " + entry.id() + ": " + written.error().message() +
                   "; nodes go on running, but if the supervisor dies now their deaths and restarts are not "
                   "accounted for",
               {{"node_id", entry.id()}});
  }
  facts_failed_ = !written;
  return written;
}

Status Nodes::keep_records() {
  for (const auto& [id, entry] : entries_) {
    const Ledger::Present present = parts_.ledger.present(id);
    if (!present.intent || !entry->intent_saved) {
      if (Status written = parts_.ledger.write_intent(entry->node.intent); !written) return written;
      entry->intent_saved = true;
    }
    if (!present.facts) {
      if (Status written = save_facts(*entry); !written) return written;
    }
  }
  return {};
}

void Nodes::record(const Entry& entry, const std::string& what, const std::string& cause,
                   std::optional<core::Exit> exit) {
  unrecorded_.push_back({std::time(nullptr), entry.id(), entry.node.generation, what, cause, exit});
  record_all();
}

/// What could not be written down waits for a better moment, in its order.
void Nodes::record_all() {
  while (!unrecorded_.empty()) {
    const Status appended = parts_.ledger.append(unrecorded_.front());
    if (!appended) {
      if (!events_failed_) {
        log::error("record event: " + appended.error().message() + "; it is tried again",
                   {{"node_id", unrecorded_.front().node_id}});
      }
      events_failed_ = true;
      if (unrecorded_.size() > kMaxUnrecorded) unrecorded_.pop_front();
      return;
    }
    events_failed_ = false;
    unrecorded_.pop_front();
  }
}

}  // namespace sutra::supervisor
