#include "tests/support/comms_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>
#include <random>
#include <span>

#include "comms/comms.h"
#include "grid.grpc.pb.h"
#include "ipc/codec.h"
#include "tests/grid/callback_threads.h"

namespace sutra::comms::testing {

// Below the ephemeral range: any outgoing connection could take a port from that range meanwhile.
std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<std::uint16_t> ports(20000, 32000);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(ports(random));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return ntohs(address.sin_port);
    }
  }
  ADD_FAILURE() << "no free port between 20000 and 32000";
  return 0;
}

struct CommsTest::Running {
  std::future<int> status;
  std::thread thread;
};

CommsTest::CommsTest() {
  config_.agent.agent_id = "agent-1";
  config_.agent.platform = "desktop";
  config_.agent.max_storage_nodes = 8;
  config_.agent.agent_port = free_port();
  config_.agent.listen_address = "127.0.0.1";
  config_.agent.advertise_host = "127.0.0.1";
  config_.monitoring.heartbeat_interval = 1s;
  config_.monitoring.health_check_interval = 1s;
  master_at({free_port()});
  auto table = ipc::NodeTableWriter::create(directory_.path() + "/nodes.table", 16);
  EXPECT_TRUE(table.ok());
  table_ = std::move(table).value();
}

CommsTest::~CommsTest() {
  supervisor_.reset();
  if (running_) running_->thread.join();
}

void CommsTest::master_at(std::initializer_list<int> ports) {
  config_.agent.master_hosts.clear();
  for (const int port : ports)
    config_.agent.master_hosts.push_back({"127.0.0.1", static_cast<std::uint16_t>(port)});
}

std::string CommsTest::identity_text() const {
  return std::string(AgentIdentity::of(config_, "host-1").canonical_text().view());
}

void CommsTest::launch(const std::string& acknowledged) {
  if (running_) {
    supervisor_.reset();
    running_->thread.join();
  }
  auto pair = ipc::Channel::make_pair();
  ASSERT_TRUE(pair.ok());
  supervisor_ = std::make_unique<ipc::Channel>(std::move(pair.value().first));
  auto table_fd = table_->open_read_only();
  ASSERT_TRUE(table_fd.ok());
  auto reader = ipc::NodeTableReader::map(table_fd.value());
  ASSERT_TRUE(reader.ok());
  running_ = std::make_unique<Running>();
  std::promise<int> status;
  running_->status = status.get_future();
  running_->thread = std::thread([config = config_, fd = std::move(pair.value().second),
                                  table = std::move(reader).value(), status = std::move(status)]() mutable {
    Comms comms(config, "host-1", std::move(fd), std::move(table));
    status.set_value(comms.run());
  });
  ipc::Welcome welcome;
  ASSERT_TRUE(welcome.acknowledged.assign(acknowledged));
  send(welcome);
}

std::optional<int> CommsTest::status() {
  if (running_->status.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return running_->status.get();
}

int CommsTest::hang_up() {
  supervisor_.reset();
  return status().value_or(-1);
}

std::optional<ipc::FromComms> CommsTest::receive_any(std::chrono::steady_clock::time_point deadline) {
  while (supervisor_) {
    const auto received = supervisor_->receive();
    if (const auto* bytes = std::get_if<std::span<const std::byte>>(&received)) {
      const auto message = ipc::decode<ipc::FromComms>(*bytes);
      EXPECT_TRUE(message.ok()) << message.error().message();
      if (!message.ok()) return std::nullopt;
      if (std::holds_alternative<ipc::Ping>(message.value())) ++pings_;
      return message.value();
    }
    if (!std::holds_alternative<ipc::Channel::Empty>(received)) return std::nullopt;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) return std::nullopt;
    pollfd watched{supervisor_->fd(), POLLIN, 0};
    poll(&watched, 1, static_cast<int>(left.count()));
  }
  return std::nullopt;
}

void CommsTest::publish(std::uint32_t row, const ipc::NodeRow& state) {
  table_->publish(row, state);
  if (supervisor_) send(ipc::NodeChanged{row, 0});
}

agent::GridAgent::Stub& CommsTest::agent() {
  if (!stub_) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(config_.agent.agent_port),
                                         grpc::InsecureChannelCredentials(), arguments);
    EXPECT_TRUE(channel_->WaitForConnected(std::chrono::system_clock::now() + kPatience));
    stub_ = agent::GridAgent::NewStub(channel_);
  }
  return *stub_;
}

agent::SpawnNodeResponse CommsTest::spawn(const std::string& node_id, const std::string& path,
                                          std::chrono::milliseconds deadline, grpc::Status* status) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  agent::SpawnNodeRequest request;
  request.set_node_id(node_id);
  request.set_storage_path(path);
  request.set_port(70000);
  request.set_memory_limit_mb(256);
  agent::SpawnNodeResponse response;
  const auto answered = agent().SpawnNode(&context, request, &response);
  if (status != nullptr) {
    *status = answered;
  } else {
    EXPECT_TRUE(answered.ok()) << answered.error_message();
  }
  return response;
}

agent::StopNodeResponse CommsTest::stop_node(const std::string& node_id) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  agent::StopNodeRequest request;
  request.set_node_id(node_id);
  agent::StopNodeResponse response;
  const auto answered = agent().StopNode(&context, request, &response);
  EXPECT_TRUE(answered.ok()) << answered.error_message();
  return response;
}

grpc::Status CommsTest::node_status(const std::string& node_id, agent::NodeStatusResponse& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  agent::NodeStatusRequest request;
  request.set_node_id(node_id);
  return agent().GetNodeStatus(&context, request, &response);
}

}  // namespace sutra::comms::testing
