// Starts a program through sutra-node-launch: vfork-style, with a pidfd, in a cgroup from birth. Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/launch/spec.h"

namespace sutra::supervisor {

/// Everything a child inherits stands here and nowhere else. Descriptors are borrowed for the call.
struct LaunchPlan {
  std::string program;                   ///< absolute path
  std::vector<std::string> arguments;    ///< argv, argv[0] included
  std::vector<std::string> environment;  ///< "NAME=value"; nothing of our own environment is passed
  std::uint32_t flags = 0;               ///< launch::Flag
  std::uint32_t uid = 0, gid = 0;        ///< with kSetIds
  std::optional<int> oom_score_adj;      ///< unset: leave as it is; lowering needs CAP_SYS_RESOURCE
  std::vector<launch::Limit> limits;     ///< at most 6
  int directory_fd = -1;                 ///< with kChangeDirectory, kLockDirectory; O_PATH is enough
  int log_fd = -1;                       ///< with kRedirectOutput
  int extra_fds[3] = {-1, -1, -1};       ///< with kPassExtra; the first also with kMarkExec
  int cgroup_fd = -1;                    ///< directory fd of the cgroup to be born in; -1: none
};

/// What messages about a launch name; kept until its report has come, when the plan is gone.
struct LaunchSubject {
  std::string program;
  std::string user;        ///< "uid 997", "the agent's user"
  std::string if_missing;  ///< what to do when there is no such program
  std::string directory;   ///< path of the data directory; empty: there is none
};
[[nodiscard]] LaunchSubject subject_of(const LaunchPlan& plan, std::string if_missing,
                                       std::string directory = {});

/// A launcher that waits at the gate. Dropping it closes the gate: the launcher exits (kExitGateClosed) and
/// nothing starts; it is still a child to be reaped.
struct Launched {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd gate;    ///< write end; open_gate() lets the launcher exec
  UniqueFd report;  ///< read end, non-blocking; see LaunchReport
};

/// What came up the report pipe so far.
enum class LaunchProgress { kPending, kExeced, kFailed, kDied };
struct LaunchReport {
  LaunchProgress progress = LaunchProgress::kPending;
  bool about_to_exec = false;                  ///< seen so far; kept by the caller between reads
  launch::Stage stage = launch::kAboutToExec;  ///< with kFailed
  int error = 0;                               ///< errno, with kFailed
};

/// Owned by the supervisor; one for its life. Single-threaded.
class Launcher {
 public:
  /// Opens the launcher binary once (later upgrades of the file do not mix versions), reserves the
  /// slots 3..10, and finds out whether clone3 works. Call before any other descriptor is opened: what is
  /// found in the slots is replaced, but one that this process opened itself (CLOEXEC) is an error. Ignores
  /// SIGPIPE for the process. Destroying the Launcher closes the slots. Descriptors to be kept over a re-exec
  /// are above the slots, as all are.
  [[nodiscard]] static Result<std::unique_ptr<Launcher>> open(const std::string& launcher_path);
  virtual ~Launcher() = default;

  /// The launcher's process exists on success, is in the cgroup, and waits at the gate. On failure nothing is
  /// left. Signals are blocked around the clone. Never blocks on a frozen cgroup: that is an error. The
  /// directory's lock is taken on an open file of the launcher's own: the caller may keep or close
  /// `directory_fd`. Umask, nice value and the like are inherited: the supervisor sets them for itself.
  [[nodiscard]] virtual Result<Launched> launch(const LaunchPlan& plan) = 0;

  /// False: clone3 was refused (ENOSYS, EPERM), clone(2) and a write to cgroup.procs are used instead.
  [[nodiscard]] virtual bool clone3_works() const = 0;
};

/// Lets the launcher exec. Call when the pid is recorded. Fails (EPIPE) when the launcher is dead: its report
/// and its pidfd tell more. Closes the gate either way.
[[nodiscard]] Status open_gate(Launched& launched);

/// Reads the report pipe without blocking; pass the previous report to go on from it.
[[nodiscard]] LaunchReport read_report(const UniqueFd& report, LaunchReport so_far);

/// "execute /usr/bin/x: No such file or directory; ..." for kFailed; for any other progress: that the
/// launcher died.
[[nodiscard]] Error launch_error(const LaunchReport& report, const LaunchSubject& subject);

}  // namespace sutra::supervisor
