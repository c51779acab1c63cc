// Owner of one libuv handle with its callback; the base of Timer, FdWatch and SignalWatch. Both processes;
// the loop's thread.
#pragma once
#include <uv.h>

#include <utility>

namespace sutra {

/// Destroying it closes the handle; the callback is not called again. uv_close() is asynchronous, so handle
/// and callback are in a block of their own that libuv's close callback frees. Therefore the owner may be
/// destroyed from within its callback; the callback must then not use the owner any more.
template <typename Handle, typename Callback>
class LoopHandle {
 public:
  LoopHandle() = default;
  LoopHandle(LoopHandle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  LoopHandle& operator=(LoopHandle&& other) noexcept {
    if (this != &other) {
      close();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  LoopHandle(const LoopHandle&) = delete;
  LoopHandle& operator=(const LoopHandle&) = delete;
  ~LoopHandle() { close(); }

  /// False: default-constructed, moved from or closed.
  [[nodiscard]] bool open() const { return block_ != nullptr; }
  void close() {
    if (block_ == nullptr) return;
    Block* block = std::exchange(block_, nullptr);
    block->closed = true;
    uv_close(block->raw(), [](uv_handle_t* handle) { delete static_cast<Block*>(handle->data); });
  }
  [[nodiscard]] Handle* handle() { return &block_->handle; }
  /// True from the start of the handle to its stop, or to the last call of a timer.
  [[nodiscard]] bool started() const { return block_ != nullptr && uv_is_active(block_->raw()) != 0; }

  /// Calls the callback. For libuv's C callbacks; `data` is the handle's `data`.
  template <typename... Args>
  static void call(void* data, Args... args) {
    const auto* block = static_cast<const Block*>(data);
    if (!block->closed) block->callback(args...);
  }

  /// Creates a handle; `init(handle)` must call libuv's init function and return its result. False: that
  /// failed, and no handle is open.
  template <typename Init>
  bool make(Callback callback, Init init) {
    close();
    auto* block = new Block{{}, std::move(callback), false};
    if (init(&block->handle) != 0) {
      delete block;
      return false;
    }
    block->handle.data = block;
    block_ = block;
    return true;
  }

 private:
  struct Block {
    Handle handle{};
    Callback callback;
    bool closed = false;
    [[nodiscard]] uv_handle_t* raw() { return reinterpret_cast<uv_handle_t*>(&handle); }
  };
  Block* block_ = nullptr;
};

}  // namespace sutra
