#include "tests/simulation/kernel.h"

#include <algorithm>
#include <string>

namespace sutra::simulation {
namespace {

constexpr int kPidMax = 48;  // so few that a history reuses them

}  // namespace

int Kernel::free_pid() {
  for (;;) {
    last_pid_ = last_pid_ >= kPidMax ? 2 : last_pid_ + 1;
    const bool taken =
        std::any_of(table_.begin(), table_.end(), [&](const Process* p) { return p->pid == last_pid_; });
    if (!taken) return last_pid_;
  }
}

Process& Kernel::spawn(Role role, Parent parent, const std::optional<Leaf>& leaf) {
  Process process;
  process.pid = free_pid();
  process.serial = processes_.size() + 1;
  process.role = role;
  process.parent = parent;
  process.leaf = leaf;
  process.leader = process.serial;
  now += Nanoseconds{1};  // no two processes start at the same time
  process.start = now;
  const auto slot = static_cast<std::size_t>(process.pid);
  if (used_[slot]) ++pids_reused_;
  used_[slot] = true;
  processes_.push_back(std::move(process));
  table_.push_back(&processes_.back());
  return processes_.back();
}

bool Kernel::crowded() const { return table_.size() > kPidMax - 12; }

void Kernel::reap(Process& process) {
  process.reaped = true;
  std::erase(table_, &process);
}

void Kernel::die(Process& process, const core::Exit& exit) {
  process.alive = false;
  process.exit = exit;
  process.holds_lock = false;
  process.serves = false;
}

void Kernel::pipes_closed() {
  for (Process* process : table_) process->report_open = false;
}

void Kernel::supervisor_died() {
  pipes_closed();
  for (Process* process : table_) process->parent = Parent::kInit;
}

void Kernel::reboot(Nanoseconds uptime) {
  for (Process* process : table_) {
    if (process->alive) die(*process, {});
    process->reaped = true;
  }
  table_.clear();
  leaves.clear();
  ++boot;
  now = uptime;
}

namespace {

/// The boot id, followed by the serial that only truth_of() reads.
std::string boot_text(std::uint64_t boot) { return "boot " + std::to_string(boot) + " #"; }

}  // namespace

Serial truth_of(const ProcessIdentity& identity) {
  if (identity.pid == 0) return 0;
  return std::stoull(identity.boot_id.substr(identity.boot_id.find('#') + 1));
}

ProcessIdentity Kernel::identify(const Process& process) const {
  return {process.pid, static_cast<std::uint64_t>(now.count()), features.pidfs ? process.serial : 0,
          boot_text(boot) + std::to_string(process.serial)};
}

Serial Kernel::reopen(const ProcessIdentity& identity, bool by_pid_alone) const {
  if (identity.pid == 0) return 0;
  for (const Process* each : table_) {
    const Process& process = *each;
    if (process.pid != identity.pid) continue;
    if (by_pid_alone) return process.serial;
    if (!identity.boot_id.starts_with(boot_text(boot))) return 0;
    if (features.pidfs && identity.pidfd_inode != 0 && process.serial != identity.pidfd_inode) return 0;
    return static_cast<std::uint64_t>(process.start.count()) <= identity.stamp_ns ? process.serial : 0;
  }
  return 0;
}

bool Kernel::lock_held(const std::string& directory, Serial except) const {
  return std::any_of(table_.begin(), table_.end(), [&](const Process* p) {
    return p->alive && p->holds_lock && p->serial != except && p->directory == directory;
  });
}

bool Kernel::populated(const Leaf& leaf) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Process* p) { return p->alive && p->leaf == leaf; });
}

bool Kernel::session_populated(Serial leader) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Process* p) { return p->alive && p->leader == leader; });
}

}  // namespace sutra::simulation
