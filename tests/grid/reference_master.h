// A correct Grid Master in this process, for end-to-end tests and the sutra-grid-master program. It listens with
// SO_REUSEPORT off and accepts the agents' keepalive pings (one each 2 s or slower).
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "tests/grid/master_service.h"
#include "tests/grid/observations.h"
#include "tests/grid/tls_pems.h"

namespace sutra::grid_testing {

struct MasterOptions {
  LogSink log;                     ///< empty: silent
  std::function<Instant()> clock;  ///< empty: the real one. Judges health only; arrivals are always real
  std::chrono::seconds summary_interval{10};
  std::optional<TlsPems> tls;  ///< set: mutual TLS towards agents and operators, both ways
};

class ReferenceMaster {
 public:
  explicit ReferenceMaster(MasterOptions options = {});
  ~ReferenceMaster();  ///< stop()
  ReferenceMaster(const ReferenceMaster&) = delete;
  ReferenceMaster& operator=(const ReferenceMaster&) = delete;

  /// Listens on "HOST:PORT", port 0: any. Knows no agents: stop() and start() are a restarted Master. The
  /// observations and the replies that were set stay. Starting twice is an error.
  [[nodiscard]] Status start(const std::string& address);
  /// Answers the calls in progress, within 0.5 s, and closes all connections. No effect when not started.
  void stop();

  [[nodiscard]] int port() const;             ///< 0 when not started
  [[nodiscard]] std::string address() const;  ///< "HOST:PORT" with the real port; empty when not started

  // What tests observe and change; usable at any time from any thread. See observations.h.
  void set_heartbeat_reply(HeartbeatReply reply) { observations_.set_heartbeat_reply(reply); }
  /// Refuses registrations with this reason; nullopt: accepts them.
  void set_registration_reply(std::optional<std::string> refusal) {
    observations_.set_registration_reply(std::move(refusal));
  }
  [[nodiscard]] AgentTrace trace(const std::string& agent_id) const { return observations_.trace(agent_id); }
  /// True as soon as `condition` holds for the agent's trace, false after `timeout`.
  [[nodiscard]] bool wait(const std::string& agent_id,
                          const std::function<bool(const AgentTrace&)>& condition,
                          std::chrono::milliseconds timeout) {
    return observations_.wait(agent_id, condition, timeout);
  }

 private:
  class Running;
  MasterOptions options_;
  Observations observations_;
  std::unique_ptr<Running> running_;
};

}  // namespace sutra::grid_testing
