// Keeps one comms process alive, talks to it, and believes nothing it says: a message that breaks the
// protocol ends it. Supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "ipc/channel_pump.h"
#include "ipc/node_table.h"
#include "supervisor/children/child_starter.h"
#include "supervisor/core/comms_policy.h"
#include "supervisor/host/accounts.h"
#include "supervisor/host/timers.h"

namespace sutra::supervisor {

class CommsKeeper {
 public:
  /// All of it outlives the keeper.
  struct Parts {
    EventLoop& loop;  ///< for the channel
    Timers& timers;
    ChildStarter& starter;
    const Config& config;
    const Account& comms_account;
    const Account& storage_account;
    const ipc::NodeTableWriter& table;
    std::string program;  ///< absolute path of sutra-agent-comms
  };
  struct Callbacks {
    /// A valid message other than Ping, LinkChanged and AgentAcknowledged. `epoch` names this comms process:
    /// an answer goes back with it, so that a later comms never gets it.
    std::function<void(const ipc::FromComms&, std::uint64_t epoch)> request;
    /// CLOCK_BOOTTIME since which comms is alive and pings; nothing when it is not.
    std::function<void(std::optional<core::Nanoseconds>)> comms_alive;
    std::function<void(const std::string& agent_info)> acknowledged;
    std::function<std::string()> last_acknowledged;
    std::function<void()> retired;  ///< once, after retire(): it is gone
  };
  CommsKeeper(Parts parts, Callbacks callbacks);
  CommsKeeper(const CommsKeeper&) = delete;
  CommsKeeper& operator=(const CommsKeeper&) = delete;

  /// Once: from then on there is always a comms, or one to come after at most 5 s, until retire().
  void start();
  /// Before a re-exec: a comms that does not heed the end of its channel would keep the port and the Master.
  void kill();
  /// Orderly stop: Retire, and after 4 s SIGKILL. `retired` may be called from within this call.
  void retire();
  /// An answer to a request of `epoch`; dropped when that comms was replaced.
  template <typename Message>
  void send(const Message& message, std::uint64_t epoch) {
    if (epoch == epoch_) send_now(message);
  }
  void node_changed(std::uint32_t row) { send_now(ipc::NodeChanged{row, 0}); }

  struct Status {
    std::uint32_t pid = 0;
    ipc::CommsState state = ipc::CommsState::kDown;
    std::uint64_t restarts = 0;
    ipc::LinkChanged link;
  };
  [[nodiscard]] Status status() const;
  [[nodiscard]] bool owns_pid(pid_t pid) const { return is_child(child_, pid); }

 private:
  [[nodiscard]] sutra::Status try_start();
  [[nodiscard]] Result<UniqueFd> configuration_memfd() const;
  [[nodiscard]] LaunchPlan plan() const;
  template <typename Message>
  void send_now(const Message& message) {
    if (channel_) channel_->send(message);
  }
  void welcome();
  void take(const ipc::FromComms& message);
  void take_link(const ipc::LinkChanged& link);
  void on_channel_end(ipc::PeerEnd end, const std::string& why);
  void violation(const std::string& what);
  void count_pings();
  void hung();
  void comms_not_alive();
  void on_exit(const core::Exit& exit, const std::string& why_not_started);
  void restart_after(core::Nanoseconds delay);
  void kill_after(core::Nanoseconds delay);

  Parts parts_;
  Callbacks callbacks_;
  core::CommsPolicy policy_;
  ChildHandle child_;  ///< none in the wait before the next one
  pid_t pid_ = 0;      ///< its pid, or the last one's
  std::optional<ipc::ChannelPump<ipc::FromComms>> channel_;
  ipc::LinkChanged link_;
  WatchHandle ping_timer_, restart_timer_, kill_timer_;
  std::uint64_t epoch_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t violations_ = 0;
  bool comms_alive_ = false;  // it pinged, and was neither hung nor lost since
  bool retiring_ = false;
};

}  // namespace sutra::supervisor
