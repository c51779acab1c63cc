// Turns an event loop by hand, without ever waiting: what is tested happens within the process. Tests only.
#pragma once
#include <uv.h>

#include <functional>

#include "common/loop/event_loop.h"

namespace sutra {

/// One turn: what is ready now.
inline void turn(EventLoop& loop) { uv_run(loop.raw(), UV_RUN_NOWAIT); }

/// Turns until `condition` holds; false when it does not after `limit` turns.
inline bool turn_until(EventLoop& loop, const std::function<bool()>& condition, int limit = 20'000) {
  for (int i = 0; i < limit && !condition(); ++i) turn(loop);
  return condition();
}

}  // namespace sutra
