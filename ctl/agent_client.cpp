#include "ctl/agent_client.h"

#include <poll.h>

#include <cerrno>
#include <span>
#include <variant>

namespace sutra::ctl {

Result<AgentClient> AgentClient::connect(const std::string& runtime_dir) {
  const std::string path = runtime_dir + "/control.sock";
  auto fd = ipc::Channel::connect(path);
  if (!fd) {
    Error error = fd.error();
    error.operation = "connect to the agent at";
    error.subject = path;
    if (error.errnum == ENOENT || error.errnum == ECONNREFUSED) {
      error.cause = "the agent does not run";
      error.remedy = "start it, or name its configuration with --config";
    } else if (error.errnum == EACCES || error.errnum == EPERM) {
      error.remedy = "only root and the agent's own user may; try sudo";
    }
    return error;
  }
  return AgentClient(std::move(fd).value(), runtime_dir);
}

Result<ipc::ToOperator> AgentClient::wait() {
  for (;;) {
    pollfd readable{channel_.fd(), POLLIN, 0};
    if (poll(&readable, 1, -1) < 0 && errno != EINTR) return errno_error("wait for", "the agent's answer");
    const auto received = channel_.receive();
    if (std::holds_alternative<ipc::Channel::Empty>(received)) continue;
    if (const auto* error = std::get_if<Error>(&received)) return *error;
    if (std::holds_alternative<ipc::Channel::Closed>(received)) {
      return make_error("wait for", "the agent's answer", "it closed the connection",
                        "it was stopped, or does not allow this user; see its log");
    }
    return ipc::decode<ipc::ToOperator>(std::get<std::span<const std::byte>>(received));
  }
}

Result<std::vector<ipc::NodeTableReader::Read>> AgentClient::nodes() const {
  auto table = ipc::NodeTableReader::open(runtime_dir_ + "/nodes.table");
  if (!table) return table.error();
  return table.value()->snapshot();
}

}  // namespace sutra::ctl
