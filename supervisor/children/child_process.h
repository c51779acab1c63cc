// Starts our helper processes through the launcher, watches each by its pidfd and reaps it. Supervisor, one
// thread.
#pragma once
#include "common/loop/event_loop.h"
#include "supervisor/children/child_starter.h"

namespace sutra::supervisor {

class ProcessStarter final : public ChildStarter {
 public:
  /// Both must outlive this object and every child that it starts.
  ProcessStarter(EventLoop& loop, Launcher& launcher) : loop_(loop), launcher_(launcher) {}

  [[nodiscard]] Result<ChildHandle> start(const LaunchPlan& plan, const std::string& if_missing,
                                          Ended ended) override;

 private:
  EventLoop& loop_;
  Launcher& launcher_;
};

}  // namespace sutra::supervisor
