// The checked configuration, and the one place where a configuration file becomes types. Both processes:
// the supervisor loads the operator's file, comms loads the part that the supervisor renders for it.
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

/// Every path is absolute and lexically normal: resolved once, at load, against the working directory.
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
    bool confine = true;         ///< as wanted; this version cannot confine and refuses an explicit true
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

/// One thing wrong with a configuration file.
struct ConfigFault {
  std::uint32_t line = 0;    ///< 1-based; 0 when the fault has no place (a missing key)
  std::string key;           ///< "agent.agent_port"; empty for faults of the file as a whole
  std::string text;          ///< what was found, what is allowed, what to do
  std::uint32_t column = 0;  ///< 1-based, for a syntax error; 0 for any other fault
};

/// Where values that the file leaves out come from; a test passes its own.
struct ConfigContext {
  std::string working_directory;  ///< absolute
  std::string hostname;           ///< may be empty: a fault only where it would be advertised
  bool is_root = false;
  std::optional<std::string> state_directory;    ///< systemd's $STATE_DIRECTORY (the first of a ':' list)
  std::optional<std::string> runtime_directory;  ///< $RUNTIME_DIRECTORY
  std::optional<std::string> logs_directory;     ///< $LOGS_DIRECTORY
  [[nodiscard]] static ConfigContext of_this_process();
};

/// What loading yields. `faults` empty means `config` is complete and checked. With faults, state_dir and
/// runtime_dir in `config` are still the best that could be made out, so that a supervisor with live nodes
/// can find its last checked configuration; nothing else of it may be used.
struct LoadedConfig {
  Config config;
  std::vector<ConfigFault> faults;
  std::vector<std::string> warnings;  ///< allowed but worth a line in the log (allow_plaintext)
  [[nodiscard]] bool ok() const { return faults.empty(); }
  /// All faults, one a line: "PATH:LINE: KEY: TEXT"; "PATH:LINE:COLUMN: ..." for a syntax error.
  [[nodiscard]] std::string report(std::string_view path) const;
};

inline constexpr std::size_t kConfigMaxBytes = 1 << 20;

/// Reads the file's bytes: regular file or a memfd, at most kConfigMaxBytes. The error says what else it was.
[[nodiscard]] Result<std::string> read_config_file(const std::string& path);

/// Bytes to types. Never throws, whatever the bytes. A syntax error is reported alone; every other fault in
/// one go, sorted by line.
[[nodiscard]] LoadedConfig parse_config(std::string_view text, const ConfigContext& context);

enum class Audience {
  kOperator,  ///< everything, for --check-config
  kComms,  ///< without storage.args and storage.env, which may hold secrets, and without other users' names
};
/// The effective configuration as TOML that parse_config reads back to an equal Config (less what the
/// audience does not get), in any context.
[[nodiscard]] std::string render_config(const Config& config, Audience audience);

/// The path to load when none is given: ./agent-config.toml, else /etc/sutra-agent/agent-config.toml.
[[nodiscard]] std::string default_config_path();

}  // namespace sutra
