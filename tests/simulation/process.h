// Processes, launches and trees of the simulated kernel, as the shell holds them. Simulation only.
#pragma once
#include <functional>
#include <optional>

#include "tests/simulation/session.h"

namespace sutra::simulation {

class SimulatedPlatform;

class SimulatedProcess final : public supervisor::ServerProcess {
 public:
  SimulatedProcess(Session& session, SimulatedPlatform& platform, ProcessIdentity identity, Serial serial)
      : session_(session), platform_(platform), identity_(std::move(identity)), serial_(serial) {}

  [[nodiscard]] Serial serial() const { return serial_; }
  [[nodiscard]] const ProcessIdentity& identity() const override { return identity_; }
  [[nodiscard]] std::optional<supervisor::Ended> ended() const override;
  void reap() override;
  [[nodiscard]] supervisor::WatchHandle watch_end(std::function<void()> seen) override;

 private:
  Session& session_;
  SimulatedPlatform& platform_;
  ProcessIdentity identity_;
  Serial serial_;
};

class SimulatedLaunch final : public supervisor::Launch {
 public:
  SimulatedLaunch(Session& session, SimulatedPlatform& platform, Serial serial)
      : session_(session), platform_(platform), serial_(serial) {}

  [[nodiscard]] Status open_gate() override;
  [[nodiscard]] supervisor::LaunchProgress progress() override;
  [[nodiscard]] supervisor::LaunchFailure failure() const override;
  [[nodiscard]] supervisor::WatchHandle watch_report(std::function<void()> seen) override;

 private:
  Session& session_;
  SimulatedPlatform& platform_;
  Serial serial_;
};

class SimulatedTree final : public supervisor::NodeTree {
 public:
  /// `stray`: the leader runs outside of its leaf, and the tree is the leader's session; 0: the tree is the leaf.
  SimulatedTree(Session& session, Leaf leaf, Serial stray)
      : session_(session), leaf_(std::move(leaf)), stray_(stray) {}

  [[nodiscard]] int cgroup_fd() const override { return -1; }
  [[nodiscard]] int events_fd() const override { return -1; }
  [[nodiscard]] bool populated() override;
  void terminate() override { signal(false); }
  void kill() override;
  void repeat_kill() override;
  [[nodiscard]] bool oom_killed() const override;
  bool remove() override;

 private:
  void signal(bool kill);

  Session& session_;
  Leaf leaf_;
  Serial stray_;
  bool killed_ = false;
};

}  // namespace sutra::simulation
