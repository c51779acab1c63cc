// One line of events.jsonl. Pure: values to text, and what start-up needs back out of it. Supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/ledger/ledger.h"

namespace sutra::supervisor::ledger {

inline constexpr std::string_view kDied = "died";
inline constexpr std::size_t kCauseMaxBytes = 4096;

/// {"seq":1,"at":1700000000,"time":"2023-11-14T22:13:20Z","node_id":"n","generation":3,"what":"died","cause":"...",
/// "exit":{"cause":"signal","signal":9}} and a newline. `exit` only with one; `code` and `signal` only when
/// they are known. Texts are escaped as json_string() does it.
[[nodiscard]] std::string event_line(std::uint64_t seq, const Ledger::Event& event);

/// The fields that order and identify an event. The views point into the line that was parsed.
struct EventKey {
  std::uint64_t seq = 0;
  std::string_view node_id;
  std::uint64_t generation = 0;
  std::string_view what;
};

/// From a line without its newline, as event_line writes it; nothing when it is not such a line.
[[nodiscard]] std::optional<EventKey> event_key(std::string_view line);

}  // namespace sutra::supervisor::ledger
