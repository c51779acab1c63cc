// The real agent as a child process, and the ways to look at it and at its nodes from outside. Tests only.
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

/// Alive; a zombie is not: it waits for a parent that may not be ours.
[[nodiscard]] bool process_exists(pid_t pid);
/// Sends a line to 127.0.0.1:port; the first line that comes back, or empty.
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
  ~Agent();  ///< SIGTERM, then SIGKILL; then whatever is left of its nodes, by their recorded pids
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Another sutra-agent than the build's, for the starts to come.
  void use_program(const std::string& path) { program_ = path; }
  /// An environment variable, for the starts to come; nothing: it is not there.
  void set_environment(const std::string& name, std::optional<std::string> value);
  /// Starts the supervisor; `before_exec` runs in the child (filters, namespaces, limits). We have threads,
  /// so it may only do what fork(2) allows then: system calls, and no memory from the heap.
  void start(const std::function<void()>& before_exec = {});
  /// Waits until its gRPC server answers.
  [[nodiscard]] bool wait_until_serving();
  /// start() and wait; a failure is a test failure that shows the log.
  void start_and_wait(const std::function<void()>& before_exec = {});

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] pid_t comms_pid() const;  ///< 0: none
  void signal(int signum) const;          ///< to the supervisor; none runs: to nobody
  void kill();                            ///< SIGKILL to the supervisor alone, and reaps it
  [[nodiscard]] int stop();               ///< SIGTERM; the exit code
  [[nodiscard]] int wait_exit(std::chrono::seconds deadline = 30s);

  [[nodiscard]] std::string log() const;
  [[nodiscard]] bool log_has(const std::string& text) const { return log().find(text) != std::string::npos; }
  [[nodiscard]] std::vector<std::string> events(const std::string& what, const std::string& node_id) const;

  // The agent's own gRPC server, as a Master sees it.
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
  [[nodiscard]] std::vector<std::string> environment() const;  ///< ours, and what set_environment() said

  Sandbox& sandbox_;
  std::string program_;
  std::map<std::string, std::optional<std::string>> environment_;
  pid_t pid_ = 0;
  std::unique_ptr<agent::GridAgent::Stub> stub_;
};

}  // namespace sutra::e2e
