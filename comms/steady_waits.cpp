// gRPC and Abseil wait until a time of the wall clock. When that is set back by an hour, such a wait lasts an
// hour longer: the threads that take calls are lost one after the other, in gpr_sleep_until for as long, on a
// futex until somebody wakes it. These functions take the place of the libraries': a wait keeps the length
// that it had when it began. Comms; any thread.
#include <dlfcn.h>
#include <grpc/support/time.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <ctime>

namespace {

constexpr std::int64_t kNsPerSec = 1'000'000'000;

using Call = long (*)(long, ...);

long in_kernel(long number, const long (&a)[6]) {
  static const Call next = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "syscall"));
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

bool waits_for_the_wall_clock(long number, const long (&a)[6]) {
  return number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) != 0 &&
         (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3] != 0;
}

/// The same moment on the monotonic clock, as the wall clock stands now. A moment that is over: now.
timespec steady(const timespec& wall) {
  timespec wall_now{}, now{};
  clock_gettime(CLOCK_REALTIME, &wall_now);
  clock_gettime(CLOCK_MONOTONIC, &now);
  now.tv_sec += wall.tv_sec - wall_now.tv_sec;
  now.tv_nsec += wall.tv_nsec - wall_now.tv_nsec;
  now.tv_sec += now.tv_nsec >= kNsPerSec ? 1 : now.tv_nsec < 0 ? -1 : 0;
  now.tv_nsec = (now.tv_nsec + kNsPerSec) % kNsPerSec;
  return now.tv_sec < 0 ? timespec{} : now;
}

}  // namespace

extern "C" {

long syscall(long number, ...) noexcept {
  long a[6];
  va_list list;
  va_start(list, number);
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  if (!waits_for_the_wall_clock(number, a)) return in_kernel(number, a);
  const timespec until = steady(*reinterpret_cast<const timespec*>(a[3]));
  a[1] &= ~static_cast<long>(FUTEX_CLOCK_REALTIME);
  a[3] = reinterpret_cast<long>(&until);
  return in_kernel(number, a);
}

void gpr_sleep_until(gpr_timespec until) {
  const gpr_timespec left = gpr_time_sub(until, gpr_now(until.clock_type));
  if (left.tv_sec < 0) return;
  timespec rest{left.tv_sec, left.tv_nsec};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) {
  }
}

}  // extern "C"
