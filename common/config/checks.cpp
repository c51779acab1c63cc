#include <algorithm>
#include <array>

#include "common/config/reading.h"
#include "common/config/rules.h"
#include "common/node_id.h"

namespace sutra::config {
namespace {

constexpr std::chrono::seconds kDeadlinesTogether{28};
constexpr std::chrono::seconds kMasterPatience{15};
constexpr std::uint32_t kLastPort = 65535;

/// "12" when the file says so, "12 (the default)" when it does not.
std::string shown(const Reading& reading, std::string_view table, std::string_view name, std::int64_t value) {
  return std::string(name) + " " + std::to_string(value) +
         (reading.find(table, name) ? "" : " (the default)");
}

/// The later of two keys, which is where one looks first.
std::pair<std::uint32_t, std::string> later_of(const Reading& reading, std::string_view table,
                                               std::string_view first, std::string_view second) {
  const std::uint32_t a = reading.line_of(table, first);
  const std::uint32_t b = reading.line_of(table, second);
  return {std::max(a, b), std::string(table) + "." + std::string(a > b ? first : second)};
}

void check_deadlines(Reading& reading) {
  if (!reading.sound("storage", "ready_timeout_secs") || !reading.sound("storage", "stop_grace_secs")) return;
  const Config::Storage& storage = reading.loaded.config.storage;
  if (storage.ready_timeout + storage.stop_grace <= kDeadlinesTogether) return;
  auto [line, key] = later_of(reading, "storage", "ready_timeout_secs", "stop_grace_secs");
  reading.fault(line, key,
                shown(reading, "storage", "ready_timeout_secs", storage.ready_timeout.count()) + " and " +
                    shown(reading, "storage", "stop_grace_secs", storage.stop_grace.count()) +
                    " are more than 28 together, so a start that fails would outlast the Master's patience; "
                    "lower one of them");
}

void check_backoff(Reading& reading) {
  if (!reading.sound("monitoring", "backoff_initial_ms") || !reading.sound("monitoring", "backoff_max_secs"))
    return;
  const Config::Monitoring& monitoring = reading.loaded.config.monitoring;
  if (monitoring.backoff_initial <= monitoring.backoff_max) return;
  auto [line, key] = later_of(reading, "monitoring", "backoff_initial_ms", "backoff_max_secs");
  reading.fault(line, key,
                shown(reading, "monitoring", "backoff_initial_ms", monitoring.backoff_initial.count()) +
                    " is longer than " +
                    shown(reading, "monitoring", "backoff_max_secs", monitoring.backoff_max.count()) +
                    "; the first wait must not exceed the longest");
}

void check_port_range(Reading& reading) {
  const auto size = reading.find("storage", "port_range_size");
  if (!size || !size->valid || !reading.sound("storage", "default_port_range_start")) return;
  const Config::Storage& storage = reading.loaded.config.storage;
  const std::uint32_t last = std::uint32_t{storage.default_port_range_start} + storage.port_range_size - 1;
  if (last <= kLastPort) return;
  auto [line, key] = later_of(reading, "storage", "default_port_range_start", "port_range_size");
  reading.fault(line, key,
                "the ports from " +
                    shown(reading, "storage", "default_port_range_start", storage.default_port_range_start) +
                    " on, " + std::to_string(storage.port_range_size) + " of them, end at " +
                    std::to_string(last) + "; the last port is 65535");
}

constexpr std::array<std::string_view, 3> kTlsFiles{"ca_file", "cert_file", "key_file"};

/// How many of the three files the file names.
std::size_t check_tls_complete(Reading& reading) {
  std::string have;
  std::string lack;
  std::size_t count = 0;
  std::uint32_t line = 0;
  for (const std::string_view name : kTlsFiles) {
    const auto given = reading.find("tls", name);
    std::string& list = given ? have : lack;
    list += (list.empty() ? "" : " and ") + std::string(name);
    if (given) line = given->line;
    if (given) ++count;
  }
  if (count != 0 && count != kTlsFiles.size()) {
    reading.fault(
        line, "tls",
        "has " + have + " but not " + lack + "; ca_file, cert_file and key_file go together or not at all");
  }
  return count;
}

void check_plaintext(Reading& reading, std::size_t tls_files) {
  const Config& config = reading.loaded.config;
  const auto master = reading.find("agent", "master_host");
  if (!master || !master->valid || config.master_is_loopback()) return;
  std::string outside;
  for (const HostPort& host : config.agent.master_hosts) {
    if (outside.empty() && !host.is_loopback()) outside = printable(host.text());
  }
  if (config.tls.allow_plaintext) {
    reading.loaded.warnings.push_back(
        "tls.allow_plaintext is set: the Master at " + outside +
        " is spoken to without encryption, and anyone who can pose as it can start processes here");
  } else if (tls_files == 0 && reading.sound("tls", "allow_plaintext")) {
    reading.fault(
        master->line, "agent.master_host",
        "\"" + outside +
            "\" is not on loopback: give [tls] its ca_file, cert_file and key_file (not available in "
            "this version), or set tls.allow_plaintext = true on a network that you trust");
  }
}

void check_advertised(Reading& reading) {
  const Config& config = reading.loaded.config;
  const auto master = reading.find("agent", "master_host");
  if (reading.find("agent", "advertise_host") || !master || !master->valid) return;
  if (is_host(config.agent.advertise_host)) return;
  reading.fault(
      0, "agent.advertise_host",
      config.agent.advertise_host.empty()
          ? "is not set and this host has no name; set it to a name or address that the Master can reach"
          : "is not set and this host's name \"" + printable(config.agent.advertise_host) +
                "\" is none that a Master could use; set it to a name or address that the Master can reach");
}

struct Directory {
  std::string_view table, name;
  const std::string& path;
};

void check_directories(Reading& reading) {
  const Config& config = reading.loaded.config;
  const std::array<Directory, 3> all{{{"agent", "state_dir", config.agent.state_dir},
                                      {"agent", "runtime_dir", config.agent.runtime_dir},
                                      {"storage", "data_path", config.storage.data_path}}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (all[i].path != all[j].path) continue;
      const std::uint32_t line =
          std::max(reading.line_of(all[i].table, all[i].name), reading.line_of(all[j].table, all[j].name));
      reading.fault(line, std::string(all[j].table) + "." + std::string(all[j].name),
                    "\"" + printable(all[j].path) + "\" is " + std::string(all[i].table) + "." +
                        std::string(all[i].name) + " too; each needs a directory of its own");
    }
  }
  if (!reading.find("agent", "runtime_dir") && config.agent.runtime_dir.size() > kRuntimeDirMax) {
    reading.fault(0, "agent.runtime_dir",
                  "the default \"" + printable(config.agent.runtime_dir, 120) + "\" has more than " +
                      std::to_string(kRuntimeDirMax) +
                      " bytes, too long for the address of a socket in it; set it to a shorter path");
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
        "monitoring.liveness_send and liveness_expect have no effect: storage.readiness is \"none\", so no "
        "probe "
        "is made");
  }
}

}  // namespace

void check_together(Reading& reading) {
  check_deadlines(reading);
  check_backoff(reading);
  check_port_range(reading);
  check_plaintext(reading, check_tls_complete(reading));
  check_advertised(reading);
  check_directories(reading);
  warn(reading);
}

}  // namespace sutra::config
