// An agent in a sandbox; the test completes the configuration and starts it. Tests only.
#pragma once
#include <gtest/gtest.h>

#include "tests/support/agent.h"
#include "tests/support/sandbox.h"

namespace sutra::e2e {

/// A fatal failure in any function ends the whole test, because the statements after it rely on the condition, for
/// example that a node runs and has a pid.
class FatalFailuresEndTheTest : public ::testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (result.type() == ::testing::TestPartResult::kFatalFailure)
      throw ::testing::AssertionException(result);
  }
  [[nodiscard]] static bool listen() {
    ::testing::UnitTest::GetInstance()->listeners().Append(new FatalFailuresEndTheTest);
    return true;
  }
};
inline const bool kFatalFailuresEndTheTest = FatalFailuresEndTheTest::listen();

class AgentTest : public ::testing::Test {
 protected:
  void start() {
    sandbox.write_config();
    agent.start_and_wait();
  }
  /// Spawns and expects success; returns the answer.
  agent::SpawnNodeResponse must_spawn(const std::string& node_id, std::uint32_t port = 0,
                                      const std::string& path = {}, std::uint64_t memory_mb = 0) {
    auto response = agent.spawn(node_id, port, path, memory_mb);
    EXPECT_TRUE(response.success()) << node_id << ": " << response.error_message();
    return response;
  }

  Sandbox sandbox;
  Agent agent{sandbox};
};

}  // namespace sutra::e2e
