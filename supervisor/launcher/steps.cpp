#include "supervisor/launcher/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sutra::launch {
namespace {

int result_of(int returned) { return returned < 0 ? errno : 0; }

}  // namespace

int keep_own_descriptors(const Spec&) {
  for (int fd = kSlotPipe; fd < kFirstClosed; ++fd) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);  // EBADF: unused
  return 0;
}

int new_session(const Spec& spec) { return (spec.flags & kNewSession) == 0 ? 0 : result_of(setsid()); }

int die_with_parent(const Spec& spec) {
  if ((spec.flags & kDieWithParent) == 0) return 0;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
  // The parent may have died before the prctl; then no signal comes (prctl(2)), so check for it now.
  return getppid() == spec.parent_pid ? 0 : ESRCH;
}

int set_limits(const Spec& spec) {
  for (const Limit& limit : spec.limits) {
    if (limit.resource < 0) continue;
    const rlimit value{limit.soft, limit.hard};
    if (setrlimit(limit.resource, &value) != 0) return errno;
  }
  return 0;
}

int set_oom_score(const Spec& spec) {
  if (spec.oom_score_adj == kKeepOomScore) return 0;
  char text[16];
  const int size = snprintf(text, sizeof text, "%d", spec.oom_score_adj);
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = write(fd, text, static_cast<size_t>(size)) == size ? 0 : errno;
  close(fd);
  return error;
}

int redirect_stdio(const Spec& spec) {
  if ((spec.flags & kRedirectOutput) == 0) return 0;
  if (dup2(kSlotLog, STDOUT_FILENO) < 0 || dup2(kSlotLog, STDERR_FILENO) < 0) return errno;
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return errno;
  const int error = result_of(dup2(null, STDIN_FILENO));
  close(null);
  return error;
}

int set_ids(const Spec& spec) {
  if ((spec.flags & kSetIds) == 0) return 0;
  // Groups first, user last: after setresuid we have no right to change groups.
  if (setgroups(0, nullptr) != 0) return errno;
  if (setresgid(spec.gid, spec.gid, spec.gid) != 0) return errno;
  return result_of(setresuid(spec.uid, spec.uid, spec.uid));
}

int no_new_privileges(const Spec&) { return result_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int enter_directory(const Spec& spec) {
  if ((spec.flags & kChangeDirectory) == 0) return 0;
  return result_of(fchdir(kSlotDirectory));
}

int lock_directory(const Spec& spec) {
  if ((spec.flags & kLockDirectory) == 0) return 0;
  // Open the directory again, for two reasons. The kernel checks the program's rights, not the supervisor's.
  // And a flock belongs to the open file description (flock(2)): with our own, the lock is held until the
  // program and all processes that inherit the descriptor have ended.
  const int fd = openat(kSlotDirectory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno;
  const int error = result_of(dup2(fd, kSlotDirectory));
  close(fd);
  return error;
}

void mark_exec(const Spec& spec) {
  if ((spec.flags & kMarkExec) == 0) return;
  ssize_t written = 0;
  do {
    written = write(kSlotExtra0, "x", 1);
  } while (written < 0 && errno == EINTR);
  // When the disk is full, run the program all the same. But a mark without the byte would tell the next
  // supervisor that only a launcher ran here. So empty the file, which means "unknown".
  if (written != 1) unmark_exec(spec);
}

void unmark_exec(const Spec& spec) {
  if ((spec.flags & kMarkExec) != 0) (void)!ftruncate(kSlotExtra0, 0);
}

int pass_extras(const Spec& spec, int& report_fd) {
  if ((spec.flags & kPassExtra) == 0) return 0;
  // kSlotReport is one of the numbers that the program gets, so move the report pipe away first.
  const int moved = fcntl(report_fd, F_DUPFD_CLOEXEC, int{kFirstClosed});
  if (moved < 0) return errno;
  report_fd = moved;
  for (int i = 0; i < 3; ++i) {
    if (dup2(kSlotExtra0 + i, kSlotPipe + i) >= 0) continue;
    if (errno != EBADF) return errno;
    close(kSlotPipe + i);  // not given: the program finds it closed
  }
  return 0;
}

}  // namespace sutra::launch
