// Hosts with faults: a port in use, a second agent, directories that cannot be written, lack of resources, inherited
// signals and descriptors, missing programs, a wrong clock, an unusual hostname.
#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/errors/steady.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Environment : public SteadyTest {
 protected:
  /// A start that fails: the exit status is not 0 within the deadline; returns what it printed.
  std::string failed_start(const std::function<void()>& before_exec = {}) {
    sandbox.write_config();
    agent.start(before_exec);
    EXPECT_GT(agent.wait_exit(), 0) << agent.log();
    std::string log = agent.log();
    while (!log.empty() && log.back() == '\n') log.pop_back();
    const std::string last = log.substr(log.rfind('\n') + 1);
    return last.substr(last.find(' ') + 1);
  }
  /// A node that crashes is restarted and its cause is recorded; a reload succeeds.
  void expect_whole_job() {
    const auto before = must_spawn("serve-1").pid();
    ASSERT_TRUE(sandbox.signal(before, SIGKILL));
    ASSERT_TRUE(agent.wait_replaced("serve-1", before));
    ASSERT_EQ(agent.events("died", "serve-1").size(), 1U);
    EXPECT_THAT(agent.events("died", "serve-1").front(), HasSubstr("\"signal\":9"));
    EXPECT_EQ(agent.ctl({"reload"}).status, 0);
    ASSERT_TRUE(agent.wait_until_serving());
    EXPECT_TRUE(agent.stop_node("serve-1").success());
    remember();
  }
};

/// Called in the child before exec: creates its own mount namespace.
void private_mounts() {
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    _exit(124);
}

TEST_F(Environment, TheAgentPortIsTaken) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(sandbox.agent_port());
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(listen(fd, 4), 0);
  sandbox.write_config();
  agent.start();
  ASSERT_TRUE(wait_log("Cannot serve the Master's calls"));
  note("agent.agent_port is taken", log_line("Cannot serve the Master's calls"),
       "stop that program, or choose another agent.agent_port; meanwhile the agent keeps trying");
  EXPECT_EQ(master.trace(id).registrations, 0U) << "it registers only when its own server listens";
  EXPECT_EQ(agent.ctl({"spawn", "serve-1"}).status, 0) << "an operator is served all the same";
  close(fd);
  ASSERT_TRUE(agent.wait_until_serving()) << "and it comes back by itself";
  EXPECT_TRUE(agent.stop_node("serve-1").success());
}

TEST_F(Environment, ASecondAgent) {
  begin();
  const auto second = run({sandbox.binary("sutra-agent"), sandbox.config_path()});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr(std::to_string(agent.pid())), HasSubstr("runtime_dir")));
  const auto begin_of_text = second.err.find("start agent");
  note("a second agent on the same runtime_dir", second.err.substr(begin_of_text),
       "stop the first one, or give this one directories of its own");
}

TEST_F(Environment, ASecondAgentWithTheSameData) {
  begin();
  Sandbox other;
  other.set("storage", "data_path", "\"" + sandbox.at("data") + "\"");
  other.write_config();
  Agent second(other);
  second.start_and_wait();
  const auto answer = second.spawn("serve-healthy");
  EXPECT_FALSE(answer.success()) << "two servers on one data directory";
  EXPECT_THAT(answer.error_message(), HasSubstr(std::to_string(agent.node("serve-healthy")->pid())));
  note("a second agent is asked for a node in a data directory in use", answer.error_message(),
       "let one agent own data_path");
  EXPECT_EQ(second.stop(), 0);
}

TEST_F(Environment, DirectoriesThatCannotBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a mount namespace";
  for (const std::string name : {"state", "run"}) {
    const std::string directory = sandbox.at(name);
    std::filesystem::create_directories(directory);
    const auto readonly = failed_start([&] {
      private_mounts();
      if (mount("none", directory.c_str(), "tmpfs", MS_RDONLY, "") != 0) _exit(123);
    });
    EXPECT_THAT(readonly, AllOf(HasSubstr(directory), HasSubstr("Read-only file system")));
    note((name == "run" ? "runtime_dir" : "state_dir") + std::string(" is on a read-only disk"), readonly,
         "remount it writable, or choose another directory");
  }
}

TEST_F(Environment, ALogDirectoryThatCannotBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a mount namespace";
  const std::string log = sandbox.at("log");
  std::filesystem::create_directories(log);
  sandbox.write_config();
  agent.start_and_wait([&] {
    private_mounts();
    if (mount("none", log.c_str(), "tmpfs", MS_RDONLY, "") != 0) _exit(123);
  });
  const auto answer = agent.spawn("serve-1");
  EXPECT_FALSE(answer.success());
  EXPECT_THAT(answer.error_message(), AllOf(HasSubstr(log), HasSubstr("Read-only file system")));
  note("log_dir is on a read-only disk", answer.error_message(),
       "remount it writable, or choose another log_dir");
}

TEST_F(Environment, AFullDisk) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a mount namespace";
  const std::string state = sandbox.at("state");
  std::filesystem::create_directories(state);
  begin([&] {
    private_mounts();
    if (mount("none", state.c_str(), "tmpfs", 0, "size=64k,mode=755") != 0) _exit(123);
  });
  // The disk is mounted in the agent's namespace; its files are read through /proc of the agent.
  const std::string inside = "/proc/" + std::to_string(agent.pid()) + "/root" + state;
  write_file(inside + "/ballast", std::string(1 << 20, 'x'));
  const auto answer = agent.spawn("serve-1");
  EXPECT_FALSE(answer.success());
  EXPECT_THAT(answer.error_message(), HasSubstr("No space left"));
  EXPECT_FALSE(agent.node("serve-1"));
  note("state_dir is full: a new node", answer.error_message(), "free some space there, then ask again");
  const auto stop = agent.stop_node("serve-healthy");
  EXPECT_FALSE(stop.success()) << "a stop that cannot be recorded would come back";
  note("state_dir is full: a stop", stop.error_message(), "free some space there, then ask again");
  std::filesystem::remove(inside + "/ballast");
  EXPECT_TRUE(agent.spawn("serve-1").success());
}

TEST_F(Environment, DirectoriesThatWereDeleted) {
  begin();
  std::filesystem::remove_all(sandbox.at("state"));
  must_spawn("serve-1");
  EXPECT_TRUE(std::filesystem::exists(sandbox.at("state/nodes/serve-1.toml"))) << "made again";
  std::filesystem::remove_all(sandbox.at("run"));
  ASSERT_TRUE(eventually([&] { return agent.ctl({"list"}).status == 0; }, 30s))
      << "control socket and table are back";
  EXPECT_TRUE(wait_log("renewing: the configuration that runs is kept"));
  EXPECT_THAT(agent.ctl({"list"}).out, AllOf(HasSubstr("serve-1"), HasSubstr("serve-healthy")));
  const auto second = run({sandbox.binary("sutra-agent"), sandbox.config_path()});
  EXPECT_THAT(second.err, HasSubstr("another agent (pid " + std::to_string(agent.pid()) + ")"));
  ASSERT_TRUE(agent.wait_until_serving());
  EXPECT_EQ(master.trace(id).registrations, 1U) << "a registration would make the Master forget the nodes";
  EXPECT_TRUE(agent.stop_node("serve-1").success());
}

TEST_F(Environment, FewDescriptors) {
  begin([] {
    const rlimit few{64, 64};
    setrlimit(RLIMIT_NOFILE, &few);
  });
  std::string refusal;
  for (int i = 0; i < 40 && refusal.empty(); ++i) {
    refusal = agent.spawn("serve-" + std::to_string(i)).error_message();
  }
  ASSERT_FALSE(refusal.empty()) << "64 descriptors were enough";
  EXPECT_THAT(refusal, HasSubstr("Too many open files"));
  note("no file descriptor is left", refusal, "raise LimitNOFILE= in the unit, or `ulimit -n`");
}

TEST_F(Environment, FewProcesses) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become a user without processes";
  // The limit counts all processes of a user, so the agent runs as a user without other processes.
  constexpr uid_t kUser = 64123;
  for (const std::string directory : {"", "data", "state", "run", "log"}) {
    std::filesystem::create_directories(sandbox.at(directory));
    ASSERT_EQ(chown(sandbox.at(directory).c_str(), kUser, kUser), 0);
  }
  sandbox.write_config();
  agent.start([] {
    const rlimit few{64, 64};
    setrlimit(RLIMIT_NPROC, &few);
    if (setgroups(0, nullptr) != 0 || setgid(kUser) != 0 || setuid(kUser) != 0) _exit(125);
  });
  ASSERT_TRUE(agent.wait_until_serving()) << agent.log();
  std::string refusal;
  for (int i = 0; i < 70 && refusal.empty(); ++i) {
    refusal = agent.spawn("serve-" + std::to_string(i)).error_message();
  }
  ASSERT_FALSE(refusal.empty()) << "64 processes were enough";
  EXPECT_THAT(refusal, AllOf(HasSubstr("Resource temporarily unavailable"), HasSubstr("limit")));
  note("no process may be started any more", refusal, "raise LimitNPROC= or TasksMax= in the unit");
  EXPECT_EQ(agent.stop(), 0);
}

TEST_F(Environment, SignalsIgnoredAndBlocked) {
  begin([] {
    for (const int signum : {SIGCHLD, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signum, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
  });
  expect_whole_job();
}

TEST_F(Environment, NoStandardDescriptors) {
  begin([] { close_range(0, 2, 0); });
  must_spawn("serve-1");
  EXPECT_EQ(agent.ctl({"reload"}).status, 0);
  ASSERT_TRUE(agent.wait_until_serving());
  EXPECT_TRUE(agent.stop_node("serve-1").success());
}

TEST_F(Environment, AHostileEnvironmentAndUmask) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"LD_LIBRARY_PATH", "/nonexistent"},
                                                                      {"PATH", ""},
                                                                      {"HOME", "/nonexistent"},
                                                                      {"TMPDIR", "/nonexistent"},
                                                                      {"LC_ALL", "tr_TR.UTF-8"},
                                                                      {"SUTRA_LOG", "nonsense"},
                                                                      {"SUTRA_HANDOFF", "1:3,4,5"},
                                                                      {"http_proxy", "http://127.0.0.1:1"},
                                                                      {"GRPC_VERBOSITY", "nonsense"}}) {
    agent.set_environment(name, value);
  }
  begin([] {
    umask(0777);
    for (int fd = 200; fd < 260; ++fd) dup2(1, fd);
  });
  EXPECT_TRUE(agent.log_has("SUTRA_LOG"));
  note("SUTRA_LOG with a level that is none", log_line("SUTRA_LOG"), "use trace, debug, info, warn or error");
  expect_whole_job();
  struct stat found {};
  ASSERT_EQ(stat(sandbox.at("data/serve-healthy").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0750U);
}

TEST_F(Environment, MissingPrograms) {
  const std::string bin = sandbox.at("bin");
  std::filesystem::create_directories(bin);
  const std::string from = sandbox.binary("");
  for (const std::string name : {"sutra-agent", "sutra-agent-comms", "sutra-node-launch"}) {
    std::filesystem::copy_file(from + name, bin + "/" + name);
  }
  for (const std::string name : {"sutra-agent-comms", "sutra-node-launch"}) {
    const std::string path = bin + "/" + name;
    std::filesystem::rename(path, path + ".away");
    const auto start = run({bin + "/sutra-agent", sandbox.config_path()});
    EXPECT_EQ(start.status, 1);
    EXPECT_THAT(start.err, AllOf(HasSubstr(name), HasSubstr("install the package again")));
    note(name + " is missing", start.err.substr(start.err.find("find program")), "install the package again");
    std::filesystem::rename(path + ".away", path);
  }
}

TEST_F(Environment, CommsIsDeletedWhileTheAgentRuns) {
  const std::string bin = sandbox.at("bin");
  std::filesystem::create_directories(bin);
  for (const std::string name : {"sutra-agent", "sutra-agent-comms", "sutra-node-launch"}) {
    std::filesystem::copy_file(sandbox.binary(name), bin + "/" + name);
  }
  agent.use_program(bin + "/sutra-agent");
  sandbox.set("storage", "ready_timeout_secs", "3");
  begin();
  std::filesystem::rename(bin + "/sutra-agent-comms", bin + "/away");
  ASSERT_TRUE(sandbox.signal(agent.comms_pid(), SIGKILL));
  ASSERT_TRUE(wait_log("comms was not started"));
  note("sutra-agent-comms was deleted while the agent runs", log_line("comms was not started"),
       "install the package again; nodes run on, and the agent keeps trying");
  EXPECT_THAT(agent.ctl({"list"}).out, HasSubstr("serve-healthy")) << "operators are served without comms";
  const auto spawned = agent.ctl({"spawn", "serve-1"});
  EXPECT_EQ(spawned.status, 1);
  EXPECT_THAT(spawned.err, HasSubstr("comms"));
  note("`sutra-agentctl spawn` while comms is down", spawned.err,
       "look at `sutra-agentctl list` when comms is back");
  const auto reload = agent.ctl({"reload"});
  EXPECT_EQ(reload.status, 1) << "a reload would only find the same";
  EXPECT_THAT(reload.err, HasSubstr("sutra-agent-comms"));
  std::filesystem::rename(bin + "/away", bin + "/sutra-agent-comms");
  ASSERT_TRUE(agent.wait_until_serving());
  EXPECT_TRUE(agent.wait_status("serve-1", "running")) << "the start went on";
}

TEST_F(Environment, Hostnames) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a UTS namespace";
  for (const std::string& name : {std::string(), std::string(64, 'h')}) {
    sandbox.write_config();
    agent.start([&] {
      if (unshare(CLONE_NEWUTS) != 0 || sethostname(name.data(), name.size()) != 0) _exit(124);
    });
    ASSERT_TRUE(agent.wait_until_serving()) << agent.log();
    ASSERT_TRUE(master.wait(
        id, [](const auto& t) { return t.heartbeats > 0; }, 20s))
        << agent.log();
    EXPECT_TRUE(agent.spawn("serve-1").success());
    EXPECT_TRUE(agent.stop_node("serve-1").success());
    EXPECT_EQ(agent.stop(), 0);
  }
}

class Clock : public Environment, public ::testing::WithParamInterface<const char*> {};

/// The supervisor's wall clock shows another year; CLOCK_BOOTTIME is not changed.
TEST_P(Clock, AnotherYear) {
  agent.set_environment("LD_PRELOAD", SUTRA_TEST_CLOCK);
  agent.set_environment("ASAN_OPTIONS", "verify_asan_link_order=0");
  agent.set_environment("SUTRA_TEST_CLOCK", GetParam());
  begin();
  const auto before = must_spawn("serve-1").pid();
  ASSERT_TRUE(sandbox.signal(before, SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("serve-1", before));
  EXPECT_EQ(agent.events("died", "serve-1").size(), 1U);
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  agent.kill();
  agent.set_environment("LD_PRELOAD", {});  // and back in the present
  agent.start_and_wait();
  remember();
}

INSTANTIATE_TEST_SUITE_P(Year, Clock, ::testing::Values("0", "4102444800"), [](const auto& at) {
  return std::string(at.param[0] == '0' ? "In1970" : "In2100");
});

}  // namespace
}  // namespace sutra::e2e
