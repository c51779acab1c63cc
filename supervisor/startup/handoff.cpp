#include "supervisor/startup/handoff.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "supervisor/startup/handoff_text.h"

extern char** environ;

namespace sutra::supervisor {
namespace {

constexpr const char* kVariable = "SUTRA_HANDOFF";

template <typename F>
void for_each(const Handoff& handoff, F apply) {
  apply(handoff.configuration);
  apply(handoff.listener);
  for (const auto& fd : handoff.locks) apply(fd);
  for (const auto& fd : handoff.waiters) apply(fd);
}

/// execve closes descriptors with CLOEXEC. The new image sets the flag again, so that no child inherits them.
void set_close_on_exec(const Handoff& handoff, bool close) {
  for_each(handoff, [close](const UniqueFd& fd) { fcntl(fd.get(), F_SETFD, close ? FD_CLOEXEC : 0); });
}

HandoffNumbers numbers_of(const Handoff& handoff) {
  HandoffNumbers numbers;
  numbers.configuration = handoff.configuration.get();
  numbers.listener = handoff.listener.get();
  for (const auto& fd : handoff.locks) numbers.locks.push_back(fd.get());
  for (const auto& fd : handoff.waiters) numbers.waiters.push_back(fd.get());
  return numbers;
}

/// The result owns all descriptors in `numbers`; those of unknown meaning are closed.
Handoff own(const HandoffNumbers& numbers) {
  Handoff handoff;
  handoff.configuration.reset(numbers.configuration);
  handoff.listener.reset(numbers.listener);
  for (const int fd : numbers.locks) handoff.locks.emplace_back(fd);
  for (const int fd : numbers.waiters) handoff.waiters.emplace_back(fd);
  for (const int fd : numbers.unknown) close(fd);
  return handoff;
}

bool all_open(const HandoffNumbers& numbers) {
  const auto open = [](int fd) { return fcntl(fd, F_GETFD) >= 0; };
  const auto all = [&open](const std::vector<int>& fds) {
    for (const int fd : fds) {
      if (!open(fd)) return false;
    }
    return true;
  };
  return (numbers.configuration < 0 || open(numbers.configuration)) &&
         (numbers.listener < 0 || open(numbers.listener)) && all(numbers.locks) && all(numbers.waiters);
}

}  // namespace

Handoff take_handoff() {
  const char* value = std::getenv(kVariable);
  if (value == nullptr) return {};
  const std::string text = value;
  unsetenv(kVariable);  // a later re-exec writes its own, and children must not see it
  const auto numbers = decode_handoff(text, getpid());
  if (!numbers || !all_open(*numbers)) return {};
  Handoff handoff = own(*numbers);
  set_close_on_exec(handoff, true);
  return handoff;
}

Status exec_with(const std::string& program, const std::vector<std::string>& arguments, Handoff handoff) {
  // Without the locks the new image could not start: it would try to take them, and flock(2) refuses that
  // while any copy of the old descriptors is open.
  bool complete = true;
  for_each(handoff, [&complete](const UniqueFd& fd) { complete = complete && fd.valid(); });
  if (!complete) {
    return make_error("execute", program, "a descriptor to be handed over could not be duplicated",
                      "raise LimitNOFILE if descriptors ran out; the old version goes on running");
  }
  std::string text = std::string(kVariable) + "=" + encode_handoff(getpid(), numbers_of(handoff));
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (char** each = environ; *each != nullptr; ++each) envp.push_back(*each);
  envp.push_back(text.data());
  envp.push_back(nullptr);
  set_close_on_exec(handoff, false);
  execve(program.c_str(), argv.data(), envp.data());
  // Only reached when execve failed: go on as before.
  const Error failed = errno_error("execute", program, "the old version goes on running");
  set_close_on_exec(handoff, true);
  return failed;
}

}  // namespace sutra::supervisor
