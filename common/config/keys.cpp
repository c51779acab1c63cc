#include "common/config/keys.h"

#include <algorithm>
#include <array>

#include "common/config/rules.h"

namespace sutra::config {
namespace {

using C = Config;

template <auto Group, auto Member>
constexpr TextKey text(TextRule rule, std::string_view allowed) {
  return {[](C& c) -> std::string& { return c.*Group.*Member; }, rule, allowed};
}

template <auto Group, auto Member>
constexpr PathKey path(std::size_t max_bytes = kPathMax) {
  return {[](C& c) -> std::string& { return c.*Group.*Member; }, max_bytes};
}

template <auto Group, auto Member>
constexpr BooleanKey boolean() {
  return {[](C& c) -> bool& { return c.*Group.*Member; }};
}

template <auto Group, auto Member>
constexpr IntegerKey integer(std::int64_t min, std::int64_t max) {
  return {min, max, [](const C& c) { return static_cast<std::int64_t>(c.*Group.*Member); },
          [](C& c, std::int64_t v) {
            using T = std::remove_reference_t<decltype(c.*Group.*Member)>;
            c.*Group.*Member = static_cast<T>(v);
          }};
}

template <auto Group, auto Member>
constexpr IntegerKey duration(std::int64_t min, std::int64_t max) {
  return {min, max, [](const C& c) { return static_cast<std::int64_t>((c.*Group.*Member).count()); },
          [](C& c, std::int64_t v) {
            using T = std::remove_reference_t<decltype(c.*Group.*Member)>;
            c.*Group.*Member = T(v);
          }};
}

template <auto Group, auto Member>
constexpr WordKey word(std::span<const std::string_view> words) {
  return {words, [](const C& c) { return static_cast<std::size_t>(c.*Group.*Member); },
          [](C& c, std::size_t v) {
            using T = std::remove_reference_t<decltype(c.*Group.*Member)>;
            c.*Group.*Member = static_cast<T>(v);
          }};
}

constexpr std::array<std::string_view, 2> kOutsidePath{"refuse", "ignore"};
constexpr std::array<std::string_view, 2> kReadiness{"tcp", "none"};
constexpr std::array<std::string_view, 5> kLevel{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kFormat{"text", "json"};

constexpr std::string_view kLabel = "1 to 128 printable characters";
constexpr std::string_view kUser = "a user name";
constexpr std::string_view kNoTls =
    "TLS is not available in this version; leave the key out, and for a Master that is not on loopback set "
    "tls.allow_plaintext = true on a network that you trust";
constexpr std::string_view kNoMetrics = "metrics are not available in this version; leave the key out";
constexpr std::string_view kNoConfine =
    "this version cannot confine storage servers; set it to false or leave it out";

constexpr auto kAgent = &C::agent;
constexpr auto kStorage = &C::storage;
constexpr auto kMonitoring = &C::monitoring;
constexpr auto kTls = &C::tls;
using A = C::Agent;
using S = C::Storage;
using M = C::Monitoring;

constexpr std::int64_t kDay = 86400;

constexpr Key kKeys[] = {
    {"agent", "agent_id", true, text<kAgent, &A::agent_id>(label_fault, kLabel), ""},
    {"agent", "platform", true, text<kAgent, &A::platform>(label_fault, kLabel), ""},
    {"agent", "master_host", true, MasterHostsKey{}, ""},
    {"agent", "max_storage_nodes", true, integer<kAgent, &A::max_storage_nodes>(1, 10000), ""},
    {"agent", "agent_port", false, integer<kAgent, &A::agent_port>(1, 65535), "8000"},
    {"agent", "state_dir", false, path<kAgent, &A::state_dir>(), ""},
    {"agent", "runtime_dir", false, path<kAgent, &A::runtime_dir>(kRuntimeDirMax), ""},
    {"agent", "listen_address", false,
     text<kAgent, &A::listen_address>(address_fault, "an IP address without port"), ""},
    {"agent", "advertise_host", false,
     text<kAgent, &A::advertise_host>(host_fault, "a host name or an IP address, without port or brackets"),
     ""},
    {"agent", "comms_user", false, text<kAgent, &A::comms_user>(user_fault, kUser), "", false},
    {"agent", "storage_user", false, text<kAgent, &A::storage_user>(user_fault, kUser), "", false},

    {"storage", "binary_path", true, path<kStorage, &S::binary_path>(), ""},
    {"storage", "data_path", true, path<kStorage, &S::data_path>(kDataPathMax), ""},
    {"storage", "default_memory_mb", false, integer<kStorage, &S::default_memory_mb>(1, 16777216), "2048"},
    {"storage", "default_port_range_start", false, integer<kStorage, &S::default_port_range_start>(1, 65535),
     "50051"},
    {"storage", "port_range_size", false, integer<kStorage, &S::port_range_size>(1, 65535), "1000"},
    {"storage", "args", false, ArgumentsKey{}, "", false},
    {"storage", "env", false, EnvironmentKey{}, "{}", false},
    {"storage", "allowed_storage_roots", false,
     PathListKey{[](C& c) -> std::vector<std::string>& { return c.storage.allowed_storage_roots; }}, "[]"},
    {"storage", "outside_storage_path", false, word<kStorage, &S::outside_storage_path>(kOutsidePath),
     "\"refuse\""},
    {"storage", "ready_timeout_secs", false, duration<kStorage, &S::ready_timeout>(1, 27), "10"},
    {"storage", "stop_grace_secs", false, duration<kStorage, &S::stop_grace>(1, 9), "8"},
    {"storage", "listen_address", false,
     text<kStorage, &S::listen_address>(address_fault, "an IP address without port"), ""},
    {"storage", "confine", false, boolean<kStorage, &S::confine>(), "", true, kNoConfine},
    {"storage", "readiness", false, word<kStorage, &S::readiness>(kReadiness), "\"tcp\""},
    {"storage", "log_dir", false, path<kStorage, &S::log_dir>(kDataPathMax), ""},
    {"storage", "max_log_mb", false, integer<kStorage, &S::max_log_mb>(1, 1048576), "64"},

    {"monitoring", "heartbeat_interval_secs", false, duration<kMonitoring, &M::heartbeat_interval>(1, 3600),
     "5"},
    {"monitoring", "health_check_interval_secs", false,
     duration<kMonitoring, &M::health_check_interval>(1, 3600), "10"},
    {"monitoring", "restart_failed_nodes", false, boolean<kMonitoring, &M::restart_failed_nodes>(), "true"},
    {"monitoring", "max_restarts", false, integer<kMonitoring, &M::max_restarts>(1, 1000), "10"},
    {"monitoring", "restart_window_secs", false, duration<kMonitoring, &M::restart_window>(1, kDay), "600"},
    {"monitoring", "backoff_initial_ms", false, duration<kMonitoring, &M::backoff_initial>(1, 3600000),
     "500"},
    {"monitoring", "backoff_max_secs", false, duration<kMonitoring, &M::backoff_max>(1, 3600), "60"},
    {"monitoring", "stable_after_secs", false, duration<kMonitoring, &M::stable_after>(1, kDay), "60"},
    {"monitoring", "failed_probes_before_restart", false,
     integer<kMonitoring, &M::failed_probes_before_restart>(1, 1000), "3"},
    {"monitoring", "liveness_send", false,
     text<kMonitoring, &M::liveness_send>(liveness_fault, "at most 1024 bytes"), "\"\""},
    {"monitoring", "liveness_expect", false,
     text<kMonitoring, &M::liveness_expect>(liveness_fault, "at most 1024 bytes"), "\"\""},

    {"logging", "level", false, word<&C::logging, &C::Logging::level>(kLevel), "\"info\""},
    {"logging", "format", false, word<&C::logging, &C::Logging::format>(kFormat), "\"text\""},

    {"tls", "ca_file", false, path<kTls, &C::Tls::ca_file>(), "", true, kNoTls},
    {"tls", "cert_file", false, path<kTls, &C::Tls::cert_file>(), "", true, kNoTls},
    {"tls", "key_file", false, path<kTls, &C::Tls::key_file>(), "", true, kNoTls},
    {"tls", "allow_plaintext", false, boolean<kTls, &C::Tls::allow_plaintext>(), "false"},

    {"metrics", "listen", false, MetricsListenKey{}, "", true, kNoMetrics},
};

struct Allowed {
  std::string operator()(const TextKey& key) const { return "a string: " + std::string(key.allowed); }
  std::string operator()(const PathKey& key) const {
    return "a string: a path of at most " + std::to_string(key.max_bytes) + " bytes once it is absolute";
  }
  std::string operator()(const IntegerKey& key) const {
    return "an integer from " + std::to_string(key.min) + " to " + std::to_string(key.max);
  }
  std::string operator()(const BooleanKey&) const { return "true or false"; }
  std::string operator()(const WordKey& key) const {
    std::string out = "one of";
    for (const std::string_view name : key.words) out += " \"" + std::string(name) + "\"";
    return out;
  }
  std::string operator()(const PathListKey&) const { return "an array of strings: paths"; }
  std::string operator()(const MasterHostsKey&) const {
    return R"(a string "host:port", or an array of them)";
  }
  std::string operator()(const ArgumentsKey&) const { return "an array of strings"; }
  std::string operator()(const EnvironmentKey&) const { return "a table of strings"; }
  std::string operator()(const MetricsListenKey&) const { return R"(a string "host:port")"; }
};

}  // namespace

std::string Key::full_name() const { return std::string(table) + "." + std::string(name); }

std::span<const Key> all_keys() { return kKeys; }

const Key* find_key(std::string_view table, std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) {
    return key.table == table && key.name == name;
  });
  return found == std::end(kKeys) ? nullptr : found;
}

std::vector<std::string_view> table_names() {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    if (names.empty() || names.back() != key.table) names.push_back(key.table);
  }
  return names;
}

std::vector<std::string_view> key_names(std::string_view table) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    if (key.table == table) names.push_back(key.name);
  }
  return names;
}

std::string allowed_values(const Key& key) { return std::visit(Allowed{}, key.shape); }

}  // namespace sutra::config
