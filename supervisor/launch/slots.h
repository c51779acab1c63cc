// The fixed descriptor numbers (3 to 10) that a child inherits. This process keeps them occupied all the
// time, so that the child's single close_range(11, ...) closes all its other descriptors. Supervisor, one
// thread.
#pragma once
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/launch/spec.h"

namespace sutra::supervisor {

/// Owns the descriptors kSlotPipe to kSlotLauncher of this process. Between launches they are open on
/// /dev/null (kSlotLauncher: on the launcher's file) with CLOEXEC, so the kernel gives these numbers to no
/// other descriptor. Move-only; the destructor closes them.
class Slots {
 public:
  /// Occupies the slots. A descriptor in a slot without CLOEXEC was inherited from our parent; it is
  /// replaced. One with CLOEXEC was opened by this process, which is an error: call this before anything else
  /// is opened.
  [[nodiscard]] static Result<Slots> reserve(UniqueFd launcher);

  Slots(Slots&& other) noexcept : null_(std::move(other.null_)) {}
  Slots& operator=(Slots&&) = delete;
  ~Slots();

  /// Puts a copy of `fd`, without CLOEXEC, into the slot. Does nothing when `fd` is -1.
  [[nodiscard]] Status fill(launch::Slot slot, int fd);
  /// Puts /dev/null back into the slots. Call it after each launch, whether it worked or not.
  void clear();

 private:
  explicit Slots(UniqueFd null) : null_(std::move(null)) {}
  UniqueFd null_;
};

}  // namespace sutra::supervisor
