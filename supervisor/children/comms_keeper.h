// Keeps one comms process alive, talks to it, and believes nothing it says: a message that breaks the
// protocol ends it. Supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/loop/fd_watch.h"
#include "common/loop/timer.h"
#include "ipc/channel.h"
#include "ipc/node_table.h"
#include "supervisor/children/child_process.h"
#include "supervisor/core/comms_policy.h"
#include "supervisor/host/accounts.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

class CommsKeeper {
 public:
  struct Parts {
    EventLoop& loop;
    const Config& config;
    const Account& comms_account;
    const Account& storage_account;
    Launcher& launcher;
    NodeTrees& trees;
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
    std::function<void()> retired;  ///< after retire(): it is gone
  };
  CommsKeeper(Parts parts, Callbacks callbacks);
  ~CommsKeeper();
  CommsKeeper(const CommsKeeper&) = delete;
  CommsKeeper& operator=(const CommsKeeper&) = delete;

  void start();
  /// Before a re-exec: a comms that does not heed the end of its channel would keep the port and the Master.
  void kill();
  /// Orderly stop: Retire, and after a deadline SIGKILL.
  void retire();
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
  [[nodiscard]] bool owns_pid(pid_t pid) const { return process_.owns(pid); }

 private:
  [[nodiscard]] sutra::Status try_start();
  [[nodiscard]] Result<UniqueFd> configuration_memfd() const;
  template <typename Message>
  void send_now(const Message& message) {
    if (!channel_) return;
    check_sent(channel_->send(message));
  }
  void check_sent(const sutra::Status& sent);
  void watch_channel();
  void on_channel(int events);
  void receive_all();
  void take(const ipc::FromComms& message);
  void violation(const std::string& what);
  void hung();
  void comms_not_alive();
  void on_exit(const core::Exit& exit, const std::string& why_not_started);
  void restart_after(core::Nanoseconds delay);
  void lose(const std::string& why);

  Parts parts_;
  Callbacks callbacks_;
  ChildProcess process_;
  core::CommsPolicy policy_;
  std::optional<ipc::Channel> channel_;
  ipc::LinkChanged link_;
  FdWatch channel_watch_;
  Timer ping_watch_, restart_timer_, kill_timer_;
  std::uint64_t epoch_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t violations_ = 0;
  bool comms_alive_ = false;  // it pinged, and was neither hung nor lost since
  bool retiring_ = false;
};

}  // namespace sutra::supervisor
