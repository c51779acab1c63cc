// Runs code in a child because it would change the test itself: a lock, another user, a crash. Tests only.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace sutra::test {

/// Runs `body` in a forked child. Returns its exit status, or 128 + the signal that ended it; -1: fork failed.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sutra::test
