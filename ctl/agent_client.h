// Client of a running agent: its control socket and its node table. sutra-agentctl.
#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "ipc/channel.h"
#include "ipc/node_table.h"

namespace sutra::ctl {

class AgentClient {
 public:
  /// Connects to RUNTIME_DIR/control.sock. The error says whether the agent does not run or we may not
  /// connect.
  [[nodiscard]] static Result<AgentClient> connect(const std::string& runtime_dir);

  /// Sends a request and blocks until the answer comes, without a time limit (a start may take 10 s and
  /// more).
  template <typename Message>
  [[nodiscard]] Result<ipc::ToOperator> ask(const Message& message) {
    if (const Status sent = channel_.send(message); !sent) return sent.error();
    return wait();
  }
  /// The current rows of all nodes, read from the node table; works without an answer of the supervisor.
  [[nodiscard]] Result<std::vector<ipc::NodeTableReader::Read>> nodes() const;

 private:
  AgentClient(UniqueFd fd, std::string runtime_dir)
      : channel_(std::move(fd)), runtime_dir_(std::move(runtime_dir)) {}
  [[nodiscard]] Result<ipc::ToOperator> wait();

  ipc::Channel channel_;
  std::string runtime_dir_;
};

}  // namespace sutra::ctl
