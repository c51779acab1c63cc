// sutra-agent-comms: the part of the agent that uses the network. The supervisor starts it and passes it
// three descriptors: 3 the channel, 4 the node table, 5 the configuration. It cannot run alone.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <string>

#include "common/config/config.h"
#include "common/log/logging.h"
#include "comms/comms.h"
#include "comms/rpc/grpc_log.h"
#include "ipc/node_table.h"

namespace sutra::comms {
namespace {

constexpr int kSupervisorFd = 3;
constexpr int kNodeTableFd = 4;
constexpr int kConfigFd = 5;
constexpr int kConfigError = 78;  // EX_CONFIG

int refuse(const std::string& what) {
  std::fprintf(stderr, "sutra-agent-comms: %s\n", what.c_str());
  return 1;
}

/// The passed descriptors must not be inherited by a child process.
Status keep_descriptors_to_ourselves() {
  for (const int fd : {kSupervisorFd, kNodeTableFd, kConfigFd}) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return errno_error(
          "keep descriptor", std::to_string(fd),
          "comms is started by sutra-agent, which passes descriptors 3 to 5; start sutra-agent");
    }
  }
  return {};
}

/// Only the supervisor stops comms, through the channel. A terminal sends Ctrl-C to the whole process group:
/// without this comms would end before it has unregistered from the Master.
void ignore_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
}

std::string hostname() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

int main_of_comms() {
  prctl(PR_SET_NAME, "sutra-agent-com");
  ignore_signals();
  if (const auto kept = keep_descriptors_to_ourselves(); !kept) return refuse(kept.error().message());
  UniqueFd supervisor(kSupervisorFd), table_fd(kNodeTableFd), config_fd(kConfigFd);

  const auto text = read_config_file("/proc/self/fd/" + std::to_string(config_fd.get()));
  if (!text) return refuse(text.error().message());
  const auto loaded = parse_config(text.value(), ConfigContext::of_this_process());
  if (!loaded.ok()) {
    (void)refuse("the configuration that the supervisor passed is faulty:\n" + loaded.report("passed"));
    return kConfigError;
  }
  const Config& config = loaded.config;
  log::init("comms", config.logging.level, config.logging.format);
  send_grpc_log_to_ours();
  auto table = ipc::NodeTableReader::map(table_fd);
  if (!table) {
    log::error("Map the node table: " + table.error().message());
    return 1;
  }
  config_fd.reset();
  table_fd.reset();

  // From here on gRPC starts threads. A sandbox (seccomp) must be set up before this line.
  Comms comms(config, hostname(), std::move(supervisor), std::move(table).value());
  const int status = comms.run();
  // Skip the destructors: they wait for calls under way, and the supervisor waits for our exit.
  _exit(status);
}

}  // namespace
}  // namespace sutra::comms

int main() { return sutra::comms::main_of_comms(); }
