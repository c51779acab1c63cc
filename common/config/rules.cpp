#include "common/config/rules.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/host_port.h"
#include "common/node_id.h"
#include "common/utf8.h"

namespace sutra::config {
namespace {

constexpr std::array<std::string_view, 5> kPlaceholders{"port", "storage_path", "node_id", "memory_mb",
                                                        "listen_address"};
constexpr std::size_t kTemplateMax = 4096;
constexpr std::size_t kLivenessMax = 1024;
constexpr std::size_t kUserMax = 32;
constexpr std::size_t kEnvironmentNameMax = 128;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_front(text);
    if (length == 0 || is_control(text, length)) return true;
    text.remove_prefix(length);
  }
  return false;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::optional<std::string> too_long(std::size_t size, std::size_t limit, std::string_view unit) {
  if (size <= limit) return std::nullopt;
  return "has " + std::to_string(size) + " " + std::string(unit) + "; at most " + std::to_string(limit) +
         " are allowed";
}

std::string placeholder_list() {
  std::string out;
  for (const std::string_view name : kPlaceholders)
    out += (out.empty() ? "{" : " {") + std::string(name) + "}";
  return out;
}

}  // namespace

std::optional<std::string> label_fault(std::string_view text) {
  if (text.empty()) return "is empty";
  if (has_control(text)) return "contains a control character";
  return too_long(characters(text), kLabelMax, "characters");
}

std::optional<std::string> address_fault(std::string_view text) {
  if (text.empty()) return "is empty; leave the key out for its default";
  if (!is_ip_address(text)) return "is no IP address";
  return std::nullopt;
}

std::optional<std::string> host_fault(std::string_view text) {
  if (text.empty()) return "is empty; leave the key out for its default";
  if (!is_host(text)) return "is neither a host name nor an IP address";
  if (is_wildcard_address(text)) return "is no address that a Master could reach";
  return std::nullopt;
}

std::optional<std::string> user_fault(std::string_view text) {
  if (text.empty()) return "is empty; leave the key out for its default";
  const bool ok = (is_letter(text.front()) || is_digit(text.front())) &&
                  std::all_of(text.begin(), text.end(), [](char c) {
                    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '$';
                  });
  if (!ok) return "is no user name";
  return too_long(text.size(), kUserMax, "characters");
}

std::optional<std::string> liveness_fault(std::string_view text) {
  return too_long(text.size(), kLivenessMax, "bytes");
}

std::optional<std::string> path_fault(std::string_view text) {
  if (text.empty()) return "is empty";
  if (has_control(text)) return "contains a control character";
  return std::nullopt;
}

std::optional<std::string> environment_name_fault(std::string_view text) {
  const bool ok = !text.empty() && is_letter(text.front()) &&
                  std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
  if (!ok) return "is no name of an environment variable: letters, digits and _, not starting with a digit";
  return too_long(text.size(), kEnvironmentNameMax, "characters");
}

std::optional<std::string> template_fault(std::string_view text, bool listen_address_set) {
  if (text.find('\0') != std::string_view::npos) return "contains a NUL character";
  if (auto fault = too_long(text.size(), kTemplateMax, "bytes")) return fault;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const std::string_view rest = text.substr(open + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    const bool word = name.size() < rest.size() && !environment_name_fault(name);
    if (!word) continue;
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      return "has the unknown placeholder {" + printable(name) + "}; known are " + placeholder_list();
    }
    if (name == "listen_address" && !listen_address_set) {
      return "has {listen_address}, which stands for storage.listen_address; set that key too";
    }
  }
  return std::nullopt;
}

std::string absolute_path(std::string_view path, std::string_view working_directory) {
  std::string normal = (std::filesystem::path(working_directory) / path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace sutra::config
