// Starts a storage server up to the gate. Each step needs the ones before it: data directory, log, exec mark,
// tree, launcher. The caller then records the process in the ledger and opens the gate. Supervisor.
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "common/log/logging.h"
#include "supervisor/host/directories.h"
#include "supervisor/launch/exec_mark.h"
#include "supervisor/nodes/command.h"
#include "supervisor/nodes/linux_platform.h"
#include "supervisor/nodes/linux_process.h"
#include "supervisor/nodes/log.h"

namespace sutra::supervisor {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// Resource limits of a storage server; they do not depend on our own soft limits. No core dumps: they would
/// hold users' data and fill the disk.
std::vector<launch::Limit> limits(const core::Placement& placement, TreeMode mode) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  std::vector<launch::Limit> all{{RLIMIT_NOFILE, 0, files.rlim_max, files.rlim_max}, {RLIMIT_CORE, 0, 0, 0}};
  if (mode != TreeMode::kCgroupWithMemory) {
    // Without the memory controller only RLIMIT_DATA is left: it limits private memory, for each process
    // alone, and not shared memory and file mappings (getrlimit(2)).
    const std::uint64_t bytes = placement.memory_mb * kMegabyte;
    all.push_back({RLIMIT_DATA, 0, bytes, bytes});
  }
  return all;
}

LaunchPlan plan_for(const core::Intent& intent, const Config::Storage& storage, const Account& account,
                    TreeMode mode) {
  ServerCommand command = server_command(storage, intent.node_id, intent.placement);
  LaunchPlan plan;
  plan.program = storage.binary_path;
  plan.arguments = std::move(command.arguments);
  plan.environment = std::move(command.environment);
  plan.flags =
      launch::kRedirectOutput | launch::kChangeDirectory | launch::kLockDirectory | launch::kNewSession;
  if (geteuid() == 0) plan.flags |= launch::kSetIds;
  plan.uid = account.uid;
  plan.gid = account.gid;
  plan.oom_score_adj = 0;  // not ours: the supervisor may be protected, a node must not be
  plan.limits = limits(intent.placement, mode);
  return plan;
}

}  // namespace

Result<StartedProcess> LinuxPlatform::start(const core::Node& node) {
  const core::Intent& intent = node.intent;
  const Account& account = parts_.storage_account;
  const auto directory =
      open_data_directory(intent.placement.root, intent.placement.storage_path, {account.uid, account.gid});
  if (!directory) return directory.error();
  const auto log = open_node_log(parts_.config.storage.log_dir, intent.node_id);
  if (!log) return log.error();
  LaunchPlan plan = plan_for(intent, parts_.config.storage, account, parts_.trees.mode());
  plan.directory_fd = directory.value().get();
  plan.log_fd = log.value().get();
  const auto mark = begin_exec_mark(parts_.config.agent.runtime_dir, intent.node_id, node.generation);
  if (mark) {
    plan.flags |= launch::kMarkExec;
    plan.extra_fds[0] = mark.value().get();
  } else {
    // Go on without the mark: it only matters when the supervisor dies in the next milliseconds.
    log::warning("node " + intent.node_id + ": " + mark.error().message(), {{"node_id", intent.node_id}});
  }

  StartedProcess started;
  auto tree = parts_.trees.create(intent.node_id, node.generation, intent.placement.memory_mb);
  if (!tree) return tree.error();
  started.tree = std::move(tree).value();
  plan.cgroup_fd = started.tree->cgroup_fd();
  auto launched = parts_.launcher.launch(plan);
  if (!launched) {
    (void)started.tree->remove();
    return launched.error();
  }
  Launched& child = launched.value();
  // identify() while the child is certainly unreaped; set_leader() before anything can ask for the tree.
  parts_.trees.set_leader(*started.tree, child.pidfd, child.pid);
  started.process =
      std::make_unique<LinuxProcess>(parts_.loop, identify(child.pid, child.pidfd), std::move(child.pidfd));
  started.launch = std::make_unique<LinuxLaunch>(
      parts_.loop, std::move(child),
      subject_of(plan, "set storage.binary_path to the storage server, and reload",
                 intent.placement.storage_path));
  return started;
}

}  // namespace sutra::supervisor
