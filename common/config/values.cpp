#include <algorithm>

#include "common/config/reading.h"
#include "common/config/rules.h"
#include "common/node_id.h"

namespace sutra::config {
namespace {

constexpr std::size_t kMasterHostsMax = 16;
constexpr std::size_t kRootsMax = 64;
constexpr std::size_t kArgumentsMax = 200;  // the launcher passes 256, among them our own
constexpr std::size_t kEnvironmentMax = 200;
constexpr std::size_t kTemplatesMaxBytes = 16384;

/// One key's value on its way into the Config; one call operator a shape.
class ValueReader {
 public:
  ValueReader(const Key& key, const Value& value, Reading& reading)
      : key_(key), value_(value), reading_(reading), config_(reading.loaded.config) {}

  void operator()(const TextKey& shape) const {
    const auto* text = as<std::string>(value_);
    if (text == nullptr) return;
    if (const auto why = shape.rule(*text)) return unfit(value_, *why);
    shape.at(config_) = *text;
  }

  void operator()(const PathKey& shape) const {
    if (const auto path = path_of(value_, shape.max_bytes)) shape.at(config_) = *path;
  }

  void operator()(const IntegerKey& shape) const {
    const auto* number = as<std::int64_t>(value_);
    if (number == nullptr) return;
    if (*number < shape.min || *number > shape.max) return wrong(value_);
    shape.set(config_, *number);
  }

  void operator()(const BooleanKey& shape) const {
    if (const auto* truth = as<bool>(value_)) shape.at(config_) = *truth;
  }

  void operator()(const WordKey& shape) const {
    const auto* text = as<std::string>(value_);
    if (text == nullptr) return;
    const auto found = std::find(shape.words.begin(), shape.words.end(), *text);
    if (found == shape.words.end()) return wrong(value_);
    shape.set(config_, static_cast<std::size_t>(found - shape.words.begin()));
  }

  void operator()(const PathListKey& shape) const {
    std::vector<std::string> paths;
    for (const Value& element : elements(kRootsMax)) {
      if (const auto path = path_of(element, kDataPathMax)) paths.push_back(*path);
    }
    shape.at(config_) = std::move(paths);
  }

  void operator()(const MasterHostsKey&) const {
    if (std::holds_alternative<std::string>(value_.is)) return add_master(value_);
    const auto& hosts = elements(kMasterHostsMax);
    for (const Value& host : hosts) add_master(host);
    if (std::holds_alternative<std::vector<Value>>(value_.is) && hosts.empty()) unfit(value_, "is empty");
  }

  void operator()(const ArgumentsKey&) const {
    std::size_t bytes = 0;
    for (const Value& element : elements(kArgumentsMax)) {
      const auto* text = template_of(element, {});
      if (text == nullptr) continue;
      bytes += text->size() + 1;
      config_.storage.args.push_back(*text);
    }
    limit_bytes(bytes);
    config_.storage.args_given = true;
  }

  void operator()(const EnvironmentKey&) const {
    const auto* entries = as<Entries>(value_);
    if (entries == nullptr) return;
    std::size_t bytes = 0;
    for (const Entry& entry : *entries) {
      if (const auto why = environment_name_fault(entry.key)) {
        note(entry.line, "\"" + printable(entry.key) + "\" " + *why);
        continue;
      }
      const auto* text = template_of(entry.value, entry.key);
      if (text == nullptr) continue;
      bytes += entry.key.size() + text->size() + 2;
      config_.storage.env.emplace_back(entry.key, *text);
    }
    if (entries->size() > kEnvironmentMax) too_many(entries->size(), kEnvironmentMax);
    limit_bytes(bytes);
  }

  void operator()(const MetricsListenKey&) const {
    if (const auto address = host_port_of(value_)) config_.metrics.listen = *address;
  }

 private:
  void note(std::uint32_t line, std::string text) const {
    reading_.fault(line, key_.full_name(), std::move(text));
  }
  void wrong(const Value& value) const {
    note(value.line, "found " + value.found() + "; allowed is " + allowed_values(key_));
  }
  void unfit(const Value& value, const std::string& why) const {
    note(value.line, value.found() + " " + why + "; allowed is " + allowed_values(key_));
  }
  void too_many(std::size_t found, std::size_t limit) const {
    note(value_.line,
         "found " + std::to_string(found) + " entries; at most " + std::to_string(limit) + " are allowed");
  }
  void limit_bytes(std::size_t bytes) const {
    if (bytes <= kTemplatesMaxBytes) return;
    note(value_.line, "has " + std::to_string(bytes) + " bytes in all; at most " +
                          std::to_string(kTemplatesMaxBytes) + " are allowed");
  }

  template <typename T>
  const T* as(const Value& value) const {
    const T* content = std::get_if<T>(&value.is);
    if (content == nullptr) wrong(value);
    return content;
  }

  const std::vector<Value>& elements(std::size_t limit) const {
    static const std::vector<Value> none;
    const auto* array = as<std::vector<Value>>(value_);
    if (array == nullptr) return none;
    if (array->size() <= limit) return *array;
    too_many(array->size(), limit);
    return none;
  }

  std::optional<std::string> path_of(const Value& value, std::size_t max_bytes) const {
    const auto* text = as<std::string>(value);
    if (text == nullptr) return std::nullopt;
    if (const auto why = path_fault(*text)) {
      unfit(value, *why);
      return std::nullopt;
    }
    std::string path = absolute_path(*text, reading_.context.working_directory);
    if (path.size() <= max_bytes) return path;
    note(value.line, "\"" + printable(path) + "\" has " + std::to_string(path.size()) + " bytes; at most " +
                         std::to_string(max_bytes) + " are allowed once the path is absolute");
    return std::nullopt;
  }

  std::optional<HostPort> host_port_of(const Value& value) const {
    const auto* text = as<std::string>(value);
    if (text == nullptr) return std::nullopt;
    auto address = parse_host_port(*text);
    if (address.ok()) return std::move(address).value();
    note(value.line, "found " + address.error().message());
    return std::nullopt;
  }

  void add_master(const Value& value) const {
    if (const auto address = host_port_of(value)) config_.agent.master_hosts.push_back(*address);
  }

  /// A template's text stays out of messages: it may hold a secret.
  const std::string* template_of(const Value& value, const std::string& name) const {
    const auto* text = std::get_if<std::string>(&value.is);
    const std::string subject = name.empty() ? "an element" : name;
    if (text == nullptr) {
      note(value.line, subject + ": found " + value.found() + "; allowed is a string, in quotes");
      return nullptr;
    }
    const auto why = template_fault(*text, reading_.listen_address_set);
    if (!why) return text;
    note(value.line, subject + " " + *why);
    return nullptr;
  }

  const Key& key_;
  const Value& value_;
  Reading& reading_;
  Config& config_;
};

bool is_refused(const Key& key, const Value& value) {
  if (key.not_available.empty()) return false;
  const auto* truth = std::get_if<bool>(&value.is);
  return !std::holds_alternative<BooleanKey>(key.shape) || (truth != nullptr && *truth);
}

}  // namespace

void read_value(const Key& key, const Entry& entry, Reading& reading) {
  const std::size_t faults_before = reading.loaded.faults.size();
  std::visit(ValueReader(key, entry.value, reading), key.shape);
  const bool well_formed = reading.loaded.faults.size() == faults_before;
  if (well_formed && is_refused(key, entry.value)) {
    reading.fault(entry.line, key.full_name(), std::string(key.not_available));
  }
  // A value that is only not available yet still counts as given to the checks of what goes together.
  reading.given[&key] = {entry.line, well_formed};
}

}  // namespace sutra::config
