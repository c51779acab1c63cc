#include "supervisor/children/reload_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "supervisor/host/memfd.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;
constexpr auto kDeadline = 10s;  // the check takes milliseconds; it can hang on a dead network file system

}  // namespace

Status ReloadCheck::start(const std::string& program, const std::string& config_path, const Config& running,
                          Done done) {
  // The bytes are copied into a sealed memfd before the check, and the new image reads that memfd: a file
  // that changes between the check and the re-exec cannot bring in an unchecked configuration.
  auto text = read_config_file(config_path);
  if (!text) return text.error();
  auto configuration = sealed_memfd("sutra-config", text.value());
  if (!configuration) return configuration.error();
  UniqueFd output(memfd_create("sutra-config-report", MFD_CLOEXEC));
  if (!output) return errno_error("create memfd", "for the report of --check-config");

  LaunchPlan plan;
  plan.program = program;
  plan.arguments = {"sutra-agent",
                    "--check-config",
                    "--config-fd",
                    "3",
                    "--config",
                    config_path,
                    "--must-keep",
                    running.agent.agent_id,
                    running.agent.state_dir,
                    running.agent.runtime_dir};
  // The whole environment, unlike comms: the check must see what the new image will see (SUTRA_LOG, systemd's
  // directories).
  for (char** each = environ; *each != nullptr; ++each) plan.environment.emplace_back(*each);
  plan.flags = launch::kPassExtra | launch::kRedirectOutput | launch::kDieWithParent;
  plan.extra_fds[0] = configuration.value().get();
  plan.log_fd = output.get();
  auto started =
      starter_.start(plan, "install the package again",
                     [this](const core::Exit& exit, const std::string& why) { on_end(exit, why); });
  if (!started) return started.error();
  child_ = std::move(started).value();
  configuration_ = std::move(configuration).value();
  output_ = std::move(output);
  config_path_ = config_path;
  done_ = std::move(done);
  deadline_ = timers_.after(kDeadline, [this] {
    timed_out_ = true;
    child_->signal(SIGKILL);
  });
  return {};
}

std::string ReloadCheck::report() const {
  std::string text;
  std::array<char, 1800> buffer{};
  const ssize_t n = pread(output_.get(), buffer.data(), buffer.size(), 0);
  if (n > 0) text.assign(buffer.data(), static_cast<std::size_t>(n));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void ReloadCheck::on_end(const core::Exit& exit, const std::string& why_not_started) {
  deadline_.reset();
  child_.reset();
  const Done done = std::move(done_);  // `done` may destroy this object
  if (why_not_started.empty() && exit.cause == core::ExitCause::kExit && exit.code == 0) {
    lseek(configuration_.get(), 0, SEEK_SET);  // the child has read it: both share one file offset
    return done(std::move(configuration_));
  }
  std::string why = why_not_started.empty() ? report() : why_not_started;
  if (timed_out_) why = "checking it took longer than 10 s";
  if (why.empty()) why = "the check " + describe(exit);
  done(make_error("reload", config_path_, why));
}

}  // namespace sutra::supervisor
