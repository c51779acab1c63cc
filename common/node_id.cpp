#include "common/node_id.h"

#include <algorithm>

#include "common/text.h"

namespace sutra {
namespace {

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

Error fault(std::string cause) { return make_error({}, {}, std::move(cause)); }

}  // namespace

Result<NodeId> NodeId::parse(std::string_view text) {
  if (text.empty()) return fault("node_id is empty; send 1 to 64 characters of A-Z a-z 0-9 . _ -");
  if (text.size() > kMaxBytes) {
    return fault("node_id \"" + printable(text, 24) + "\" has " + std::to_string(text.size()) +
                 " characters; at most 64 are allowed");
  }
  const std::string named = "node_id \"" + printable(text) + "\"";
  if (text.front() == '.' || text.front() == '-') {
    return fault(named + " starts with '" + text.front() + "'; it must start with a letter, a digit or _");
  }
  const auto wrong = std::find_if_not(text.begin(), text.end(), allowed);
  if (wrong == text.end()) return NodeId(text);
  const std::string_view rest = text.substr(static_cast<std::size_t>(wrong - text.begin()));
  const std::size_t character = std::max<std::size_t>(utf8_front(rest), 1);
  return fault(named + " contains '" + printable(rest.substr(0, character)) +
               "'; allowed are A-Z a-z 0-9 . _ -");
}

}  // namespace sutra
