#include "tests/faults/operator_client.h"

#include <poll.h>

#include <variant>

#include "ipc/channel.h"

namespace sutra::faults {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;

template <typename Message>
std::optional<ipc::ToOperator> ask(const std::string& runtime_dir, const Message& message) {
  auto fd = ipc::Channel::connect(runtime_dir + "/control.sock");
  if (!fd) return std::nullopt;
  ipc::Channel channel(std::move(fd).value());
  if (!channel.send(message)) return std::nullopt;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    pollfd readable{channel.fd(), POLLIN, 0};
    if (poll(&readable, 1, 100) <= 0) continue;
    const auto received = channel.receive();
    if (std::holds_alternative<ipc::Channel::Empty>(received)) continue;
    const auto* packet = std::get_if<std::span<const std::byte>>(&received);
    if (packet == nullptr) return std::nullopt;
    auto decoded = ipc::decode<ipc::ToOperator>(*packet);
    if (!decoded) return std::nullopt;
    return std::move(decoded).value();
  }
  return std::nullopt;
}

template <typename Message>
Answer done(const std::string& runtime_dir, const Message& message) {
  const auto reply = ask(runtime_dir, message);
  if (!reply) return {};
  const auto* done = std::get_if<ipc::Done>(&*reply);
  if (done == nullptr) return {};
  return {true, done->success != 0, done->pid, done->port, std::string(done->text.view())};
}

}  // namespace

Answer OperatorClient::start(const std::string& node_id) const {
  ipc::OperatorStart message;
  message.node_id.assign(node_id);
  return done(runtime_dir_, message);
}

Answer OperatorClient::stop(const std::string& node_id) const {
  ipc::OperatorStop message;
  message.node_id.assign(node_id);
  return done(runtime_dir_, message);
}

Answer OperatorClient::restart(const std::string& node_id) const {
  ipc::OperatorRestart message;
  message.node_id.assign(node_id);
  return done(runtime_dir_, message);
}

Answer OperatorClient::reload() const { return done(runtime_dir_, ipc::Reload{}); }

bool OperatorClient::alive() const { return ask(runtime_dir_, ipc::GetStatus{}).has_value(); }

std::optional<ipc::NodeRow> OperatorClient::node(const std::string& node_id) const {
  auto table = ipc::NodeTableReader::open(runtime_dir_ + "/nodes.table");
  if (!table) return std::nullopt;
  for (const auto& read : table.value()->snapshot()) {
    if (read.row.node_id.view() == node_id) return read.row;
  }
  return std::nullopt;
}

}  // namespace sutra::faults
