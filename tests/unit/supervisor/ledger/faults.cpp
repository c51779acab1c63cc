#include "tests/unit/supervisor/ledger/faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace sutra::supervisor::testing {
namespace {

struct Plan {
  std::optional<Call> call;  // nothing: every call
  int left = 0;              // 0: no fault is planned
  int errnum = 0;
};
Plan plan;

/// The errno to fail with now, if any.
std::optional<int> fault(Call call) {
  if (plan.left == 0 || (plan.call && *plan.call != call) || --plan.left > 0) return std::nullopt;
  if (!plan.call) ::_exit(kCrashed);
  return plan.errnum;
}

}  // namespace

void crash_at(int count) { plan = {std::nullopt, count, 0}; }
void fail_at(Call call, int count, int errnum) { plan = {call, count, errnum}; }
void no_faults() { plan = {}; }

}  // namespace sutra::supervisor::testing

using sutra::supervisor::testing::Call;
using sutra::supervisor::testing::fault;

namespace {
int refused(int errnum) {
  errno = errnum;
  return -1;
}
}  // namespace

extern "C" {
ssize_t write(int fd, const void* bytes, size_t count) {
  const auto errnum = fault(Call::kWrite);
  if (errnum && *errnum != 0) return refused(*errnum);
  return ::syscall(SYS_write, fd, bytes, errnum ? count / 2 : count);
}
int fsync(int fd) {
  if (const auto errnum = fault(Call::kFsync)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
int rename(const char* from, const char* to) noexcept {
  if (const auto errnum = fault(Call::kRename)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) noexcept {
  if (const auto errnum = fault(Call::kRenameat2)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_renameat2, from_dir, from, to_dir, to, flags));
}
int unlink(const char* path) noexcept {
  if (const auto errnum = fault(Call::kUnlink)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
int mkdir(const char* path, mode_t mode) noexcept {
  if (const auto errnum = fault(Call::kMkdir)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
int ftruncate(int fd, off_t length) noexcept {
  if (const auto errnum = fault(Call::kFtruncate)) return refused(*errnum);
  return static_cast<int>(::syscall(SYS_ftruncate, fd, length));
}
}
