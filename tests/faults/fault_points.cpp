#include "tests/faults/fault_points.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>

namespace sutra::faults {
namespace {

constexpr std::uint64_t kUsualStride = 6;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kSecondsADay = 86'400;

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::max<std::uint64_t>(1, std::strtoull(text, nullptr, 10));
}

std::uint64_t today() { return static_cast<std::uint64_t>(std::time(nullptr) / kSecondsADay); }

}  // namespace

FaultPoints::FaultPoints(std::uint64_t stride, std::uint64_t day)
    : stride_(stride), day_(day), counting_(stride > 1) {}

FaultPoints::FaultPoints() : FaultPoints(number("SUTRA_FAULT_STRIDE", kUsualStride), today()) {
  if (std::getenv("SUTRA_FAULT_FIRST") == nullptr) return;
  stride_ = 1;
  counting_ = false;
  first_ = next_ = number("SUTRA_FAULT_FIRST", 1);
}

std::uint64_t FaultPoints::next() {
  if (counting_) return kNever;
  const std::uint64_t call = next_;
  next_ += stride_;
  return call;
}

bool FaultPoints::counted(std::uint64_t total) {
  if (!counting_) return false;
  counting_ = false;
  stride_ = std::clamp<std::uint64_t>(total / kAtLeast, 1, stride_);
  first_ = next_ = 1 + day_ % stride_;
  return true;
}

std::string FaultPoints::text() const {
  if (stride_ == 1) return first_ == 1 ? std::string() : ", from " + std::to_string(first_) + " on";
  return ", one in " + std::to_string(stride_) + " from " + std::to_string(first_) + " on";
}

}  // namespace sutra::faults
