#include "supervisor/host/clock.h"

#include <ctime>

namespace sutra::supervisor {

core::Moment now() {
  timespec boot{};
  timespec real{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &real);
  return {std::chrono::seconds(boot.tv_sec) + std::chrono::nanoseconds(boot.tv_nsec), real.tv_sec};
}

}  // namespace sutra::supervisor
