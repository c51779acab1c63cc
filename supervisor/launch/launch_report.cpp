// Turns the launcher's reports into the state of a launch and into an error message. Supervisor.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {
namespace {

const char* operation_of(launch::Stage stage) {
  switch (stage) {
    case launch::kAboutToExec:
    case launch::kStageExec:
      return "execute";
    case launch::kStageSpec:
      return "read the launch spec of";
    case launch::kStageSession:
      return "make a session for";
    case launch::kStageParent:
      return "set the parent death signal of";
    case launch::kStageLimits:
      return "set the resource limits of";
    case launch::kStageOom:
      return "set oom_score_adj of";
    case launch::kStageSignals:
      return "reset the signals of";
    case launch::kStageStdio:
      return "redirect the output of";
    case launch::kStageIds:
      return "change the user of";
    case launch::kStageCapabilities:
      return "drop the capabilities of";
    case launch::kStageNoNewPrivs:
      return "set no_new_privs for";
    case launch::kStageDirectory:
      return "enter data directory";
    case launch::kStageLock:
      return "lock data directory";
    case launch::kStageGate:
      return "wait at the gate before the start of";
  }
  return "launch";
}

Error exec_error(int error, const LaunchSubject& subject) {
  Error result{operation_of(launch::kStageExec), subject.program, error, {}, {}};
  struct stat found {};
  const bool there = ::stat(subject.program.c_str(), &found) == 0;
  if (error == ENOENT && there) {
    result.cause = "the interpreter or loader that it names does not exist";
    result.remedy = "check its first line, or install the libraries for its architecture";
  } else if (error == ENOENT || error == ENOTDIR) {
    result.remedy = subject.if_missing;
  } else if (error == EACCES && there && S_ISDIR(found.st_mode)) {
    result.cause = "it is a directory";
    result.remedy = subject.if_missing;
  } else if (error == EACCES) {
    result.remedy =
        subject.user +
        " must be able to execute it: chmod 755 it, and check the directories above and noexec mounts";
  } else if (error == ENOEXEC) {
    result.cause = "it is not a program for this machine (truncated, or a script without #!)";
    result.remedy = "install it again";
  } else if (error == E2BIG) {
    result.remedy = "give fewer or shorter storage.args and storage.env";
  }
  return result;
}

std::string remedy_of(const LaunchReport& report, const LaunchSubject& subject) {
  switch (report.stage) {
    case launch::kStageSpec:
      return "the launcher is of another version: reinstall sutra-agent";
    case launch::kStageLimits:
    case launch::kStageOom:
    case launch::kStageIds:
      return "the agent lacks a capability for it: run it as root with CAP_SETUID, CAP_SETGID and "
             "CAP_SYS_RESOURCE";
    case launch::kStageDirectory:
      return subject.user + " must be able to enter it: check its mode and those of the directories above";
    case launch::kStageLock:
      return report.error == EWOULDBLOCK ? "stop it, or use another directory"
                                         : subject.user + " must be able to read the directory";
    case launch::kAboutToExec:
    case launch::kStageSession:
    case launch::kStageParent:
    case launch::kStageSignals:
    case launch::kStageStdio:
    case launch::kStageCapabilities:
    case launch::kStageNoNewPrivs:
    case launch::kStageGate:
    case launch::kStageExec:
      return {};
  }
  return {};
}

LaunchReport after(LaunchReport so_far, const launch::Report& message) {
  so_far.stage = static_cast<launch::Stage>(message.stage);
  so_far.error = message.error;
  if (message.stage == launch::kAboutToExec) {
    so_far.about_to_exec = true;
  } else {
    so_far.progress = LaunchProgress::kFailed;
  }
  return so_far;
}

}  // namespace

LaunchSubject subject_of(const LaunchPlan& plan, std::string if_missing, std::string directory) {
  const bool other_user = (plan.flags & launch::kSetIds) != 0;
  return {plan.program, other_user ? "uid " + std::to_string(plan.uid) : "the agent's user",
          std::move(if_missing), std::move(directory)};
}

Status open_gate(Launched& launched) {
  const ssize_t written = ::write(launched.gate.get(), &launch::kGateOpen, 1);
  const int error = errno;  // close() may change it
  launched.gate.reset();
  if (written == 1) return {};
  return Error{"open the gate of launcher", std::to_string(launched.pid), error, {}, {}};
}

LaunchReport read_report(const UniqueFd& report, LaunchReport so_far) {
  while (so_far.progress == LaunchProgress::kPending) {
    launch::Report message{};
    const ssize_t got = ::read(report.get(), &message, sizeof message);
    if (got == static_cast<ssize_t>(sizeof message)) {
      so_far = after(so_far, message);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return so_far;
    } else {  // end of file; a part of a report cannot come: a pipe writes up to PIPE_BUF bytes atomically (pipe(7))
      so_far.progress = so_far.about_to_exec ? LaunchProgress::kExeced : LaunchProgress::kDied;
    }
  }
  return so_far;
}

Error launch_error(const LaunchReport& report, const LaunchSubject& subject) {
  if (report.progress != LaunchProgress::kFailed) {
    return make_error("launch", subject.program, "the launcher died before it could start the program",
                      "look for an out-of-memory kill or a seccomp violation in the kernel log");
  }
  if (report.stage == launch::kStageExec) return exec_error(report.error, subject);
  Error error{operation_of(report.stage), subject.program, report.error, {}, remedy_of(report, subject)};
  if (report.stage == launch::kStageDirectory || report.stage == launch::kStageLock) {
    error.subject = subject.directory;
  }
  if (report.stage == launch::kStageLock && report.error == EWOULDBLOCK) {
    error.cause = "another process uses it";
  }
  return error;
}

}  // namespace sutra::supervisor
