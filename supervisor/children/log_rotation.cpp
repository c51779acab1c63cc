#include "supervisor/children/log_rotation.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/log/logging.h"
#include "supervisor/nodes/log.h"

namespace sutra::supervisor {

LogRotation::LogRotation(ChildStarter& starter, std::string log_dir, std::string runtime_dir,
                         std::uint64_t max_mb)
    : starter_(starter),
      log_dir_(std::move(log_dir)),
      runtime_dir_(std::move(runtime_dir)),
      max_mb_(max_mb) {}

void LogRotation::look(const std::vector<std::string>& nodes) {
  if (child_) return;
  const bool too_large = std::any_of(nodes.begin(), nodes.end(), [this](const std::string& node) {
    return static_cast<std::uint64_t>(log_size(log_dir_, node)) > max_mb_ * 1024 * 1024;
  });
  if (!too_large) return;
  const Status rotated = rotate();
  if (rotated) return;  // on_end() learns whether logrotate worked
  if (!failed_) log::error("rotate logs in " + log_dir_ + ": " + rotated.error().message());
  failed_ = true;
}

Status LogRotation::rotate() {
  const std::string path = runtime_dir_ + "/logrotate.conf";
  const std::string text = "\"" + log_dir_ + "/*.log\" {\n  size " + std::to_string(max_mb_) +
                           "M\n  rotate 1\n  copytruncate\n  missingok\n  nocompress\n}\n";
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno_error("write", path);
  }
  // A state file of our own: the default one belongs to the system's logrotate and may not be writable for
  // us.
  LaunchPlan plan;
  plan.program = "/usr/sbin/logrotate";
  plan.arguments = {"logrotate", "--state", runtime_dir_ + "/logrotate.state", path};
  plan.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  plan.flags = launch::kDieWithParent;
  auto started =
      starter_.start(plan, "install logrotate",
                     [this](const core::Exit& exit, const std::string& why) { on_end(exit, why); });
  if (!started) return started.error();
  child_ = std::move(started).value();
  return {};
}

void LogRotation::on_end(const core::Exit& exit, const std::string& why_not_started) {
  child_.reset();
  const bool ok = why_not_started.empty() && exit.cause == core::ExitCause::kExit && exit.code == 0;
  if (!ok && !failed_) {
    log::error("rotate logs in " + log_dir_ + ": logrotate " +
               (why_not_started.empty() ? describe(exit) : "was not started: " + why_not_started) +
               "; node logs grow past storage.max_log_mb until it works (the package is logrotate)");
  }
  failed_ = !ok;
}

}  // namespace sutra::supervisor
