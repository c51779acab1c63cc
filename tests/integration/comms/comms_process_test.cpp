// The program itself, started as the supervisor starts it: descriptors 3 to 5 and nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/grid/reference_master.h"
#include "tests/support/comms_fixture.h"

namespace sutra::comms {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using testing::kPatience;

/// The child gets 3, 4, 5; its stderr goes to `log`. Killed when the test ends.
class Program {
 public:
  Program(int channel, int table, int config, int log) {
    pid_ = fork();
    EXPECT_GE(pid_, 0);
    if (pid_ != 0) return;
    // Moved up first: a target number may be one of the sources.
    const int from[] = {fcntl(channel, F_DUPFD, 20), fcntl(table, F_DUPFD, 20), fcntl(config, F_DUPFD, 20),
                        fcntl(log, F_DUPFD, 20)};
    dup2(from[0], 3);
    dup2(from[1], 4);
    dup2(from[2], 5);
    dup2(from[3], 2);
    syscall(SYS_close_range, 6U, ~0U, 0U);
    execl(SUTRA_COMMS_BINARY, "sutra-agent-comms", nullptr);
    _exit(127);
  }
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The exit status; -1: it did not exit in time, or by a signal.
  int wait() {
    int status = 0;
    if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
};

class CommsProgram : public testing::CommsTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(master_.start("127.0.0.1:0").ok());
    text_ =
        "[agent]\nagent_id = \"agent-1\"\nplatform = \"desktop\"\nmax_storage_nodes = 4\nmaster_host = \"" +
        master_.address() + "\"\nagent_port = " + std::to_string(config_.agent.agent_port) +
        "\n[storage]\nbinary_path = \"/bin/true\"\ndata_path = \"" + directory_.path() +
        "\"\n[monitoring]\nheartbeat_interval_secs = 1\n";
  }
  void start() {
    const auto loaded = parse_config(text_, ConfigContext::of_this_process());
    ASSERT_TRUE(loaded.ok()) << loaded.report("test");
    const std::string rendered = render_config(loaded.config, Audience::kComms);
    const UniqueFd config(memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(write(config.get(), rendered.data(), rendered.size()), static_cast<ssize_t>(rendered.size()));
    ASSERT_EQ(fcntl(config.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    auto pair = ipc::Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    const auto table = table_->open_read_only();
    ASSERT_TRUE(table.ok());
    const UniqueFd log(open(log_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    program_ =
        std::make_unique<Program>(pair.value().second.get(), table.value().get(), config.get(), log.get());
    supervisor_ = std::make_unique<ipc::Channel>(std::move(pair.value().first));
    send(ipc::Welcome{});
  }
  [[nodiscard]] std::string log_path() const { return directory_.path() + "/log"; }
  [[nodiscard]] std::string log() const {
    std::ifstream file(log_path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool beats() {
    return master_.wait(
        "agent-1", [](const grid_testing::AgentTrace& trace) { return trace.heartbeats >= 2; }, kPatience);
  }

  grid_testing::ReferenceMaster master_;
  std::string text_;
  std::unique_ptr<Program> program_;
};

TEST_F(CommsProgram, LogsTheContractsLinesAndExitsWithZeroOnRetire) {
  start();
  ASSERT_TRUE(beats()) << log();
  send(ipc::Retire{});
  EXPECT_EQ(program_->wait(), 0);
  EXPECT_EQ(master_.trace("agent-1").unregistrations, 1U);
  const auto text = log();
  std::size_t at = 0;
  for (const std::string& line :
       {"🔌 Connecting to Master at " + master_.address(), std::string("✅ Connected to Master"),
        std::string("📝 Registering with Master..."), std::string("✅ Registered with Master (Master v"),
        std::string("💓 Starting heartbeat loop (interval: 1s)")}) {
    at = text.find(line, at);
    ASSERT_NE(at, std::string::npos) << line << " is missing or out of order in:\n" << text;
  }
}

TEST_F(CommsProgram, IgnoresTheTerminalsSignalsAndEndsWhenTheSupervisorIsGone) {
  start();
  ASSERT_TRUE(beats()) << log();
  ASSERT_GT(program_->pid(), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ASSERT_EQ(kill(program_->pid(), signal), 0);
  const auto before = master_.trace("agent-1").heartbeats;
  EXPECT_TRUE(master_.wait(
      "agent-1", [before](const grid_testing::AgentTrace& trace) { return trace.heartbeats > before; },
      kPatience));
  std::ifstream comm("/proc/" + std::to_string(program_->pid()) + "/comm");
  std::string name;
  std::getline(comm, name);
  EXPECT_EQ(name, "sutra-agent-com");
  supervisor_.reset();
  EXPECT_EQ(program_->wait(), 0);
  EXPECT_EQ(master_.trace("agent-1").unregistrations, 0U);
}

TEST(CommsProgramByHand, SaysThatTheSupervisorStartsIt) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in.get(), 2);
    syscall(SYS_close_range, 3U, ~0U, 0U);
    execl(SUTRA_COMMS_BINARY, "sutra-agent-comms", nullptr);
    _exit(127);
  }
  in.reset();
  std::string said(200, '\0');
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(out.get(), said.data(), said.size()))));
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(said, HasSubstr("start sutra-agent"));
}

}  // namespace
}  // namespace sutra::comms
