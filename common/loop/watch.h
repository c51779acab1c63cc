// RAII over the libuv handles that the supervisor uses. A handle's memory lives until libuv has closed it, so
// an owner may be destroyed inside of its own callback, as long as it touches nothing afterwards. Supervisor.
#pragma once
#include <poll.h>
#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace sutra::supervisor {

/// One libuv handle with one callback. Destroying it closes it; the callback is never called again.
template <typename Handle, typename Callback>
class LoopHandle {
 public:
  LoopHandle() = default;
  LoopHandle(LoopHandle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  LoopHandle& operator=(LoopHandle&& other) noexcept {
    if (this != &other) {
      stop();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  LoopHandle(const LoopHandle&) = delete;
  LoopHandle& operator=(const LoopHandle&) = delete;
  ~LoopHandle() { stop(); }

  [[nodiscard]] bool active() const { return block_ != nullptr; }
  void stop() {
    if (block_ == nullptr) return;
    Block* block = std::exchange(block_, nullptr);
    block->dead = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&block->handle),
             [](uv_handle_t* handle) { delete static_cast<Block*>(handle->data); });
  }

 protected:
  struct Block {
    Handle handle{};
    Callback callback;
    bool dead = false;
  };
  explicit LoopHandle(Callback callback) : block_(new Block{{}, std::move(callback), false}) {
    block_->handle.data = block_;
  }
  /// Runs the callback from a copy: it may destroy the watch, and with it the original.
  template <typename... Args>
  static void call(void* data, Args... args) {
    auto* block = static_cast<Block*>(data);
    if (block->dead) return;
    const Callback callback = block->callback;
    callback(args...);
  }
  Block* block_ = nullptr;
};

/// A one-shot or repeating timer, in the loop's monotonic time.
class TimerWatch : public LoopHandle<uv_timer_t, std::function<void()>> {
 public:
  TimerWatch() = default;
  TimerWatch(uv_loop_t* loop, std::chrono::milliseconds delay, std::chrono::milliseconds repeat,
             std::function<void()> callback)
      : LoopHandle(std::move(callback)) {
    uv_timer_init(loop, &block_->handle);
    block_->handle.data = block_;
    uv_update_time(loop);
    uv_timer_start(
        &block_->handle, [](uv_timer_t* t) { call(t->data); }, static_cast<std::uint64_t>(delay.count()),
        static_cast<std::uint64_t>(repeat.count()));
  }
};

/// Readiness of a descriptor, which must outlive the watch. The callback gets uv_poll_event bits; an error of
/// the poll itself counts as readable, so that the owner reads and finds out. Where the kernel refuses to
/// watch it (no memory, too many watches) it is looked at every 20 ms instead: a death is noticed late, but
/// never missed.
class PollWatch : public LoopHandle<uv_poll_t, std::function<void(int)>> {
 public:
  PollWatch() = default;
  PollWatch(uv_loop_t* loop, int fd, int events, std::function<void(int)> callback)
      : LoopHandle(std::move(callback)) {
    failed_ = uv_poll_init(loop, &block_->handle, fd) != 0;
    block_->handle.data = block_;
    if (failed_) {
      wanted_ = std::make_shared<int>(events);
      look_ =
          TimerWatch(loop, kLookInterval, kLookInterval,
                     [fd, wanted = wanted_, told = std::move(block_->callback)] { look(fd, *wanted, told); });
      delete std::exchange(block_, nullptr);
      return;
    }
    set(events);
  }
  /// False: the kernel cannot watch this descriptor, or not now, and it is looked at instead.
  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] bool active() const { return LoopHandle::active() || look_.active(); }
  void stop() {
    look_.stop();
    LoopHandle::stop();
  }
  /// From another descriptor's callback, too. What is watched for already is not started again: libuv forgets
  /// what a watch that it starts has pending in this turn of the loop, so a busy neighbour would starve it.
  void set(int events) {
    if (wanted_) *wanted_ = events;
    if (block_ == nullptr) return;
    const bool stopped = uv_is_active(reinterpret_cast<const uv_handle_t*>(&block_->handle)) == 0;
    if (!stopped && events == events_) return;
    events_ = events;
    uv_poll_start(&block_->handle, events, [](uv_poll_t* p, int status, int seen) {
      call(p->data, status < 0 ? static_cast<int>(UV_READABLE) : seen);
    });
  }

 private:
  static constexpr std::chrono::milliseconds kLookInterval{20};

  static void look(int fd, int wanted, const std::function<void(int)>& told) {
    pollfd state{fd, 0, 0};
    if ((wanted & UV_READABLE) != 0) state.events |= POLLIN;
    if ((wanted & UV_WRITABLE) != 0) state.events |= POLLOUT;
    if ((wanted & UV_PRIORITIZED) != 0) state.events |= POLLPRI;
    if (::poll(&state, 1, 0) <= 0) return;
    const bool writable_only = state.revents == POLLOUT;
    const auto callback = told;  // it may destroy the watch, and with it the original
    callback(writable_only ? UV_WRITABLE : wanted);
  }

  bool failed_ = false;
  int events_ = 0;               ///< as last set
  std::shared_ptr<int> wanted_;  ///< with `look_`
  TimerWatch look_;
};

/// A signal, delivered as a loop event.
class SignalWatch : public LoopHandle<uv_signal_t, std::function<void(int)>> {
 public:
  SignalWatch() = default;
  SignalWatch(uv_loop_t* loop, int signum, std::function<void(int)> callback) : LoopHandle(std::move(callback)) {
    uv_signal_init(loop, &block_->handle);
    block_->handle.data = block_;
    uv_signal_start(
        &block_->handle, [](uv_signal_t* s, int seen) { call(s->data, seen); }, signum);
  }
};

}  // namespace sutra::supervisor
