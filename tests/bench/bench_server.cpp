// The smallest storage server: reports its start on the FIFO $BENCH_FIFO, then waits. Benchmarks only.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "tests/bench/started.h"

int main() {
  sutra::bench::Started started{};
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  started.at_ns = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  started.pid = getpid();
  const char* path = std::getenv("BENCH_FIFO");
  const int fifo = open(path != nullptr ? path : "/dev/null", O_WRONLY | O_CLOEXEC);
  (void)!write(fifo, &started, sizeof started);
  close(fifo);
  for (;;) pause();
}
