// A small storage server that misbehaves on request: what it does stands before the dash of its node_id, so
// that a Master's spawn chooses it. "serve-1" answers every line with PONG.
//
//   exit7, exit0, segv   ends at once
//   deaf                 never listens
//   elsewhere            listens on port + 1
//   late500              listens after 500 ms
//   crash200             ends 200 ms after it listens
//   once                 serves the first time in a data directory, then exits 3
//   hang                 accepts and never answers
//   ignoreterm           ignores SIGTERM
//   daemonize            the parent exits
//   orphan               leaves a child that calls setsid() and ignores SIGTERM
//   doublefork           leaves a grandchild whose parent is init
//   litter500            leaves 500 orphans that exit at once, then listens
//   closefds             closes every descriptor but its socket
//   flood, flood4        prints 64 MB, 4 MB
//   chatter              prints without a pause; answers how many writes, failed ones, SIGPIPEs, the slowest in us
//   mute                 prints nothing
//   moody                exits 5 at once on one start in three
//   redis                becomes redis-server; a background save takes 100 ms a key
//
// With SUTRA_START_LOG in its environment it first appends "PID START_TICKS" to that file, so that a test knows every
// server that ran, even if the agent did not see it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Options {
  int port = 0;
  std::string port_text;
  std::string storage_path;
  std::string behaviour;
  int milliseconds = 0;  ///< the number behind the word, whatever it means there
};

Options parse(int argc, char** argv) {
  Options o;
  std::string id;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--port") o.port_text = argv[i + 1];
    if (flag == "--storage-path") o.storage_path = argv[i + 1];
    if (flag == "--node-id") id = argv[i + 1];
  }
  o.port = std::atoi(o.port_text.c_str());
  const std::string word = id.substr(0, id.find('-'));
  const auto digits = word.find_first_of("0123456789");
  o.behaviour = word.substr(0, digits);
  if (digits != std::string::npos) o.milliseconds = std::atoi(word.c_str() + digits);
  return o;
}

void pause_for(int milliseconds) { poll(nullptr, 0, milliseconds); }

/// A child that is not waited for: ignores SIGTERM, leaves the session, and ends only when its cgroup is killed.
void leave_child(bool twice) {
  if (fork() != 0) return;
  setsid();
  if (twice && fork() != 0) _exit(0);
  std::signal(SIGTERM, SIG_IGN);
  for (int fd = 0; fd < 64; ++fd) close(fd);
  for (;;) pause();
}

/// Orphans, a hundred at once: each waits until its parent is gone and then exits, so that its new parent has a zombie.
void leave_orphans(int count) {
  constexpr int kAtOnce = 100;
  for (int left = count; left > 0; left -= kAtOnce) {
    int parent_lives[2];
    if (pipe2(parent_lives, O_CLOEXEC) != 0) std::exit(1);
    const pid_t parent = fork();
    for (int i = 0; parent == 0 && i < kAtOnce && i < left; ++i) {
      if (fork() != 0) continue;
      char none = 0;
      close(parent_lives[1]);
      (void)!read(parent_lives[0], &none, 1);
      _exit(0);
    }
    if (parent == 0) _exit(0);
    close(parent_lives[0]);
    close(parent_lives[1]);
    waitpid(parent, nullptr, 0);
  }
}

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 64) != 0) {
    std::fprintf(stderr, "listen on %d: %s\n", port, std::strerror(errno));
    std::exit(1);
  }
  return fd;
}

std::int64_t monotonic_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

std::atomic<std::int64_t> g_writes, g_failed, g_slowest_us;
volatile sig_atomic_t g_sigpipes;

void chatter() {
  std::signal(SIGPIPE, [](int) { g_sigpipes = g_sigpipes + 1; });
  std::thread([] {
    const std::string line = std::string(63, 'x') + '\n';
    for (std::int64_t from = monotonic_us();;) {
      if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ++g_failed;
      const std::int64_t now = monotonic_us();
      if (now - from > g_slowest_us) g_slowest_us = now - from;
      from = now;
      ++g_writes;
    }
  }).detach();
}

std::string answer_to(const Options& o) {
  if (o.behaviour != "chatter") return "PONG\n";
  return std::to_string(g_writes) + " " + std::to_string(g_failed) + " " + std::to_string(g_sigpipes) + " " +
         std::to_string(g_slowest_us) + "\n";
}

[[noreturn]] void serve(int listener, const Options& o) {
  std::vector<pollfd> fds{{listener, POLLIN, 0}};
  const bool crashes = o.behaviour == "crash";
  timespec begin{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    int timeout = -1;
    if (crashes) {
      timespec now{};
      clock_gettime(CLOCK_MONOTONIC, &now);
      const auto passed = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000;
      if (passed >= o.milliseconds) std::abort();
      timeout = static_cast<int>(o.milliseconds - passed);
    }
    poll(fds.data(), fds.size(), timeout);
    if ((fds[0].revents & POLLIN) != 0) {
      const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) fds.push_back({client, POLLIN, 0});
    }
    for (std::size_t i = fds.size(); i-- > 1;) {
      if (fds[i].revents == 0) continue;
      char buffer[512];
      const ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
      if (n <= 0) {
        close(fds[i].fd);
        fds.erase(fds.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (o.behaviour != "hang") {
        const std::string answer = answer_to(o);
        (void)!send(fds[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }
}

/// The 22nd field of /proc/self/stat; the name before it may hold blanks.
std::string start_ticks() {
  char text[1024];
  const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return "0";
  text[n] = '\0';
  char* at = std::strrchr(text, ')');
  for (int field = 2; at != nullptr && field < 22; ++field) at = std::strchr(at + 1, ' ');
  return at == nullptr ? "0" : std::to_string(std::strtoull(at + 1, nullptr, 10));
}

/// One write, so that a kill leaves a whole line or none.
void log_start() {
  const char* path = std::getenv("SUTRA_START_LOG");
  if (path == nullptr) return;
  const std::string line = std::to_string(getpid()) + " " + start_ticks() + "\n";
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line.data(), line.size()) < 0) std::perror(path);
  close(fd);
}

void become_redis(const Options& o) {
  execl("/usr/bin/redis-server", "redis-server", "--port", o.port_text.c_str(), "--dir",
        o.storage_path.c_str(), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", "",
        "--rdb-key-save-delay", "100000", nullptr);
  std::perror("/usr/bin/redis-server");
  std::exit(127);
}

void before_listening(const Options& o) {
  if (o.behaviour == "redis") become_redis(o);
  if (o.behaviour == "moody") {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_nsec / 1000 % 3 == 0) std::exit(5);
  }
  if (o.behaviour == "exit") {
    std::fprintf(stderr, "test-node: exiting with %d as asked\n", o.milliseconds);
    std::exit(o.milliseconds);
  }
  if (o.behaviour == "segv") {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }
  if (o.behaviour == "once") {
    const std::string marker = o.storage_path + "/served-once";
    if (access(marker.c_str(), F_OK) == 0) std::exit(3);
    close(open(marker.c_str(), O_WRONLY | O_CREAT, 0600));
  }
  if (o.behaviour == "flood") {
    const std::string line(1023, 'x');
    const int megabytes = o.milliseconds > 0 ? o.milliseconds : 64;
    for (int i = 0; i < megabytes * 1024; ++i) std::puts(line.c_str());
  }
  if (o.behaviour == "chatter") chatter();
  if (o.behaviour == "ignoreterm") std::signal(SIGTERM, SIG_IGN);
  if (o.behaviour == "deaf") {
    for (;;) pause();
  }
  if (o.behaviour == "late") pause_for(o.milliseconds);
  if (o.behaviour == "litter") leave_orphans(o.milliseconds);
  if (o.behaviour == "orphan") leave_child(false);
  if (o.behaviour == "doublefork") leave_child(true);
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = parse(argc, argv);
  log_start();
  if (o.behaviour != "mute") std::printf("test-node %s on port %d\n", o.behaviour.c_str(), o.port);
  std::fflush(stdout);
  before_listening(o);
  const int listener = listen_on(o.behaviour == "elsewhere" ? o.port + 1 : o.port);
  if (o.behaviour == "daemonize" && fork() != 0) return 0;
  if (o.behaviour == "closefds") {
    for (int fd = 0; fd < 256; ++fd) {
      if (fd != listener) close(fd);
    }
  }
  serve(listener, o);
}
