// Masters that are other programs, that hang, or that refuse: the agent says why, keeps trying, and continues to serve.
// How long it waits between tries is tested in tests/unit/comms.
#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "tests/errors/steady.h"
#include "tests/support/raw_server.h"

namespace sutra::e2e {
namespace {

using comms::testing::RawServer;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class Masters : public SteadyTest {
 protected:
  /// Puts a faulty Master first in the list and checks what the agent logs about it. The working Master after it must
  /// get heartbeats.
  void expect_passed_over(const std::string& input, std::uint16_t port, const std::string& says,
                          const std::string& action) {
    SCOPED_TRACE(input);
    const std::string bad = "127.0.0.1:" + std::to_string(port);
    sandbox.set("agent", "master_host", "[\"" + bad + "\", \"" + master.address() + "\"]");
    begin();
    const std::string sign = "Cannot connect to Master at " + bad;
    ASSERT_TRUE(wait_log(sign)) << agent.log();
    std::string line = log_line(sign);
    EXPECT_THAT(line, HasSubstr(says));
    line.replace(line.find(bad), bad.size(), "master-1:7000");
    note(input, line, action);
  }
  static void say(int fd, std::string_view bytes) {
    (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  static constexpr const char* kAddress = "correct agent.master_host";
};

TEST_F(Masters, ThatIsNotRunning) {
  expect_passed_over("nothing listens at master_host", sandbox.free_port(), "connection refused",
                     "start the Master, or correct agent.master_host");
}

TEST_F(Masters, ThatAcceptsAndCloses) {
  const RawServer server([](int fd) { shutdown(fd, SHUT_RDWR); });
  expect_passed_over("the Master accepts and closes at once", server.port(), "closed",
                     "see the Master's log; it may expect TLS");
}

TEST_F(Masters, ThatSpeaksHttp1) {
  const RawServer server([](int fd) {
    say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    shutdown(fd, SHUT_WR);
  });
  expect_passed_over("an HTTP/1 server is at master_host", server.port(), "HTTP/1", kAddress);
}

TEST_F(Masters, ThatTalksAnotherProtocol) {
  const RawServer server([](int fd) { say(fd, std::string(4096, '\xa5')); });
  expect_passed_over("something else answers at master_host", server.port(), "gRPC", kAddress);
}

TEST_F(Masters, ThatSendsNothing) {
  const RawServer server([](int) {});
  expect_passed_over("a plain TCP server that says nothing", server.port(), "says nothing", kAddress);
}

/// Accepts the HTTP/2 connection and then neither reads nor answers, so that its TCP window becomes full.
TEST_F(Masters, ThatStopsReading) {
  const RawServer server([](int fd) {
    const int small = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(fd, std::string_view("\0\0\0\4\0\0\0\0\0", 9));  // an empty SETTINGS frame, RFC 9113 6.5
  });
  const std::string bad = "127.0.0.1:" + std::to_string(server.port());
  sandbox.set("agent", "master_host", "[\"" + bad + "\", \"" + master.address() + "\"]");
  begin();
  const std::string sign = "Registration with Master at " + bad + " failed";
  ASSERT_TRUE(wait_log(sign)) << agent.log();
  std::string line = log_line(sign);
  EXPECT_THAT(line, HasSubstr("no answer in time"));
  line.replace(line.find(bad), bad.size(), "master-1:7000");
  note("the Master's TCP window stays shut", line, "the Master hangs: restart it");
}

/// SYNs into a full backlog are dropped, as a firewall does.
TEST_F(Masters, BehindAFirewallThatDropsPackets) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(sandbox.free_port());
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  std::deque<int> fill;
  for (int i = 0; i < 8; ++i) {
    fill.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(fill.back(), reinterpret_cast<sockaddr*>(&a), sizeof a);
  }
  const std::string bad = "127.0.0.1:" + std::to_string(ntohs(a.sin_port));
  sandbox.set("agent", "master_host", "[\"" + bad + "\", \"" + master.address() + "\"]");
  begin();
  const std::string sign = "Cannot connect to Master at " + bad;
  ASSERT_TRUE(wait_log(sign)) << agent.log();
  std::string line = log_line(sign);
  // With SYN cookies the kernel may accept first and reset the connection later.
  EXPECT_THAT(line,
              AnyOf(HasSubstr("no answer to the connection attempt"), HasSubstr("Connection reset by peer")));
  line.replace(line.find(bad), bad.size(), "master-1:7000");
  note("master_host is behind a black hole", line, "check the address, the host and the firewalls between");
  for (const int fd : fill) close(fd);
  close(listener);
}

TEST_F(Masters, ThatRefusesTheRegistration) {
  master.set_registration_reply("agent is not on the list of this cluster");
  sandbox.write_config();
  agent.start_and_wait();
  ASSERT_TRUE(wait_log("not on the list"));
  const auto first = master.trace(id).registrations;
  note("the Master refuses the registration", log_line("refused the registration: "),
       "do what the Master's reason says");
  ASSERT_TRUE(master.wait(
      id, [=](const auto& t) { return t.registrations > first; }, 30s))
      << "tried again";
  EXPECT_TRUE(agent.spawn("serve-1").success()) << "it serves meanwhile";
  master.set_registration_reply(std::nullopt);
  EXPECT_TRUE(master.wait(
      id, [](const auto& t) { return t.heartbeats > 0; }, 60s));
  EXPECT_TRUE(agent.stop_node("serve-1").success());
}

}  // namespace
}  // namespace sutra::e2e
