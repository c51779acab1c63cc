#include "supervisor/startup/handoff_text.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace sutra::supervisor {
namespace {

constexpr int kFirstDescriptor = 3;  // 0 to 2 are stdin, stdout and stderr

struct Named {
  std::string_view name;
  int number = -1;
};

/// "lock=13"
std::optional<Named> parse(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {};
  const std::string_view digits = word.substr(equals + 1);
  Named named{word.substr(0, equals), -1};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), named.number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {};
  return named;
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

void put(HandoffNumbers& numbers, const Named& named) {
  if (named.name == "configuration" && numbers.configuration < 0) {
    numbers.configuration = named.number;
  } else if (named.name == "listener" && numbers.listener < 0) {
    numbers.listener = named.number;
  } else if (named.name == "lock") {
    numbers.locks.push_back(named.number);
  } else if (named.name == "waiter") {
    numbers.waiters.push_back(named.number);
  } else {
    numbers.unknown.push_back(named.number);
  }
}

}  // namespace

std::string encode_handoff(pid_t pid, const HandoffNumbers& numbers) {
  std::string text = "pid=" + std::to_string(pid);
  const auto add = [&text](const char* name, int number) {
    if (number >= 0) text += std::string(" ") + name + "=" + std::to_string(number);
  };
  add("configuration", numbers.configuration);
  add("listener", numbers.listener);
  for (const int number : numbers.locks) add("lock", number);
  for (const int number : numbers.waiters) add("waiter", number);
  return text;
}

std::optional<HandoffNumbers> decode_handoff(std::string_view text, pid_t pid) {
  const auto first = parse(take_word(text));
  if (!first || first->name != "pid" || first->number != pid) return {};
  HandoffNumbers numbers;
  std::set<int> seen;
  while (!text.empty()) {
    const auto named = parse(take_word(text));
    if (!named || named->number < kFirstDescriptor || !seen.insert(named->number).second) return {};
    put(numbers, *named);
  }
  return numbers;
}

}  // namespace sutra::supervisor
