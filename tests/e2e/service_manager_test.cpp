// The messages to systemd: ready, watchdog, stopping; none when the loop hangs.
#include <gmock/gmock.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

class ServiceManagerTest : public AgentTest {
 protected:
  ServiceManagerTest() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), path_(sandbox.at("notify")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~ServiceManagerTest() override { close(fd_); }

  void start_watched() {
    sandbox.write_config();
    agent.set_environment("NOTIFY_SOCKET", path_);
    agent.set_environment("WATCHDOG_USEC", "400000");
    agent.set_environment("WATCHDOG_PID", {});
    agent.start_and_wait();
  }
  /// The next message, or empty after `patience`.
  std::string next(std::chrono::milliseconds patience = 10s) const {
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(patience.count())) != 1) return {};
    char text[256];
    const ssize_t n = recv(fd_, text, sizeof text, 0);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }
  bool hears(const std::string& message) const {
    for (int i = 0; i < 200; ++i) {
      const std::string heard = next();
      if (heard == message) return true;
      if (heard.empty()) return false;
    }
    return false;
  }

 private:
  int fd_;
  std::string path_;
};

TEST_F(ServiceManagerTest, GetsReadyWatchdogAndStopping) {
  start_watched();
  EXPECT_EQ(next(), "READY=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(agent.ctl({"reload"}).status, 0);
  EXPECT_TRUE(hears("READY=1")) << "the image that replaced it is watched, too";
  EXPECT_TRUE(hears("WATCHDOG=1"));
  agent.signal(SIGTERM);
  EXPECT_TRUE(hears("STOPPING=1"));
  EXPECT_EQ(agent.wait_exit(), 0);
}

TEST_F(ServiceManagerTest, GetsNothingFromALoopThatHangs) {
  start_watched();
  EXPECT_TRUE(hears("WATCHDOG=1"));
  agent.signal(SIGSTOP);
  while (!next(500ms).empty()) {  // skips messages sent before
  }
  EXPECT_EQ(next(1s), "") << "longer than the manager waits";
  agent.signal(SIGCONT);
  EXPECT_TRUE(hears("WATCHDOG=1"));
}

}  // namespace
}  // namespace sutra::e2e
