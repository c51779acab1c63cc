#include "supervisor/children/child_process.h"

#include <utility>

namespace sutra::supervisor {

Status ChildProcess::start(uv_loop_t* loop, Launcher& launcher, const LaunchPlan& plan,
                           const std::string& if_missing, Ended ended) {
  auto launched = launcher.launch(plan);
  if (!launched) return launched.error();
  if (const Status opened = open_gate(launched.value()); !opened) return opened;
  subject_ = subject_of(plan, if_missing);
  pid_ = launched.value().pid;
  pidfd_ = std::move(launched.value().pidfd);
  report_ = std::move(launched.value().report);  // kept: the launcher writes to it
  ended_ = std::move(ended);
  exit_watch_ = PollWatch(loop, pidfd_.get(), UV_READABLE, [this](int) { on_exit(); });
  return {};
}

void ChildProcess::signal(int signum) const {
  if (pidfd_) (void)send_signal(pidfd_, signum);
}

void ChildProcess::on_exit() {
  const auto end = peek_exit(pidfd_);
  if (!end) return;
  exit_watch_.stop();
  reap(pidfd_);
  const LaunchReport report = read_report(report_, {});
  const bool executed = report.progress == LaunchProgress::kExeced;
  const std::string why = executed ? std::string() : launch_error(report, subject_).message();
  pid_ = 0;
  pidfd_.reset();
  report_.reset();
  const Ended ended = std::move(ended_);
  ended(end->exit, why);
}

}  // namespace sutra::supervisor
