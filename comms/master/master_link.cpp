#include "comms/master/master_link.h"

#include <algorithm>
#include <utility>

namespace sutra::comms {

using std::chrono::milliseconds;
namespace act = link_action;
namespace ev = link_event;

namespace {

constexpr std::uint64_t kBeatsPerLine = 12;
constexpr std::chrono::minutes kAwayReminder{1};

// A Master chooses its texts, and may choose another each time.
constexpr std::size_t kSaidMax = 100;
constexpr std::size_t kSaidTextMax = 400;

}  // namespace

MasterLink::MasterLink(LinkPolicy policy) : policy_(policy), random_(policy.seed), known_(policy.known) {}

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
  if (phase_ != Phase::kIdle) return;
  away_since_unix_ = now_.unix_secs;
  begin_round();
}

void MasterLink::on(const ev::Connected& event) {
  if (!answers(event.call, Phase::kConnecting)) return;
  if (reported_ == ipc::LinkState::kLost) {
    announce(News::kConnected, {}, true);  // it counts as a return when the Master answers
  } else {
    announce_once(News::kConnected);
  }
  connected_ = beaten_ = fresh_ = false;
  if (!known_) return enroll();
  phase_ = Phase::kBeating;
  next_tick_ = now_.at;
  beat();
}

void MasterLink::on(const ev::Registered& event) {
  if (!answers(event.call, Phase::kRegistering)) return;
  if (announce_once(News::kRegistered, event.master_version)) return_untold_ = false;
  acknowledged();
  fresh_ = true;
  phase_ = Phase::kBeating;
  next_tick_ = now_.at;
  beat();
}

void MasterLink::on(const ev::RegistrationRefused& event) {
  if (!answers(event.call, Phase::kRegistering)) return;
  announce_once(News::kRegistrationRefused, event.reason);
  give_up_host("registration refused: " + event.reason);
}

void MasterLink::on(const ev::BeatAcknowledged& event) {
  if (!answers(event.call, Phase::kBeating)) return;
  ++beats_;
  last_beat_unix_ = now_.unix_secs;
  if (!connected_ || return_untold_) announce(News::kReconnected);
  beaten_ = true;
  fresh_ = false;
  end_absence();
  acknowledged();
  if (!std::exchange(loop_announced_, true)) announce(News::kBeating);
  const bool twelfth = beats_ % kBeatsPerLine == 0;
  out_.push_back(
      act::Announce{News::kBeatAcknowledged, host_, !twelfth, {}, beats_, event.master_time, {}, 0});
  if (now_.at >= next_tick_) beat();
}

void MasterLink::on(const ev::AgentUnknown& event) {
  if (!answers(event.call, Phase::kBeating)) return;
  // A Master that does not know an agent that it just registered would make us register in an endless loop.
  if (fresh_) return beat_failed("the Master does not know this agent although it just registered it");
  if (connected_) {
    announce(News::kAgentUnknown);
  } else if (reported_ == ipc::LinkState::kLost && announce_once(News::kReconnected)) {
    return_untold_ = false;
  }
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
      announce_once(News::kConnectFailed, event.why);
      return give_up_host(event.why);
    case Phase::kRegistering:
      announce_once(News::kRegistrationFailed, event.why);
      return give_up_host("registration failed: " + event.why);
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
      return now_.at < retry_at_ ? say_away() : begin_round();
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
  announce_once(News::kRegistering);
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
  announce_once(News::kBeatFailed, why);
  give_up_host(why);
}

void MasterLink::give_up_host(const std::string& cause) {
  cause_ = cause;
  return_untold_ = true;
  if (!away_since_unix_) away_since_unix_ = now_.unix_secs;
  if (std::exchange(connected_, false)) {
    announce_once(News::kLost);
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
  ++failed_rounds_;
  first_round_ = false;
  phase_ = Phase::kWaiting;
  retry_at_ = now_.at + jittered(std::min(delay, policy_.retry_max));
  say_away();
  report(reported_);
}

void MasterLink::say_away() {
  const bool due = !away_said_at_ || now_.at - *away_said_at_ >= kAwayReminder;
  if (due) away_said_at_ = now_.at;
  const auto left = std::chrono::duration_cast<milliseconds>(retry_at_ - now_.at);
  out_.push_back(
      act::Announce{News::kRetrying, host_, !due, cause_, 0, 0, left, away_since_unix_.value_or(0)});
  wake_at_ = std::min(retry_at_, *away_said_at_ + kAwayReminder);
  out_.push_back(act::ArmTimer{*wake_at_});
}

void MasterLink::end_absence() {
  failed_rounds_ = 0;
  return_untold_ = false;
  away_since_unix_.reset();
  away_said_at_.reset();
  cause_.clear();
  said_.clear();
}

void MasterLink::finish() {
  phase_ = Phase::kOver;
  call_ = 0;
  wake_at_.reset();
  out_.push_back(act::Disconnect{});
  out_.push_back(act::Finished{});
}

void MasterLink::announce(News news, std::string text, bool repeated) {
  out_.push_back(act::Announce{news, host_, repeated, std::move(text), 0, 0, {}, 0});
}

bool MasterLink::announce_once(News news, const std::string& text) {
  const bool first =
      said_.size() < kSaidMax && said_.emplace(news, host_, text.substr(0, kSaidTextMax)).second;
  announce(news, text, !first);
  return first;
}

void MasterLink::report(ipc::LinkState state) {
  reported_ = state;
  act::ReportLink report{state, beats_, last_beat_unix_, host_, 0, 0, {}};
  if (state != ipc::LinkState::kConnected) {
    report.away_since_unix = away_since_unix_.value_or(0);
    report.cause = cause_;
  }
  if (phase_ == Phase::kWaiting) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(retry_at_ - now_.at);
    report.next_try_unix = now_.unix_secs + static_cast<std::uint64_t>(left.count());
  }
  out_.push_back(std::move(report));
}

void MasterLink::acknowledged() {
  if (!std::exchange(known_, true)) out_.push_back(act::ReportAcknowledged{});
  connected_ = true;
  report(ipc::LinkState::kConnected);
}

milliseconds MasterLink::jittered(milliseconds delay) {
  std::uniform_real_distribution<double> factor(0.8, 1.2);
  return std::chrono::duration_cast<milliseconds>(delay * factor(random_));
}

}  // namespace sutra::comms
