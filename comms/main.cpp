// sutra-agent-comms: all of the agent that touches the network. The supervisor starts it, with its end of
// their channel, the node table and the configuration as descriptors; it is of no use on its own.
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

/// What was handed over must go no further than this process.
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

/// The supervisor alone orders our end, through the channel: a terminal's Ctrl-C reaches the whole group.
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

  // From here on gRPC has threads; whatever confines this process must stand before.
  Comms comms(config, hostname(), std::move(supervisor), std::move(table).value());
  const int status = comms.run();
  // Not through destructors: the supervisor waits for our end, and calls under way may hold them up.
  _exit(status);
}

}  // namespace
}  // namespace sutra::comms

int main() { return sutra::comms::main_of_comms(); }
