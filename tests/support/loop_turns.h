// Runs iterations of an event loop without waiting, for tests in one process. Tests only.
#pragma once
#include <uv.h>

#include <functional>

#include "common/loop/event_loop.h"

namespace sutra {

/// One iteration: handles what is ready now.
inline void turn(EventLoop& loop) { uv_run(loop.raw(), UV_RUN_NOWAIT); }

/// Iterates until `condition` is true; false if it is not after `limit` iterations.
inline bool turn_until(EventLoop& loop, const std::function<bool()>& condition, int limit = 20'000) {
  for (int i = 0; i < limit && !condition(); ++i) turn(loop);
  return condition();
}

}  // namespace sutra
