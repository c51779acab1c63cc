// Notifies the service manager (systemd) of our state, by the protocol of sd_notify(3). Without libsystemd,
// which would be the supervisor's largest dependency for three datagrams. Supervisor.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sutra::supervisor {

class ServiceManager {
 public:
  /// Reads $NOTIFY_SOCKET (a path, or "@" and an abstract name), and $WATCHDOG_USEC if $WATCHDOG_PID is unset
  /// or our pid (sd_watchdog_enabled(3)). The variables stay set: the image that replaces us by execve needs
  /// them too.
  [[nodiscard]] static ServiceManager of_this_process();

  /// Sends "READY=1", "STOPPING=1" or "WATCHDOG=1". Never blocks. Does nothing without a service manager.
  /// Errors are ignored: we must run on, and a lost WATCHDOG=1 is followed by the next one.
  void tell(std::string_view message) const;

  /// The interval at which to send "WATCHDOG=1": half of the manager's limit. Nullopt: it has no watchdog for
  /// us.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval() const { return interval_; }

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> interval_;
};

}  // namespace sutra::supervisor
