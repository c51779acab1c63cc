#include "supervisor/children/child_process.h"

#include <utility>

#include "common/loop/fd_watch.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {
namespace {

class ChildProcess final : public Child {
 public:
  ChildProcess(EventLoop& loop, Launched launched, LaunchSubject subject, ChildStarter::Ended ended)
      : launched_(std::move(launched)),
        subject_(std::move(subject)),
        ended_(std::move(ended)),
        exit_watch_(loop, launched_.pidfd.get(), UV_READABLE, [this](int) { on_exit(); }) {}

  [[nodiscard]] pid_t pid() const override { return launched_.pid; }
  void signal(int signum) const override { (void)send_signal(launched_.pidfd, signum); }

 private:
  void on_exit() {
    // The pidfd may be readable although the process still runs (a spurious wakeup): wait for the next event.
    const auto end = peek_exit(launched_.pidfd);
    if (!end) return;
    exit_watch_.stop();
    reap(launched_.pidfd);
    // Read after the exit: the launcher has written everything by now, so this cannot be too early.
    const LaunchReport report = read_report(launched_.report, {});
    const bool executed = report.progress == LaunchProgress::kExeced;
    const std::string why = executed ? std::string() : launch_error(report, subject_).message();
    const ChildStarter::Ended ended = std::move(ended_);  // it may destroy this
    ended(end->exit, why);
  }

  Launched
      launched_;  // keeps the report pipe open until the exit: the launcher gets SIGPIPE without a reader
  LaunchSubject subject_;
  ChildStarter::Ended ended_;
  FdWatch exit_watch_;
};

}  // namespace

Result<ChildHandle> ProcessStarter::start(const LaunchPlan& plan, const std::string& if_missing,
                                          Ended ended) {
  auto launched = launcher_.launch(plan);
  if (!launched) return launched.error();
  // Our own children are not recorded in the ledger, so there is nothing to wait for before the exec.
  if (const Status opened = open_gate(launched.value()); !opened) return opened.error();
  return ChildHandle(std::make_unique<ChildProcess>(loop_, std::move(launched).value(),
                                                    subject_of(plan, if_missing), std::move(ended)));
}

}  // namespace sutra::supervisor
