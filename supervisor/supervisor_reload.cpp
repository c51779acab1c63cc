// A reload: a child process checks the new configuration; then this process executes the installed binary in
// place, with the same pid and the same children. A configuration changes in no other way. Supervisor.
#include <csignal>

#include "common/log/logging.h"
#include "supervisor/host/memfd.h"
#include "supervisor/supervisor.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

// We wait up to 2 s for launches to finish. A launch takes milliseconds; one that hangs must not block a
// reload.
constexpr auto kQuietPoll = 10ms;
constexpr int kQuietPolls = 200;

}  // namespace

void Supervisor::reload(std::optional<std::uint64_t> client) {
  if (client) reload_waiters_.push_back(*client);
  if (stopping_) return answer_reload(false, "reload: the agent is stopping");
  if (reload_check_ || checked_config_) {
    // The file may have changed since the current check read it, so check once more when it has ended.
    reload_again_ = true;
    return;
  }
  reload_check_ = std::make_unique<ReloadCheck>(timers_, starter_);
  const Status started =
      reload_check_->start(inputs_.programs.self, inputs_.config_path, inputs_.config,
                           [this](Result<UniqueFd> verdict) { on_reload_verdict(std::move(verdict)); });
  if (!started) on_reload_verdict(started.error());
}

/// Re-executes with the running configuration, without reading the file.
void Supervisor::renew() {
  if (stopping_ || reload_check_ || checked_config_) return;
  auto running = sealed_memfd("sutra-config", inputs_.config_text);
  if (!running) return log::error(running.error().message());
  checked_config_ = std::move(running).value();
  renewing_ = true;
  exec_waits_ = 0;
  exec_when_quiet();
}

void Supervisor::on_reload_verdict(Result<UniqueFd> verdict) {
  reload_check_.reset();
  if (std::exchange(reload_again_, false)) return reload(std::nullopt);
  if (!verdict) {
    log::error("reload refused, nothing was changed: " + verdict.error().message());
    return answer_reload(false, verdict.error().message());
  }
  checked_config_ = std::move(verdict).value();
  renewing_ = false;
  exec_waits_ = 0;
  exec_when_quiet();
}

void Supervisor::exec_when_quiet() {
  if (std::exchange(reload_again_, false)) {
    checked_config_.reset();
    return reload(std::nullopt);
  }
  if (stopping_) {
    checked_config_.reset();
    return;
  }
  if (nodes_->launching() && exec_waits_++ < kQuietPolls) {
    exec_timer_ = Timer(loop_, kQuietPoll, 0ms, [this] { exec_when_quiet(); });
    return;
  }
  exec_now();
}

void Supervisor::exec_now() {
  // The new image knows only what is on disk: when the records cannot be written, go on with this image.
  if (const Status kept = nodes_->keep_records(); !kept) {
    checked_config_.reset();
    log::error(std::string(renewing_ ? "renewal" : "reload") +
               " failed, nothing was changed: " + kept.error().message());
    return answer_reload(false, kept.error().message());
  }
  // Block signals: one that arrives from here on stays pending until the new image has its handlers.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  Handoff handoff;
  handoff.configuration = std::move(checked_config_);
  handoff.listener = UniqueFd(dup(control_->listener_fd()));
  handoff.locks.emplace_back(dup(runtime_lock_.get()));
  handoff.locks.emplace_back(dup(state_lock_.get()));
  for (const std::uint64_t client : reload_waiters_) {
    if (const int fd = control_->client_fd(client); fd >= 0) handoff.waiters.emplace_back(dup(fd));
  }
  log::info("", (renewing_ ? "renewing: the configuration that runs is kept"
                           : "reloading " + inputs_.config_path + ": the new configuration is checked") +
                    "; replacing this process in place");
  // As late as possible: if execve fails, comms is restarted. It cannot be kept: its channel ends with this
  // image.
  comms_->kill();
  const Status failed =
      exec_with(inputs_.programs.self, {"sutra-agent", "--config", inputs_.config_path}, std::move(handoff));
  sigprocmask(SIG_SETMASK, &before, nullptr);
  log::error(std::string(renewing_ ? "renewal" : "reload") +
             " failed, nothing was changed: " + failed.error().message());
  answer_reload(false, failed.error().message());
}

void Supervisor::answer_reload(bool success, const std::string& text) {
  std::vector<std::uint64_t> waiters;
  waiters.swap(reload_waiters_);
  for (const std::uint64_t client : waiters) {
    ipc::Done done;
    done.success = success ? 1 : 0;
    done.text.assign(text);
    control_->send(client, done);
  }
}

}  // namespace sutra::supervisor
