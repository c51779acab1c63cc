#include "supervisor/core/comms_policy.h"

#include <algorithm>
#include <utility>

namespace sutra::supervisor::core {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kFirstDelay = 250ms;
constexpr Nanoseconds kLongestDelay = 5s;
constexpr Nanoseconds kStableRun = 30s;

Nanoseconds delay_after(std::uint32_t failures) {
  if (failures == 0) return 0s;
  return std::min(kFirstDelay * (1 << std::min(failures - 1, 10U)), kLongestDelay);
}

}  // namespace

void CommsPolicy::started(Nanoseconds now) {
  since_ = now;
  pinged_ = false;
  missed_ = 0;
}

bool CommsPolicy::hung() {
  missed_ = std::exchange(pinged_, false) ? 0 : missed_ + 1;
  return missed_ == kMissedPingsMeanHung;
}

Nanoseconds CommsPolicy::ended(Nanoseconds now) {
  if (now - since_ >= kStableRun) failures_ = 0;
  return delay_after(failures_++);
}

Nanoseconds CommsPolicy::not_started() {
  failures_ = std::max(failures_, 1U);
  return delay_after(failures_++);
}

}  // namespace sutra::supervisor::core
