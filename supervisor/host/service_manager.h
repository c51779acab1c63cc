// Talks to the service manager that started us, if one did: the datagrams of sd_notify(3), written by hand
// because libsystemd would be the supervisor's largest dependency for three words. Supervisor.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sutra::supervisor {

class ServiceManager {
 public:
  /// From $NOTIFY_SOCKET (a path, or "@" and an abstract name) and $WATCHDOG_USEC, which counts when
  /// $WATCHDOG_PID is ours or unset. Both stay in the environment: the image that replaces us by execve needs
  /// them too.
  [[nodiscard]] static ServiceManager of_this_process();

  /// "READY=1", "STOPPING=1", "WATCHDOG=1". Never blocks; without a service manager nothing happens. A
  /// lost message is not an error.
  void tell(std::string_view message) const;

  /// How often "WATCHDOG=1" is due: half of what the manager allows. Nothing: it does not watch us.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval() const { return interval_; }

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> interval_;
};

}  // namespace sutra::supervisor
