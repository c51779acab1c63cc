// The real agent as a child process, and functions to examine it and its nodes from outside. Tests only.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/sandbox.h"

namespace sutra::e2e {

using namespace std::chrono_literals;

using test::eventually;

/// Whether it is alive. A zombie is not; its parent may be another process.
[[nodiscard]] bool process_exists(pid_t pid);
/// Sends a line to 127.0.0.1:port; returns the first line of the answer, or empty.
[[nodiscard]] std::string ask_port(std::uint16_t port, const std::string& line,
                                   std::chrono::milliseconds timeout = 2s);

struct Finished {
  int status = -1;  ///< exit code; 128 + signal
  std::string out, err;
};
/// Runs a program to its end; kills it after `deadline`.
[[nodiscard]] Finished run(const std::vector<std::string>& command, std::chrono::seconds deadline = 30s);

class Agent {
 public:
  explicit Agent(Sandbox& sandbox);
  ~Agent();  ///< SIGTERM, then SIGKILL; then kills what is left of its nodes, by their recorded pids
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Uses this sutra-agent instead of the build's, from the next start on.
  void use_program(const std::string& path) { program_ = path; }
  /// Sets an environment variable from the next start on; nullopt: removes it.
  void set_environment(const std::string& name, std::optional<std::string> value);
  /// Starts the supervisor. `before_exec` runs in the forked child (filters, namespaces, limits). This process has
  /// threads, so it may make system calls only, and must not allocate memory.
  void start(const std::function<void()>& before_exec = {});
  /// Waits until its gRPC server answers.
  [[nodiscard]] bool wait_until_serving();
  /// start() and wait. If it fails, the test fails and shows the log.
  void start_and_wait(const std::function<void()>& before_exec = {});

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] pid_t comms_pid() const;  ///< 0: none
  void signal(int signum) const;          ///< to the supervisor; no effect when none runs
  void kill();                            ///< SIGKILL to the supervisor alone, and reaps it
  [[nodiscard]] int stop();               ///< SIGTERM; the exit code
  [[nodiscard]] int wait_exit(std::chrono::seconds deadline = 30s);

  [[nodiscard]] std::string log() const;
  [[nodiscard]] bool log_has(const std::string& text) const { return log().find(text) != std::string::npos; }
  [[nodiscard]] std::vector<std::string> events(const std::string& what, const std::string& node_id) const;

  // The agent's own gRPC server, called as a Master calls it.
  [[nodiscard]] agent::SpawnNodeResponse spawn(const std::string& node_id, std::uint32_t port = 0,
                                               const std::string& path = {}, std::uint64_t memory_mb = 0);
  [[nodiscard]] agent::StopNodeResponse stop_node(const std::string& node_id);
  /// Nothing when the status was NOT_FOUND.
  [[nodiscard]] std::optional<agent::NodeStatusResponse> node(const std::string& node_id);
  [[nodiscard]] std::vector<agent::NodeStatusResponse> nodes();
  [[nodiscard]] bool wait_status(const std::string& node_id, const std::string& status,
                                 std::chrono::milliseconds deadline = 20s);
  /// The node runs with another pid than `before`.
  [[nodiscard]] bool wait_replaced(const std::string& node_id, std::uint32_t before,
                                   std::chrono::milliseconds deadline = 20s);
  [[nodiscard]] agent::GridAgent::Stub& stub() { return *stub_; }

  [[nodiscard]] Finished ctl(std::vector<std::string> arguments) const;

 private:
  [[nodiscard]] std::vector<std::string> environment()
      const;  ///< this process's, changed by set_environment()

  Sandbox& sandbox_;
  std::string program_;
  std::map<std::string, std::optional<std::string>> environment_;
  pid_t pid_ = 0;
  std::unique_ptr<agent::GridAgent::Stub> stub_;
};

}  // namespace sutra::e2e
