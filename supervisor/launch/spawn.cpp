#include "supervisor/launch/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "common/errno_advice.h"
#include "supervisor/launch/clone_child.h"
#include "supervisor/launch/pack_spec.h"
#include "supervisor/launch/slots.h"

namespace sutra::supervisor {
namespace {

bool refused(int error) { return error == ENOSYS || error == EPERM; }

Error launch_failed(std::string operation, const LaunchPlan& plan, int error) {
  Error failed{std::move(operation), plan.program, error, {}, {}};
  failed.remedy = errno_advice(
      error, {},
      {{EAGAIN,
        "too many processes: raise TasksMax= of the unit, pids.max of the node's cgroup, or ulimit -u"},
       {EACCES,
        "the node cgroups must be writable, and so must cgroup.procs of their common parent with ours"},
       {EBUSY, "the node's cgroup has child cgroups with controllers: remove them"}});
  return failed;
}

// clone3 into a frozen cgroup would block the supervisor until the cgroup is thawed (cgroup.freeze).
Status check_not_frozen(const LaunchPlan& plan) {
  const UniqueFd events(::openat(plan.cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!events) return launch_failed("open cgroup.events of the cgroup for", plan, errno);
  char text[256];
  const ssize_t got = ::read(events.get(), text, sizeof text);
  if (got < 0) return launch_failed("read cgroup.events of the cgroup for", plan, errno);
  if (std::string_view(text, static_cast<std::size_t>(got)).find("frozen 1") == std::string_view::npos)
    return {};
  return make_error("launch", plan.program, "its cgroup is frozen",
                    "write 0 to cgroup.freeze there or above it");
}

struct Pipes {
  UniqueFd spec_read, spec_write, report_read, report_write;
};

Result<Pipes> make_pipes(const LaunchPlan& plan) {
  int spec[2], reports[2];
  if (::pipe2(spec, O_CLOEXEC) != 0) return launch_failed("make a pipe to", plan, errno);
  Pipes pipes{UniqueFd(spec[0]), UniqueFd(spec[1]), {}, {}};
  // Non-blocking, so that the supervisor never waits for a launcher. When the pipe cannot take the whole spec
  // at once, write_spec() reports an error.
  if (::fcntl(spec[1], F_SETFL, O_NONBLOCK) != 0) return launch_failed("set up a pipe to", plan, errno);
  if (::pipe2(reports, O_CLOEXEC | O_NONBLOCK) != 0) return launch_failed("make a pipe to", plan, errno);
  pipes.report_read.reset(reports[0]);
  pipes.report_write.reset(reports[1]);
  return pipes;
}

Status write_spec(const Pipes& pipes, const std::string& bytes, const LaunchPlan& plan) {
  const ssize_t written = ::write(pipes.spec_write.get(), bytes.data(), bytes.size());
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  if (written < 0 && errno != EAGAIN) return launch_failed("write the launch spec of", plan, errno);
  return make_error("write the launch spec of", plan.program, "the pipe is too small",
                    "this user has used up its pipe memory: raise fs.pipe-user-pages-soft");
}

class KernelLauncher final : public Launcher {
 public:
  KernelLauncher(Slots slots, ChildStack stack, bool clone3)
      : slots_(std::move(slots)), stack_(std::move(stack)), clone3_(clone3), our_pid_(::getpid()) {}

  [[nodiscard]] Result<Launched> launch(const LaunchPlan& plan) override;
  [[nodiscard]] bool clone3_works() const override { return clone3_; }

 private:
  [[nodiscard]] Status fill_slots(const LaunchPlan& plan, const Pipes& pipes);
  [[nodiscard]] CloneOutcome start(const LaunchPlan& plan, bool& in_cgroup);

  Slots slots_;
  ChildStack stack_;
  bool clone3_;
  pid_t our_pid_;
};

Status KernelLauncher::fill_slots(const LaunchPlan& plan, const Pipes& pipes) {
  const bool directory = (plan.flags & (launch::kChangeDirectory | launch::kLockDirectory)) != 0;
  const bool extra = (plan.flags & launch::kPassExtra) != 0;
  const bool mark = (plan.flags & launch::kMarkExec) != 0;
  const std::pair<launch::Slot, int> wanted[] = {
      {launch::kSlotPipe, pipes.spec_read.get()},
      {launch::kSlotReport, pipes.report_write.get()},
      {launch::kSlotDirectory, directory ? plan.directory_fd : -1},
      {launch::kSlotLog, (plan.flags & launch::kRedirectOutput) != 0 ? plan.log_fd : -1},
      {launch::kSlotExtra0, extra || mark ? plan.extra_fds[0] : -1},
      {launch::kSlotExtra1, extra ? plan.extra_fds[1] : -1},
      {launch::kSlotExtra2, extra ? plan.extra_fds[2] : -1},
  };
  for (const auto& [slot, fd] : wanted) {
    if (Status filled = slots_.fill(slot, fd); !filled) return filled;
  }
  return {};
}

CloneOutcome KernelLauncher::start(const LaunchPlan& plan, bool& in_cgroup) {
  if (clone3_) {
    CloneOutcome outcome = clone_launcher(stack_, CloneCall::kClone3, plan.cgroup_fd);
    if (!refused(outcome.clone_error)) {
      in_cgroup = true;
      return outcome;
    }
    clone3_ = false;  // it worked in the test at the start: a seccomp filter was added since
  }
  in_cgroup = plan.cgroup_fd < 0;
  return clone_launcher(stack_, CloneCall::kClone, -1);
}

// Ends a launcher that cannot be used, and reaps it: launch() promises to leave no process after an error.
void abandon(CloneOutcome& child) {
  (void)::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0U);
  siginfo_t ignored{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(child.pidfd.get()), &ignored, WEXITED) <
             0 &&
         errno == EINTR) {
  }
}

// Without clone3. Slow: the kernel waits 7 to 11 ms for an RCU grace period. Safe, because the launcher waits
// at its gate and has not executed the server yet.
Status join_cgroup(const LaunchPlan& plan, pid_t pid) {
  const UniqueFd procs(::openat(plan.cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!procs) return launch_failed("open cgroup.procs for", plan, errno);
  const std::string text = std::to_string(pid);
  if (::write(procs.get(), text.data(), text.size()) < 0)
    return launch_failed("move into its cgroup", plan, errno);
  return {};
}

Result<Launched> KernelLauncher::launch(const LaunchPlan& plan) {
  if (plan.cgroup_fd >= 0) {
    if (Status thawed = check_not_frozen(plan); !thawed) return thawed.error();
  }
  auto bytes = pack_spec(plan, our_pid_);
  if (!bytes) return bytes.error();
  auto made = make_pipes(plan);
  if (!made) return made.error();
  Pipes pipes = std::move(made).value();
  // Written before the child exists: when the write fails, there is no process to be ended.
  if (Status written = write_spec(pipes, bytes.value(), plan); !written) return written.error();

  bool in_cgroup = false;
  Status filled = fill_slots(plan, pipes);
  CloneOutcome child;
  if (filled) child = start(plan, in_cgroup);
  // On every path: a copy of the child's pipe ends in our slots would stay open, and the end of file that
  // shows the launcher's exec or death would never come.
  slots_.clear();
  if (!filled) return filled.error();
  if (child.clone_error != 0) return launch_failed("start a process for", plan, child.clone_error);
  if (child.exec_error != 0) {
    return Error{"start sutra-node-launch for", plan.program, child.exec_error, {}, "reinstall sutra-agent"};
  }
  if (!in_cgroup) {
    if (Status joined = join_cgroup(plan, child.pid); !joined) {
      abandon(child);
      return joined.error();
    }
  }
  return Launched{child.pid, std::move(child.pidfd), std::move(pipes.spec_write),
                  std::move(pipes.report_read)};
}

}  // namespace

Result<std::unique_ptr<Launcher>> Launcher::open(const std::string& launcher_path) {
  UniqueFd file(::open(launcher_path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return errno_error("open", launcher_path, "reinstall sutra-agent: its launcher belongs there");
  if (::faccessat(AT_FDCWD, launcher_path.c_str(), X_OK, AT_EACCESS) != 0) {
    return errno_error("execute", launcher_path, "reinstall sutra-agent, or chmod 755 it");
  }
  auto slots = Slots::reserve(std::move(file));
  if (!slots) return slots.error();
  auto stack = ChildStack::map();
  if (!stack) return stack.error();
  ::signal(SIGPIPE, SIG_IGN);  // writing to the gate of a dead launcher must return EPIPE, not kill us
  return std::unique_ptr<Launcher>(std::make_unique<KernelLauncher>(
      std::move(slots).value(), std::move(stack).value(), clone3_is_there()));
}

}  // namespace sutra::supervisor
