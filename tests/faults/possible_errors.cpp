#include "tests/faults/possible_errors.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <map>
#include <set>

namespace sutra::faults {
namespace {

// Those that have one home: a file or a directory of a disk. A socket or a pipe knows no EIO.
bool on_disk(const Call& call) { return call.descriptor().starts_with('/'); }
bool creates(const Call& call) {
  const std::uint64_t flags = call.number == SYS_open ? call.arguments[1] : call.arguments[2];
  return (flags & O_CREAT) != 0;
}

bool no_space(const Call& call) {
  switch (call.number) {
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_ftruncate:
      return on_disk(call);
    case SYS_open:
    case SYS_openat:
      return creates(call);
    case SYS_mkdir:
    case SYS_mkdirat:
    case SYS_rename:
    case SYS_renameat2:
    case SYS_epoll_ctl:  // fs.epoll.max_user_watches
      return true;
    default:
      return false;
  }
}

bool no_descriptor(const Call& call) {
  switch (call.number) {
    case SYS_open:
    case SYS_openat:
    case SYS_openat2:
    case SYS_pipe2:
    case SYS_socket:
    case SYS_socketpair:
    case SYS_accept4:
    case SYS_memfd_create:
    case SYS_dup:
    case SYS_epoll_create1:
    case SYS_eventfd2:
    case SYS_pidfd_open:
    case SYS_clone3:  // of the pidfd
      return true;
    case SYS_fcntl:
      return call.arguments[1] == F_DUPFD || call.arguments[1] == F_DUPFD_CLOEXEC;
    default:
      return false;
  }
}

bool no_memory(const Call& call) {
  static const std::set<long> kCan{
      SYS_open,         SYS_openat,     SYS_openat2, SYS_pidfd_open, SYS_socket,    SYS_socketpair,
      SYS_accept4,      SYS_mkdir,      SYS_mkdirat, SYS_rename,     SYS_renameat2, SYS_unlink,
      SYS_unlinkat,     SYS_rmdir,      SYS_stat,    SYS_newfstatat, SYS_readlink,  SYS_getdents64,
      SYS_memfd_create, SYS_epoll_ctl,  SYS_sendmsg, SYS_sendto,     SYS_clone3,    SYS_clone,
      SYS_mprotect,     SYS_fchown,     SYS_fchmod,  SYS_bind,       SYS_connect,   SYS_eventfd2,
      SYS_faccessat,    SYS_faccessat2, SYS_access,  SYS_chmod,      SYS_fchownat,  SYS_statfs};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (call.number == SYS_mmap || call.number == SYS_brk) return true;  // a sanitizer's own end at once
#endif
  if (call.number == SYS_read || call.number == SYS_pread64 || call.number == SYS_write) return on_disk(call);
  return kCan.contains(call.number);
}

bool broken_disk(const Call& call) {
  static const std::set<long> kDescriptor{SYS_read,      SYS_pread64, SYS_write,  SYS_pwrite64,
                                          SYS_writev,    SYS_fsync,   SYS_fstat,  SYS_fdatasync,
                                          SYS_ftruncate, SYS_fchown,  SYS_fchmod, SYS_getdents64};
  static const std::set<long> kPath{SYS_open,   SYS_openat,     SYS_openat2, SYS_mkdir,    SYS_mkdirat,
                                    SYS_rename, SYS_renameat2,  SYS_unlink,  SYS_unlinkat, SYS_rmdir,
                                    SYS_stat,   SYS_newfstatat, SYS_readlink};
  return kPath.contains(call.number) || (kDescriptor.contains(call.number) && on_disk(call));
}

bool busy(const Call& call) {
  return call.number == SYS_clone3 || call.number == SYS_clone || call.number == SYS_fork ||
         call.number == SYS_vfork;
}

#define NAMED(call) \
  { SYS_##call, #call }
const std::map<long, const char*> kNames{NAMED(read),
                                         NAMED(write),
                                         NAMED(open),
                                         NAMED(close),
                                         NAMED(stat),
                                         NAMED(fstat),
                                         NAMED(poll),
                                         NAMED(lseek),
                                         NAMED(mmap),
                                         NAMED(mprotect),
                                         NAMED(munmap),
                                         NAMED(brk),
                                         NAMED(rt_sigaction),
                                         NAMED(ioctl),
                                         NAMED(pread64),
                                         NAMED(writev),
                                         NAMED(access),
                                         NAMED(mremap),
                                         NAMED(madvise),
                                         NAMED(dup),
                                         NAMED(dup2),
                                         NAMED(nanosleep),
                                         NAMED(getpid),
                                         NAMED(socket),
                                         NAMED(connect),
                                         NAMED(accept),
                                         NAMED(sendto),
                                         NAMED(recvfrom),
                                         NAMED(sendmsg),
                                         NAMED(recvmsg),
                                         NAMED(bind),
                                         NAMED(listen),
                                         NAMED(getsockname),
                                         NAMED(socketpair),
                                         NAMED(setsockopt),
                                         NAMED(getsockopt),
                                         NAMED(clone),
                                         NAMED(fork),
                                         NAMED(vfork),
                                         NAMED(execve),
                                         NAMED(exit),
                                         NAMED(wait4),
                                         NAMED(kill),
                                         NAMED(uname),
                                         NAMED(fcntl),
                                         NAMED(flock),
                                         NAMED(fsync),
                                         NAMED(fdatasync),
                                         NAMED(ftruncate),
                                         NAMED(getcwd),
                                         NAMED(chdir),
                                         NAMED(fchdir),
                                         NAMED(rename),
                                         NAMED(mkdir),
                                         NAMED(rmdir),
                                         NAMED(unlink),
                                         NAMED(readlink),
                                         NAMED(chmod),
                                         NAMED(fchmod),
                                         NAMED(fchown),
                                         NAMED(umask),
                                         NAMED(getrlimit),
                                         NAMED(getuid),
                                         NAMED(setsid),
                                         NAMED(setgroups),
                                         NAMED(setresuid),
                                         NAMED(setresgid),
                                         NAMED(capset),
                                         NAMED(statfs),
                                         NAMED(prctl),
                                         NAMED(arch_prctl),
                                         NAMED(setrlimit),
                                         NAMED(futex),
                                         NAMED(getdents64),
                                         NAMED(clock_gettime),
                                         NAMED(exit_group),
                                         NAMED(epoll_wait),
                                         NAMED(epoll_ctl),
                                         NAMED(tgkill),
                                         NAMED(waitid),
                                         NAMED(openat),
                                         NAMED(mkdirat),
                                         NAMED(fchownat),
                                         NAMED(newfstatat),
                                         NAMED(unlinkat),
                                         NAMED(faccessat),
                                         NAMED(ppoll),
                                         NAMED(epoll_pwait),
                                         NAMED(eventfd2),
                                         NAMED(epoll_create1),
                                         NAMED(dup3),
                                         NAMED(pipe2),
                                         NAMED(accept4),
                                         NAMED(prlimit64),
                                         NAMED(renameat2),
                                         NAMED(getrandom),
                                         NAMED(memfd_create),
                                         NAMED(execveat),
                                         NAMED(statx),
                                         NAMED(rseq),
                                         NAMED(clone3),
                                         NAMED(close_range),
                                         NAMED(openat2),
                                         NAMED(pidfd_open),
                                         NAMED(faccessat2),
                                         NAMED(pwrite64),
                                         NAMED(getsid),
                                         NAMED(getppid),
                                         NAMED(geteuid),
                                         NAMED(rt_sigprocmask),
                                         NAMED(gettid),
                                         NAMED(set_robust_list),
                                         NAMED(pidfd_send_signal),
                                         NAMED(set_tid_address),
                                         NAMED(rt_sigreturn)};
#undef NAMED

}  // namespace

bool possible(int error, const Call& call) {
  switch (error) {
    case ENOSPC:
      return no_space(call);
    case EMFILE:
      return no_descriptor(call);
    case ENOMEM:
      return no_memory(call);
    case EIO:
      return broken_disk(call);
    case EAGAIN:
      return busy(call);
    default:
      return false;
  }
}

const char* error_name(int error) {
  switch (error) {
    case ENOSPC:
      return "ENOSPC";
    case EMFILE:
      return "EMFILE";
    case ENOMEM:
      return "ENOMEM";
    case EIO:
      return "EIO";
    case EAGAIN:
      return "EAGAIN";
    default:
      return "?";
  }
}

std::string call_name(long number) {
  const auto known = kNames.find(number);
  return known != kNames.end() ? known->second : "syscall " + std::to_string(number);
}

}  // namespace sutra::faults
