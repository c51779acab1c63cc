// A clock and timers that stand still until the test moves them. Tests only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "supervisor/host/timers.h"

namespace sutra::supervisor {

class ManualTimers final : public Timers {
 public:
  [[nodiscard]] core::Moment now() const override { return now_; }
  [[nodiscard]] WatchHandle after(core::Nanoseconds delay, std::function<void()> due) override {
    return add(delay, core::Nanoseconds{0}, std::move(due));
  }
  [[nodiscard]] WatchHandle every(core::Nanoseconds interval, std::function<void()> due) override {
    return add(interval, interval, std::move(due));
  }

  /// Moves the clock forward and calls the timers that become due, in the order of their due times, each at its own
  /// time.
  void advance(core::Nanoseconds time) {
    const core::Nanoseconds until = now_.boot + time;
    while (true) {
      const auto next = earliest();
      if (next == entries_.end() || next->second.due_at > until) break;
      move_to(next->second.due_at);
      const auto due = next->second.due;  // a copy: the call may destroy the timer and its callback
      if (next->second.interval.count() == 0) {
        next->second.fired = true;
      } else {
        next->second.due_at += next->second.interval;
      }
      due();
    }
    move_to(until);
  }
  /// Number of timers that have not fired yet.
  [[nodiscard]] std::size_t pending() const {
    std::size_t count = 0;
    for (const auto& [serial, entry] : entries_) count += entry.fired ? 0 : 1;
    return count;
  }

 private:
  struct Entry {
    core::Nanoseconds due_at{0}, interval{0};
    std::function<void()> due;
    bool fired = false;
  };
  using Entries =
      std::map<std::uint64_t, Entry>;  // by age: of two with the same due time the older fires first

  class Handle final : public Watch {
   public:
    Handle(ManualTimers& timers, std::uint64_t serial) : timers_(timers), serial_(serial) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() override { timers_.entries_.erase(serial_); }

   private:
    ManualTimers& timers_;
    std::uint64_t serial_;
  };

  WatchHandle add(core::Nanoseconds delay, core::Nanoseconds interval, std::function<void()> due) {
    entries_[++last_serial_] = {now_.boot + delay, interval, std::move(due), false};
    return std::make_unique<Handle>(*this, last_serial_);
  }
  Entries::iterator earliest() {
    auto best = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second.fired) continue;
      if (best == entries_.end() || at->second.due_at < best->second.due_at) best = at;
    }
    return best;
  }
  void move_to(core::Nanoseconds boot) {
    now_.boot = boot;
    now_.unix_secs = kStartUnix + std::chrono::duration_cast<std::chrono::seconds>(boot).count();
  }

  static constexpr std::int64_t kStartUnix = 1'700'000'000;
  core::Moment now_{core::Nanoseconds{0}, kStartUnix};
  Entries entries_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace sutra::supervisor
