// The connection to a running agent: its control socket and its node table. The operator's tool.
#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "ipc/channel.h"
#include "ipc/node_table.h"

namespace sutra::ctl {

class AgentClient {
 public:
  /// Connects to RUNTIME_DIR/control.sock. The error tells "not running" from "not allowed".
  [[nodiscard]] static Result<AgentClient> connect(const std::string& runtime_dir);

  /// Sends an order and waits for its answer, as long as it takes.
  template <typename Message>
  [[nodiscard]] Result<ipc::ToOperator> ask(const Message& message) {
    if (const Status sent = channel_.send(message); !sent) return sent.error();
    return wait();
  }
  /// All nodes now.
  [[nodiscard]] Result<std::vector<ipc::NodeTableReader::Read>> nodes() const;

 private:
  AgentClient(UniqueFd fd, std::string runtime_dir)
      : channel_(std::move(fd)), runtime_dir_(std::move(runtime_dir)) {}
  [[nodiscard]] Result<ipc::ToOperator> wait();

  ipc::Channel channel_;
  std::string runtime_dir_;
};

}  // namespace sutra::ctl
