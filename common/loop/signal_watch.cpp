#include "common/loop/signal_watch.h"

#include <utility>

namespace sutra {

SignalWatch::SignalWatch(EventLoop& loop, int signum, std::function<void(int)> callback) {
  handle_.make(std::move(callback), [&](uv_signal_t* signal) { return uv_signal_init(loop.raw(), signal); });
  if (!handle_.open()) return;
  uv_signal_start(
      handle_.handle(), [](uv_signal_t* signal, int seen) { decltype(handle_)::call(signal->data, seen); },
      signum);
}

}  // namespace sutra
