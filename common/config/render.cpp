#include "common/config/keys.h"
#include "common/utf8.h"

namespace sutra {
namespace config {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_front(text);
    const std::string_view front = text.substr(0, length == 0 ? 1 : length);
    if (front == "\"" || front == "\\") {
      out += '\\';
      out += front;
    } else if (length == 1 && is_control(front, length)) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(front[0]);
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += front;
    }
    text.remove_prefix(front.size());
  }
  return out + '"';
}

std::string array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + quoted(text);
  return out + "]";
}

/// A key's value as TOML; empty: the key is left out, which says the same.
struct Rendered {
  Config& config;
  std::string operator()(const TextKey& key) const { return optional(key.at(config)); }
  std::string operator()(const PathKey& key) const { return optional(key.at(config)); }
  std::string operator()(const IntegerKey& key) const { return std::to_string(key.get(config)); }
  std::string operator()(const BooleanKey& key) const { return key.at(config) ? "true" : "false"; }
  std::string operator()(const WordKey& key) const { return quoted(key.words[key.get(config)]); }
  std::string operator()(const PathListKey& key) const { return array(key.at(config)); }
  std::string operator()(const MasterHostsKey&) const {
    std::vector<std::string> hosts;
    for (const HostPort& host : config.agent.master_hosts) hosts.push_back(host.text());
    return hosts.size() == 1 ? quoted(hosts.front()) : array(hosts);
  }
  std::string operator()(const ArgumentsKey&) const {
    return config.storage.args_given ? array(config.storage.args) : std::string();
  }
  std::string operator()(const EnvironmentKey&) const {
    std::string out;
    for (const auto& [name, text] : config.storage.env) {
      out += (out.empty() ? "{ " : ", ") + name + " = " + quoted(text);
    }
    return out.empty() ? out : out + " }";
  }
  std::string operator()(const MetricsListenKey&) const {
    return config.metrics.listen ? quoted(config.metrics.listen->text()) : std::string();
  }

 private:
  static std::string optional(const std::string& text) { return text.empty() ? std::string() : quoted(text); }
};

}  // namespace
}  // namespace config

std::string render_config(const Config& config, Audience audience) {
  Config copy = config;
  std::string out;
  std::string_view table;
  for (const config::Key& key : config::all_keys()) {
    if (audience == Audience::kComms && !key.for_comms) continue;
    const std::string value = std::visit(config::Rendered{copy}, key.shape);
    // A wish that this version refuses to be told is the default, so leaving it out says the same.
    const bool refused = !key.not_available.empty() && value == "true";
    if (value.empty() || refused) continue;
    if (key.table != table) {
      out += (out.empty() ? "[" : "\n[") + std::string(key.table) + "]\n";
      table = key.table;
    }
    out += std::string(key.name) + " = " + value + "\n";
  }
  return out;
}

}  // namespace sutra
