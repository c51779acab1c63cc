#include "supervisor/nodes/process.h"

#include <sys/file.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "common/log/logging.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;

// Where the kernel gives no edge for an empty tree, it is looked at this often while a node is being cleaned.
constexpr auto kTreePollInterval = 20ms;
constexpr auto kTreeSlowInterval = 500ms;

// Of a process that is not our child the kernel tells how it ended (Linux 6.15) only once its parent has
// reaped it, a moment after its pidfd became readable. Older kernels never tell, so the wait is short.
constexpr auto kReapedByParentPoll = 2ms;
constexpr int kReapedByParentPolls = 10;

}  // namespace

NodeProcess::NodeProcess(uv_loop_t* loop, NodeTrees& trees, std::string node_id, std::uint64_t generation,
                         Post post)
    : loop_(loop),
      trees_(trees),
      node_id_(std::move(node_id)),
      generation_(generation),
      post_(std::move(post)) {}

Status NodeProcess::launch(Launcher& launcher, LaunchPlan plan, LaunchSubject subject,
                           std::uint64_t memory_limit_mb) {
  auto tree = trees_.create(node_id_, generation_, memory_limit_mb);
  if (!tree) return tree.error();
  plan.cgroup_fd = tree.value()->cgroup_fd();
  auto launched = launcher.launch(plan);
  if (!launched) {
    (void)tree.value()->remove();
    return launched.error();
  }
  tree_ = std::move(tree).value();
  subject_ = std::move(subject);
  launched_ = std::move(launched).value();
  trees_.set_leader(*tree_, launched_.pidfd, launched_.pid);
  identity_ = identify(launched_.pid, launched_.pidfd);
  launching_ = true;
  return {};
}

Status NodeProcess::open() {
  const Status opened = open_gate(launched_);
  pidfd_ = std::move(launched_.pidfd);
  report_ = std::move(launched_.report);
  launched_ = {};
  report_watch_ = PollWatch(loop_, report_.get(), UV_READABLE | UV_DISCONNECT, [this](int) { on_report(); });
  watch_exit();
  return opened;  // a launcher that is gone already is seen by the watches, too
}

void NodeProcess::adopt(const ProcessIdentity& identity, std::optional<UniqueFd> pidfd) {
  identity_ = identity;
  if (pidfd) pidfd_ = std::move(*pidfd);
  tree_ = trees_.adopt(node_id_, generation_, pidfd_ ? &pidfd_ : nullptr, identity.pid);
  if (pidfd_) {
    watch_exit();
  } else {
    core::Exit unknown;
    unknown.at_unix = std::time(nullptr);
    if (tree_ && tree_->oom_killed()) unknown.cause = core::ExitCause::kOom;
    report_death(unknown);
  }
}

void NodeProcess::adopt_leftovers() {
  leader_dead_ = true;
  tree_ = trees_.adopt(node_id_, generation_, nullptr, 0);
  watch_empty();
}

void NodeProcess::watch_exit() {
  exit_watch_ = PollWatch(loop_, pidfd_.get(), UV_READABLE, [this](int) { on_exit(); });
}

void NodeProcess::on_report() {
  progress_ = read_report(report_, progress_);
  if (progress_.progress == LaunchProgress::kPending) return;
  report_watch_.stop();
  if (progress_.progress != LaunchProgress::kExeced) return;  // its exit follows
  launching_ = false;
  report_.reset();
  post_(core::Execed{generation_});
}

void NodeProcess::catch_up() {
  if (launching_ && exit_watch_.active()) on_exit();
}

void NodeProcess::on_exit() {
  if (launching_ && report_watch_.active()) on_report();
  const auto ended = peek_exit(pidfd_);
  if (!ended) return;
  exit_watch_.stop();
  const bool may_be_told_later = !ended->child && ended->exit.cause == core::ExitCause::kUnknown;
  if (may_be_told_later && exit_polls_++ < kReapedByParentPolls) {
    exit_timer_ = TimerWatch(loop_, kReapedByParentPoll, 0ms, [this] { on_exit(); });
    return;
  }
  if (launching_) {
    reap();
    leader_dead_ = true;
    if (tree_->populated()) tree_->kill();
    watch_empty();
    return;
  }
  core::Exit exit = ended->exit;
  const bool killed = exit.cause == core::ExitCause::kSignal || exit.cause == core::ExitCause::kUnknown;
  if (killed && tree_->oom_killed()) exit.cause = core::ExitCause::kOom;
  report_death(exit);
}

void NodeProcess::report_death(core::Exit exit) {
  leader_dead_ = true;
  launching_ = false;
  post_(core::Exited{generation_, exit});
  watch_empty();
}

void NodeProcess::watch_empty() {
  if (!tree_ || !tree_->populated()) {
    on_empty();
    return;
  }
  if (tree_->events_fd() >= 0) {
    empty_watch_ = PollWatch(loop_, tree_->events_fd(), UV_PRIORITIZED, [this](int) { on_tree_change(); });
    if (empty_watch_.ok()) {
      // The edge comes once: a look at it that failed is made up for.
      empty_timer_ = TimerWatch(loop_, kTreeSlowInterval, kTreeSlowInterval, [this] { on_tree_change(); });
      on_tree_change();  // it may have become empty before the watch was there
      return;
    }
  }
  empty_timer_ = TimerWatch(loop_, kTreePollInterval, kTreePollInterval, [this] { on_tree_change(); });
}

void NodeProcess::on_tree_change() {
  if (tree_ && tree_->populated()) {
    tree_->repeat_kill();  // what outran the first kill
    return;
  }
  on_empty();
}

void NodeProcess::on_empty() {
  empty_watch_.stop();
  empty_timer_.stop();
  if (tree_ && !tree_->remove()) {
    // The kernel counts the last task as gone before it lets go of the directory.
    empty_timer_ = TimerWatch(loop_, kTreePollInterval, kTreePollInterval, [this] { on_tree_change(); });
    return;
  }
  tree_.reset();
  const Post post = post_;
  if (launching_) {
    launching_ = false;
    const bool locked = progress_.progress == LaunchProgress::kFailed &&
                        progress_.stage == launch::kStageLock && progress_.error == EWOULDBLOCK;
    post(core::LaunchFailed{generation_, locked, launch_error(progress_, subject_).message()});
  } else {
    post(core::Emptied{generation_});
  }
}

void NodeProcess::terminate() {
  if (tree_) tree_->terminate();
}

void NodeProcess::kill() {
  if (!tree_ || !tree_->populated()) return;
  tree_->kill();
}

void NodeProcess::reap() {
  if (pidfd_) supervisor::reap(pidfd_);
}

}  // namespace sutra::supervisor
