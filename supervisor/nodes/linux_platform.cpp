#include "supervisor/nodes/linux_platform.h"

#include <sys/random.h>
#include <uv.h>

#include <utility>

#include "common/listeners/listeners.h"
#include "common/loop/fd_watch.h"
#include "common/loop/timer.h"
#include "supervisor/host/directories.h"
#include "supervisor/host/lock_holder.h"
#include "supervisor/launch/exec_mark.h"
#include "supervisor/nodes/linux_process.h"
#include "supervisor/nodes/log.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

// How often we check whether a tree is empty: without and with notifications from the kernel.
constexpr auto kTreePollInterval = 20ms;
constexpr auto kTreeSlowInterval = 500ms;

constexpr unsigned kOutputLines = 10;
constexpr unsigned kOutputBytes = 1200;

/// Watches cgroup.events where there is one. That notification is edge-triggered: it comes once, and the read
/// that follows can fail, so a slow timer checks again. Without cgroups, or when epoll refuses the file (out
/// of memory), a faster timer does it alone.
class TreeWatch final : public Watch {
 public:
  TreeWatch(EventLoop& loop, int events_fd, const std::function<void()>& seen) {
    if (events_fd >= 0) events_ = FdWatch(loop, events_fd, UV_PRIORITIZED, [seen](int) { seen(); });
    const bool told = events_fd >= 0 && events_.ok();
    const auto interval = told ? kTreeSlowInterval : kTreePollInterval;
    if (!told) events_.stop();
    timer_ = Timer(loop, interval, interval, seen);
  }

 private:
  FdWatch events_;
  Timer timer_;
};

Owner owner_of(const Account& account) { return {account.uid, account.gid}; }

}  // namespace

std::uint32_t LinuxPlatform::entropy() {
  std::uint32_t value = 0;
  // Non-blocking: early in the boot the kernel may have no entropy yet (getrandom(2)). Any value will do.
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) value = 200;
  return value;
}

Result<std::unique_ptr<ServerProcess>> LinuxPlatform::find(const ProcessIdentity& identity) {
  auto found = find_process(identity);
  if (!found) return found.error();
  std::unique_ptr<ServerProcess> process;
  if (found.value()) {
    process = std::make_unique<LinuxProcess>(parts_.loop, identity, std::move(*found.value()));
  }
  return process;
}

std::optional<bool> LinuxPlatform::executed(const std::string& node_id, std::uint64_t generation) {
  return read_exec_mark(parts_.config.agent.runtime_dir, node_id, generation);
}

void LinuxPlatform::forget_execution(const std::string& node_id) {
  remove_exec_mark(parts_.config.agent.runtime_dir, node_id);
}

std::unique_ptr<NodeTree> LinuxPlatform::adopt_tree(const std::string& node_id, std::uint64_t generation,
                                                    const ServerProcess* leader) {
  const auto* process = static_cast<const LinuxProcess*>(leader);  // find() returns only this type
  return parts_.trees.adopt(node_id, generation, process == nullptr ? nullptr : &process->pidfd(),
                            process == nullptr ? 0 : process->identity().pid);
}

WatchHandle LinuxPlatform::watch_tree(NodeTree& tree, std::function<void()> seen) {
  return std::make_unique<TreeWatch>(parts_.loop, tree.events_fd(), seen);
}

std::string LinuxPlatform::tree_path(const std::string& node_id, std::uint64_t generation) const {
  return parts_.trees.path() + "/" + node_id + "." + std::to_string(generation);
}

Status LinuxPlatform::check_directory(const core::Placement& placement) {
  return check_data_directory(placement.root, placement.storage_path, owner_of(parts_.storage_account));
}

std::string LinuxPlatform::lock_holder(const core::Placement& placement) {
  const auto directory =
      open_data_directory(placement.root, placement.storage_path, owner_of(parts_.storage_account));
  return directory ? supervisor::lock_holder(directory.value()) : std::string();
}

off_t LinuxPlatform::output_size(const std::string& node_id) {
  return log_size(parts_.config.storage.log_dir, node_id);
}

std::string LinuxPlatform::last_output(const std::string& node_id, off_t from) {
  return last_lines(parts_.config.storage.log_dir, node_id, from, kOutputLines, kOutputBytes);
}

Result<std::vector<core::Taken>> LinuxPlatform::listeners() {
  auto found = tcp_listeners();
  if (!found) return found.error();
  std::vector<core::Taken> taken;
  for (const Listener& listener : found.value())
    taken.push_back({address_text(listener.address), listener.port, listener.uid});
  return taken;
}

}  // namespace sutra::supervisor
