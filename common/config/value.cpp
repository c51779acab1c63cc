// One value of the file: checks of its type and of the contents of strings. Both processes.
#include <algorithm>
#include <array>
#include <filesystem>

#include "common/config/keys.h"
#include "common/text.h"
#include "common/utf8.h"

namespace sutra::config {
namespace {

constexpr std::array<std::string_view, 5> kPlaceholders{"port", "storage_path", "node_id", "memory_mb",
                                                        "listen_address"};
constexpr std::size_t kLabelMax = 128;
constexpr std::size_t kUserMax = 32;
constexpr std::size_t kTemplateMax = 4096;
constexpr std::size_t kEnvironmentNameMax = 128;

/// The number of characters; nullopt when the text is not UTF-8 or has a control character.
std::optional<std::size_t> characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t length = utf8_front(text);
    if (length == 0 || is_control(text, length)) return std::nullopt;
    text.remove_prefix(length);
  }
  return count;
}

/// True for 1 to `max` ASCII letters, digits, `_` and characters of `others`; the first must not be of
/// `others`.
bool is_name(std::string_view text, std::size_t max, std::string_view others) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= max && plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || others.find(c) != std::string_view::npos; });
}

/// Each "{word}" must be a known placeholder. Braces around anything else are ordinary text.
std::optional<std::string> template_fault(std::string_view text, bool listen_address_set) {
  if (text.find('\0') != std::string_view::npos) return "contains a NUL character";
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const std::string_view rest = text.substr(open + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    if (name.size() == rest.size() || !is_environment_name(name)) continue;
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      std::string known;
      for (const std::string_view each : kPlaceholders) known += " {" + std::string(each) + "}";
      return "has the unknown placeholder {" + printable(name) + "}; known are" + known;
    }
    if (name == "listen_address" && !listen_address_set) {
      return "has {listen_address}, which stands for storage.listen_address; set that key too";
    }
  }
  return too_many(text.size(), kTemplateMax, "bytes");
}

/// A shell would have replaced these; taken as they stand they would name a directory that nobody meant.
std::string path_refusal(const std::string& path, const ConfigContext& context) {
  if (path.starts_with('~')) return "\"~\" is not replaced in a path; write the home directory itself";
  if (path.find('$') != std::string::npos) {
    return "variables are not replaced in a path; write what $... stands for";
  }
  if (context.working_directory.empty() && !path.empty() && !path.starts_with('/')) {
    return "the working directory does not exist any more; use an absolute path";
  }
  return {};
}

}  // namespace

void Value::fault(const toml::node& found, std::string text) const {
  reading.fault(found.source().begin.line, key.name, std::move(text));
}

std::nullopt_t Value::unfit(const toml::node& found) const {
  const bool unset = found.value_exact<std::string_view>() == "" && key.presence != Presence::kRequired;
  fault(found, "found " + found_text(found) + "; allowed is " + key.kind.allowed +
                   (unset ? "; leave the key out for its default" : ""));
  return std::nullopt;
}

std::optional<std::string> Value::text(const toml::node& found, const TextRule& rule) const {
  auto text = found.value_exact<std::string>();
  const std::string why = text && rule.refusal ? rule.refusal(*text, reading.context) : std::string();
  if (!why.empty()) {
    fault(found, "found " + found_text(found) + "; " + why);
    return std::nullopt;
  }
  if (text && rule.fits(*text, reading.context)) return text;
  return unfit(found);
}

std::optional<std::string> Value::text_with_hostname(const toml::node& found, const TextRule& rule) const {
  constexpr std::string_view kPlaceholder = "{hostname}";
  auto filled = text(found, rule);
  const std::string& name = reading.context.hostname;
  if (!filled || filled->find(kPlaceholder) == std::string::npos) return filled;
  if (!is_host(name)) {
    fault(found, "has {hostname}, and " +
                     (name.empty() ? std::string("this host has no name")
                                   : "this host's name \"" + printable(name) + "\" is not valid") +
                     "; give the host a name, or write the " + std::string(key.leaf()) +
                     " without {hostname}");
    return std::nullopt;
  }
  // A valid host name has no brace, so this ends.
  for (auto at = filled->find(kPlaceholder); at != std::string::npos; at = filled->find(kPlaceholder))
    filled->replace(at, kPlaceholder.size(), name);
  if (rule.fits(*filled, reading.context)) return filled;
  fault(found, "is too long with this host's name \"" + printable(name) + "\" for {hostname}; allowed is " +
                   key.kind.allowed);
  return std::nullopt;
}

std::optional<std::string> Value::text_template(const toml::node& found, const std::string& subject) const {
  const auto text = found.value_exact<std::string>();
  const auto why = text ? template_fault(*text, reading.listen_address_set) : std::nullopt;
  if (text && !why) return text;
  fault(found,
        subject + (text ? " " + *why : ": found " + found_text(found) + "; allowed is a string, in quotes"));
  return std::nullopt;
}

std::optional<HostPort> Value::host_port(const toml::node& found) const {
  const auto text = found.value_exact<std::string_view>();
  if (!text) return unfit(found);
  auto address = parse_host_port(*text);
  if (address.ok()) return std::move(address).value();
  fault(found, "found " + address.error().message());
  return std::nullopt;
}

const toml::array* Value::array(std::size_t max_elements) const {
  const toml::array* array = node.as_array();
  if (array == nullptr) unfit(node);
  const auto why = too_many(array != nullptr ? array->size() : 0, max_elements, "entries");
  if (why) fault(node, *why);
  return why ? nullptr : array;
}

std::string found_text(const toml::node& node) {
  if (const auto text = node.value_exact<std::string_view>()) return "string \"" + printable(*text) + "\"";
  if (const auto number = node.value_exact<std::int64_t>()) return "integer " + std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  if (const auto number = node.value_exact<double>()) return "float " + std::to_string(*number);
  if (node.is_array()) return "an array";
  return node.is_table() ? "a table" : "a date or time";
}

std::optional<std::string> too_many(std::size_t size, std::size_t limit, std::string_view unit) {
  if (size <= limit) return std::nullopt;
  return "has " + std::to_string(size) + " " + std::string(unit) + "; at most " + std::to_string(limit) +
         " are allowed";
}

bool is_environment_name(std::string_view name) {
  return is_name(name, kEnvironmentNameMax, "") && !(name.front() >= '0' && name.front() <= '9');
}

TextRule label() {
  return {"1 to " + std::to_string(kLabelMax) + " printable characters",
          [](const std::string& text, const ConfigContext&) {
            return !text.empty() && characters(text).value_or(kLabelMax + 1) <= kLabelMax;
          }};
}

TextRule address() {
  return {"an IP address without port",
          [](const std::string& text, const ConfigContext&) { return is_ip_address(text); }};
}

TextRule host() {
  return {"a host name or an IP address that a Master can reach, without port or brackets",
          [](const std::string& text, const ConfigContext&) {
            return is_host(text) && !is_wildcard_address(text);
          }};
}

TextRule user() {
  return {"a user name of at most " + std::to_string(kUserMax) + " characters",
          [](const std::string& text, const ConfigContext&) { return is_name(text, kUserMax, "-.$"); }};
}

TextRule at_most(std::size_t bytes) {
  return {"at most " + std::to_string(bytes) + " bytes",
          [=](const std::string& text, const ConfigContext&) { return text.size() <= bytes; }};
}

TextRule path(std::size_t max_bytes) {
  return {"a path of at most " + std::to_string(max_bytes) + " bytes once it is absolute",
          [=](std::string& text, const ConfigContext& context) {
            if (text.empty() || !characters(text)) return false;
            text = absolute_path(text, context.working_directory);
            return text.size() <= max_bytes;
          },
          path_refusal};
}

std::string absolute_path(std::string_view path, std::string_view working_directory) {
  std::string normal = (std::filesystem::path(working_directory) / path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace sutra::config
