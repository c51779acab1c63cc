// The supervisor process as one object: creates its parts, connects them and runs the event loop. One thread.
// Uses AF_UNIX and AF_NETLINK sockets only, never the network.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/signal_watch.h"
#include "common/loop/timer.h"
#include "supervisor/children/child_process.h"
#include "supervisor/children/comms_keeper.h"
#include "supervisor/children/log_rotation.h"
#include "supervisor/children/reload_check.h"
#include "supervisor/control/control_server.h"
#include "supervisor/host/accounts.h"
#include "supervisor/host/loop_timers.h"
#include "supervisor/host/service_manager.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/nodes/linux_platform.h"
#include "supervisor/nodes/nodes.h"
#include "supervisor/startup/handoff.h"
#include "supervisor/startup/programs.h"

namespace sutra::supervisor {

class Supervisor {
 public:
  /// Everything that main() prepares.
  struct Inputs {
    Config config;
    std::string config_text;  ///< the checked bytes of the file
    std::string config_path;  ///< absolute
    Programs programs;
    std::unique_ptr<Launcher> launcher;
    Handoff handoff;
  };
  explicit Supervisor(Inputs inputs);
  ~Supervisor();

  /// Recovers the nodes, then runs until a signal orders a stop and all nodes and comms have ended. Returns
  /// the exit status: 0 after an orderly stop, else 1. Errors are logged.
  [[nodiscard]] int run();

 private:
  [[nodiscard]] Status set_up();
  [[nodiscard]] Status set_up_accounts();
  void watch_signals();
  void warn_of_what_is_off() const;
  void recover();
  void on_comms(const ipc::FromComms& message, std::uint64_t epoch);
  void on_operator(const ipc::FromOperator& message, std::uint64_t client);
  [[nodiscard]] ipc::AgentStatus status() const;
  [[nodiscard]] std::string protections_off() const;
  void reload(std::optional<std::uint64_t> client);
  void on_reload_verdict(Result<UniqueFd> verdict);
  void exec_when_quiet();
  void exec_now();
  void answer_reload(bool success, const std::string& text);
  void shut_down(int signum);
  void stop_when_empty();
  void reap_strays();
  void housekeeping();
  void keep_directories();
  void renew();

  Inputs inputs_;
  EventLoop loop_;
  LoopTimers timers_{loop_};
  ProcessStarter starter_;
  std::int64_t started_at_unix_ = 0;
  UniqueFd runtime_lock_, state_lock_;
  Account storage_account_, comms_account_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<NodeTrees> trees_;
  std::unique_ptr<ipc::NodeTableWriter> table_;
  std::unique_ptr<LinuxPlatform> platform_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<CommsKeeper> comms_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<LogRotation> rotation_;
  std::vector<SignalWatch> signals_;
  ServiceManager service_manager_ = ServiceManager::of_this_process();
  Timer watchdog_timer_;
  Timer housekeeping_timer_, exec_timer_, stray_timer_;
  std::unique_ptr<ReloadCheck> reload_check_;
  UniqueFd checked_config_;
  bool renewing_ = false;  // checked_config_ is the running configuration (see renew()), not a new one
  std::vector<std::uint64_t> reload_waiters_;
  int exec_waits_ = 0;
  bool reload_again_ = false;
  bool directories_lost_ = false;
  std::string registration_;  // the last AgentInfo that a Master acknowledged
  bool stopping_ = false;
  bool comms_retired_ = false;
};

}  // namespace sutra::supervisor
