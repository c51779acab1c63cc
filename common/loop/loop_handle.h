// What a timer, a descriptor's watch and a signal's watch have in common: one libuv handle with one callback.
// Both processes; the loop's thread.
#pragma once
#include <uv.h>

#include <utility>

namespace sutra {

/// Owns the handle. Destroying it closes it; the callback is never called again. The handle and the callback
/// live until libuv has closed the handle, after the callback that runs: so the owner may be destroyed inside
/// of its own callback, as long as it touches nothing of itself afterwards.
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
  /// Between its start and its stop, or its last firing.
  [[nodiscard]] bool started() const { return block_ != nullptr && uv_is_active(block_->raw()) != 0; }

  /// For libuv's callback: `data` is the handle's.
  template <typename... Args>
  static void call(void* data, Args... args) {
    const auto* block = static_cast<const Block*>(data);
    if (!block->closed) block->callback(args...);
  }

  /// `init` makes the handle known to its loop and is told of the handle. False: it failed, and nothing is
  /// open.
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
