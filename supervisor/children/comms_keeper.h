// Starts comms, restarts it when it ends or hangs, and exchanges messages with it. comms talks to the
// network, so its messages are not trusted: a message that breaks the protocol gets comms killed and
// replaced. Supervisor, one thread.
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
  /// All references must outlive the keeper.
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
    /// A valid message other than Ping, LinkChanged and AgentAcknowledged. `epoch` counts comms processes:
    /// pass it to send() with the answer, so that a later comms never gets the answer to another one's
    /// request.
    std::function<void(const ipc::FromComms&, std::uint64_t epoch)> request;
    /// CLOCK_BOOTTIME of the first ping of this comms; nullopt when comms ended, hangs or lost its channel.
    std::function<void(std::optional<core::Nanoseconds>)> comms_alive;
    std::function<void(const std::string& agent_info)> acknowledged;  ///< a Master acknowledged this identity
    std::function<std::string()> last_acknowledged;                   ///< sent to each new comms in Welcome
    std::function<void()> retired;  ///< once, after retire(): comms has ended
  };
  CommsKeeper(Parts parts, Callbacks callbacks);
  CommsKeeper(const CommsKeeper&) = delete;
  CommsKeeper& operator=(const CommsKeeper&) = delete;

  /// Call once. From then on comms runs, or is restarted within 5 s, until retire(). Errors are logged, and
  /// the start is tried again.
  void start();
  /// Sends SIGKILL. Needed before a re-exec: a comms that hangs would not notice that its channel closed, and
  /// would keep the agent's port and its connection to the Master.
  void kill();
  /// Orderly stop: sends Retire, and SIGKILL after 4 s. `retired` may be called from within this call.
  void retire();
  /// Sends the answer to a request of `epoch`; drops it when that comms was replaced.
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
  ChildHandle child_;  ///< null while we wait to start the next one
  pid_t pid_ = 0;      ///< of the running comms, or of the last one
  std::optional<ipc::ChannelPump<ipc::FromComms>> channel_;
  ipc::LinkChanged link_;
  WatchHandle ping_timer_, restart_timer_, kill_timer_;
  std::uint64_t epoch_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t violations_ = 0;
  bool comms_alive_ = false;  // this comms has pinged, and since then neither hung nor lost its channel
  bool retiring_ = false;
};

}  // namespace sutra::supervisor
