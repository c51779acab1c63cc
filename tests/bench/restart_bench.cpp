#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/bench/bench.h"
#include "tests/bench/started.h"
#include "tests/support/agent.h"
#include "tests/support/sandbox.h"

namespace sutra::bench {
namespace {

constexpr int kNodes = 60;
constexpr int kRounds = 3;

/// Reads the servers' reports of their start.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    mkfifo(path_.c_str(), 0600);
    fd_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  }
  ~Fifo() { close(fd_); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  Started next() const {
    Started started{};
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, 20'000) != 1 || read(fd_, &started, sizeof started) != sizeof started) {
      std::fprintf(stderr, "no server started within 20 s\n");
      std::exit(1);
    }
    return started;
  }

 private:
  std::string path_;
  int fd_ = -1;
};

/// Kills `pid` and waits for the replacement: its pid and the microseconds it took to be running.
std::pair<pid_t, double> replace(pid_t pid, const Fifo& fifo) {
  if (pid <= 0) std::exit(1);  // kill(2) would take it for a group
  const std::int64_t begin = now_ns();
  kill(pid, SIGKILL);
  const Started started = fifo.next();
  return {static_cast<pid_t>(started.pid), static_cast<double>(started.at_ns - begin) / 1000.0};
}

}  // namespace

void bench_restart() {
  e2e::Sandbox sandbox;
  const Fifo ours(sandbox.at("ours"));
  const Fifo bare(sandbox.at("bare"));
  const std::string server = sandbox.binary("sutra-bench-server");
  sandbox.set("storage", "binary_path", "\"" + server + "\"")
      .set("storage", "readiness", "\"none\"")
      .set("storage", "env", "{ BENCH_FIFO = \"" + ours.path() + "\" }")
      .set("monitoring", "stable_after_secs", "1")
      .set("monitoring", "max_restarts", "1000")
      .set("logging", "level", "\"info\"");
  sandbox.write_config();

  const pid_t loop = fork();
  if (loop < 0) std::exit(1);
  if (loop == 0) bare_loop(server, bare.path());
  pid_t bare_pid = static_cast<pid_t>(bare.next().pid);

  e2e::Agent agent(sandbox);
  agent.start();
  if (!agent.wait_until_serving()) std::exit(1);
  std::vector<pid_t> nodes;
  for (int i = 0; i < kNodes; ++i) {
    (void)agent.spawn("bench-" + std::to_string(i));
    nodes.push_back(static_cast<pid_t>(ours.next().pid));
  }
  std::vector<double> our_times;
  std::vector<double> bare_times;
  for (int round = 0; round < kRounds; ++round) {
    poll(nullptr, 0, 1200);  // longer than stable_after: each restart counts as the first, without backoff
    for (pid_t& node : nodes) {
      const auto [bare_next, bare_us] = replace(bare_pid, bare);
      bare_pid = bare_next;
      bare_times.push_back(bare_us);
      const auto [next, us] = replace(node, ours);
      node = next;
      our_times.push_back(us);
    }
  }
  kill(loop, SIGKILL);
  waitpid(loop, nullptr, 0);
  if (bare_pid > 0) kill(bare_pid, SIGKILL);
  (void)agent.stop();

  std::printf("crash -> replacement running (%zu pairs)\n", our_times.size());
  const Summary a = summarize(our_times);
  const Summary b = summarize(bare_times);
  print_row("agent", a, "us");
  print_row("bare epoll + pidfd + vfork loop", b, "us");
  print_ratio("agent / bare loop", a.p50 / b.p50);
}

}  // namespace sutra::bench
