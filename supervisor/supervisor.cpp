#include "supervisor/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <variant>

#include "common/log/logging.h"
#include "common/overload.h"
#include "common/version.h"
#include "supervisor/host/clock.h"
#include "supervisor/host/own_directory.h"
#include "supervisor/startup/instance_lock.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr auto kHousekeeping = 10s;

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Supervisor::Supervisor(Inputs inputs) : inputs_(std::move(inputs)), starter_(loop_, *inputs_.launcher) {}

// In this order: each part may use the ones that are destroyed after it.
Supervisor::~Supervisor() {
  signals_.clear();
  rotation_.reset();
  reload_check_.reset();
  control_.reset();
  comms_.reset();
  nodes_.reset();
}

Status Supervisor::set_up_accounts() {
  auto storage = child_account(inputs_.config.agent.storage_user, "sutra-storage", "agent.storage_user");
  if (!storage) return storage.error();
  auto comms = child_account(inputs_.config.agent.comms_user, "sutra-comms", "agent.comms_user");
  if (!comms) return comms.error();
  storage_account_ = std::move(storage).value();
  comms_account_ = std::move(comms).value();
  return {};
}

Status Supervisor::set_up() {
  const Config& config = inputs_.config;
  if (const Status s = set_up_accounts(); !s) return s;
  if (const Status s = make_own_directory(config.agent.state_dir, 0755); !s) return s;
  if (const Status s = make_own_directory(config.agent.runtime_dir, 0755); !s) return s;
  if (const Status s = make_own_directory(config.storage.log_dir, 0750); !s) return s;

  // After a re-exec we hold the locks already: a flock belongs to the open file description, and its
  // descriptor was passed on. To lock anew would fail, because our own descriptor holds the lock. The locks
  // come before anything that writes to the directories.
  auto& locks = inputs_.handoff.locks;
  if (locks.size() == 2) {
    runtime_lock_ = std::move(locks[0]);
    state_lock_ = std::move(locks[1]);
  } else {
    auto runtime_lock = lock_directory(config.agent.runtime_dir, "runtime_dir");
    if (!runtime_lock) return runtime_lock.error();
    auto state_lock = lock_directory(config.agent.state_dir, "state_dir");
    if (!state_lock) return state_lock.error();
    runtime_lock_ = std::move(runtime_lock).value();
    state_lock_ = std::move(state_lock).value();
  }
  auto ledger = Ledger::open(config.agent.state_dir, config.agent.runtime_dir);
  if (!ledger) return ledger.error();
  ledger_ = std::move(ledger).value();
  trees_ = NodeTrees::open(environment("SUTRA_NODES_CGROUP"), config.agent.agent_id);
  return {};
}

int Supervisor::run() {
  started_at_unix_ = now().unix_secs;
  if (const Status ready = set_up(); !ready) {
    log::error(ready.error().message());
    return 1;
  }
  warn_of_what_is_off();
  watch_signals();
  recover();
  if (!nodes_) return 1;
  // Signals were blocked since the start; their handlers exist only from here on.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  loop_.run();
  if (!stopping_) log::error("the event loop ended without a stop request; the agent exits", {});
  // Remove the cgroup directory that we created for the nodes. Not one from $SUTRA_NODES_CGROUP: its unit
  // owns it.
  if (stopping_ && !environment("SUTRA_NODES_CGROUP") && !trees_->path().empty())
    rmdir(trees_->path().c_str());
  return stopping_ ? 0 : 1;
}

void Supervisor::watch_signals() {
  signals_.emplace_back(loop_, SIGTERM, [this](int signum) { shut_down(signum); });
  signals_.emplace_back(loop_, SIGINT, [this](int signum) { shut_down(signum); });
  signals_.emplace_back(loop_, SIGHUP, [this](int) { reload(std::nullopt); });
  signals_.emplace_back(loop_, SIGCHLD, [this](int) { reap_strays(); });
}

void Supervisor::recover() {
  auto contents = ledger_->read();
  registration_ = ledger_->read_registration();
  for (const auto& sentence : contents.set_aside) log::error(sentence);
  for (const auto& sentence : contents.problems) log::error(sentence);
  if (!contents.complete) {
    // Going on would lose the nodes that could not be read. The service manager starts us again; running
    // nodes are not affected.
    return log::error("the ledger could not be read completely, so the agent starts no node and exits");
  }
  // A lower max_storage_nodes must not hide nodes that exist already.
  const auto capacity = std::max<std::size_t>(inputs_.config.agent.max_storage_nodes, contents.nodes.size());
  auto table = ipc::NodeTableWriter::create(inputs_.config.agent.runtime_dir + "/nodes.table",
                                            static_cast<std::uint32_t>(capacity));
  if (!table) return log::error(table.error().message());
  table_ = std::move(table).value();
  auto control = ControlServer::open(
      loop_, inputs_.config.agent.runtime_dir + "/control.sock", std::move(inputs_.handoff.listener),
      [this](const auto& message, std::uint64_t client) { on_operator(message, client); });
  if (!control) return log::error(control.error().message());
  control_ = std::move(control).value();

  comms_ = std::make_unique<CommsKeeper>(
      CommsKeeper::Parts{loop_, timers_, starter_, inputs_.config, comms_account_, storage_account_, *table_,
                         inputs_.programs.comms},
      CommsKeeper::Callbacks{
          [this](const ipc::FromComms& message, std::uint64_t epoch) { on_comms(message, epoch); },
          [this](std::optional<core::Nanoseconds> since) { nodes_->set_comms_alive_since(since); },
          [this](const std::string& info) {
            if (info == registration_) return;
            registration_ = info;
            if (const Status s = ledger_->write_registration(info); !s) log::error(s.error().message());
          },
          [this] { return registration_; },
          [this] {
            comms_retired_ = true;
            stop_when_empty();
          }});
  platform_ = std::make_unique<LinuxPlatform>(
      LinuxPlatform::Parts{loop_, inputs_.config, storage_account_, *inputs_.launcher, *trees_});
  nodes_ = std::make_unique<Nodes>(
      Nodes::Parts{inputs_.config, storage_account_.uid, *platform_, *ledger_, *table_},
      [this](std::uint32_t row) { comms_->node_changed(row); }, [this] { stop_when_empty(); });
  rotation_ =
      std::make_unique<LogRotation>(starter_, inputs_.config.storage.log_dir,
                                    inputs_.config.agent.runtime_dir, inputs_.config.storage.max_log_mb);
  if (const Status recovered = nodes_->recover(contents.nodes); !recovered) {
    nodes_.reset();
    return log::error(recovered.error().message() +
                      "; so the agent cannot find out which nodes still run, starts no node and exits");
  }
  // Only now: a configuration that a start fails with must not become the one to fall back to.
  if (const Status s = ledger_->write_last_config(inputs_.config_text); !s) log::warning(s.error().message());
  comms_->start();
  housekeeping_timer_ = Timer(loop_, kHousekeeping, kHousekeeping, [this] { housekeeping(); });
  for (auto& waiter : inputs_.handoff.waiters) reload_waiters_.push_back(control_->adopt(std::move(waiter)));
  inputs_.handoff.waiters.clear();
  if (inputs_.handoff.valid()) {
    log::info("", "reloaded " + inputs_.config_path);
    answer_reload(true, "reloaded " + inputs_.config_path);
  }
  inputs_.handoff = {};
  // The watchdog message is sent from the loop that does all the work, so that systemd notices when the loop
  // hangs.
  if (const auto interval = service_manager_.watchdog_interval()) {
    watchdog_timer_ = Timer(loop_, *interval, *interval, [this] { service_manager_.tell("WATCHDOG=1"); });
  }
  service_manager_.tell("READY=1");
}

void Supervisor::on_comms(const ipc::FromComms& message, std::uint64_t epoch) {
  const auto started = [this, epoch](std::uint64_t request_id) {
    return [this, epoch, request_id](const Outcome& outcome) {
      ipc::NodeStarted answer;
      answer.request_id = request_id;
      answer.success = outcome.success ? 1 : 0;
      answer.pid = outcome.pid;
      answer.port = outcome.port;
      answer.reason.assign(outcome.text);
      comms_->send(answer, epoch);
    };
  };
  const auto stopped = [this, epoch](std::uint64_t request_id) {
    return [this, epoch, request_id](const Outcome& outcome) {
      ipc::NodeStopped answer;
      answer.request_id = request_id;
      answer.success = outcome.success ? 1 : 0;
      answer.reason.assign(outcome.text);
      comms_->send(answer, epoch);
    };
  };
  std::visit(
      Overload{
          [&](const ipc::StartNode& m) {
            nodes_->start(ipc::node_id_in(m.node_id),
                          {std::string(m.storage_path.view()), m.port, m.memory_mb}, started(m.request_id));
          },
          [&](const ipc::StopNode& m) { nodes_->stop(ipc::node_id_in(m.node_id), stopped(m.request_id)); },
          [&](const ipc::NodeReady& m) { nodes_->node_ready(ipc::node_id_in(m.node_id), m.generation); },
          [&](const ipc::NodeUnresponsive& m) {
            nodes_->node_unresponsive(ipc::node_id_in(m.node_id), m.generation, std::string(m.reason.view()));
          },
          [](const ipc::LinkChanged&) {},  // CommsKeeper handles these three itself
          [](const ipc::AgentAcknowledged&) {},
          [](const ipc::Ping&) {},
      },
      message);
}

void Supervisor::on_operator(const ipc::FromOperator& message, std::uint64_t client) {
  const Reply reply = [this, client](const Outcome& outcome) {
    ipc::Done done;
    done.success = outcome.success ? 1 : 0;
    done.pid = outcome.pid;
    done.port = outcome.port;
    done.text.assign(outcome.text);
    control_->send(client, done);
  };
  std::visit(Overload{
                 [&](const ipc::OperatorStart& m) {
                   nodes_->start(ipc::node_id_in(m.node_id),
                                 {std::string(m.storage_path.view()), m.port, m.memory_mb}, reply);
                 },
                 [&](const ipc::OperatorStop& m) { nodes_->stop(ipc::node_id_in(m.node_id), reply); },
                 [&](const ipc::OperatorRestart& m) { nodes_->restart(ipc::node_id_in(m.node_id), reply); },
                 [&](const ipc::Reload&) { reload(client); },
                 [&](const ipc::GetStatus&) { control_->send(client, status()); },
             },
             message);
}

void Supervisor::shut_down(int signum) {
  if (stopping_) return;
  stopping_ = true;
  log::info("👋",
            std::string("Stopping: ") + strsignal(signum) +
                "; storage nodes are stopped and start again with the agent",
            {{"signal", signum}});
  service_manager_.tell("STOPPING=1");
  answer_reload(false, "reload: the agent is stopping");
  comms_->retire();
  nodes_->shut_down();
}

void Supervisor::stop_when_empty() {
  if (!stopping_ || !comms_retired_ || !nodes_->empty()) return;
  // comms has unregistered from the Master, so the next comms must register again.
  (void)ledger_->write_registration({});
  log::info("👋", "Stopped");
  loop_.stop();
}

}  // namespace sutra::supervisor
