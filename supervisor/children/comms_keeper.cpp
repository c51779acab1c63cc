#include "supervisor/children/comms_keeper.h"

#include <csignal>
#include <cstdlib>

#include <utility>
#include <variant>

#include "common/log/logging.h"
#include "common/overload.h"
#include "supervisor/host/clock.h"
#include "supervisor/host/memfd.h"
#include "supervisor/host/thread_stacks.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr auto kAbortGrace = 1s;
constexpr auto kRetireDeadline = 4s;  // unregistering takes 2 s at most

}  // namespace

CommsKeeper::CommsKeeper(Parts parts, Callbacks callbacks)
    : parts_(std::move(parts)), callbacks_(std::move(callbacks)), process_(parts_.trees) {}

CommsKeeper::~CommsKeeper() = default;

CommsKeeper::Status CommsKeeper::status() const {
  Status s;
  s.pid = static_cast<std::uint32_t>(process_.pid());
  s.state = retiring_ ? ipc::CommsState::kRetiring
                      : (process_.pid() > 0 ? ipc::CommsState::kRunning : ipc::CommsState::kDown);
  s.restarts = restarts_;
  s.link = link_;
  return s;
}

void CommsKeeper::start() {
  const sutra::Status started = try_start();
  if (started) return;
  log::error("start comms: " + started.error().message() + "; trying again", {});
  restart_after(policy_.not_started());
}

Result<UniqueFd> CommsKeeper::configuration_memfd() const {
  return sealed_memfd("sutra-comms-config", render_config(parts_.config, Audience::kComms));
}

sutra::Status CommsKeeper::try_start() {
  auto pair = ipc::Channel::make_pair();
  if (!pair) return pair.error();
  auto table = parts_.table.open_read_only();
  if (!table) return table.error();
  auto configuration = configuration_memfd();
  if (!configuration) return configuration.error();

  LaunchPlan plan;
  plan.program = parts_.program;
  plan.arguments = {"sutra-agent-comms"};
  plan.environment = {"PATH=/usr/bin:/bin"};
  for (const char* name :
       {"SUTRA_LOG", "GRPC_VERBOSITY", "GRPC_TRACE", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) plan.environment.push_back(std::string(name) + "=" + value);
  }
  plan.flags = launch::kPassExtra | launch::kDieWithParent;
  if (geteuid() == 0) plan.flags |= launch::kSetIds;
  plan.uid = parts_.comms_account.uid;
  plan.gid = parts_.comms_account.gid;
  plan.extra_fds[0] = pair.value().second.get();
  plan.extra_fds[1] = table.value().get();
  plan.extra_fds[2] = configuration.value().get();

  const sutra::Status started =
      process_.start(parts_.loop, parts_.launcher, plan, "install the package again",
                     [this](const core::Exit& exit, const std::string& why) { on_exit(exit, why); });
  if (!started) return started;

  ++epoch_;
  policy_.started(now().boot);
  channel_.emplace(std::move(pair.value().first));
  link_ = {};
  constexpr auto kLook =
      std::chrono::duration_cast<std::chrono::milliseconds>(core::CommsPolicy::kPingInterval);
  ping_watch_ = Timer(parts_.loop, kLook, kLook, [this] {
    if (!retiring_ && process_.pid() != 0 && policy_.hung()) hung();
  });
  watch_channel();
  ipc::Welcome welcome;
  welcome.comms_restarts = restarts_;
  welcome.storage_uid = parts_.storage_account.uid;
  welcome.acknowledged.assign(callbacks_.last_acknowledged());
  send_now(welcome);
  return {};
}

void CommsKeeper::watch_channel() {
  channel_watch_ =
      FdWatch(parts_.loop, channel_->fd(), UV_READABLE, [this](int events) { on_channel(events); });
}

void CommsKeeper::check_sent(const sutra::Status& sent) {
  if (!sent) {
    lose(sent.error().message());
    return;
  }
  channel_watch_.watch(channel_->wants_write() ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

void CommsKeeper::on_channel(int events) {
  if ((events & UV_WRITABLE) != 0) check_sent(channel_->flush());
  if (channel_ && (events & UV_READABLE) != 0) receive_all();
}

void CommsKeeper::receive_all() {
  // Bounded, so that a chattering comms cannot keep us from everything else.
  for (int i = 0; i < 64 && channel_; ++i) {
    const auto received = channel_->receive();
    if (std::holds_alternative<ipc::Channel::Empty>(received)) return;
    if (std::holds_alternative<ipc::Channel::Closed>(received)) return lose("it closed its channel");
    if (const auto* error = std::get_if<Error>(&received)) return violation(error->message());
    const auto message = ipc::decode<ipc::FromComms>(std::get<std::span<const std::byte>>(received));
    if (!message) return violation(message.error().message());
    take(message.value());
  }
}

void CommsKeeper::take(const ipc::FromComms& message) {
  std::visit(Overload{[&](const ipc::Ping& ping) {
                        policy_.pinged();
                        if (!std::exchange(comms_alive_, true)) callbacks_.comms_alive(now().boot);
                        send_now(ipc::Pong{ping.sequence});
                      },
                      [&](const ipc::LinkChanged& link) { link_ = link; },
                      [&](const ipc::AgentAcknowledged& ack) {
                        callbacks_.acknowledged(std::string(ack.agent_info.view()));
                      },
                      [&](const auto&) { callbacks_.request(message, epoch_); }},
             message);
}

void CommsKeeper::comms_not_alive() {
  comms_alive_ = false;
  callbacks_.comms_alive(std::nullopt);
}

void CommsKeeper::kill() { process_.signal(SIGKILL); }

/// Never fatal to us and never ignored: whoever speaks so is not our comms any more.
void CommsKeeper::violation(const std::string& what) {
  ++violations_;
  log::error("comms (pid " + std::to_string(process_.pid()) + ") broke the protocol: " + what +
                 "; it is killed and replaced (" + std::to_string(violations_) + " so far)",
             {{"pid", process_.pid()}, {"violations", violations_}});
  lose({});
}

/// The channel is useless: what is left of the process goes, and its end brings the next one.
void CommsKeeper::lose(const std::string& why) {
  if (!why.empty() && !retiring_) log::debug("", "comms channel lost: " + why);
  channel_watch_.stop();
  channel_.reset();
  comms_not_alive();
  if (!retiring_) process_.signal(SIGKILL);
}

void CommsKeeper::hung() {
  comms_not_alive();
  log::error("comms (pid " + std::to_string(process_.pid()) + ") missed " +
                 std::to_string(core::CommsPolicy::kMissedPingsMeanHung) +
                 " pings and is taken for hung; it is replaced",
             {{"pid", process_.pid()}});
  for (const std::string& thread : thread_stacks(process_.pid())) log::error("comms " + thread);
  process_.signal(SIGABRT);
  // A stopped process takes no SIGABRT.
  kill_timer_ = Timer(parts_.loop, kAbortGrace, 0ms, [this] { process_.signal(SIGKILL); });
}

void CommsKeeper::on_exit(const core::Exit& exit, const std::string& why_not_started) {
  if (channel_) receive_all();  // its last words
  ping_watch_.cancel();
  kill_timer_.cancel();
  channel_watch_.stop();
  channel_.reset();
  link_.state = ipc::LinkState::kLost;
  comms_not_alive();
  if (retiring_) return callbacks_.retired();
  ++restarts_;
  log::warning(why_not_started.empty() ? "comms " + describe(exit) + "; it is replaced"
                                       : "comms was not started: " + why_not_started + "; trying again",
               {{"restarts", restarts_}});
  restart_after(policy_.ended(now().boot));
}

void CommsKeeper::restart_after(core::Nanoseconds delay) {
  restart_timer_ =
      Timer(parts_.loop, std::chrono::ceil<std::chrono::milliseconds>(delay), 0ms, [this] { start(); });
}

void CommsKeeper::retire() {
  retiring_ = true;
  restart_timer_.cancel();
  if (process_.pid() == 0) return callbacks_.retired();
  send_now(ipc::Retire{});
  kill_timer_ = Timer(parts_.loop, kRetireDeadline, 0ms, [this] { process_.signal(SIGKILL); });
}

}  // namespace sutra::supervisor
