#include <algorithm>
#include <filesystem>

#include "common/config/reading.h"
#include "common/config/rules.h"

namespace sutra::config {
namespace {

constexpr std::uint32_t kPortsEnd = 65536;

std::string directory(const std::optional<std::string>& from_systemd, std::string_view when_root,
                      std::string_view otherwise, const ConfigContext& context) {
  if (from_systemd && !from_systemd->empty()) return absolute_path(*from_systemd, context.working_directory);
  return absolute_path(context.is_root ? when_root : otherwise, context.working_directory);
}

void fill_directories(Config& config, const ConfigContext& context) {
  Config::Agent& agent = config.agent;
  if (agent.state_dir.empty()) {
    agent.state_dir = directory(context.state_directory, "/var/lib/sutra-agent", "state", context);
  }
  if (agent.runtime_dir.empty()) {
    agent.runtime_dir = directory(context.runtime_directory, "/run/sutra-agent", "run", context);
  }
  if (config.storage.log_dir.empty()) {
    const std::string beside = (std::filesystem::path(agent.state_dir).parent_path() / "log").string();
    config.storage.log_dir = directory(context.logs_directory, "/var/log/sutra-agent", beside, context);
  }
}

/// What the Master is told: with a Master on this host, an address of this host that we do listen on.
std::string advertised(const Config& config, const ConfigContext& context) {
  if (!config.master_is_loopback()) return context.hostname;
  const std::string& listen = config.agent.listen_address;
  return is_wildcard_address(listen) ? "127.0.0.1" : listen;
}

}  // namespace

void fill_defaults(Reading& reading) {
  Config& config = reading.loaded.config;
  fill_directories(config, reading.context);
  if (config.agent.listen_address.empty()) {
    config.agent.listen_address = config.master_is_loopback() ? "127.0.0.1" : "0.0.0.0";
  }
  if (config.agent.advertise_host.empty()) config.agent.advertise_host = advertised(config, reading.context);
  if (!reading.find("storage", "port_range_size")) {
    const std::uint32_t room = kPortsEnd - config.storage.default_port_range_start;
    config.storage.port_range_size =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(config.storage.port_range_size, room));
  }
}

}  // namespace sutra::config
