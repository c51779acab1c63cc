// An agent at work that the wrong input of a test must not disturb: a healthy node keeps its pid, the agent continues to
// send heartbeats, and its resources return to the baseline. Tests only.
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

  /// Starts the agent with its Master and one healthy node, and takes the baseline, which is checked at the end of the
  /// test.
  void begin(const std::function<void()>& before_exec = {});
  void expect_steady();
  /// Takes the baseline again, after the test itself restarted the agent.
  void remember();

  /// Reloads with one key of the configuration set to `toml_value`.
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
