// A state and a runtime directory that are removed when the test is over, and values to put in. Tests only.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/ledger/ledger.h"
#include "tests/support/node_ids.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor::testing {

[[nodiscard]] core::Intent some_intent(const std::string& node_id = "node-1", std::uint64_t revision = 1);
/// Every field set, and to values that a careless writer gets wrong.
[[nodiscard]] core::Intent awkward_intent(const std::string& node_id = "node-1", std::uint64_t revision = 1);
[[nodiscard]] Facts some_facts(const core::Intent& intent = awkward_intent());

[[nodiscard]] std::string content(const std::filesystem::path& path);
void put(const std::filesystem::path& path, const std::string& bytes);
[[nodiscard]] std::vector<std::string> lines(const std::filesystem::path& path);
/// Names in a directory, sorted.
[[nodiscard]] std::vector<std::string> names(const std::filesystem::path& directory);

class Sandbox : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Ledger> open() const;
  [[nodiscard]] Ledger::Contents read() const { return open()->read(); }

  test::TemporaryDirectory directory;
  std::filesystem::path home = directory.path();
  std::filesystem::path state = home / "state";
  std::filesystem::path runtime = home / "run";
};

}  // namespace sutra::supervisor::testing
