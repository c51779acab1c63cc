#include "supervisor/startup/handoff.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

extern char** environ;

namespace sutra::supervisor {
namespace {

constexpr const char* kVariable = "SUTRA_HANDOFF";

void keep(const UniqueFd& fd) {
  if (fd) fcntl(fd.get(), F_SETFD, 0);
}
void close_on_exec(const UniqueFd& fd) {
  if (fd) fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
}

template <typename F>
void for_each(const Handoff& handoff, F apply) {
  apply(handoff.configuration);
  apply(handoff.listener);
  for (const auto& fd : handoff.locks) apply(fd);
  for (const auto& fd : handoff.waiters) apply(fd);
}

std::optional<int> number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

// "pid=7 configuration=11 listener=12 lock=13 lock=14 waiter=15"
Handoff take_handoff() {
  Handoff handoff;
  const char* value = std::getenv(kVariable);
  if (value == nullptr) return handoff;
  const std::string text = value;
  unsetenv(kVariable);
  bool for_us = false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    const auto equals = word.find('=');
    const auto parsed = equals == std::string_view::npos ? std::nullopt : number(word.substr(equals + 1));
    if (!parsed) return {};
    const std::string_view name = word.substr(0, equals);
    if (name == "pid") {
      for_us = *parsed == getpid();
      if (!for_us) return {};
      continue;
    }
    if (!for_us || *parsed < 3 || fcntl(*parsed, F_GETFD) < 0) return {};
    UniqueFd fd(*parsed);
    close_on_exec(fd);
    if (name == "configuration")
      handoff.configuration = std::move(fd);
    else if (name == "listener")
      handoff.listener = std::move(fd);
    else if (name == "lock")
      handoff.locks.push_back(std::move(fd));
    else if (name == "waiter")
      handoff.waiters.push_back(std::move(fd));
  }
  return handoff;
}

Status exec_with(const std::string& program, const std::vector<std::string>& arguments, Handoff handoff) {
  std::string text = std::string(kVariable) + "=pid=" + std::to_string(getpid()) +
                     " configuration=" + std::to_string(handoff.configuration.get()) +
                     " listener=" + std::to_string(handoff.listener.get());
  for (const auto& fd : handoff.locks) text += " lock=" + std::to_string(fd.get());
  for (const auto& fd : handoff.waiters) text += " waiter=" + std::to_string(fd.get());
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (char** each = environ; *each != nullptr; ++each) envp.push_back(*each);
  envp.push_back(text.data());
  envp.push_back(nullptr);
  for_each(handoff, keep);
  execve(program.c_str(), argv.data(), envp.data());
  const Error failed = errno_error("execute", program, "the old version goes on running");
  for_each(handoff, close_on_exec);
  return failed;
}

}  // namespace sutra::supervisor
