#include "tests/simulation/node_process.h"

#include <utility>

namespace sutra::simulation {
namespace {

constexpr int kReapedByParentPolls = 3;

}  // namespace

NodeProcess::NodeProcess(World world, std::string node_id, std::uint64_t generation, Post post)
    : world_(world), node_id_(std::move(node_id)), generation_(generation), post_(std::move(post)) {}

bool NodeProcess::launch(const std::string& directory) {
  const Leaf leaf{node_id_, generation_};
  const auto there = world_.kernel.leaves.find(leaf);
  if (there != world_.kernel.leaves.end() && world_.kernel.populated(leaf)) return false;
  world_.kernel.leaves[leaf] = false;
  if (!world_.kernel.calm && world_.random.chance(15)) {
    world_.coverage.see(Mark::kLaunchFails);
    world_.kernel.leaves.erase(leaf);
    return false;
  }
  Process& process = world_.kernel.spawn(Role::kLauncher, Parent::kSupervisor, leaf);
  process.directory = directory;
  tree_ = Tree{leaf, 0};
  identity_ = world_.kernel.identify(process);
  launching_ = true;
  return true;
}

void NodeProcess::open() {
  Process& process = world_.kernel.at(identity_.truth);
  if (process.alive) process.gate_open = true;
  pidfd_ = identity_.truth;
  report_watch_ = exit_watch_ = true;
}

void NodeProcess::adopt(const Identity& identity, Serial pidfd) {
  identity_ = identity;
  pidfd_ = pidfd;
  const Leaf leaf{node_id_, generation_};
  const bool lives = pidfd != 0 && world_.kernel.at(pidfd).alive;
  tree_ = world_.kernel.populated(leaf) || !lives ? Tree{leaf, 0} : Tree{leaf, pidfd};
  if (pidfd_ != 0) {
    exit_watch_ = true;
    return;
  }
  core::Exit unknown;
  const auto there = world_.kernel.leaves.find(leaf);
  if (there != world_.kernel.leaves.end() && there->second) unknown.cause = core::ExitCause::kOom;
  report_death(unknown);
}

void NodeProcess::adopt_leftovers() {
  tree_ = Tree{{node_id_, generation_}, 0};
  watch_empty();
}

bool NodeProcess::child() const {
  return pidfd_ != 0 && world_.kernel.at(pidfd_).parent == Parent::kSupervisor;
}

bool NodeProcess::populated() const {
  if (!tree_) return false;
  return tree_->stray != 0 ? world_.kernel.session_populated(tree_->stray)
                           : world_.kernel.populated(tree_->leaf);
}

bool NodeProcess::report_ready() const {
  const Process& process = world_.kernel.at(identity_.truth);
  return report_watch_ && (process.report != Report::kPending || !process.alive);
}

bool NodeProcess::exit_ready() const { return exit_watch_ && !world_.kernel.at(pidfd_).alive; }

bool NodeProcess::ready() const { return report_ready() || exit_ready() || (empty_watch_ && !populated()); }

void NodeProcess::fire() {
  // What is ready at the same time comes in any order.
  const bool exit_first = world_.random.chance(500);
  if (exit_first && exit_ready()) return on_exit();
  if (report_ready()) return on_report();
  if (exit_ready()) return on_exit();
  on_tree_change();
}

void NodeProcess::on_report() {
  const Process& process = world_.kernel.at(identity_.truth);
  progress_ = process.report;
  if (progress_ == Report::kPending && process.alive) return;
  report_watch_ = false;
  if (progress_ != Report::kExeced) return;  // its exit follows
  launching_ = false;
  post_(core::Execed{generation_});
}

void NodeProcess::catch_up() {
  if (launching_ && exit_watch_) on_exit();
}

void NodeProcess::on_exit() {
  if (launching_ && report_watch_) on_report();
  const Process& process = world_.kernel.at(pidfd_);
  if (process.alive) return;
  exit_watch_ = false;
  const bool told = child() || (world_.kernel.features.tells_exit && process.reaped);
  core::Exit exit;
  if (told) exit = process.exit;
  if (exit.cause == core::ExitCause::kOom) exit.cause = core::ExitCause::kSignal;  // to a parent it is a kill
  if (!told && exit_polls_++ < kReapedByParentPolls) {
    exit_watch_ = true;
    return;
  }
  if (launching_) {
    reap();
    kill();
    watch_empty();
    return;
  }
  const bool killed = exit.cause == core::ExitCause::kSignal || exit.cause == core::ExitCause::kUnknown;
  const auto leaf = world_.kernel.leaves.find(tree_->leaf);
  if (killed && leaf != world_.kernel.leaves.end() && leaf->second) exit.cause = core::ExitCause::kOom;
  report_death(exit);
}

void NodeProcess::report_death(core::Exit exit) {
  launching_ = false;
  post_(core::Exited{generation_, exit});
  watch_empty();
}

void NodeProcess::watch_empty() {
  empty_watch_ = true;
  if (!populated() && world_.random.chance(500)) on_tree_change();
}

void NodeProcess::on_tree_change() {
  if (populated()) return;
  if (tree_ && world_.random.chance(100)) {
    world_.coverage.see(Mark::kCgroupBusy);
    return;  // it is looked at again
  }
  empty_watch_ = false;
  if (tree_ && tree_->stray == 0) world_.kernel.leaves.erase(tree_->leaf);
  tree_.reset();
  const Post post = post_;
  if (std::exchange(launching_, false)) {
    const bool locked = progress_ == Report::kLockHeld;
    if (locked) world_.checks.lock_was_held(node_id_);
    post(core::LaunchFailed{generation_, locked, "launch"});
  } else {
    post(core::Emptied{generation_});
  }
}

void NodeProcess::signal_tree(bool kill) {
  if (!tree_) return;
  for (Process* each : world_.kernel.table()) {
    Process& process = *each;
    const bool member = tree_->stray != 0 ? process.leader == tree_->stray : process.leaf == tree_->leaf;
    if (!process.alive || !member) continue;
    world_.checks.signalled(process, node_id_);
    (kill ? process.kill_pending : process.term_pending) = true;
  }
}

void NodeProcess::kill() {
  if (populated()) signal_tree(true);
}

void NodeProcess::reap() {
  if (child()) world_.kernel.reap(world_.kernel.at(pidfd_));
}

}  // namespace sutra::simulation
