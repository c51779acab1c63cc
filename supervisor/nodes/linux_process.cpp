#include "supervisor/nodes/linux_process.h"

#include <cerrno>
#include <utility>

#include "common/loop/fd_watch.h"

namespace sutra::supervisor {
namespace {

class DescriptorWatch final : public Watch {
 public:
  DescriptorWatch(EventLoop& loop, const UniqueFd& fd, int events, std::function<void()> seen)
      : poll_(loop, fd.get(), events, [seen = std::move(seen)](int) { seen(); }) {}

 private:
  FdWatch poll_;
};

}  // namespace

WatchHandle LinuxProcess::watch_end(std::function<void()> seen) {
  return std::make_unique<DescriptorWatch>(loop_, pidfd_, UV_READABLE, std::move(seen));
}

LaunchProgress LinuxLaunch::progress() {
  seen_ = read_report(launched_.report, seen_);
  return seen_.progress;
}

LaunchFailure LinuxLaunch::failure() const {
  const bool locked = seen_.progress == LaunchProgress::kFailed && seen_.stage == launch::kStageLock &&
                      seen_.error == EWOULDBLOCK;
  return {locked, launch_error(seen_, subject_).message()};
}

WatchHandle LinuxLaunch::watch_report(std::function<void()> seen) {
  return std::make_unique<DescriptorWatch>(loop_, launched_.report, UV_READABLE | UV_DISCONNECT,
                                           std::move(seen));
}

}  // namespace sutra::supervisor
