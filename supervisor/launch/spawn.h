// Starts a program through sutra-node-launch: creates its process directly in its cgroup and with a pidfd,
// sets it up, and lets it execute the program only when the caller opens the "gate". Supervisor, one thread.
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

/// Everything that a child process gets from us. The descriptors stay the caller's and are used only during
/// Launcher::launch().
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
  int cgroup_fd = -1;                    ///< directory fd of the cgroup to be created in; -1: ours
};

/// The names that messages about a launch need. Keep it until the launch has ended; the plan is gone by then.
struct LaunchSubject {
  std::string program;
  std::string user;        ///< "uid 997", "the agent's user"
  std::string if_missing;  ///< what to do when there is no such program
  std::string directory;   ///< path of the data directory; empty: there is none
};
[[nodiscard]] LaunchSubject subject_of(const LaunchPlan& plan, std::string if_missing,
                                       std::string directory = {});

/// A launcher process that waits at its gate: it reads a pipe and goes on only when open_gate() has written
/// to it. Destroying this object closes the pipe: the launcher exits with kExitGateClosed and executes
/// nothing. The caller must still reap it.
struct Launched {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd gate;    ///< write end; open_gate() lets the launcher exec
  UniqueFd report;  ///< read end, non-blocking; see LaunchReport
};

/// What the launcher has reported so far. kDied: it ended without a report, so a signal killed it.
enum class LaunchProgress { kPending, kExeced, kFailed, kDied };
struct LaunchReport {
  LaunchProgress progress = LaunchProgress::kPending;
  bool about_to_exec = false;                  ///< seen so far; kept by the caller between reads
  launch::Stage stage = launch::kAboutToExec;  ///< with kFailed
  int error = 0;                               ///< errno, with kFailed
};

/// Starts processes. The supervisor owns one Launcher for its whole life.
class Launcher {
 public:
  /// Opens the launcher's binary once (so a later upgrade cannot mix two versions), occupies the descriptors
  /// 3 to 10 (see Slots) and tests whether clone3 works. Call it before this process opens any other
  /// descriptor, else it fails. Sets SIGPIPE to ignored for the whole process. The destructor closes
  /// descriptors 3 to 10.
  [[nodiscard]] static Result<std::unique_ptr<Launcher>> open(const std::string& launcher_path);
  virtual ~Launcher() = default;

  /// On success the launcher's process exists, is in the cgroup, and waits at its gate (or will report a
  /// failed step). On an error no process is left. Does not wait for the launcher. A frozen cgroup is an
  /// error, because the kernel would block us. The launcher locks the data directory through its own
  /// descriptor, so the caller may close `directory_fd`. The child inherits our umask and nice value.
  [[nodiscard]] virtual Result<Launched> launch(const LaunchPlan& plan) = 0;

  /// False: clone3 is refused here (ENOSYS, EPERM). launch() then uses clone(2) and writes to cgroup.procs.
  [[nodiscard]] virtual bool clone3_works() const = 0;
};

/// Lets the launcher execute the program. Call it after the pid is recorded: a supervisor that is killed
/// before leaves no unknown server, since the gate closes with it. Fails with EPIPE when the launcher is
/// dead; its report and its pidfd then give the reason. Closes the gate in both cases.
[[nodiscard]] Status open_gate(Launched& launched);

/// Reads the report pipe without blocking and returns the state of the launch. `so_far`: the result of the
/// previous call; {} at first.
[[nodiscard]] LaunchReport read_report(const UniqueFd& report, LaunchReport so_far);

/// "execute /usr/bin/x: No such file or directory; ..." for kFailed; for any other progress: that the
/// launcher died.
[[nodiscard]] Error launch_error(const LaunchReport& report, const LaunchSubject& subject);

}  // namespace sutra::supervisor
