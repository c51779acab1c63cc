// The table of keys and the types of their values. Both processes.
#include "common/config/keys.h"

#include <algorithm>
#include <initializer_list>

#include "common/text.h"

namespace sutra::config {
namespace {

constexpr std::size_t kPathMax = 255;      // the limit of launch::Spec::program and ipc::PathText
constexpr std::size_t kDataPathMax = 190;  // "/NODE_ID" must fit in kPathMax
constexpr std::size_t kLivenessMax = 1024;
constexpr std::size_t kMasterHostsMax = 16;
constexpr std::size_t kPathsMax = 64;
constexpr std::size_t kTemplatesMaxBytes = 16384;
constexpr std::size_t kTemplatesMax = 200;  // the launcher passes 256 strings, including those that we add

std::string toml_array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_string(text);
  return out + "]";
}

using Variables = std::vector<std::pair<std::string, std::string>>;

// A member of Config as TOML. Empty: the key is left out.
std::string rendered(const std::string& text) { return text.empty() ? "" : toml_string(text); }
std::string rendered(bool truth) { return truth ? "true" : "false"; }
std::string rendered(std::integral auto number) { return std::to_string(number); }
template <typename Rep, typename Period>
std::string rendered(std::chrono::duration<Rep, Period> duration) {
  return std::to_string(duration.count());
}
std::string rendered(const std::vector<std::string>& texts) { return toml_array(texts); }
std::string rendered(const std::optional<HostPort>& host) { return host ? toml_string(host->text()) : ""; }
std::string rendered(const std::vector<HostPort>& hosts) {
  std::vector<std::string> texts;
  texts.reserve(hosts.size());
  for (const HostPort& host : hosts) texts.push_back(host.text());
  return texts.size() == 1 ? toml_string(texts.front()) : toml_array(texts);
}
std::string rendered(const Variables& variables) {
  std::string out;
  for (const auto& [name, text] : variables)
    out += (out.empty() ? "{ " : ", ") + name + " = " + toml_string(text);
  return out.empty() ? out : out + " }";
}

/// The member of `config` that `member` names. The type of its group (Agent, Storage, ...) says which group.
template <typename Group, typename Member>
auto& at(auto& config, Member Group::*member) {
  if constexpr (std::is_same_v<Group, Config::Agent>) return config.agent.*member;
  if constexpr (std::is_same_v<Group, Config::Storage>) return config.storage.*member;
  if constexpr (std::is_same_v<Group, Config::Monitoring>) return config.monitoring.*member;
  if constexpr (std::is_same_v<Group, Config::Logging>) return config.logging.*member;
  if constexpr (std::is_same_v<Group, Config::Tls>) return config.tls.*member;
  if constexpr (std::is_same_v<Group, Config::Metrics>) return config.metrics.*member;
}

/// `read` returns the member's new value, or nullopt when it recorded a fault.
template <typename Group, typename Member>
Kind kind(std::string allowed, Member Group::*member, auto read) {
  return {std::move(allowed),
          [=](const Value& value) {
            if (std::optional<Member> got = read(value)) at(value.config(), member) = std::move(*got);
          },
          [=](const Config& config) { return rendered(at(config, member)); }};
}

template <typename Group>
Kind text(std::string Group::*member, const TextRule& rule) {
  return kind("a string: " + rule.allowed, member,
              [=](const Value& value) { return value.text(value.node, rule); });
}

/// A number, or a duration in the unit of its type (seconds, milliseconds).
template <typename Group, typename Number>
Kind integer(Number Group::*member, std::int64_t min, std::int64_t max) {
  return kind("an integer from " + std::to_string(min) + " to " + std::to_string(max), member,
              [=](const Value& value) -> std::optional<Number> {
                const auto number = value.node.value_exact<std::int64_t>();
                if (!number || *number < min || *number > max) return value.unfit(value.node);
                return static_cast<Number>(*number);
              });
}

template <typename Group>
Kind boolean(bool Group::*member) {
  return kind("true or false", member, [](const Value& value) -> std::optional<bool> {
    const auto truth = value.node.value_exact<bool>();
    return truth ? truth : value.unfit(value.node);
  });
}

/// `words` must be in the order of the enumerators.
template <typename Group, typename Enum>
Kind word(Enum Group::*member, const std::vector<std::string_view>& words) {
  std::string allowed = "one of";
  for (const std::string_view each : words) allowed += " " + toml_string(each);
  return {
      allowed,
      [=](const Value& value) {
        const auto text = value.node.value_exact<std::string_view>();
        const auto found = text ? std::find(words.begin(), words.end(), *text) : words.end();
        if (found == words.end()) return void(value.unfit(value.node));
        at(value.config(), member) = static_cast<Enum>(found - words.begin());
      },
      [=](const Config& config) { return toml_string(words[static_cast<std::size_t>(at(config, member))]); }};
}

Kind master_hosts() {
  return kind(R"(a string "host:port", or an array of them)", &Config::Agent::master_hosts,
              [](const Value& value) -> std::optional<std::vector<HostPort>> {
                std::vector<HostPort> hosts;
                const auto add = [&](const toml::node& node) {
                  if (auto host = value.host_port(node)) hosts.push_back(std::move(*host));
                };
                if (value.node.is_string()) return add(value.node), hosts;
                const toml::array* array = value.array(kMasterHostsMax);
                if (array == nullptr) return std::nullopt;
                if (array->empty()) value.fault(value.node, "is empty; name at least one Master");
                for (const toml::node& element : *array) add(element);
                return hosts;
              });
}

/// Paths of at most `max_bytes`, each as `rule` has it.
Kind paths(std::vector<std::string> Config::Storage::*member, std::size_t max_bytes, const TextRule& rule) {
  return kind("an array of strings: paths of at most " + std::to_string(max_bytes) + " bytes", member,
              [=](const Value& value) -> std::optional<std::vector<std::string>> {
                const toml::array* array = value.array(kPathsMax);
                if (array == nullptr) return std::nullopt;
                std::vector<std::string> all;
                for (const toml::node& element : *array) {
                  if (auto one = value.text(element, rule)) all.push_back(std::move(*one));
                }
                return all;
              });
}

/// A label in which {hostname} stands for this host's name.
Kind agent_id() {
  return kind("a string: " + label().allowed, &Config::Agent::agent_id,
              [](const Value& value) { return value.text_with_hostname(value.node, label()); });
}

Kind arguments() {
  return {
      "an array of strings",
      [](const Value& value) {
        const toml::array* array = value.array(kTemplatesMax);
        if (array == nullptr) return;
        Config::Storage& storage = value.config().storage;
        storage.args_given = true;
        std::size_t bytes = 0;
        for (const toml::node& element : *array) {
          const auto text = value.text_template(element, "an element");
          bytes += text.value_or("").size() + 1;
          storage.args.push_back(text.value_or(""));
        }
        if (const auto why = too_many(bytes, kTemplatesMaxBytes, "bytes in all"))
          value.fault(value.node, *why);
      },
      [](const Config& config) { return config.storage.args_given ? toml_array(config.storage.args) : ""; }};
}

Kind environment() {
  return kind("a table of strings", &Config::Storage::env,
              [](const Value& value) -> std::optional<Variables> {
                const toml::table* table = value.node.as_table();
                if (table == nullptr) return value.unfit(value.node);
                Variables variables;
                std::size_t bytes = 0;
                for (const auto& [key, node] : *table) {
                  const std::string name(key.str());
                  const auto text = value.text_template(node, printable(name));
                  bytes += name.size() + text.value_or("").size() + 2;
                  variables.emplace_back(name, text.value_or(""));
                  if (is_environment_name(name)) continue;
                  value.reading.fault(key.source().begin.line, value.key.name,
                                      toml_string(printable(name)) +
                                          " is not a valid name: at most 128 letters, digits and _, "
                                          "not starting with a digit");
                }
                if (const auto why = too_many(table->size(), kTemplatesMax, "entries"))
                  value.fault(value.node, *why);
                if (const auto why = too_many(bytes, kTemplatesMaxBytes, "bytes in all"))
                  value.fault(value.node, *why);
                return variables;
              });
}

Kind metrics_listen() {
  return kind(R"(a string "host:port")", &Config::Metrics::listen,
              [](const Value& value) { return std::optional(value.host_port(value.node)); });
}

constexpr const char* kNoTls =
    "TLS is not available in this version; leave the key out, and for a Master that is not on loopback set "
    "tls.allow_plaintext = true on a network that you trust";
constexpr const char* kNoMetrics = "metrics are not available in this version; leave the key out";
constexpr const char* kNoConfine =
    "this version cannot confine storage servers; set it to false or leave it out";
constexpr std::int64_t kDay = 86400;

std::vector<Key> make_keys() {
  using A = Config::Agent;
  using S = Config::Storage;
  using M = Config::Monitoring;
  using L = Config::Logging;
  using T = Config::Tls;
  using enum Presence;
  return {
      {"agent.agent_id", kRequired, agent_id()},
      {"agent.platform", kRequired, text(&A::platform, label())},
      {"agent.master_host", kRequired, master_hosts()},
      {"agent.max_storage_nodes", kRequired, integer(&A::max_storage_nodes, 1, 10000)},
      {"agent.agent_port", kOptional, integer(&A::agent_port, 1, 65535)},
      {"agent.reconnect_max_secs", kOptional, integer(&A::reconnect_max, 5, 3600)},
      {"agent.state_dir", kOptional, text(&A::state_dir, path(kPathMax))},
      {"agent.runtime_dir", kOptional, text(&A::runtime_dir, path(kRuntimeDirMax))},
      {"agent.listen_address", kOptional, text(&A::listen_address, address())},
      {"agent.advertise_host", kOptional, text(&A::advertise_host, host())},
      {"agent.comms_user", kPrivate, text(&A::comms_user, user())},
      {"agent.storage_user", kPrivate, text(&A::storage_user, user())},

      {"storage.binary_path", kRequired, text(&S::binary_path, path(kPathMax))},
      {"storage.data_path", kRequired, text(&S::data_path, path(kDataPathMax))},
      {"storage.default_memory_mb", kOptional, integer(&S::default_memory_mb, 1, 16777216)},
      {"storage.default_port_range_start", kOptional, integer(&S::default_port_range_start, 1, 65535)},
      {"storage.port_range_size", kOptional, integer(&S::port_range_size, 1, 65535)},
      {"storage.args", kPrivate, arguments()},
      {"storage.env", kPrivate, environment()},
      {"storage.allowed_storage_roots", kOptional,
       paths(&S::allowed_storage_roots, kDataPathMax, path(kDataPathMax))},
      {"storage.outside_storage_path", kOptional, word(&S::outside_storage_path, {"refuse", "ignore"})},
      {"storage.placeholder_storage_paths", kOptional,
       paths(&S::placeholder_storage_paths, kPathMax, at_most(kPathMax))},
      {"storage.ready_timeout_secs", kOptional, integer(&S::ready_timeout, 1, 27)},
      {"storage.stop_grace_secs", kOptional, integer(&S::stop_grace, 1, 9)},
      {"storage.listen_address", kOptional, text(&S::listen_address, address())},
      {"storage.confine", kOptional, boolean(&S::confine), kNoConfine},
      {"storage.readiness", kOptional, word(&S::readiness, {"tcp", "none"})},
      {"storage.log_dir", kOptional, text(&S::log_dir, path(kDataPathMax))},
      {"storage.max_log_mb", kOptional, integer(&S::max_log_mb, 1, 1048576)},

      {"monitoring.heartbeat_interval_secs", kOptional, integer(&M::heartbeat_interval, 1, 3600)},
      {"monitoring.health_check_interval_secs", kOptional, integer(&M::health_check_interval, 1, 3600)},
      {"monitoring.restart_failed_nodes", kOptional, boolean(&M::restart_failed_nodes)},
      {"monitoring.max_restarts", kOptional, integer(&M::max_restarts, 1, 1000)},
      {"monitoring.restart_window_secs", kOptional, integer(&M::restart_window, 1, kDay)},
      {"monitoring.backoff_initial_ms", kOptional, integer(&M::backoff_initial, 1, 3600000)},
      {"monitoring.backoff_max_secs", kOptional, integer(&M::backoff_max, 1, 3600)},
      {"monitoring.stable_after_secs", kOptional, integer(&M::stable_after, 1, kDay)},
      {"monitoring.failed_probes_before_restart", kOptional,
       integer(&M::failed_probes_before_restart, 1, 1000)},
      {"monitoring.liveness_send", kOptional, text(&M::liveness_send, at_most(kLivenessMax))},
      {"monitoring.liveness_expect", kOptional, text(&M::liveness_expect, at_most(kLivenessMax))},

      {"logging.level", kOptional, word(&L::level, {"trace", "debug", "info", "warn", "error"})},
      {"logging.format", kOptional, word(&L::format, {"text", "json"})},

      {"tls.ca_file", kOptional, text(&T::ca_file, path(kPathMax)), kNoTls},
      {"tls.cert_file", kOptional, text(&T::cert_file, path(kPathMax)), kNoTls},
      {"tls.key_file", kOptional, text(&T::key_file, path(kPathMax)), kNoTls},
      {"tls.allow_plaintext", kOptional, boolean(&T::allow_plaintext)},

      {"metrics.listen", kOptional, metrics_listen(), kNoMetrics},
  };
}

}  // namespace

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = make_keys();
  return keys;
}

const Key* find_key(std::string_view name) {
  const auto& keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace sutra::config
