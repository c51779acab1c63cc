#include "supervisor/launch/slots.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "common/errno_advice.h"

namespace sutra::supervisor {
namespace {

// When RLIMIT_NOFILE is below the slot numbers, the kernel reports EINVAL or EBADF instead of EMFILE. The
// advice is the same.
Error no_room_for_slots() {
  return errno_error("reserve", "descriptors for the launcher", errno_advice(EMFILE, {}));
}

Result<UniqueFd> above_slots(const UniqueFd& fd) {
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, int{launch::kFirstClosed}));
  if (!moved) return no_room_for_slots();
  return moved;
}

}  // namespace

Result<Slots> Slots::reserve(UniqueFd launcher) {
  // Move our own two descriptors above the slots first, because the slots are overwritten below.
  auto source = above_slots(launcher);
  if (!source) return source.error();
  launcher.reset();
  UniqueFd low_null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!low_null) return errno_error("open", "/dev/null", "the system lacks a usable /dev");
  auto null = above_slots(low_null);
  if (!null) return null.error();
  low_null.reset();
  for (int slot = launch::kSlotPipe; slot < launch::kFirstClosed; ++slot) {
    const int flags = ::fcntl(slot, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) {
      return make_error("reserve", "descriptor " + std::to_string(slot), "this process has opened it already",
                        "open the launcher before anything else");
    }
  }
  Slots slots(std::move(null).value());
  slots.clear();
  if (::dup3(source.value().get(), launch::kSlotLauncher, O_CLOEXEC) < 0) {
    return no_room_for_slots();
  }
  return slots;
}

Slots::~Slots() {
  if (!null_) return;
  for (int slot = launch::kSlotPipe; slot < launch::kFirstClosed; ++slot) ::close(slot);
}

Status Slots::fill(launch::Slot slot, int fd) {
  if (fd < 0) return {};
  if (::dup2(fd, slot) < 0) return errno_error("pass", "descriptor " + std::to_string(fd));
  return {};
}

void Slots::clear() {
  // dup3 cannot fail here: null_ is open, and reserve() has shown that the limit allows these numbers.
  for (int slot = launch::kSlotPipe; slot < launch::kSlotLauncher; ++slot)
    (void)::dup3(null_.get(), slot, O_CLOEXEC);
}

}  // namespace sutra::supervisor
