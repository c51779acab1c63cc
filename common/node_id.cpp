#include "common/node_id.h"

#include <cstdio>

namespace sutra {
namespace {

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == limit) return out + "...";
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      out += text[i];
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    }
  }
  return out;
}

std::optional<std::string> node_id_fault(std::string_view id) {
  if (id.empty()) return "node_id is empty; send 1 to 64 characters of A-Z a-z 0-9 . _ -";
  if (id.size() > kNodeIdMax) {
    return "node_id \"" + printable(id, 24) + "\" has " + std::to_string(id.size()) +
           " characters; at most 64 are allowed";
  }
  if (id.front() == '.' || id.front() == '-') {
    return "node_id \"" + printable(id) + "\" starts with '" + id.front() +
           "'; it must start with a letter, a digit or _";
  }
  for (const char c : id) {
    if (!allowed(c)) {
      return "node_id \"" + printable(id) + "\" contains '" + printable(std::string_view(&c, 1)) +
             "'; allowed are A-Z a-z 0-9 . _ -";
    }
  }
  return std::nullopt;
}

}  // namespace sutra
