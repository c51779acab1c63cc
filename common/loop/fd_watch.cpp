#include "common/loop/fd_watch.h"

#include <poll.h>

#include <chrono>
#include <utility>

namespace sutra {
namespace {

constexpr std::chrono::milliseconds kLookInterval{20};

/// The result of poll(2) as uv_poll_event bits. An error or hang-up is reported as all `wanted` events.
int look(int fd, int wanted) {
  pollfd state{fd, 0, 0};
  if ((wanted & UV_READABLE) != 0) state.events |= POLLIN;
  if ((wanted & UV_WRITABLE) != 0) state.events |= POLLOUT;
  if ((wanted & UV_PRIORITIZED) != 0) state.events |= POLLPRI;
  if ((wanted & UV_DISCONNECT) != 0) state.events |= POLLRDHUP;
  if (::poll(&state, 1, 0) <= 0) return 0;
  if ((state.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return wanted;
  int seen = 0;
  if ((state.revents & POLLIN) != 0) seen |= UV_READABLE;
  if ((state.revents & POLLOUT) != 0) seen |= UV_WRITABLE;
  if ((state.revents & POLLPRI) != 0) seen |= UV_PRIORITIZED;
  if ((state.revents & POLLRDHUP) != 0) seen |= UV_DISCONNECT;
  return seen;
}

}  // namespace

FdWatch::FdWatch(EventLoop& loop, int fd, int events, Callback callback) {
  // `wanted` is shared with the callbacks, because the watch may be moved.
  auto wanted = std::make_shared<int>(0);
  auto told = std::make_shared<Callback>(std::move(callback));
  const bool watched =
      poll_.make([wanted, told](int status, int seen) { (*told)(status < 0 ? *wanted : seen); },
                 [&](uv_poll_t* poll) { return uv_poll_init(loop.raw(), poll, fd); });
  wanted_ = wanted;
  if (!watched) {
    look_ = Timer(loop, [fd, wanted, told] {
      if (const int seen = look(fd, *wanted); seen != 0) (*told)(seen);
    });
  }
  watch(events);
}

void FdWatch::watch(int events) {
  if (!active()) return;
  // Do not start a watch again for the same events: uv_poll_start() drops an event that is pending in this
  // turn of the loop. A watch that another callback starts again in every turn would never be called.
  const bool same = events == *wanted_;
  *wanted_ = events;
  if (!poll_.open()) {
    if (same) return;
    if (events == 0) return look_.cancel();
    return look_.every(kLookInterval);
  }
  if (same && poll_.started()) return;  // after an error libuv has stopped it
  if (events == 0) {
    uv_poll_stop(poll_.handle());
    return;
  }
  uv_poll_start(poll_.handle(), events, [](uv_poll_t* poll, int status, int seen) {
    decltype(poll_)::call(poll->data, status, seen);
  });
}

void FdWatch::stop() {
  poll_.close();
  look_ = Timer();
  wanted_.reset();
}

}  // namespace sutra
