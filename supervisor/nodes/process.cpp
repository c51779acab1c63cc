#include "supervisor/nodes/process.h"

#include <utility>

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

// A cgroup reports "populated 0" a moment before its directory can be removed, so the removal is tried again.
constexpr auto kRemoveAgain = 20ms;

// The exit status of a process that is not our child is available (PIDFD_GET_INFO, Linux 6.15) only after its
// parent has reaped it, a moment after its pidfd became readable. Older kernels never have it, so do not wait
// long.
constexpr auto kReapedByParentPoll = 2ms;
constexpr int kReapedByParentPolls = 10;

}  // namespace

NodeProcess::NodeProcess(Platform& platform, std::string node_id, std::uint64_t generation, Post post)
    : platform_(platform), node_id_(std::move(node_id)), generation_(generation), post_(std::move(post)) {}

Status NodeProcess::launch(const core::Node& node) {
  auto started = platform_.start(node);
  if (!started) return started.error();
  process_ = std::move(started.value().process);
  launch_ = std::move(started.value().launch);
  tree_ = std::move(started.value().tree);
  identity_ = process_->identity();
  return {};
}

Status NodeProcess::open() {
  const Status opened = launch_->open_gate();
  report_watch_ = launch_->watch_report([this] { on_report(); });
  exit_watch_ = process_->watch_end([this] { on_exit(); });
  return opened;  // a launcher that is dead already is also reported by the watches
}

void NodeProcess::adopt(const ProcessIdentity& identity, std::unique_ptr<ServerProcess> process) {
  identity_ = identity;
  process_ = std::move(process);
  tree_ = platform_.adopt_tree(node_id_, generation_, process_.get());
  if (process_) {
    exit_watch_ = process_->watch_end([this] { on_exit(); });
    return;
  }
  core::Exit unknown;
  unknown.at_unix = platform_.timers().now().unix_secs;
  if (tree_->oom_killed()) unknown.cause = core::ExitCause::kOom;
  report_death(unknown);
}

void NodeProcess::adopt_leftovers() {
  tree_ = platform_.adopt_tree(node_id_, generation_, nullptr);
  watch_empty();
}

void NodeProcess::on_report() {
  const LaunchProgress progress = launch_->progress();
  if (progress == LaunchProgress::kPending) return;
  report_watch_.reset();
  if (progress != LaunchProgress::kExeced) return;  // the launcher failed: on_exit() follows
  launch_.reset();
  post_(core::Execed{generation_});
}

void NodeProcess::catch_up() {
  if (launch_ && exit_watch_) on_exit();
}

void NodeProcess::on_exit() {
  // Read the report first: when the server was executed and ended at once, that is a server's death (it
  // counts for the restart limit), not a failed launch.
  if (launch_ && report_watch_) on_report();
  const auto ended = process_->ended();
  if (!ended) return;
  exit_watch_.reset();
  const bool may_be_known_later = !ended->child && ended->exit.cause == core::ExitCause::kUnknown;
  if (may_be_known_later && exit_polls_++ < kReapedByParentPolls) {
    exit_timer_ = platform_.timers().after(kReapedByParentPoll, [this] { on_exit(); });
    return;
  }
  if (launch_) {
    // The launcher ended without exec. The state machine gets one event for it, LaunchFailed, when the tree
    // is empty.
    reap();
    if (tree_->populated()) tree_->kill();
    watch_empty();
    return;
  }
  core::Exit exit = ended->exit;
  // memory.events only counts; it is the cause of death only when the process was killed by a signal.
  const bool killed = exit.cause == core::ExitCause::kSignal || exit.cause == core::ExitCause::kUnknown;
  if (killed && tree_->oom_killed()) exit.cause = core::ExitCause::kOom;
  report_death(exit);
}

void NodeProcess::report_death(core::Exit exit) {
  post_(core::Exited{generation_, exit});
  watch_empty();
}

void NodeProcess::watch_empty() {
  if (tree_->populated()) {
    empty_watch_ = platform_.watch_tree(*tree_, [this] { on_tree_change(); });
    // Check once more below: the tree may have become empty before the watch was set.
  }
  on_tree_change();
}

void NodeProcess::on_tree_change() {
  if (tree_->populated()) {
    tree_->repeat_kill();  // a process may have forked away from the first kill
    return;
  }
  on_empty();
}

void NodeProcess::on_empty() {
  empty_watch_.reset();
  if (!tree_->remove()) {
    empty_timer_ = platform_.timers().after(kRemoveAgain, [this] { on_tree_change(); });
    return;
  }
  tree_.reset();
  const Post post = post_;  // a copy: the callee may let go of this object
  if (launch_) {
    const LaunchFailure failure = launch_->failure();
    report_watch_.reset();
    launch_.reset();
    post(core::LaunchFailed{generation_, failure.locked, failure.message});
  } else {
    post(core::Emptied{generation_});
  }
}

void NodeProcess::terminate() {
  if (tree_) tree_->terminate();
}

void NodeProcess::kill() {
  if (tree_ && tree_->populated()) tree_->kill();
}

void NodeProcess::reap() {
  if (process_) process_->reap();
}

}  // namespace sutra::supervisor
