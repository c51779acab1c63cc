#include "comms/master/master_link.h"

#include <algorithm>
#include <utility>

namespace sutra::comms {

using std::chrono::milliseconds;
namespace act = link_action;
namespace ev = link_event;

namespace {
constexpr std::uint64_t kBeatsPerReport = 12;  // to the log at info, and to the supervisor
}  // namespace

MasterLink::MasterLink(LinkPolicy policy)
    : policy_(policy),
      random_(policy.seed),
      known_(policy.known),
      was_connected_(policy.known),
      last_failures_(policy.hosts) {}

std::vector<LinkAction> MasterLink::step(const LinkEvent& event, LinkTime now) {
  now_ = now;
  out_.clear();
  std::visit([this](const auto& what) { on(what); }, event);
  return std::exchange(out_, {});
}

bool MasterLink::answers(CallId call, Phase phase) {
  if (call == 0 || call != call_ || phase_ != phase) return false;
  call_ = 0;
  return true;
}

void MasterLink::on(const ev::ServerListening&) {
  if (phase_ == Phase::kIdle) begin_round();
}

void MasterLink::on(const ev::Connected& event) {
  if (!answers(event.call, Phase::kConnecting)) return;
  announce(News::kConnected, {}, reported_ == ipc::LinkState::kLost);
  connected_ = beaten_ = fresh_ = false;
  if (!known_) return enroll();
  phase_ = Phase::kBeating;
  next_tick_ = now_.at;
  beat();
}

void MasterLink::on(const ev::Registered& event) {
  if (!answers(event.call, Phase::kRegistering)) return;
  if (was_connected_ && reported_ == ipc::LinkState::kLost) announce(News::kReconnected);
  announce(News::kRegistered, event.master_version);
  acknowledged();
  fresh_ = true;
  phase_ = Phase::kBeating;
  next_tick_ = now_.at;
  beat();
}

void MasterLink::on(const ev::RegistrationRefused& event) {
  if (!answers(event.call, Phase::kRegistering)) return;
  announce(News::kRegistrationRefused, event.reason);
  give_up_host();
}

void MasterLink::on(const ev::BeatAcknowledged& event) {
  if (!answers(event.call, Phase::kBeating)) return;
  ++beats_;
  last_beat_unix_ = now_.unix_secs;
  if (was_connected_ && !connected_) announce(News::kReconnected);
  beaten_ = true;
  fresh_ = false;
  failed_rounds_ = 0;
  for (auto& failure : last_failures_) failure.clear();
  acknowledged();
  if (!std::exchange(loop_announced_, true)) announce(News::kBeating);
  const bool twelfth = beats_ % kBeatsPerReport == 0;
  out_.push_back(act::Announce{News::kBeatAcknowledged, host_, !twelfth, {}, beats_, event.master_time, {}});
  if (twelfth) report(reported_);
  if (now_.at >= next_tick_) beat();
}

void MasterLink::on(const ev::AgentUnknown& event) {
  if (!answers(event.call, Phase::kBeating)) return;
  // A Master that does not know an agent that it just registered would make us register in an endless loop.
  if (fresh_) return beat_failed("the Master does not know this agent although it just registered it");
  if (connected_) announce(News::kAgentUnknown);
  enroll();
}

void MasterLink::on(const ev::Unregistered& event) {
  if (!answers(event.call, Phase::kUnregistering)) return;
  announce(News::kUnregistered);
  finish();
}

void MasterLink::on(const ev::CallFailed& event) {
  if (event.call == 0 || event.call != call_) return;
  call_ = 0;
  switch (phase_) {
    case Phase::kConnecting:
      announce(News::kConnectFailed, event.why, event.why == last_failures_[host_]);
      last_failures_[host_] = event.why;
      return give_up_host();
    case Phase::kRegistering:
      announce(News::kRegistrationFailed, event.why);
      return give_up_host();
    case Phase::kBeating:
      return beat_failed(event.why);
    case Phase::kUnregistering:
      announce(News::kUnregisterFailed, event.why);
      return finish();
    case Phase::kIdle:
    case Phase::kWaiting:
    case Phase::kOver:
      return;  // no call is under way in these
  }
}

void MasterLink::on(const ev::TimerFired&) {
  if (!wake_at_) return;
  if (now_.at < *wake_at_) {
    out_.push_back(act::ArmTimer{*wake_at_});
    return;
  }
  wake_at_.reset();
  switch (phase_) {
    case Phase::kWaiting:
      return begin_round();
    case Phase::kBeating:
      // While a call is under way the beat must wait; it is sent when that call is answered.
      if (call_ == 0) beat();
      return;
    case Phase::kUnregistering:
      announce(News::kUnregisterFailed, "no answer in time");
      return finish();
    case Phase::kIdle:
    case Phase::kConnecting:
    case Phase::kRegistering:
    case Phase::kOver:
      return;
  }
}

void MasterLink::on(const ev::RetireOrdered&) {
  if (phase_ == Phase::kUnregistering || phase_ == Phase::kOver) return;
  const bool reachable = phase_ == Phase::kRegistering || phase_ == Phase::kBeating;
  if (call_ != 0) out_.push_back(act::CancelCall{});
  call_ = 0;
  if (!reachable) return finish();
  phase_ = Phase::kUnregistering;
  call_ = ++last_call_;
  wake_at_ = now_.at + policy_.unregister_timeout;
  out_.push_back(act::Unregister{call_, policy_.unregister_timeout});
  out_.push_back(act::ArmTimer{*wake_at_});
}

void MasterLink::begin_round() {
  host_ = 0;
  connect();
}

void MasterLink::connect() {
  phase_ = Phase::kConnecting;
  wake_at_.reset();
  announce(News::kConnecting, {}, !first_round_);
  call_ = ++last_call_;
  out_.push_back(act::Connect{call_, host_, policy_.connect_timeout});
}

void MasterLink::enroll() {
  phase_ = Phase::kRegistering;
  wake_at_.reset();
  announce(News::kRegistering, {}, reported_ == ipc::LinkState::kLost);
  call_ = ++last_call_;
  out_.push_back(act::Register{call_, policy_.register_timeout});
}

void MasterLink::beat() {
  next_tick_ += policy_.heartbeat_interval;
  while (next_tick_ <= now_.at) next_tick_ += policy_.heartbeat_interval;  // missed heartbeats are skipped
  call_ = ++last_call_;
  wake_at_ = next_tick_;
  out_.push_back(act::Beat{call_, policy_.beat_timeout()});
  out_.push_back(act::ArmTimer{next_tick_});
}

void MasterLink::beat_failed(const std::string& why) {
  announce(News::kBeatFailed, why);
  give_up_host();
}

void MasterLink::give_up_host() {
  if (std::exchange(connected_, false)) {
    announce(News::kLost);
    report(ipc::LinkState::kLost);
  }
  out_.push_back(act::Disconnect{});
  if (std::exchange(beaten_, false)) {
    // The link worked for at least one heartbeat, so an immediate retry cannot become a busy loop.
    first_round_ = false;
    return begin_round();
  }
  if (host_ + 1 < policy_.hosts) {
    ++host_;
    return connect();
  }
  wait();
}

void MasterLink::wait() {
  milliseconds delay = policy_.retry_initial;
  for (unsigned i = 0; i < failed_rounds_ && delay < policy_.retry_max; ++i) delay *= 2;
  delay = jittered(std::min(delay, policy_.retry_max));
  const bool repeated = failed_rounds_ > 0;
  ++failed_rounds_;
  first_round_ = false;
  phase_ = Phase::kWaiting;
  wake_at_ = now_.at + delay;
  out_.push_back(act::Announce{News::kRetrying, host_, repeated, {}, 0, 0, delay});
  out_.push_back(act::ArmTimer{*wake_at_});
}

void MasterLink::finish() {
  phase_ = Phase::kOver;
  call_ = 0;
  wake_at_.reset();
  out_.push_back(act::Disconnect{});
  out_.push_back(act::Finished{});
}

void MasterLink::announce(News news, std::string text, bool repeated) {
  out_.push_back(act::Announce{news, host_, repeated, std::move(text), 0, 0, {}});
}

void MasterLink::report(ipc::LinkState state) {
  reported_ = state;
  out_.push_back(act::ReportLink{state, beats_, last_beat_unix_, host_});
}

void MasterLink::acknowledged() {
  was_connected_ = true;
  if (!std::exchange(known_, true)) out_.push_back(act::ReportAcknowledged{});
  if (!std::exchange(connected_, true)) report(ipc::LinkState::kConnected);
}

milliseconds MasterLink::jittered(milliseconds delay) {
  std::uniform_real_distribution<double> factor(0.8, 1.2);
  return std::chrono::duration_cast<milliseconds>(delay * factor(random_));
}

}  // namespace sutra::comms
