// One value of the file: its type, and what texts must look like.
#include <algorithm>
#include <array>
#include <filesystem>

#include "common/config/keys.h"
#include "common/node_id.h"
#include "common/utf8.h"

namespace sutra::config {
namespace {

constexpr std::array<std::string_view, 5> kPlaceholders{"port", "storage_path", "node_id", "memory_mb",
                                                        "listen_address"};
constexpr std::size_t kLabelMax = 128;
constexpr std::size_t kUserMax = 32;
constexpr std::size_t kTemplateMax = 4096;
constexpr std::size_t kEnvironmentNameMax = 128;

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_front(text);
    if (length == 0 || is_control(text, length)) return true;
    text.remove_prefix(length);
  }
  return false;
}

/// Letters and digits of ASCII, and `others`; the first is a letter, a digit or `_`.
bool is_name(std::string_view text, std::string_view others) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && (letter(text.front()) || digit(text.front())) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || digit(c) || others.find(c) != std::string_view::npos;
         });
}

/// The rule of an optional key: an empty text is none of its values.
TextRule unless_empty(std::string allowed, Fault (*fault_of)(std::string_view)) {
  return {std::move(allowed), [=](const std::string& text, const Reading&) {
            return text.empty() ? Fault("is empty; leave the key out for its default") : fault_of(text);
          }};
}

/// Any "{word}" must be a placeholder; braces around anything but a word stand for themselves.
Fault template_fault(std::string_view text, const Reading& reading) {
  if (text.find('\0') != std::string_view::npos) return "contains a NUL character";
  if (auto fault = too_long(text.size(), kTemplateMax, "bytes")) return fault;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const std::string_view rest = text.substr(open + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    if (name.size() == rest.size() || environment_name_fault(name)) continue;
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      std::string known;
      for (const std::string_view each : kPlaceholders) known += " {" + std::string(each) + "}";
      return "has the unknown placeholder {" + printable(name) + "}; known are" + known;
    }
    if (name == "listen_address" && !reading.listen_address_set) {
      return "has {listen_address}, which stands for storage.listen_address; set that key too";
    }
  }
  return std::nullopt;
}

}  // namespace

void Value::fault(const toml::node& found, std::string text) const {
  reading.fault(found.source().begin.line, key.name, std::move(text));
}

std::nullopt_t Value::unfit(const toml::node& found, std::string_view why) const {
  const std::string what = found_text(found);
  fault(found,
        (why.empty() ? "found " + what : what + " " + std::string(why)) + "; allowed is " + key.kind.allowed);
  return std::nullopt;
}

std::optional<std::string> Value::text(const toml::node& found, const TextRule& rule,
                                       const std::string& subject) const {
  auto text = found.value_exact<std::string>();
  const Fault why = text ? rule.fault_of(*text, reading) : std::nullopt;
  if (text && !why) return text;
  if (subject.empty()) {
    unfit(found, why.value_or(""));
  } else {
    fault(found,
          subject + (why ? " " + *why : ": found " + found_text(found) + "; allowed is a string, in quotes"));
  }
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
  const Fault why = array != nullptr ? too_long(array->size(), max_elements, "entries") : std::nullopt;
  if (array == nullptr) unfit(node);
  if (why) fault(node, *why);
  return why ? nullptr : array;
}

std::optional<std::vector<std::string>> Value::texts(std::size_t max_elements, const TextRule& rule,
                                                     const std::string& subject) const {
  const toml::array* elements = array(max_elements);
  if (elements == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (const toml::node& element : *elements) {
    const auto each = text(element, rule, subject);
    if (!each) continue;
    bytes += each->size() + 1;
    texts.push_back(*each);
  }
  if (const Fault why = too_long(bytes, kTextsMaxBytes, "bytes in all")) fault(node, *why);
  return texts;
}

std::string found_text(const toml::node& node) {
  if (const auto text = node.value_exact<std::string_view>()) return "string \"" + printable(*text) + "\"";
  if (const auto number = node.value_exact<std::int64_t>()) return "integer " + std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  if (const auto number = node.value_exact<double>()) return "float " + std::to_string(*number);
  if (node.is_array()) return "an array";
  return node.is_table() ? "a table" : "a date or time";
}

Fault too_long(std::size_t size, std::size_t limit, std::string_view unit) {
  if (size <= limit) return std::nullopt;
  return "has " + std::to_string(size) + " " + std::string(unit) + "; at most " + std::to_string(limit) +
         " are allowed";
}

Fault environment_name_fault(std::string_view name) {
  const bool digit_first = !name.empty() && name.front() >= '0' && name.front() <= '9';
  if (is_name(name, "") && !digit_first) return too_long(name.size(), kEnvironmentNameMax, "characters");
  return "is not a valid name of an environment variable: letters, digits and _, not starting with a digit";
}

TextRule label() {
  return {"1 to " + std::to_string(kLabelMax) + " printable characters",
          [](const std::string& text, const Reading&) -> Fault {
            if (text.empty()) return "is empty";
            if (has_control(text)) return "contains a control character";
            const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
            const auto characters = std::count_if(text.begin(), text.end(), begins);
            return too_long(static_cast<std::size_t>(characters), kLabelMax, "characters");
          }};
}

TextRule address() {
  return unless_empty("an IP address without port", [](std::string_view text) {
    return is_ip_address(text) ? std::nullopt : Fault("is not an IP address");
  });
}

TextRule host() {
  return unless_empty(
      "a host name or an IP address, without port or brackets", [](std::string_view text) -> Fault {
        if (!is_host(text)) return "is neither a host name nor an IP address";
        return is_wildcard_address(text) ? Fault("is not an address that a Master can reach") : std::nullopt;
      });
}

TextRule user() {
  return unless_empty("a user name", [](std::string_view text) {
    return is_name(text, "-.$") ? too_long(text.size(), kUserMax, "characters")
                                : Fault("is not a valid user name");
  });
}

TextRule at_most(std::size_t bytes) {
  return {"at most " + std::to_string(bytes) + " bytes",
          [=](const std::string& text, const Reading&) { return too_long(text.size(), bytes, "bytes"); }};
}

TextRule path(std::size_t max_bytes) {
  return {"a path of at most " + std::to_string(max_bytes) + " bytes once it is absolute",
          [=](std::string& text, const Reading& reading) -> Fault {
            if (text.empty()) return "is empty";
            if (has_control(text)) return "contains a control character";
            text = absolute_path(text, reading.context.working_directory);
            return too_long(text.size(), max_bytes, "bytes once the path is absolute");
          }};
}

TextRule text_template() { return {"a template", template_fault}; }

std::string absolute_path(std::string_view path, std::string_view working_directory) {
  std::string normal = (std::filesystem::path(working_directory) / path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace sutra::config
