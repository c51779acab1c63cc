// The low descriptors through which a child inherits: always taken, so that the child's one close_range
// leaves exactly them. Supervisor.
#pragma once
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/launch/spec.h"

namespace sutra::supervisor {

/// Owns the descriptors kSlotPipe..kSlotLauncher of this process. Between launches each is /dev/null or the
/// launcher's file, CLOEXEC, so that no other descriptor of this process can get such a number. Move-only;
/// destroying it closes them.
class Slots {
 public:
  /// Takes the slots. A descriptor found there without CLOEXEC leaked into us from our parent and is
  /// replaced; one with CLOEXEC was opened by this process, which is an error: reserve the slots first.
  [[nodiscard]] static Result<Slots> reserve(UniqueFd launcher);

  Slots(Slots&& other) noexcept : null_(std::move(other.null_)) {}
  Slots& operator=(Slots&&) = delete;
  ~Slots();

  /// Puts a copy of `fd` into the slot, to be inherited; nothing for -1.
  [[nodiscard]] Status fill(launch::Slot slot, int fd);
  /// Puts /dev/null back into the slots that fill() took.
  void clear();

 private:
  explicit Slots(UniqueFd null) : null_(std::move(null)) {}
  UniqueFd null_;
};

}  // namespace sutra::supervisor
