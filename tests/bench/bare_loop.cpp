#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/bench/bench.h"

namespace sutra::bench {

void bare_loop(const std::string& server, const std::string& fifo) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string variable = "BENCH_FIFO=" + fifo;
  char* const argv[] = {const_cast<char*>("bench-server"), nullptr};
  char* const envp[] = {const_cast<char*>(variable.c_str()), nullptr};
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (;;) {
    const pid_t pid = vfork();
    if (pid == 0) {
      execve(server.c_str(), argv, envp);
      _exit(127);
    }
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event);
    while (epoll_wait(epoll, &event, 1, -1) != 1) {
    }
    siginfo_t info{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED);
    close(pidfd);
  }
}

}  // namespace sutra::bench
