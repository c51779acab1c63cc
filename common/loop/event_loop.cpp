#include "common/loop/event_loop.h"

#include <deque>
#include <mutex>
#include <utility>

namespace sutra {

struct LoopPost::Mailbox {
  std::mutex mutex;
  uv_async_t* wake = nullptr;  // null once closed
  std::deque<std::function<void()>> tasks;

  void run_all() {
    std::deque<std::function<void()>> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(tasks);  // run them without the lock: a task may post another one
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

}  // namespace sutra
