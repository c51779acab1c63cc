// What may name a node. The id becomes a file name, a cgroup name and an argument, so the alphabet is small.
// Pure. Both processes.
#pragma once
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/result.h"

namespace sutra {

/// The id of a node: 1-64 of A-Z a-z 0-9 . _ -, not starting with a dot or a dash. Only parse() makes one, so
/// whoever holds a NodeId need not check it. It reads as text: it converts to const std::string&, compares
/// with text and is joined to text by +.
class NodeId {
 public:
  static constexpr std::size_t kMaxBytes = 64;

  /// The error's cause says what is wrong with `text` and what is allowed, and is safe to print; operation
  /// and subject are empty, so that message() is the cause alone.
  [[nodiscard]] static Result<NodeId> parse(std::string_view text);

  /// Empty, and the only one that is not valid(): for a struct whose fields are filled one by one.
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
