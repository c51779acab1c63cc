// A node's process, known by its pidfd, and its launcher, known by its pipes, watched by the event loop.
// Supervisor, the loop's thread.
#pragma once
#include "common/loop/event_loop.h"
#include "common/unique_fd.h"
#include "supervisor/nodes/platform.h"

namespace sutra::supervisor {

class LinuxProcess final : public ServerProcess {
 public:
  LinuxProcess(EventLoop& loop, ProcessIdentity identity, UniqueFd pidfd)
      : loop_(loop), identity_(std::move(identity)), pidfd_(std::move(pidfd)) {}

  [[nodiscard]] const ProcessIdentity& identity() const override { return identity_; }
  [[nodiscard]] std::optional<Ended> ended() const override { return peek_exit(pidfd_); }
  void reap() override { supervisor::reap(pidfd_); }
  [[nodiscard]] WatchHandle watch_end(std::function<void()> seen) override;
  [[nodiscard]] const UniqueFd& pidfd() const { return pidfd_; }

 private:
  EventLoop& loop_;
  ProcessIdentity identity_;
  UniqueFd pidfd_;
};

class LinuxLaunch final : public Launch {
 public:
  /// `launched` without its pidfd, which was moved to a LinuxProcess.
  LinuxLaunch(EventLoop& loop, Launched launched, LaunchSubject subject)
      : loop_(loop), launched_(std::move(launched)), subject_(std::move(subject)) {}

  [[nodiscard]] Status open_gate() override { return supervisor::open_gate(launched_); }
  [[nodiscard]] LaunchProgress progress() override;
  [[nodiscard]] LaunchFailure failure() const override;
  [[nodiscard]] WatchHandle watch_report(std::function<void()> seen) override;

 private:
  EventLoop& loop_;
  Launched launched_;
  LaunchSubject subject_;
  LaunchReport seen_;
};

}  // namespace sutra::supervisor
