// The link to the Master as a pure state machine: connect, register, send heartbeats ("beats"), reconnect. It
// uses no clock, socket or log: the caller passes events with their time, and carries out the actions that
// are returned. Comms.
//
//          our server listens               connected
//   idle ────────────────────▶ connecting ──────────────▶ registering
//                               ▲     │ │                  │       │ registered
//                               │     │ │ connected, and   │       ▼
//                               │     │ └───────────────────────▶ beating
//                               │     │   known already    │       │
//                  wait is over │     │ no host is left    │       │ refused, no answer
//                               │     ▼                    ▼       │
//                              waiting ◀───────────────────────────┘
//
// - It registers only when our server listens, because the Master may call it at once; and only when it must,
//   because a registration makes the Master forget our nodes. When this identity was acknowledged before, it
//   first sends a heartbeat, and registers only if the Master answers that the agent is unknown.
// - At most one call is under way. Each call has an id; an answer with another id is ignored.
// - A round tries each host once, in order, without a pause; a round that failed is followed by a wait of 5 s
//   ± 20 %, which doubles up to retry_max. An acknowledged heartbeat ends the doubling.
// - An absence lasts from the loss (or the first try) to the next acknowledged heartbeat. In an absence each
//   thing is said once, and once a minute since when it lasts, why, and when the next try is. What repeats is
//   for the debug level.
// - Beats are sent at fixed times that do not drift; each must be answered before the next one is due.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "ipc/messages.h"

namespace sutra::comms {

using CallId = std::uint64_t;

struct LinkTime {
  std::chrono::steady_clock::time_point at;  ///< for intervals
  std::uint64_t unix_secs = 0;               ///< for reports only
};

namespace link_event {
struct ServerListening {};
struct Connected {
  CallId call = 0;
};
struct Registered {
  CallId call = 0;
  std::string master_version;
};
struct RegistrationRefused {
  CallId call = 0;
  std::string reason;
};
struct BeatAcknowledged {
  CallId call = 0;
  std::uint64_t master_time = 0;
};
/// The answer to a beat: NOT_FOUND or acknowledged = false.
struct AgentUnknown {
  CallId call = 0;
};
struct Unregistered {
  CallId call = 0;
};
/// A connection attempt or a call failed. `why`: the cause, for an operator.
struct CallFailed {
  CallId call = 0;
  std::string why;
};
struct TimerFired {};
struct RetireOrdered {};
}  // namespace link_event
using LinkEvent = std::variant<link_event::ServerListening, link_event::Connected, link_event::Registered,
                               link_event::RegistrationRefused, link_event::BeatAcknowledged,
                               link_event::AgentUnknown, link_event::Unregistered, link_event::CallFailed,
                               link_event::TimerFired, link_event::RetireOrdered>;

enum class News {
  kConnecting,
  kConnected,
  kConnectFailed,
  kRegistering,
  kRegistered,
  kRegistrationRefused,
  kRegistrationFailed,
  kBeating,
  kBeatAcknowledged,
  kBeatFailed,
  kAgentUnknown,
  kLost,
  kReconnected,
  kRetrying,
  kUnregistered,
  kUnregisterFailed,
};

namespace link_action {
/// Make a connection to hosts[host]; answered by Connected or CallFailed within `timeout`.
struct Connect {
  CallId call = 0;
  std::size_t host = 0;
  std::chrono::milliseconds timeout{};
};
struct Register {
  CallId call = 0;
  std::chrono::milliseconds timeout{};
};
struct Beat {
  CallId call = 0;
  std::chrono::milliseconds timeout{};
};
struct Unregister {
  CallId call = 0;
  std::chrono::milliseconds timeout{};
};
/// Cancel the call under way and ignore its answer.
struct CancelCall {};
struct Disconnect {};
/// Deliver TimerFired at `at`. Replaces the previous ArmTimer.
struct ArmTimer {
  std::chrono::steady_clock::time_point at;
};
/// Write a log line (link_news.h).
struct Announce {
  News news{};
  std::size_t host = 0;
  bool repeated = false;             ///< the same was logged in this absence: log at debug
  std::string text;                  ///< the cause, the reason, or the Master's version
  std::uint64_t number = 0;          ///< of the heartbeat
  std::uint64_t master_time = 0;     ///< Unix seconds
  std::chrono::milliseconds wait{};  ///< kRetrying: until the next try
  std::uint64_t since_unix = 0;      ///< kRetrying: seconds; when the absence began
};
/// Report the state of the link to the supervisor: at each change, acknowledged heartbeat and failed round.
struct ReportLink {
  ipc::LinkState state{};
  std::uint64_t heartbeats = 0;
  std::uint64_t last_heartbeat_unix = 0;
  std::size_t host = 0;
  std::uint64_t away_since_unix = 0;  ///< seconds; 0 = connected
  std::uint64_t next_try_unix = 0;    ///< seconds; 0 = connected, or a try is under way
  std::string cause;                  ///< why the last try failed; empty when connected
};
/// Report to the supervisor that a Master has acknowledged our identity.
struct ReportAcknowledged {};
/// The end after RetireOrdered.
struct Finished {};
}  // namespace link_action
using LinkAction = std::variant<link_action::Connect, link_action::Register, link_action::Beat,
                                link_action::Unregister, link_action::CancelCall, link_action::Disconnect,
                                link_action::ArmTimer, link_action::Announce, link_action::ReportLink,
                                link_action::ReportAcknowledged, link_action::Finished>;

struct LinkPolicy {
  std::size_t hosts = 1;  ///< number of Masters
  std::chrono::milliseconds heartbeat_interval{5000};
  std::chrono::milliseconds retry_initial{5000};
  std::chrono::milliseconds retry_max{5000};  ///< the wait between rounds doubles up to it
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds register_timeout{5000};
  std::chrono::milliseconds unregister_timeout{2000};
  bool known = false;      ///< a Master has acknowledged an equal identity before
  std::uint32_t seed = 1;  ///< of the jitter

  /// Shorter than the interval, so that a heartbeat is answered or failed before the next one is due.
  [[nodiscard]] std::chrono::milliseconds beat_timeout() const { return heartbeat_interval * 9 / 10; }
};

class MasterLink {
 public:
  explicit MasterLink(LinkPolicy policy);
  /// Returns the actions to carry out now, in this order. Times must not decrease.
  [[nodiscard]] std::vector<LinkAction> step(const LinkEvent& event, LinkTime now);

 private:
  enum class Phase { kIdle, kConnecting, kRegistering, kBeating, kWaiting, kUnregistering, kOver };

  void on(const link_event::ServerListening&);
  void on(const link_event::Connected& event);
  void on(const link_event::Registered& event);
  void on(const link_event::RegistrationRefused& event);
  void on(const link_event::BeatAcknowledged& event);
  void on(const link_event::AgentUnknown& event);
  void on(const link_event::Unregistered& event);
  void on(const link_event::CallFailed& event);
  void on(const link_event::TimerFired&);
  void on(const link_event::RetireOrdered&);

  [[nodiscard]] bool answers(CallId call, Phase phase);
  void begin_round();
  void connect();
  void enroll();
  void beat();
  void beat_failed(const std::string& why);
  void give_up_host(const std::string& cause);
  void wait();
  void say_away();
  void end_absence();
  void finish();
  void announce(News news, std::string text = {}, bool repeated = false);
  /// False: it was said in this absence already, so it is for the debug level.
  bool announce_once(News news, const std::string& text = {});
  void report(ipc::LinkState state);
  void acknowledged();
  [[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds delay);

  LinkPolicy policy_;
  std::minstd_rand random_;
  std::vector<LinkAction> out_;
  LinkTime now_;

  Phase phase_ = Phase::kIdle;
  CallId call_ = 0;  // under way; 0 = none
  CallId last_call_ = 0;
  std::size_t host_ = 0;
  unsigned failed_rounds_ = 0;
  std::optional<std::chrono::steady_clock::time_point> wake_at_;
  std::chrono::steady_clock::time_point retry_at_;  // while waiting
  std::chrono::steady_clock::time_point next_tick_;

  bool known_ = false;          // a Master has acknowledged our identity
  bool connected_ = false;      // on this connection: registered, or a beat was acknowledged
  bool beaten_ = false;         // on this connection: a beat was acknowledged
  bool fresh_ = false;          // registered, and no beat acknowledged since
  bool return_untold_ = false;  // something failed, and no line at info said since that the link is back
  bool loop_announced_ = false;
  bool first_round_ = true;

  std::optional<std::uint64_t> away_since_unix_;  // nothing: no absence
  std::optional<std::chrono::steady_clock::time_point> away_said_at_;
  std::string cause_;                                          // why the last try of this absence failed
  std::set<std::tuple<News, std::size_t, std::string>> said_;  // in this absence: news, host, text
  ipc::LinkState reported_ = ipc::LinkState::kConnecting;
  std::uint64_t beats_ = 0;
  std::uint64_t last_beat_unix_ = 0;
};

}  // namespace sutra::comms
