// A test with an agent in its own namespaces, with some of its directories in memory. Tests only.
#pragma once
#include <initializer_list>
#include <iostream>
#include <string>
#include <vector>

#include "tests/endurance/own_namespaces.h"
#include "tests/support/fixture.h"

namespace sutra::endurance {

class OwnWorldTest : public e2e::AgentTest {
 protected:
  /// Inside only; before the agent starts.
  void keep_in_memory(std::initializer_list<const char*> directories) {
    for (const char* directory : directories) {
      in_memory_.push_back(sandbox.at(directory));
      ASSERT_TRUE(mount_memory(in_memory_.back()));
    }
  }
  /// The agent ends before its directories go.
  void TearDown() override {
    if (agent.pid() > 0 && !in_memory_.empty()) (void)agent.stop();
    if (HasFailure()) std::cerr << "--- the agent's log:\n" << agent.log() << "---\n";
    for (const auto& directory : in_memory_) unmount_memory(directory);
  }

 private:
  std::vector<std::string> in_memory_;
};

}  // namespace sutra::endurance
