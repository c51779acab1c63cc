// Comms in a thread of this process. The test acts as its supervisor and starts the Master. Tests only.
#pragma once
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "agent.grpc.pb.h"
#include "common/config/config.h"
#include "comms/master/agent_identity.h"
#include "ipc/channel.h"
#include "ipc/node_table.h"
#include "tests/support/eventually.h"
#include "tests/support/temporary_directory.h"

namespace sutra::comms::testing {

using namespace std::chrono_literals;
constexpr auto kPatience = 20s;

[[nodiscard]] std::uint16_t free_port();
using test::eventually;

class CommsTest : public ::testing::Test {
 protected:
  CommsTest();
  ~CommsTest() override;

  /// Starts comms with `config_` and sends Welcome; ends an earlier one first.
  void launch(const std::string& acknowledged = {});
  /// Closes the channel, as the end of a supervisor does; waits for the end of comms and returns its exit status.
  int hang_up();
  /// Waits for the end of comms, at most kPatience.
  [[nodiscard]] std::optional<int> status();

  template <typename Message>
  void send(const Message& message) {
    ASSERT_TRUE(supervisor_->send(message).ok());
  }
  /// The next message of this kind; others are skipped. Pings are counted.
  template <typename Message>
  std::optional<Message> receive(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (const auto message = receive_any(deadline)) {
      if (const auto* wanted = std::get_if<Message>(&*message)) return *wanted;
    }
    return std::nullopt;
  }
  std::optional<ipc::FromComms> receive_any(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] std::string identity_text() const;
  void master_at(std::initializer_list<int> ports);
  /// Publishes this node in a free row of the table.
  void publish(std::uint32_t row, const ipc::NodeRow& state);

  // Calls to the agent's gRPC server, as a Master makes them.
  [[nodiscard]] agent::GridAgent::Stub& agent();
  agent::SpawnNodeResponse spawn(const std::string& node_id, const std::string& path = {},
                                 std::chrono::milliseconds deadline = 30s, grpc::Status* status = nullptr);
  agent::StopNodeResponse stop_node(const std::string& node_id);
  grpc::Status node_status(const std::string& node_id, agent::NodeStatusResponse& response);

  Config config_;
  test::TemporaryDirectory directory_;
  std::unique_ptr<ipc::NodeTableWriter> table_;
  std::unique_ptr<ipc::Channel> supervisor_;
  std::uint64_t pings_ = 0;

 private:
  struct Running;
  std::unique_ptr<Running> running_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<agent::GridAgent::Stub> stub_;
};

}  // namespace sutra::comms::testing
