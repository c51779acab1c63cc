#include "supervisor/children/comms_keeper.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>
#include <variant>

#include "common/log/logging.h"
#include "common/overload.h"
#include "ipc/channel.h"
#include "supervisor/host/memfd.h"
#include "supervisor/host/thread_stacks.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr core::Nanoseconds kAbortGrace = 1s;      // from SIGABRT (which may write a core dump) to SIGKILL
constexpr core::Nanoseconds kRetireDeadline = 4s;  // comms needs at most 2 s to unregister from the Master

}  // namespace

CommsKeeper::CommsKeeper(Parts parts, Callbacks callbacks)
    : parts_(std::move(parts)), callbacks_(std::move(callbacks)) {}

CommsKeeper::Status CommsKeeper::status() const {
  Status s;
  s.pid = child_ ? static_cast<std::uint32_t>(child_->pid()) : 0;
  s.state =
      retiring_ ? ipc::CommsState::kRetiring : (child_ ? ipc::CommsState::kRunning : ipc::CommsState::kDown);
  s.restarts = restarts_;
  s.link = link_;
  return s;
}

void CommsKeeper::start() {
  const sutra::Status started = try_start();
  if (started) return;
  log::error("start comms: " + started.error().message() + "; trying again", {});
  // No process was created, so on_exit() will not be called: the next try must be scheduled here.
  restart_after(policy_.not_started());
}

Result<UniqueFd> CommsKeeper::configuration_memfd() const {
  return sealed_memfd("sutra-comms-config", render_config(parts_.config, Audience::kComms));
}

LaunchPlan CommsKeeper::plan() const {
  LaunchPlan plan;
  plan.program = parts_.program;
  plan.arguments = {"sutra-agent-comms"};
  plan.environment = {"PATH=/usr/bin:/bin"};
  // comms gets only the variables that it needs: our environment may hold secrets, and comms faces the
  // network.
  for (const char* name : {"SUTRA_LOG", "RUST_LOG", "GRPC_VERBOSITY", "GRPC_TRACE", "ASAN_OPTIONS",
                           "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) plan.environment.push_back(std::string(name) + "=" + value);
  }
  plan.flags = launch::kPassExtra | launch::kDieWithParent;
  if (geteuid() == 0) plan.flags |= launch::kSetIds;
  plan.uid = parts_.comms_account.uid;
  plan.gid = parts_.comms_account.gid;
  return plan;
}

sutra::Status CommsKeeper::try_start() {
  auto pair = ipc::Channel::make_pair();
  if (!pair) return pair.error();
  auto table = parts_.table.open_read_only();
  if (!table) return table.error();
  auto configuration = configuration_memfd();
  if (!configuration) return configuration.error();

  LaunchPlan comms = plan();
  comms.extra_fds[0] = pair.value().second.get();
  comms.extra_fds[1] = table.value().get();
  comms.extra_fds[2] = configuration.value().get();
  auto started =
      parts_.starter.start(comms, "install the package again",
                           [this](const core::Exit& exit, const std::string& why) { on_exit(exit, why); });
  if (!started) return started.error();

  // The copies in `pair.second`, `table` and `configuration` are closed at the end of this function: only
  // comms then holds its end of the channel, so its exit closes the channel.
  child_ = std::move(started).value();
  pid_ = child_->pid();
  ++epoch_;
  policy_.started(parts_.timers.now().boot);
  take_link({});
  ping_timer_ = parts_.timers.every(core::CommsPolicy::kPingInterval, [this] { count_pings(); });
  channel_.emplace(parts_.loop, std::move(pair.value().first),
                   ipc::ChannelPump<ipc::FromComms>::Hooks{
                       [this](const ipc::FromComms& message) { take(message); },
                       [this](ipc::PeerEnd end, const std::string& why) { on_channel_end(end, why); }});
  welcome();
  return {};
}

void CommsKeeper::welcome() {
  ipc::Welcome welcome;
  welcome.comms_restarts = restarts_;
  welcome.storage_uid = parts_.storage_account.uid;
  welcome.acknowledged.assign(callbacks_.last_acknowledged());
  send_now(welcome);
}

void CommsKeeper::take(const ipc::FromComms& message) {
  std::visit(Overload{[&](const ipc::Ping& ping) {
                        policy_.pinged();
                        if (!std::exchange(comms_alive_, true))
                          callbacks_.comms_alive(parts_.timers.now().boot);
                        send_now(ipc::Pong{ping.sequence});
                      },
                      [&](const ipc::LinkChanged& link) { take_link(link); },
                      [&](const ipc::AgentAcknowledged& ack) {
                        callbacks_.acknowledged(std::string(ack.agent_info.view()));
                      },
                      [&](const auto&) { callbacks_.request(message, epoch_); }},
             message);
}

void CommsKeeper::take_link(const ipc::LinkChanged& link) {
  const std::uint64_t last = link_.last_heartbeat_unix;
  link_ = link;
  // A comms that has not reached a Master yet knows nothing of the heartbeats of the one before it.
  if (link.last_heartbeat_unix == 0) link_.last_heartbeat_unix = last;
}

void CommsKeeper::comms_not_alive() {
  comms_alive_ = false;
  callbacks_.comms_alive(std::nullopt);
}

void CommsKeeper::kill() {
  if (child_) child_->signal(SIGKILL);
}

/// Without its channel comms is of no use: kill it. on_exit() then starts the next one.
void CommsKeeper::on_channel_end(ipc::PeerEnd end, const std::string& why) {
  if (end == ipc::PeerEnd::kBrokeProtocol) {
    violation(why);
  } else if (!retiring_) {
    log::debug("", "comms channel lost: " + (end == ipc::PeerEnd::kGone ? "it closed its channel" : why));
  }
  channel_.reset();
  comms_not_alive();
  if (!retiring_) kill();  // a comms that retires closes its channel first and then exits by itself
}

/// A comms that breaks the protocol is defective or taken over. It must not end the supervisor, and it must
/// not go on: the caller kills it.
void CommsKeeper::violation(const std::string& what) {
  ++violations_;
  log::error("comms (pid " + std::to_string(pid_) + ") broke the protocol: " + what +
                 "; it is killed and replaced (" + std::to_string(violations_) + " so far)",
             {{"pid", pid_}, {"violations", violations_}});
}

void CommsKeeper::count_pings() {
  if (!retiring_ && policy_.hung()) hung();
}

void CommsKeeper::hung() {
  comms_not_alive();
  log::error("comms (pid " + std::to_string(pid_) + ") missed " +
                 std::to_string(core::CommsPolicy::kMissedPingsMeanHung) +
                 " pings, so it hangs; it is killed and replaced",
             {{"pid", pid_}});
  // Before the signal: the kernel shows where the threads wait only while they exist.
  for (const std::string& thread : thread_stacks(pid_)) log::error("comms " + thread);
  child_->signal(SIGABRT);
  kill_after(kAbortGrace);  // a process stopped by SIGSTOP does not handle SIGABRT; SIGKILL ends it
}

void CommsKeeper::on_exit(const core::Exit& exit, const std::string& why_not_started) {
  // Before the channel is read: on_channel_end() would otherwise signal a process that is reaped already.
  child_.reset();
  // comms may have reported something just before it ended.
  if (channel_) channel_->read_rest();
  channel_.reset();
  ping_timer_.reset();
  kill_timer_.reset();
  link_.state = ipc::LinkState::kLost;
  comms_not_alive();
  if (retiring_) return callbacks_.retired();
  ++restarts_;
  log::warning(why_not_started.empty() ? "comms " + describe(exit) + "; it is replaced"
                                       : "comms was not started: " + why_not_started + "; trying again",
               {{"restarts", restarts_}});
  restart_after(policy_.ended(parts_.timers.now().boot));
}

void CommsKeeper::restart_after(core::Nanoseconds delay) {
  restart_timer_ = parts_.timers.after(delay, [this] { start(); });
}

void CommsKeeper::kill_after(core::Nanoseconds delay) {
  kill_timer_ = parts_.timers.after(delay, [this] { kill(); });
}

void CommsKeeper::retire() {
  retiring_ = true;
  restart_timer_.reset();
  if (!child_) return callbacks_.retired();
  send_now(ipc::Retire{});
  kill_after(kRetireDeadline);
}

}  // namespace sutra::supervisor
