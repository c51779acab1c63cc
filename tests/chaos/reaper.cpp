#include "tests/chaos/reaper.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace sutra::chaos {

int run_beneath_a_reaper(const std::function<int()>& program) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t driver = ::fork();
  if (driver == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // its cleanup process then does the rest
    std::exit(program());
  }
  if (driver < 0) {
    std::perror("start the driver: fork");
    return 1;
  }
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == driver) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended < 0 && errno != EINTR) return 1;
  }
}

}  // namespace sutra::chaos
