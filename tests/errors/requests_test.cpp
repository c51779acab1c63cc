// Requests that cannot succeed, sent directly to the agent, through a Master and through sutra-agentctl: each is refused
// with its reason and leaves nothing behind.
#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "grid.grpc.pb.h"
#include "tests/errors/steady.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

struct Bad {
  std::string input;  ///< for the page
  std::string node_id = "serve-1";
  std::string path = {};
  std::uint32_t port = 0;
  std::uint64_t memory = 0;
  std::string says;    ///< a part of the message
  std::string action;  ///< for the page
};

class Requests : public SteadyTest {
 protected:
  std::string through_master(const Bad& bad) {
    auto stub =
        grid::GridMaster::NewStub(grpc::CreateChannel(master.address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 30s);
    grid::SpawnRequest request;
    request.set_agent_id(id);
    request.set_storage_path(bad.path);
    request.set_port(bad.port);
    request.set_memory_limit_mb(bad.memory);
    grid::SpawnResponse response;
    const auto status = stub->SpawnStorageNode(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_FALSE(response.success());
    return response.error_message();
  }

  /// Refused in the same way on all three paths; nothing is left.
  void expect_refused(const Bad& bad) {
    SCOPED_TRACE(bad.input);
    const auto before = agent.nodes().size();
    const auto answer = agent.spawn(bad.node_id, bad.port, bad.path, bad.memory);
    EXPECT_FALSE(answer.success());
    EXPECT_THAT(answer.error_message(), HasSubstr(bad.says));
    EXPECT_EQ(answer.error_message().find("rpc:"), std::string::npos) << answer.error_message();
    note(bad.input, answer.error_message(), bad.action);
    if (bad.node_id == "serve-1") {  // a Master chooses node ids itself
      EXPECT_THAT(through_master(bad), HasSubstr(bad.says));
    }
    const bool fits_a_command_line = bad.path.size() < 100'000 &&
                                     bad.node_id.find('\0') == std::string::npos &&
                                     bad.path.find('\0') == std::string::npos && !bad.node_id.empty();
    if (fits_a_command_line) {
      const auto ctl = agent.ctl({"spawn", "--path", bad.path, "--port", std::to_string(bad.port),
                                  "--memory-mb", std::to_string(bad.memory), "--", bad.node_id});
      EXPECT_THAT(ctl.status, AnyOf(1, 2)) << ctl.err;
      EXPECT_THAT(ctl.err, HasSubstr(bad.says));
      EXPECT_EQ(ctl.out, "");
    }
    EXPECT_EQ(agent.nodes().size(), before);
  }
};

TEST_F(Requests, NodeIds) {
  begin();
  const std::string choose = "send 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot or a dash";
  for (const auto& [input, node_id] :
       std::vector<std::pair<std::string, std::string>>{{"node_id empty", ""},
                                                        {"node_id of 65 characters", std::string(65, 'a')},
                                                        {"node_id with a slash", "a/b"},
                                                        {"node_id `..`", ".."},
                                                        {"node_id with a leading dot", ".a"},
                                                        {"node_id with a leading dash", "-a"},
                                                        {"node_id with a newline", "a\nb"},
                                                        {"node_id with a NUL byte", std::string("a\0b", 3)},
                                                        {"node_id with UTF-8 beyond ASCII",
                                                         "n\xc3\xb6"
                                                         "de"}}) {
    expect_refused({.input = input, .node_id = node_id, .says = "node_id", .action = choose});
  }
  EXPECT_TRUE(agent.spawn(std::string(64, 'a')).success()) << "64 characters are allowed";
}

TEST_F(Requests, StoragePaths) {
  std::filesystem::create_directories(sandbox.at("data"));
  std::filesystem::create_symlink("/tmp", sandbox.at("data/link"));
  write_file(sandbox.at("data/file"), "I am a file");
  begin();
  must_spawn("serve-2", 0, "a/b");
  const std::string relative = "leave storage_path empty, or send one relative to data_path";
  const std::vector<Bad> all = {
      {.input = "storage_path with `..`", .path = "../x", .says = "\"..\"", .action = relative},
      {.input = "storage_path outside the roots",
       .path = "/opt/elsewhere",
       .says = "outside the storage roots",
       .action = relative + ", or add the root to allowed_storage_roots"},
      {.input = "storage_path that is a root itself",
       .path = sandbox.at("data"),
       .says = "storage root itself",
       .action = relative},
      {.input = "another node's directory",
       .path = "a/b",
       .says = "node serve-2",
       .action = "choose another"},
      {.input = "nested in another node's",
       .path = "a/b/c",
       .says = "node serve-2",
       .action = "choose another"},
      {.input = "around another node's", .path = "a", .says = "node serve-2", .action = "choose another"},
      {.input = "through a symbolic link",
       .path = "link/x",
       .says = "symbolic link",
       .action = "name the real directory, beneath a root"},
      {.input = "a symbolic link",
       .path = "link",
       .says = "symbolic link",
       .action = "name the real directory, beneath a root"},
      {.input = "a file", .path = "file", .says = "not a directory", .action = "choose another path"},
      {.input = "storage_path of 256 bytes",
       .path = "/" + std::string(255, 'x'),
       .says = "",
       .action = "send a shorter one"},
      {.input = "storage_path of 1 MB",
       .path = std::string(1'000'000, 'x'),
       .says = "at most 255",
       .action = "send a shorter one"},
      {.input = "storage_path with a NUL byte",
       .path = std::string("a\0b", 3),
       .says = "NUL",
       .action = "send one without"},
      {.input = "storage_path with a newline",
       .path = "a\nb",
       .says = "control character",
       .action = "send one without"}};
  for (const auto& bad : all) expect_refused(bad);
  const std::string root = sandbox.at("data/");
  const std::string longest(255 - root.size(), 'y');
  EXPECT_TRUE(agent.spawn("serve-3", 0, longest).success()) << "255 bytes in all are allowed";
  expect_refused({.input = "one byte more than 255, resolved",
                  .path = longest + "y",
                  .says = "256 bytes",
                  .action = "send a shorter one"});
}

TEST_F(Requests, DirectoriesOfOtherUsers) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  std::filesystem::create_directories(sandbox.at("data/foreign"));
  ASSERT_EQ(chown(sandbox.at("data/foreign").c_str(), 12345, 12345), 0);
  begin();
  expect_refused({.input = "a directory that another user owns",
                  .path = "foreign",
                  .says = "chown",
                  .action = "run the chown that the message names, or choose another path"});
}

TEST_F(Requests, Disks) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a mount namespace";
  const std::string full = sandbox.at("full");
  const std::string readonly = sandbox.at("readonly");
  const std::string gone = sandbox.at("gone");
  for (const auto& root : {full, readonly, gone}) std::filesystem::create_directories(root);
  sandbox.set("storage", "allowed_storage_roots",
              "[\"" + full + "\", \"" + readonly + "\", \"" + gone + "\"]");
  begin([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      _exit(124);
    if (mount("none", full.c_str(), "tmpfs", 0, "nr_inodes=1") != 0) _exit(123);
    if (mount("none", readonly.c_str(), "tmpfs", MS_RDONLY, "") != 0) _exit(122);
  });
  expect_refused({.input = "a directory on a full disk",
                  .path = full + "/x",
                  .says = "No space left",
                  .action = "free space or inodes there"});
  expect_refused({.input = "a directory on a read-only disk",
                  .path = readonly + "/x",
                  .says = "Read-only file system",
                  .action = "remount it writable, or name it in the ReadWritePaths= of the units"});
  std::filesystem::remove(gone);
  EXPECT_TRUE(agent.spawn("serve-1", 0, gone + "/x").success()) << "a root that vanished is made again";
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  write_file(gone + ".file", "");
  std::filesystem::remove_all(gone);
  std::filesystem::rename(gone + ".file", gone);
  expect_refused({.input = "a root that became a file",
                  .path = gone + "/x",
                  .says = "not a directory",
                  .action = "see what replaced the directory"});
}

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool listen_on(std::uint16_t port) const {
    return call(::bind, port) == 0 && listen(fd_, 4) == 0;
  }
  [[nodiscard]] bool connect_to(std::uint16_t port) const { return call(::connect, port) == 0; }

 private:
  template <typename F>
  int call(F function, std::uint16_t port) const {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
    if (bound.ss_family == AF_INET6) {
      sockaddr_in6 a{};
      a.sin6_family = AF_INET6;
      a.sin6_port = htons(port);
      a.sin6_addr = in6addr_loopback;
      return function(fd_, reinterpret_cast<const sockaddr*>(&a), sizeof a);
    }
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return function(fd_, reinterpret_cast<const sockaddr*>(&a), sizeof a);
  }
  int fd_;
};

TEST_F(Requests, Ports) {
  const std::uint16_t four_port = sandbox.free_port();
  const std::uint16_t six_port = sandbox.free_port();
  const std::uint16_t waiting_port = sandbox.free_port();
  const Socket four(AF_INET);
  const Socket six(AF_INET6);
  ASSERT_TRUE(four.listen_on(four_port));
  ASSERT_TRUE(six.listen_on(six_port));
  begin();
  const std::string other = "send another port, or 0 to have one chosen";
  expect_refused({.input = "port 65536", .port = 65536, .says = "65535", .action = other});
  expect_refused({.input = "port 4294967295", .port = 4294967295, .says = "65535", .action = other});
  expect_refused({.input = "the agent's own port",
                  .port = sandbox.agent_port(),
                  .says = "agent.agent_port",
                  .action = other});
  expect_refused({.input = "another node's port",
                  .port = agent.node("serve-healthy")->port(),
                  .says = "node serve-healthy",
                  .action = other});
  expect_refused({.input = "another program listens there on IPv4",
                  .port = four_port,
                  .says = "uid",
                  .action = other + ", or stop that program"});
  expect_refused({.input = "another program listens there on IPv6 only",
                  .port = six_port,
                  .says = "[::1]",
                  .action = other + ", or stop that program"});
  {
    // The side that closes first keeps the address in TIME_WAIT.
    const Socket server(AF_INET);
    ASSERT_TRUE(server.listen_on(waiting_port));
    const Socket client(AF_INET);
    ASSERT_TRUE(client.connect_to(waiting_port));
    const int accepted = accept(server.fd(), nullptr, nullptr);
    shutdown(accepted, SHUT_WR);
    close(accepted);
  }
  EXPECT_TRUE(agent.spawn("serve-2", waiting_port).success()) << "a port in TIME_WAIT is free";
  EXPECT_TRUE(agent.spawn("serve-3", 65535).success() || !agent.node("serve-3"));
  const auto one = agent.spawn("serve-1", 1);  // the node's user may not bind there
  EXPECT_FALSE(one.success());
  EXPECT_THAT(one.error_message(), AllOf(HasSubstr("exited with code 1"), HasSubstr("Permission denied")));
  note("port 1, which the node's user may not bind", one.error_message(), "send a port of 1024 or above");
}

TEST_F(Requests, Memory) {
  begin();
  expect_refused({.input = "memory_limit_mb 2^63",
                  .memory = std::uint64_t{1} << 63U,
                  .says = "too large",
                  .action = "send megabytes, not bytes; 0 for the default"});
  EXPECT_TRUE(agent.spawn("serve-1").success()) << "0 is the default";
  const auto one = agent.spawn("serve-2", 0, {}, 1);
  EXPECT_EQ(one.success(), agent.node("serve-2").has_value()) << "too little: then no node is left behind";
}

TEST_F(Requests, Limits) {
  sandbox.set("agent", "max_storage_nodes", "4").set("storage", "port_range_size", "2");
  begin();
  must_spawn("serve-2");
  expect_refused({.input = "every port of the range is taken",
                  .says = "port_range_size",
                  .action = "stop a node, or raise storage.port_range_size"});
  must_spawn("serve-3", sandbox.free_port());
  must_spawn("serve-4", sandbox.free_port());
  expect_refused({.input = "max_storage_nodes nodes exist",
                  .port = sandbox.free_port(),
                  .says = "max_storage_nodes",
                  .action = "stop a node, or raise agent.max_storage_nodes"});
}

TEST_F(Requests, UnknownNodesAndRunningNodes) {
  begin();
  const auto stopped = agent.stop_node("nobody");
  EXPECT_FALSE(stopped.success());
  note("StopNode of an unknown node", stopped.error_message(), "look at `sutra-agentctl list`");
  EXPECT_FALSE(agent.node("nobody"));
  const auto restarted = agent.ctl({"restart", "nobody"});
  EXPECT_EQ(restarted.status, 1);
  note("`sutra-agentctl restart` of an unknown node", restarted.err, "look at `sutra-agentctl list`");
  must_spawn("serve-1");
  const auto differs = agent.spawn("serve-1", 0, {}, 77);
  EXPECT_THAT(differs.error_message(), AllOf(HasSubstr("memory"), HasSubstr("77")));
  note("another request under a live node_id", differs.error_message(),
       "stop the node first, or send the same");
}

TEST_F(Requests, AnAnswerAfterTheCallerHungUp) {
  begin();
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 5ms);
    agent::SpawnNodeRequest request;
    request.set_node_id("late200-" + std::to_string(i));
    agent::SpawnNodeResponse response;
    (void)agent.stub().SpawnNode(&context, request, &response);
  }
  EXPECT_TRUE(eventually([&] {
    for (const auto& node : agent.nodes()) {
      if (node.status() != "running") return false;
    }
    return true;
  })) << "what reached the agent goes on";
}

TEST_F(Requests, StopsAndStartsAtTheSameTime) {
  sandbox.set("monitoring", "max_restarts", "1");
  begin();
  auto spawning = std::async(std::launch::async, [&] { return agent.spawn("deaf-1"); });
  ASSERT_TRUE(eventually([&] { return agent.node("deaf-1").has_value(); }));
  EXPECT_TRUE(agent.stop_node("deaf-1").success());
  const auto cancelled = spawning.get();
  EXPECT_FALSE(cancelled.success());
  note("StopNode while the node starts: to whoever asked for the start", cancelled.error_message(),
       "ask again");

  must_spawn("ignoreterm-1");
  auto stopping = std::async(std::launch::async, [&] { return agent.stop_node("ignoreterm-1"); });
  ASSERT_TRUE(agent.wait_status("ignoreterm-1", "stopping"));
  const auto refused = agent.spawn("ignoreterm-1");
  EXPECT_FALSE(refused.success());
  note("SpawnNode while the node is being stopped", refused.error_message(), "ask again when it is gone");
  EXPECT_TRUE(stopping.get().success());

  must_spawn("once-1");
  ASSERT_TRUE(sandbox.signal(agent.node("once-1")->pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_status("once-1", "failed"));
  const auto quarantined = agent.ctl({"restart", "once-1"});
  EXPECT_EQ(quarantined.status, 0) << "an operator's restart answers at exec; " << quarantined.err;
  ASSERT_TRUE(agent.wait_status("once-1", "failed")) << "it still exits at once";
  std::filesystem::remove(sandbox.at("data/once-1/served-once"));
  EXPECT_EQ(agent.ctl({"restart", "once-1"}).status, 0);
  EXPECT_TRUE(agent.wait_status("once-1", "running"));
}

}  // namespace
}  // namespace sutra::e2e
