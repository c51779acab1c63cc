// A ChildStarter that starts no process and records each request; the test decides how each child ends. Tests only.
#pragma once
#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "supervisor/children/child_starter.h"

namespace sutra::supervisor {

class FakeStarter final : public ChildStarter {
 public:
  /// One request. The descriptors in `plan` may be closed; `log` and `extra` are copies of them.
  struct Start {
    LaunchPlan plan;
    std::string if_missing;
    Ended ended;
    pid_t pid = 0;
    UniqueFd log;
    std::vector<UniqueFd> extra;
    std::vector<int> signals;  ///< signals that were sent to it
    bool watched = true;       ///< its handle still exists
  };

  [[nodiscard]] Result<ChildHandle> start(const LaunchPlan& plan, const std::string& if_missing,
                                          Ended ended) override {
    ++asked;
    if (refusal) return *refusal;
    auto start = std::make_shared<Start>();
    start->plan = plan;
    start->if_missing = if_missing;
    start->ended = std::move(ended);
    start->pid = kFirstPid + static_cast<pid_t>(starts.size());
    start->log = copy(plan.log_fd);
    for (const int fd : plan.extra_fds) start->extra.push_back(copy(fd));
    starts.push_back(start);
    return ChildHandle(std::make_unique<FakeChild>(start));
  }

  [[nodiscard]] Start& last() { return *starts.back(); }
  /// Ends the last child in this way; closes its descriptors, as the kernel would.
  void end_last(const core::Exit& exit, const std::string& why_not_started = {}) {
    const auto start = starts.back();
    start->log.reset();
    start->extra.clear();
    const Ended ended = std::move(start->ended);
    if (start->watched && ended) ended(exit, why_not_started);
  }

  std::vector<std::shared_ptr<Start>> starts;
  std::optional<Error> refusal;  ///< while set, nothing can be started
  int asked = 0;                 ///< number of requests, refused ones included

 private:
  static constexpr pid_t kFirstPid = 2'000'000'000;  // larger than any real pid

  class FakeChild final : public Child {
   public:
    explicit FakeChild(std::shared_ptr<Start> start) : start_(std::move(start)) {}
    FakeChild(const FakeChild&) = delete;
    FakeChild& operator=(const FakeChild&) = delete;
    ~FakeChild() override { start_->watched = false; }
    [[nodiscard]] pid_t pid() const override { return start_->pid; }
    void signal(int signum) const override { start_->signals.push_back(signum); }

   private:
    std::shared_ptr<Start> start_;
  };

  static UniqueFd copy(int fd) { return UniqueFd(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
};

inline core::Exit exited(int code) { return {core::ExitCause::kExit, code, 0, 0}; }
inline core::Exit killed_by(int signum) { return {core::ExitCause::kSignal, 0, signum, 0}; }

}  // namespace sutra::supervisor
