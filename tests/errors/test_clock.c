/* For LD_PRELOAD in tests: the wall clock stands at $SUTRA_TEST_CLOCK (Unix seconds) and goes on from there. Other
   clocks are the kernel's. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long shift(void) {
  static long long by;
  static int known;
  if (!known) {
    struct timespec now = {0, 0};
    const char *wanted = getenv("SUTRA_TEST_CLOCK");
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    by = wanted == NULL ? 0 : atoll(wanted) - now.tv_sec;
    known = 1;
  }
  return by;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  const long result = syscall(SYS_clock_gettime, clock, at);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
  return (int)result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
