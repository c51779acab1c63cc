/* For LD_PRELOAD in tests: another wall clock; all other clocks are the kernel's. With $SUTRA_TEST_CLOCK it stood at
   that time (Unix seconds) when the process began. With $SUTRA_TEST_CLOCK_SHIFT it is the kernel's plus the seconds in
   that file (8 bytes of this machine's order), which may change at any time: whoever waits for a time of that clock is
   then woken earlier or later, as when the kernel's clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef long (*call)(long, ...);

static const long long kSliceNs = 20000000; /* how late a waiter notices that the clock was set */
static const volatile long long* changing;

static call kernel(void) {
  static call next;
  if (next == NULL) next = (call)dlsym(RTLD_NEXT, "syscall");
  return next;
}

/* Early: a process that later may open nothing still has it. */
__attribute__((constructor)) static void find_shift(void) {
  const char* path = getenv("SUTRA_TEST_CLOCK_SHIFT");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void* memory = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *changing, PROT_READ, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) changing = memory;
  if (file >= 0) close(file);
}

static long long shift(void) {
  static long long by;
  static int known;
  if (changing != NULL) return *changing;
  if (!known) {
    struct timespec now = {0, 0};
    const char* wanted = getenv("SUTRA_TEST_CLOCK");
    kernel()(SYS_clock_gettime, CLOCK_REALTIME, &now);
    by = wanted == NULL ? 0 : atoll(wanted) - now.tv_sec;
    known = 1;
  }
  return by;
}

int clock_gettime(clockid_t clock, struct timespec* at) {
  const long result = kernel()(SYS_clock_gettime, clock, at);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
  return (int)result;
}

int gettimeofday(struct timeval* restrict at, void* restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

/* The next moment of the kernel's clock at which to look again; 0: `until`, a time of our clock, is over. */
static int next_look(const struct timespec* until, struct timespec* look) {
  struct timespec now;
  long long left;
  clock_gettime(CLOCK_REALTIME, &now);
  left = (long long)(until->tv_sec - now.tv_sec) * 1000000000 + (until->tv_nsec - now.tv_nsec);
  if (left <= 0) return 0;
  if (left > kSliceNs) left = kSliceNs;
  kernel()(SYS_clock_gettime, CLOCK_REALTIME, look);
  look->tv_nsec += (long)left;
  look->tv_sec += look->tv_nsec / 1000000000;
  look->tv_nsec %= 1000000000;
  return 1;
}

/* Abseil's locks call the kernel so. */
long syscall(long number, ...) {
  long a[6];
  va_list list;
  struct timespec look;
  const struct timespec* until;
  va_start(list, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  until = (const struct timespec*)a[3];
  if (number != SYS_futex || (a[1] & FUTEX_CLOCK_REALTIME) == 0 ||
      (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET || until == NULL)
    return kernel()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  while (next_look(until, &look)) {
    const long result = kernel()(number, a[0], a[1], a[2], &look, a[4], a[5]);
    if (result == 0 || errno != ETIMEDOUT) return result;
  }
  errno = ETIMEDOUT;
  return -1;
}

/* A condition may wait for the monotonic clock, too, whose times are those of a host that was not up for decades. It
   may also wake without a reason. */
int pthread_cond_timedwait(pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex,
                           const struct timespec* restrict until) {
  static int (*next)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  struct timespec look;
  int result;
  if (next == NULL)
    next = (int (*)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*))dlsym(
        RTLD_NEXT, "pthread_cond_timedwait");
  if (until->tv_sec < 900000000) return next(condition, mutex, until);
  if (!next_look(until, &look)) return ETIMEDOUT;
  result = next(condition, mutex, &look);
  return result == ETIMEDOUT ? 0 : result;
}
