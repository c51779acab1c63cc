// Defaults that depend on other values, and faults of values that are not possible together. Both processes.
#include <algorithm>
#include <array>
#include <filesystem>

#include "common/config/keys.h"
#include "common/text.h"

namespace sutra::config {
namespace {

constexpr std::chrono::seconds kDeadlinesTogether{28};  // a Master waits 30 s for the answer to a start
constexpr std::chrono::seconds kMasterPatience{15};     // then a Master marks an agent as degraded
constexpr std::uint32_t kLastPort = 65535;

std::string directory(const std::optional<std::string>& from_systemd, std::string_view when_root,
                      std::string_view otherwise, const ConfigContext& context) {
  const std::string_view path = from_systemd && !from_systemd->empty() ? std::string_view(*from_systemd)
                                : context.is_root                      ? when_root
                                                                       : otherwise;
  std::string full = absolute_path(path, context.working_directory);
  // Without a working directory there may be none: check_default says so.
  return full.starts_with('/') ? full : std::string();
}

void fill_directories(Config& config, const ConfigContext& context) {
  std::string& state = config.agent.state_dir;
  if (state.empty()) state = directory(context.state_directory, "/var/lib/sutra-agent", "state", context);
  std::string& runtime = config.agent.runtime_dir;
  if (runtime.empty()) runtime = directory(context.runtime_directory, "/run/sutra-agent", "run", context);
  const std::string beside = (std::filesystem::path(state).parent_path() / "log").string();
  std::string& log = config.storage.log_dir;
  if (log.empty()) log = directory(context.logs_directory, "/var/log/sutra-agent", beside, context);
}

/// "backoff_max_secs 12", and "(the default)" when the file does not say so.
std::string shown(const Reading& reading, std::string_view key) {
  return std::string(find_key(key)->leaf()) + " " + find_key(key)->kind.render(reading.loaded.config) +
         (reading.given(key).line != 0 ? "" : " (the default)");
}

/// Records a fault of two values together, "FIRST and SECOND are ...", at the line of the later one. Not when
/// one has a fault of its own: then `config` holds its default and not the file's value.
void conflict(Reading& reading, std::string_view first, std::string_view second, const std::string& are) {
  const Given a = reading.given(first);
  const Given b = reading.given(second);
  if (!a.valid || !b.valid) return;
  reading.fault(std::max(a.line, b.line), a.line > b.line ? first : second,
                shown(reading, first) + " and " + shown(reading, second) + are);
}

void check_numbers(Reading& reading) {
  const Config::Storage& storage = reading.loaded.config.storage;
  const Config::Monitoring& monitoring = reading.loaded.config.monitoring;
  if (storage.ready_timeout + storage.stop_grace > kDeadlinesTogether) {
    conflict(reading, "storage.ready_timeout_secs", "storage.stop_grace_secs",
             " are more than 28 together, so a failed start would take longer than the Master waits (30 s); "
             "lower one of them");
  }
  if (monitoring.backoff_initial > monitoring.backoff_max) {
    conflict(reading, "monitoring.backoff_initial_ms", "monitoring.backoff_max_secs",
             " do not go together: the first wait must not be longer than the longest");
  }
  const std::uint32_t last = std::uint32_t{storage.default_port_range_start} + storage.port_range_size - 1;
  if (last > kLastPort) {
    conflict(reading, "storage.default_port_range_start", "storage.port_range_size",
             " end at port " + std::to_string(last) + "; the last port is 65535");
  }
}

/// False when the file sets none of the three keys.
bool check_tls_files(Reading& reading) {
  std::string have;
  std::string lack;
  std::uint32_t line = 0;
  for (const std::string_view key : {"tls.ca_file", "tls.cert_file", "tls.key_file"}) {
    const std::uint32_t at = reading.given(key).line;
    std::string& list = at != 0 ? have : lack;
    list += (list.empty() ? "" : " and ") + std::string(find_key(key)->leaf());
    line = std::max(line, at);
  }
  if (!have.empty() && !lack.empty()) {
    reading.fault(
        line, "tls",
        "has " + have + " but not " + lack + "; ca_file, cert_file and key_file go together or not at all");
  }
  return !have.empty();
}

void check_plaintext(Reading& reading) {
  const Config& config = reading.loaded.config;
  const bool tls = check_tls_files(reading);
  const auto& hosts = config.agent.master_hosts;
  const auto outside =
      std::find_if(hosts.begin(), hosts.end(), [](const HostPort& host) { return !host.is_loopback(); });
  const Given master = reading.given("agent.master_host");
  if (outside == hosts.end() || !master.valid) return;
  const std::string shown = printable(outside->text());
  if (config.tls.allow_plaintext) {
    reading.loaded.warnings.push_back(
        "tls.allow_plaintext is set: the connection to the Master at " + shown +
        " is not encrypted, and anyone who can pose as that Master can start processes here");
  } else if (!tls && reading.given("tls.allow_plaintext").valid) {
    reading.fault(
        master.line, "agent.master_host",
        "\"" + shown +
            "\" is not on loopback: give [tls] its ca_file, cert_file and key_file (not available in "
            "this version), or set tls.allow_plaintext = true on a network that you trust");
  }
}

void check_advertised(Reading& reading) {
  const Config::Agent& agent = reading.loaded.config.agent;
  const Given master = reading.given("agent.master_host");
  const bool from_hostname =
      reading.given("agent.advertise_host").line == 0 && master.line != 0 && master.valid;
  if (!from_hostname || is_host(agent.advertise_host)) return;
  const std::string cause = agent.advertise_host.empty() ? "this host has no name"
                                                         : "the Master cannot use this host's name \"" +
                                                               printable(agent.advertise_host) + "\"";
  reading.fault(0, "agent.advertise_host",
                "is not set, and " + cause + "; set it to a name or address that the Master can reach");
}

/// A directory, and the key that names it.
struct Place {
  std::string_view key;
  const std::string& path;
};

/// "agent.state_dir /srv/state", and "(the default)" when the file does not say so.
std::string shown(const Reading& reading, const Place& place) {
  return std::string(place.key) + " " + printable(place.path, 200) +
         (reading.given(place.key).line != 0 ? "" : " (the default)");
}

bool lies_in(std::string_view path, std::string_view directory) {
  if (directory == "/" || path == directory) return true;
  return path.starts_with(directory) && path[directory.size()] == '/';
}

/// Beneath a root a request chooses a node's directory, and gives it to the storage server: it must be able to
/// choose none of ours.
void check_apart(Reading& reading, const Place& own, const Place& root) {
  const Given a = reading.given(own.key);
  const Given b = reading.given(root.key);
  if (!a.valid || !b.valid || own.path.empty() || root.path.empty()) return;
  const bool inside = lies_in(own.path, root.path);
  if (!inside && !lies_in(root.path, own.path)) return;
  const std::string does = own.path == root.path ? " is the same directory as "
                           : inside              ? " lies in "
                                                 : " contains ";
  reading.fault(std::max(a.line, b.line), a.line > b.line ? own.key : root.key,
                shown(reading, own) + does + shown(reading, root) +
                    ", so a node's directory could be the agent's own; set one of the two to a directory "
                    "that neither lies in the other nor contains it");
}

/// The defaults of our directories need a working directory, if we do not run as root.
void check_default(Reading& reading, const Place& own) {
  if (!own.path.empty() || reading.given(own.key).line != 0) return;
  reading.fault(0, own.key,
                "is not set, and its default lies in the working directory, which does not exist any more; "
                "set it to an absolute path");
}

void check_directories(Reading& reading) {
  const Config& config = reading.loaded.config;
  const std::array<Place, 3> ours{{{"agent.state_dir", config.agent.state_dir},
                                   {"agent.runtime_dir", config.agent.runtime_dir},
                                   {"storage.log_dir", config.storage.log_dir}}};
  for (const Place& own : ours) {
    check_default(reading, own);
    check_apart(reading, own, {"storage.data_path", config.storage.data_path});
    for (const std::string& root : config.storage.allowed_storage_roots) {
      check_apart(reading, own, {"storage.allowed_storage_roots", root});
    }
  }
  const std::string& runtime = config.agent.runtime_dir;
  if (runtime == config.agent.state_dir && !runtime.empty()) {
    reading.fault(
        std::max(reading.given("agent.state_dir").line, reading.given("agent.runtime_dir").line),
        "agent.runtime_dir",
        "\"" + printable(runtime, 200) + "\" is agent.state_dir too; each needs a directory of its own");
  }
  const auto why = too_many(runtime.size(), kRuntimeDirMax, "bytes");
  if (why && reading.given("agent.runtime_dir").line == 0) {
    reading.fault(0, "agent.runtime_dir",
                  "the default \"" + printable(runtime, 120) + "\" " + *why +
                      ", or the address of a socket in it is too long; set it to a shorter path");
  }
}

void warn(Reading& reading) {
  const Config& config = reading.loaded.config;
  const Config::Monitoring& monitoring = config.monitoring;
  if (monitoring.heartbeat_interval >= kMasterPatience) {
    reading.loaded.warnings.push_back("monitoring.heartbeat_interval_secs is " +
                                      std::to_string(monitoring.heartbeat_interval.count()) +
                                      ": a Master calls an agent degraded after 15 s without a heartbeat");
  }
  const bool liveness = !monitoring.liveness_send.empty() || !monitoring.liveness_expect.empty();
  if (liveness && config.storage.readiness == Readiness::kNone) {
    reading.loaded.warnings.push_back(
        "monitoring.liveness_send and liveness_expect have no effect: storage.readiness is \"none\", so "
        "no node is probed");
  }
}

}  // namespace

void fill_defaults(Reading& reading) {
  Config& config = reading.loaded.config;
  fill_directories(config, reading.context);
  const bool loopback = config.master_is_loopback();
  std::string& listen = config.agent.listen_address;
  if (listen.empty()) listen = loopback ? "127.0.0.1" : "0.0.0.0";
  if (config.agent.advertise_host.empty()) {
    // A Master on this host must get an address that we listen on.
    const std::string local = is_wildcard_address(listen) ? "127.0.0.1" : listen;
    config.agent.advertise_host = loopback ? local : reading.context.hostname;
  }
  if (reading.given("storage.port_range_size").line == 0) {
    const std::uint32_t room = kLastPort + 1 - config.storage.default_port_range_start;
    config.storage.port_range_size =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(config.storage.port_range_size, room));
  }
}

void check_together(Reading& reading) {
  check_numbers(reading);
  check_plaintext(reading);
  check_advertised(reading);
  check_directories(reading);
  warn(reading);
}

}  // namespace sutra::config
