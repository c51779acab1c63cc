// Asks a running supervisor over its control socket, as sutra-agentctl does, and never waits for ever. Tests
// only.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ipc/node_table.h"

namespace sutra::faults {

struct Answer {
  bool answered = false;  ///< false: the connection ended first, or time ran out
  bool success = false;
  std::uint32_t pid = 0, port = 0;
  std::string text;
};

class OperatorClient {
 public:
  explicit OperatorClient(std::string runtime_dir) : runtime_dir_(std::move(runtime_dir)) {}

  [[nodiscard]] Answer start(const std::string& node_id) const;
  [[nodiscard]] Answer stop(const std::string& node_id) const;
  [[nodiscard]] Answer restart(const std::string& node_id) const;
  [[nodiscard]] Answer reload() const;
  /// The supervisor has recovered and answers.
  [[nodiscard]] bool alive() const;

  /// The node's row of the table, which is read without asking anybody.
  [[nodiscard]] std::optional<ipc::NodeRow> node(const std::string& node_id) const;

 private:
  std::string runtime_dir_;
};

}  // namespace sutra::faults
