// Storage servers that cannot be started or do not behave as a storage server should. Each first start that fails
// gives the reason and leaves no node behind.
#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <elf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <future>

#include "tests/errors/steady.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Servers : public SteadyTest {
 protected:
  /// Reloads with this binary_path; the healthy node keeps the old binary.
  void use_binary(const std::string& path) { reload_with("storage", "binary_path", "\"" + path + "\""); }

  std::string expect_failure(const std::string& input, const std::string& node_id, const std::string& says,
                             const std::string& action) {
    SCOPED_TRACE(input);
    const auto answer = agent.spawn(node_id);
    EXPECT_FALSE(answer.success());
    EXPECT_THAT(answer.error_message(), AllOf(HasSubstr(node_id), HasSubstr(says)));
    EXPECT_FALSE(agent.node(node_id)) << "a failed first start leaves no node behind";
    note(input, answer.error_message(), action);
    return answer.error_message();
  }

  std::string file(const std::string& name, const std::string& bytes, mode_t mode) {
    const std::string path = sandbox.at(name);
    write_file(path, bytes);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
};

TEST_F(Servers, BinariesThatCannotBeExecuted) {
  begin();
  const std::string real = read_file(sandbox.binary("sutra-test-node"));
  std::string foreign = real;
  foreign[offsetof(Elf64_Ehdr, e_machine)] = EM_S390;
  std::filesystem::create_directories(sandbox.at("directory"));
  const std::string set = "set storage.binary_path to the server's program and reload";

  use_binary(sandbox.at("nothing"));
  expect_failure("binary_path names nothing", "serve-1", "No such file", set);
  use_binary(sandbox.at("directory"));
  expect_failure("binary_path is a directory", "serve-1", "directory", set);
  use_binary(file("plain", real, 0644));
  expect_failure("binary_path is not executable", "serve-1", "chmod", "run the chmod that the message names");
  use_binary(file("foreign", foreign, 0755));
  expect_failure("binary_path is built for another architecture", "serve-1", "not a program for this machine",
                 "install the build for this host");
  use_binary(file("cut", real.substr(0, 100), 0755));
  expect_failure("binary_path is a truncated ELF file", "serve-1", "not a program for this machine",
                 "install it again");
  use_binary(file("script", "#!/no/such/interpreter\n", 0755));
  expect_failure("binary_path is a script whose interpreter is missing", "serve-1", "interpreter",
                 "install the interpreter");
  use_binary(file("empty", "", 0755));
  expect_failure("binary_path is an empty file", "serve-1", "not a program for this machine",
                 "install it again");
  use_binary(sandbox.binary("sutra-test-node"));
  EXPECT_TRUE(agent.spawn("serve-1").success()) << "a valid binary works again";
}

TEST_F(Servers, ThatExitAtOnce) {
  begin();
  const std::string look = "read its last lines, in the message and in its log";
  expect_failure("the server exits at once with 0", "exit0-1", "exited with code 0", look);
  const auto seven = expect_failure("the server exits at once with 7", "exit7-1", "exited with code 7", look);
  EXPECT_THAT(seven, HasSubstr("exiting with 7 as asked")) << "its last lines";
  expect_failure("the server dies of SIGSEGV", "segv-1", "signal 11", look);
  expect_failure("the server forks and lets its parent exit", "daemonize-1", "exited with code 0",
                 "start it in the foreground (no --daemonize)");
}

TEST_F(Servers, ThatDoNotServeOnTheirPort) {
  sandbox.set("storage", "ready_timeout_secs", "2");
  begin();
  const std::string listen = "make it listen on {port} of loopback; see the message";
  expect_failure("the server never listens", "deaf-1", "does not accept connections", listen);
  expect_failure("the server listens on another port", "elsewhere-1", "does not accept connections", listen);
  EXPECT_TRUE(agent.spawn("late1000-1").success()) << "a late server is accepted";
}

TEST_F(Servers, ThatAreUnusualButServe) {
  begin();
  EXPECT_TRUE(agent.spawn("closefds-1").success()) << "closes all its descriptors";
  EXPECT_TRUE(agent.spawn("mute-1").success()) << "prints nothing";
  EXPECT_TRUE(agent.spawn("flood-1").success()) << "prints much";
}

/// Another program answers on the node's port and the node itself never listens: the start must not succeed.
TEST_F(Servers, AnotherProgramThatAnswersOnTheNodesPort) {
  if (geteuid() != 0) GTEST_SKIP() << "needs a second user";
  sandbox.set("storage", "ready_timeout_secs", "2").set("agent", "storage_user", "\"nobody\"");
  begin();
  const std::uint16_t port = sandbox.free_port();
  auto spawning = std::async(std::launch::async, [&] { return agent.spawn("deaf-1", port); });
  ASSERT_TRUE(eventually([&] { return agent.node("deaf-1").has_value(); }));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(listen(fd, 16), 0);
  const auto answer = spawning.get();
  close(fd);
  EXPECT_FALSE(answer.success()) << "a listener of uid 0 is not the node of another user";
  EXPECT_FALSE(agent.node("deaf-1"));
  note("another program answers on the node's port", answer.error_message(),
       "stop that program, or send another port");
}

/// A gigabyte of output neither blocks the node nor fills the disk: the log is rotated past its bound.
TEST_F(Servers, AGigabyteOfOutput) {
  sandbox.set("storage", "max_log_mb", "1").set("storage", "ready_timeout_secs", "20");
  begin();
  const auto answer = agent.spawn("flood1024-1");
  EXPECT_TRUE(answer.success()) << answer.error_message();
  EXPECT_TRUE(eventually(
      [&] { return std::filesystem::file_size(sandbox.at("log/flood1024-1.log")) < (2U << 20U); }, 40s));
}

}  // namespace
}  // namespace sutra::e2e
