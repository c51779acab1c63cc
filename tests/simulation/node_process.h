// What supervisor/node_process does, on the simulated kernel: what can be seen of one process generation
// becomes events, in the same order. Simulation only.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "supervisor/core/event.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/kernel.h"
#include "tests/simulation/random.h"

namespace sutra::simulation {

/// The world that a supervisor runs in.
struct World {
  Kernel& kernel;
  Disk& disk;
  Random& random;
  Checks& checks;
  Coverage& coverage;
};

class NodeProcess {
 public:
  using Post = std::function<void(core::Event)>;
  NodeProcess(World world, std::string node_id, std::uint64_t generation, Post post);

  [[nodiscard]] bool launch(const std::string& directory);
  void open();
  void adopt(const Identity& identity, Serial pidfd);
  void adopt_leftovers();
  void catch_up();
  void terminate() { signal_tree(false); }
  void kill();
  void reap();

  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] bool launching() const { return launching_; }
  [[nodiscard]] bool child() const;

  /// One of its watches would fire now.
  [[nodiscard]] bool ready() const;
  void fire();

 private:
  /// A leaf, or the session of a leader that is not in its leaf.
  struct Tree {
    Leaf leaf;
    Serial stray = 0;
  };
  [[nodiscard]] bool populated() const;
  void signal_tree(bool kill);
  void on_report();
  void on_exit();
  void report_death(core::Exit exit);
  void watch_empty();
  void on_tree_change();
  [[nodiscard]] bool report_ready() const;
  [[nodiscard]] bool exit_ready() const;

  World world_;
  std::string node_id_;
  std::uint64_t generation_;
  Post post_;
  Identity identity_;
  Serial pidfd_ = 0;
  Report progress_ = Report::kPending;
  bool launching_ = false;
  std::optional<Tree> tree_;
  bool exit_watch_ = false, report_watch_ = false, empty_watch_ = false;
  int exit_polls_ = 0;
};

}  // namespace sutra::simulation
