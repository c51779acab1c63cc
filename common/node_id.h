// The id of a node. It is used as a file name, a cgroup name and a program argument, so few characters are
// allowed. Pure. Both processes.
#pragma once
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/result.h"

namespace sutra {

/// 1 to 64 of A-Z a-z 0-9 . _ -, without a dot or dash at the start. Only parse() creates one, so a NodeId
/// needs no further check. It converts to const std::string&, compares with strings and can be appended with
/// +.
class NodeId {
 public:
  static constexpr std::size_t kMaxBytes = 64;

  /// The error's cause says what is wrong and what is allowed, in printable text. Its operation and subject
  /// are empty, so message() returns only the cause.
  [[nodiscard]] static Result<NodeId> parse(std::string_view text);

  /// An empty id, the only one that is not valid(). For structs whose members are set one by one.
  NodeId() = default;
  [[nodiscard]] bool valid() const { return !text_.empty(); }

  [[nodiscard]] const std::string& str() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT: implicit by design

  friend auto operator<=>(const NodeId&, const NodeId&) = default;
  friend bool operator==(const NodeId&, const NodeId&) = default;
  friend bool operator==(const NodeId& id, std::string_view text) { return id.text_ == text; }
  friend std::strong_ordering operator<=>(const NodeId& id, std::string_view text) {
    return std::string_view(id.text_) <=> text;
  }
  friend std::string operator+(std::string text, const NodeId& id) { return std::move(text) + id.text_; }
  friend std::string operator+(const NodeId& id, std::string_view text) {
    return std::string(id.text_).append(text);
  }

 private:
  explicit NodeId(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace sutra
