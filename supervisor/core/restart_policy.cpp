#include "supervisor/core/restart_policy.h"

#include <algorithm>

namespace sutra::supervisor::core {

void note_failure(History& history, const Policy& policy, Nanoseconds now, bool was_stable) {
  if (was_stable) {
    history.failures.clear();
    history.in_a_row = 0;
  }
  std::erase_if(history.failures, [&](Nanoseconds at) { return at + policy.restart_window < now; });
  history.failures.push_back(now);
  // exhausted() needs no more than one past the limit, and a record must stay small.
  const std::size_t keep = std::size_t{policy.max_restarts} + 1;
  if (history.failures.size() > keep) {
    history.failures.erase(history.failures.begin(),
                           history.failures.end() - static_cast<std::ptrdiff_t>(keep));
  }
  ++history.in_a_row;
}

bool exhausted(const History& history, const Policy& policy) {
  return history.failures.size() > policy.max_restarts;
}

Nanoseconds retry_delay(std::uint32_t failures, const Policy& policy, std::uint32_t entropy) {
  if (failures <= 1) return Nanoseconds{0};
  const std::uint32_t doublings = std::min<std::uint32_t>(failures - 2, 62);
  const std::int64_t factor = std::int64_t{1} << doublings;
  // Compared before it is multiplied: the product would overflow long before `doublings` ends.
  const bool beyond = policy.backoff_initial > policy.backoff_max / factor;
  const Nanoseconds base = beyond ? policy.backoff_max : policy.backoff_initial * factor;
  const std::int64_t per_mille = 800 + static_cast<std::int64_t>(entropy % 401);
  return base / 1000 * per_mille;
}

}  // namespace sutra::supervisor::core
