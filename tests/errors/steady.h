// An agent at work, which nothing that a test does may disturb: a node that was healthy before keeps its pid,
// the agent goes on beating, and its resources return to where they were. Tests only.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/errors/errors_page.h"
#include "tests/grid/reference_master.h"
#include "tests/support/fixture.h"

namespace sutra::e2e {

class SteadyTest : public AgentTest {
 protected:
  SteadyTest();
  void TearDown() override;

  /// Starts the agent with its Master and one healthy node, and remembers how things are. The end of the test
  /// looks whether they still are.
  void begin(const std::function<void()>& before_exec = {});
  void expect_steady();
  /// What is counted anew at an agent that the test itself restarted.
  void remember();

  /// A file with a faulty configuration: `text` stands for the whole file.
  void reload_with(const std::string& key_table, const std::string& key, const std::string& toml_value);
  void note(const std::string& input, const std::string& message, const std::string& action) {
    note_error(sandbox, input, message, action);
  }
  /// The last line of the agent's log that has `part`; empty when there is none.
  [[nodiscard]] std::string log_line(const std::string& part) const;
  [[nodiscard]] bool wait_log(const std::string& part) const;

  std::string id = "steady-" + std::to_string(getpid());
  grid_testing::ReferenceMaster master;

 private:
  struct Resources {
    long descriptors = 0, zombies = 0, cgroups = 0, records = 0;
    [[nodiscard]] bool within(const Resources& limit) const {
      return descriptors <= limit.descriptors && zombies <= limit.zombies && cgroups <= limit.cgroups &&
             records <= limit.records;
    }
  };
  [[nodiscard]] Resources resources() const;

  std::uint32_t healthy_pid_ = 0;
  Resources baseline_;
  bool begun_ = false;
};

}  // namespace sutra::e2e
