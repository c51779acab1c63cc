#include "supervisor/startup/startup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "supervisor/host/accounts.h"
#include "supervisor/host/own_directory.h"
#include "supervisor/host/process.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/startup/programs.h"

namespace sutra::supervisor {
namespace {

constexpr int kExitConfig = 78;  // EX_CONFIG, sysexits(3)

constexpr const char* kGone = "the working directory does not exist any more";

/// Without a working directory the path stays as it is. Nothing but a "./" in front is taken away: what ".."
/// means depends on symbolic links.
std::string absolute(std::string path, const ConfigContext& context) {
  if (path.starts_with("./")) path.erase(0, 2);
  if (path.starts_with('/') || context.working_directory.empty()) return path;
  return context.working_directory + (context.working_directory == "/" ? "" : "/") + path;
}

struct Read {
  std::string path;
  std::string text;
  std::string error;
};

Read read(const Arguments& arguments, int fd, const ConfigContext& context) {
  Read read;
  read.path =
      absolute(arguments.config_path.empty() ? default_config_path() : arguments.config_path, context);
  if (fd < 0 && !read.path.starts_with('/')) {
    read.error =
        make_error("read configuration", read.path, kGone, "name the file by its absolute path").message();
    return read;
  }
  auto text = read_config_file(fd >= 0 ? "/proc/self/fd/" + std::to_string(fd) : read.path);
  if (text) {
    read.text = std::move(text).value();
  } else {
    read.error = text.error().message();
  }
  return read;
}

/// The last configuration that passed the check, when nodes run. To exit with status 78 while nodes run would
/// leave them unsupervised, and systemd may stop their unit when the agent's unit stays failed.
std::optional<ChosenConfig> last_checked(const Config& guess, const ConfigContext& context,
                                         const std::string& path, const NodesLive& live) {
  if (access(guess.agent.state_dir.c_str(), F_OK) != 0 || access(guess.agent.runtime_dir.c_str(), F_OK) != 0)
    return {};
  auto ledger = Ledger::open(guess.agent.state_dir, guess.agent.runtime_dir);
  if (!ledger || !live(*ledger.value())) return {};
  const auto text = ledger.value()->read_last_config();
  if (!text) return {};
  LoadedConfig last = parse_config(*text, context);
  if (!last.ok()) return {};
  return ChosenConfig{std::move(last.config), *text, path, std::move(last.warnings), {}};
}

/// Faults that a start finds outside the file (users, programs, log_dir). A reload must find them before the
/// new image replaces the running supervisor.
std::string cannot_start_with(const Config& config) {
  std::string faults;
  const auto add = [&](const auto& result) {
    if (!result) faults += result.error().message() + "\n";
  };
  add(child_account(config.agent.storage_user, "sutra-storage", "agent.storage_user"));
  add(child_account(config.agent.comms_user, "sutra-comms", "agent.comms_user"));
  add(find_programs());
  add(make_own_directory(config.storage.log_dir, 0750));
  return faults;
}

}  // namespace

void sanitize_process(bool handed_over) {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
  }
  if (!handed_over) close_range(3, ~0U, 0);
  umask(027);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  for (int signum = 1; signum < NSIG; ++signum) {
    if (signum != SIGKILL && signum != SIGSTOP) std::signal(signum, SIG_DFL);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

bool nodes_live(Ledger& ledger) {
  const auto contents = ledger.read();
  for (const auto& [id, recorded] : contents.nodes) {
    if (!recorded.facts || recorded.facts->process.pid == 0) continue;
    const auto found = find_process(recorded.facts->process);
    if (!found || found.value()) return true;  // an error says nothing: assume that the process runs
  }
  return false;
}

std::string kept_fault(const Config& config, const std::vector<std::string>& must_keep) {
  if (must_keep.size() != 3) return {};
  const auto differs = [](const char* key, const std::string& now, const std::string& before) {
    return now == before ? std::string()
                         : std::string(key) + ": a reload cannot change it (running: " + before +
                               ", file: " + now + "); stop the agent and start it again\n";
  };
  return differs("agent.agent_id", config.agent.agent_id, must_keep[0]) +
         differs("agent.state_dir", config.agent.state_dir, must_keep[1]) +
         differs("agent.runtime_dir", config.agent.runtime_dir, must_keep[2]);
}

std::variant<ChosenConfig, std::string> choose_config(const Arguments& arguments, const Handoff& handoff,
                                                      const NodesLive& live) {
  const ConfigContext context = ConfigContext::of_this_process();
  Read file = read(arguments, handoff.configuration.get(), context);
  LoadedConfig loaded = parse_config(file.text, context);
  if (file.error.empty() && loaded.ok()) {
    return ChosenConfig{
        std::move(loaded.config), std::move(file.text), file.path, std::move(loaded.warnings), {}};
  }
  const std::string faults = file.error.empty() ? loaded.report(file.path) : file.error + "\n";
  if (auto last = last_checked(loaded.config, context, file.path, live)) {
    last->instead = faults;
    return std::move(*last);
  }
  return faults;
}

int check_config(const Arguments& arguments) {
  const ConfigContext context = ConfigContext::of_this_process();
  const Read file = read(arguments, arguments.config_fd, context);
  if (!file.error.empty()) {
    std::fprintf(stderr, "%s\n", file.error.c_str());
    return kExitConfig;
  }
  const LoadedConfig loaded = parse_config(file.text, context);
  std::string faults =
      loaded.ok() ? kept_fault(loaded.config, arguments.must_keep) : loaded.report(file.path);
  if (faults.empty() && !arguments.must_keep.empty()) faults = cannot_start_with(loaded.config);
  if (!faults.empty()) {
    std::fputs(faults.c_str(), stderr);
    return kExitConfig;
  }
  for (const auto& warning : loaded.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  if (arguments.must_keep.empty())
    std::fputs(render_config(loaded.config, Audience::kOperator).c_str(), stdout);
  return 0;
}

}  // namespace sutra::supervisor
