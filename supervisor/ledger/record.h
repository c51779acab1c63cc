// A node's intent and facts as TOML text with a checksum, version 1. Pure: bytes in, values out. Supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "supervisor/ledger/ledger.h"

namespace sutra::supervisor::ledger {

inline constexpr std::int64_t kRecordVersion = 1;
inline constexpr std::size_t kRecordMaxBytes = 1U << 20;

/// Why an intent cannot be carried out, or nothing when it can. Checked before writing and after reading: a
/// record that reading would set aside is never written.
[[nodiscard]] std::optional<std::string> intent_fault(const core::Intent& intent);

/// Unsigned values beyond the 63 bits of a TOML integer are written as strings of decimal digits.
[[nodiscard]] std::string encode(const core::Intent& intent);
[[nodiscard]] std::string encode(const Facts& facts);

/// Every value is range-checked. Unknown keys are ignored. The error's cause says what is wrong; operation
/// and subject are empty.
[[nodiscard]] Result<core::Intent> decode_intent(std::string_view bytes);
[[nodiscard]] Result<Facts> decode_facts(std::string_view bytes);

}  // namespace sutra::supervisor::ledger
