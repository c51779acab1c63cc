#include "common/loop/event_loop.h"

#include <deque>
#include <mutex>
#include <utility>

namespace sutra::comms {

struct LoopPost::Mailbox {
  std::mutex mutex;
  uv_async_t* wake = nullptr;  // null once closed
  std::deque<std::function<void()>> tasks;

  void run_all() {
    std::deque<std::function<void()>> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(tasks);
    }
    for (auto& task : taken) task();
  }
};

bool LoopPost::operator()(std::function<void()> task) const {
  if (!mailbox_) return false;
  const std::lock_guard lock(mailbox_->mutex);
  if (mailbox_->wake == nullptr) return false;
  mailbox_->tasks.push_back(std::move(task));
  uv_async_send(mailbox_->wake);  // under the lock: close_mailbox() cannot free it meanwhile
  return true;
}

EventLoop::EventLoop() : wake_(new uv_async_t{}) {
  uv_loop_init(&loop_);
  post_.mailbox_ = std::make_shared<LoopPost::Mailbox>();
  wake_->data = post_.mailbox_.get();
  uv_async_init(&loop_, wake_,
                [](uv_async_t* handle) { static_cast<LoopPost::Mailbox*>(handle->data)->run_all(); });
  post_.mailbox_->wake = wake_;
}

EventLoop::~EventLoop() {
  close_mailbox();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  uv_loop_close(&loop_);
}

void EventLoop::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void EventLoop::stop() { uv_stop(&loop_); }

void EventLoop::close_mailbox() {
  if (wake_ == nullptr) return;
  {
    const std::lock_guard lock(post_.mailbox_->mutex);
    post_.mailbox_->wake = nullptr;
  }
  post_.mailbox_->run_all();
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(wake_, nullptr)),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
}

// A handle's memory lives until libuv has closed it, which is after its owner is gone.
struct Timer::Block {
  uv_timer_t handle{};
  std::function<void()> callback;
  bool dead = false;
};

Timer::Timer(EventLoop& loop, std::function<void()> callback)
    : block_(new Block{{}, std::move(callback), false}) {
  uv_timer_init(loop.raw(), &block_->handle);
  block_->handle.data = block_;
}

Timer::~Timer() {
  block_->dead = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&block_->handle),
           [](uv_handle_t* handle) { delete static_cast<Block*>(handle->data); });
}

void Timer::at(TimePoint when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
  const auto delay = left.count() > 0 ? static_cast<std::uint64_t>(left.count()) : 0U;
  uv_update_time(block_->handle.loop);
  uv_timer_start(
      &block_->handle,
      [](uv_timer_t* handle) {
        const auto* block = static_cast<Block*>(handle->data);
        if (block->dead) return;
        const auto callback = block->callback;  // a copy: it may destroy the timer and with it the original
        callback();
      },
      delay, 0);
}

void Timer::cancel() { uv_timer_stop(&block_->handle); }

struct FdWatch::Block {
  uv_poll_t handle{};
  std::function<void(int)> callback;
  int events = 0;  ///< as last watched for
  bool dead = false;
};

FdWatch::FdWatch(EventLoop& loop, int fd, std::function<void(int)> callback)
    : block_(new Block{{}, std::move(callback), 0, false}) {
  if (uv_poll_init(loop.raw(), &block_->handle, fd) != 0) {
    delete std::exchange(block_, nullptr);
    return;
  }
  block_->handle.data = block_;
}

FdWatch::~FdWatch() {
  if (block_ == nullptr) return;
  block_->dead = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&block_->handle),
           [](uv_handle_t* handle) { delete static_cast<Block*>(handle->data); });
}

bool FdWatch::watch(int events) {
  if (block_ == nullptr) return false;
  // libuv forgets what a watch that it starts has pending in this turn of the loop: one that is started from
  // a busy neighbour's callback in every turn would never be called.
  const bool active = uv_is_active(reinterpret_cast<const uv_handle_t*>(&block_->handle)) != 0;
  if (active && events == block_->events) return true;
  block_->events = events;
  if (events == 0) return uv_poll_stop(&block_->handle) == 0;
  return uv_poll_start(&block_->handle, events, [](uv_poll_t* handle, int status, int seen) {
           const auto* block = static_cast<Block*>(handle->data);
           if (block->dead) return;
           const auto callback = block->callback;
           callback(status < 0 ? UV_READABLE | UV_WRITABLE | UV_DISCONNECT : seen);
         }) == 0;
}

}  // namespace sutra::comms
