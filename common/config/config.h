// The checked configuration, and the only functions that read a configuration file. The supervisor loads the
// operator's file; comms loads a text that the supervisor renders for it (Audience::kComms). Both processes.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host_port.h"
#include "common/log/level.h"
#include "common/result.h"

namespace sutra {

enum class OutsidePath { kRefuse, kIgnore };  ///< storage.outside_storage_path
enum class Readiness { kTcp, kNone };         ///< storage.readiness

/// Plain values, with all defaults filled in. Every path is absolute and normal (no "." or ".."): it was
/// resolved against the working directory when the file was loaded.
struct Config {
  struct Agent {
    std::string agent_id;  ///< {hostname} is replaced
    std::string platform;
    std::vector<HostPort> master_hosts;  ///< at least one, tried in order
    std::uint32_t max_storage_nodes = 0;
    std::uint16_t agent_port = 8000;
    std::chrono::seconds reconnect_max{5};  ///< the wait between tries doubles up to it; 5: it does not
    std::string state_dir;
    std::string runtime_dir;
    std::string listen_address;  ///< an IP address without port; default filled in
    std::string advertise_host;  ///< default filled in: a loopback address, or the hostname
    std::string comms_user;      ///< empty: default user if it exists, else our own
    std::string storage_user;    ///< empty: as above
    friend bool operator==(const Agent&, const Agent&) = default;
  } agent;
  struct Storage {
    std::string binary_path;
    std::string data_path;
    std::uint64_t default_memory_mb = 2048;
    std::uint16_t default_port_range_start = 50051;
    std::uint16_t port_range_size = 1000;
    std::vector<std::string>
        args;                 ///< templates: {port} {storage_path} {node_id} {memory_mb} {listen_address}
    bool args_given = false;  ///< false: the default flags are passed
    std::vector<std::pair<std::string, std::string>> env;  ///< name, template
    std::vector<std::string> allowed_storage_roots;
    OutsidePath outside_storage_path = OutsidePath::kRefuse;
    std::vector<std::string> placeholder_storage_paths{"/tmp/storage"};  ///< a request's, that mean none
    std::chrono::seconds ready_timeout{10};
    std::chrono::seconds stop_grace{8};
    std::string listen_address;  ///< empty: not set
    bool confine = true;         ///< not available in this version: an explicit true is refused
    Readiness readiness = Readiness::kTcp;
    std::string log_dir;
    std::uint64_t max_log_mb = 64;
    friend bool operator==(const Storage&, const Storage&) = default;
  } storage;
  struct Monitoring {
    std::chrono::seconds heartbeat_interval{5};
    std::chrono::seconds health_check_interval{10};
    bool restart_failed_nodes = true;
    std::uint32_t max_restarts = 10;
    std::chrono::seconds restart_window{600};
    std::chrono::milliseconds backoff_initial{500};
    std::chrono::seconds backoff_max{60};
    std::chrono::seconds stable_after{60};
    std::uint32_t failed_probes_before_restart = 3;
    std::string liveness_send;    ///< empty: a TCP connection is enough
    std::string liveness_expect;  ///< the answer must contain it
    friend bool operator==(const Monitoring&, const Monitoring&) = default;
  } monitoring;
  struct Logging {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kText;
    friend bool operator==(const Logging&, const Logging&) = default;
  } logging;
  struct Tls {
    std::string ca_file, cert_file, key_file;
    bool allow_plaintext = false;
    friend bool operator==(const Tls&, const Tls&) = default;
  } tls;
  struct Metrics {
    std::optional<HostPort> listen;
    friend bool operator==(const Metrics&, const Metrics&) = default;
  } metrics;

  [[nodiscard]] bool master_is_loopback() const;  ///< every master_host is on loopback
  friend bool operator==(const Config&, const Config&) = default;
};

/// One fault of a configuration file.
struct ConfigFault {
  std::uint32_t line = 0;    ///< from 1; 0 when the fault is on no line (a missing key)
  std::string key;           ///< "agent.agent_port"; empty for faults of the file as a whole
  std::string text;          ///< what was found, what is allowed, what to do
  std::uint32_t column = 0;  ///< from 1, for a syntax error; 0 for other faults
};

/// The surroundings that some defaults depend on. Tests pass their own.
struct ConfigContext {
  std::string working_directory;  ///< absolute; empty: it was removed, and relative paths are faults
  std::string hostname;           ///< may be empty; that is a fault only when it would be advertised
  bool is_root = false;
  std::optional<std::string> state_directory;    ///< systemd's $STATE_DIRECTORY (the first of a ':' list)
  std::optional<std::string> runtime_directory;  ///< $RUNTIME_DIRECTORY
  std::optional<std::string> logs_directory;     ///< $LOGS_DIRECTORY
  [[nodiscard]] static ConfigContext of_this_process();
};

/// The result of parse_config(). When `faults` is empty, `config` is complete and checked. When it is not,
/// only config.agent.state_dir and runtime_dir may be used, as far as they could be read: they lead a
/// supervisor with running nodes to its last checked configuration. They are empty when their default
/// lies in the working directory and that was removed.
struct LoadedConfig {
  Config config;
  bool names_runtime_dir = false;  ///< runtime_dir is the file's own, not a default
  std::vector<ConfigFault> faults;
  std::vector<std::string> warnings;  ///< allowed, but to be logged (allow_plaintext)
  [[nodiscard]] bool ok() const { return faults.empty(); }
  /// All faults, one a line: "PATH:LINE: KEY: TEXT"; "PATH:LINE:COLUMN: ..." for a syntax error.
  [[nodiscard]] std::string report(std::string_view path) const;
};

inline constexpr std::size_t kConfigMaxBytes = 1 << 20;  ///< 1 MiB

/// Reads a regular file or a memfd of at most kConfigMaxBytes. The error's cause says what is wrong with the
/// file.
[[nodiscard]] Result<std::string> read_config_file(const std::string& path);

/// Parses and checks a configuration. Never throws, for any `text`. A TOML syntax error is the only fault
/// that is reported; other faults are all reported, sorted by line.
[[nodiscard]] LoadedConfig parse_config(std::string_view text, const ConfigContext& context);

enum class Audience {
  kOperator,  ///< everything, for --check-config
  kComms,  ///< without private keys: storage.args and storage.env (they may hold secrets), and the user names
};
/// The effective configuration as TOML. parse_config() turns it into an equal Config, whatever the context
/// (without the keys that `audience` does not get).
[[nodiscard]] std::string render_config(const Config& config, Audience audience);

/// The path to load when none is given: ./agent-config.toml, else /etc/sutra-agent/agent-config.toml.
[[nodiscard]] std::string default_config_path();

}  // namespace sutra
