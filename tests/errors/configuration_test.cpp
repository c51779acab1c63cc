// Faulty configuration files: --check-config, a start and a reload give the same complete report and change nothing.
// The values of each key are tested in tests/unit/common.
#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/errors/steady.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class Configuration : public SteadyTest {
 protected:
  void SetUp() override {
    begin();
    good_ = read_file(sandbox.config_path());
  }
  void TearDown() override {
    std::filesystem::remove_all(sandbox.config_path());
    write_file(sandbox.config_path(), good_);
    SteadyTest::TearDown();
  }
  std::string without(const std::string& key) const {
    std::string text = good_;
    const auto at = text.find("\n" + key + " = ");
    text.erase(at, text.find('\n', at + 1) - at);
    return text;
  }
  std::string with(const std::string& table, const std::string& line) const {
    std::string text = good_;
    const std::string key = line.substr(0, line.find(' '));
    if (const auto at = text.find("\n" + key + " = "); at != std::string::npos) {
      text.erase(at, text.find('\n', at + 1) - at);
    }
    const std::string heading = "[" + table + "]\n";
    if (text.find(heading) == std::string::npos) return text + heading + line + "\n";
    return text.insert(text.find(heading) + heading.size(), line + "\n");
  }

  /// The file at config_path is faulty: --check-config, a start and a reload report it, and the running agent does not
  /// change.
  void expect_fault(const std::string& input, const std::vector<std::string>& says,
                    const std::string& action) {
    SCOPED_TRACE(input);
    const auto check = run({sandbox.binary("sutra-agent"), "--check-config", sandbox.config_path()});
    EXPECT_EQ(check.status, 78);
    EXPECT_EQ(check.out, "");
    for (const auto& part : says) EXPECT_THAT(check.err, HasSubstr(part));
    const auto ctl = agent.ctl({"check-config"});
    EXPECT_EQ(ctl.status, 78);
    for (const auto& part : says) EXPECT_THAT(ctl.err, HasSubstr(part));
    const pid_t comms = agent.comms_pid();
    const auto reload = agent.ctl({"--runtime-dir", sandbox.at("run"), "reload"});
    EXPECT_EQ(reload.status, 1) << reload.err;
    for (const auto& part : says) EXPECT_THAT(reload.err, HasSubstr(part));
    EXPECT_EQ(agent.comms_pid(), comms) << "a refused reload changes nothing";
    note(input, check.err, action);
  }
  void expect_fault_of(const std::string& input, const std::string& text,
                       const std::vector<std::string>& says, const std::string& action) {
    write_file(sandbox.config_path(), text);
    expect_fault(input, says, action);
  }
  const std::string& good() const { return good_; }

 private:
  std::string good_;
};

TEST_F(Configuration, FilesThatAreNotConfigurations) {
  const std::string path = sandbox.config_path();
  std::filesystem::remove(path);
  expect_fault("the file is missing", {path, "No such file"}, "name the file, or put one there");
  std::filesystem::create_directory(path);
  expect_fault("the file is a directory", {path, "directory"}, "name the file in it");
  std::filesystem::remove(path);
  expect_fault_of("the file is empty", "", {"empty"},
                  "begin with the agent-config.toml that comes with the agent");
  expect_fault_of("the file is binary",
                  std::string("\x7f"
                              "ELF\0\1\2",
                              7),
                  {".toml:1:", "binary"}, "name the right file");
  expect_fault_of("the file is not UTF-8", good() + "# caf\xe9\n", {"UTF-8"}, "save it as UTF-8");
  write_file(path, "");
  ASSERT_EQ(truncate(path.c_str(), 100 << 20), 0);
  expect_fault("the file has 100 MB", {"MiB"}, "name the right file");
  if (geteuid() != 0) {
    write_file(path, good());
    ASSERT_EQ(chmod(path.c_str(), 0), 0);
    expect_fault("the file may not be read", {"Permission denied"},
                 "give the agent's user the right to read it");
  }
}

TEST_F(Configuration, FilesWithAByteOrderMarkOrCrLf) {
  std::string crlf;
  for (const char c : good()) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text : {"\xef\xbb\xbf" + good(), crlf}) {
    write_file(sandbox.config_path(), text);
    EXPECT_EQ(run({sandbox.binary("sutra-agent"), "--check-config", sandbox.config_path()}).status, 0);
  }
}

TEST_F(Configuration, MissingKeys) {
  for (const std::string key :
       {"agent_id", "platform", "master_host", "max_storage_nodes", "binary_path", "data_path"}) {
    expect_fault_of("`" + std::string(key) + "` is missing", without(key), {key}, "add it");
  }
  EXPECT_EQ(run({sandbox.binary("sutra-agent"), "--check-config", sandbox.config_path()}).status, 78);
}

TEST_F(Configuration, KeysAndTablesThatAreUnknown) {
  expect_fault_of("an unknown key", with("agent", "agent_portt = 1"),
                  {"agent_portt", "agent_port", ".toml:2:"}, "correct its name");
  expect_fault_of("an unknown table", good() + "[storrage]\n", {"storrage", "storage"}, "correct its name");
  expect_fault_of("a key twice", with("agent", "platform = \"x\"\nplatform = \"y\""), {"platform", "line"},
                  "remove one of the two");
  expect_fault_of("a text without quotes", with("agent", "master_host = localhost:7000"),
                  {".toml:2:15:", "agent.master_host", "quotes"}, "write the text in quotes");
}

TEST_F(Configuration, Values) {
  const std::string allowed = "write a value that the message names as allowed";
  expect_fault_of("a number where text belongs", with("agent", "agent_id = 7"), {"agent_id", "integer"},
                  allowed);
  expect_fault_of("text where a number belongs", with("agent", "agent_port = \"8000\""),
                  {"agent_port", "string"}, allowed);
  expect_fault_of("a negative number", with("agent", "max_storage_nodes = -1"), {"max_storage_nodes", "-1"},
                  allowed);
  expect_fault_of("zero", with("monitoring", "heartbeat_interval_secs = 0"), {"heartbeat_interval_secs"},
                  allowed);
  expect_fault_of("a port beyond 65535", with("agent", "agent_port = 65536"), {"65536", "65535"}, allowed);
  expect_fault_of("a template with an unknown {name}", with("storage", "args = [\"--port\", \"{prot}\"]"),
                  {"{prot}", "{port}"}, "use a placeholder that the message names");
  expect_fault_of("time-outs beyond the Master's deadline",
                  with("storage", "stop_grace_secs = 9\nready_timeout_secs = 25"), {"28"},
                  "together at most 28 s, stop_grace_secs at most 9");
  expect_fault_of("the grace alone too long", with("storage", "stop_grace_secs = 10"),
                  {"stop_grace_secs", "9"}, "at most 9 s");
  expect_fault_of("a `master_host` without port", with("agent", "master_host = \"127.0.0.1\""),
                  {"master_host"}, "add the port: \"HOST:PORT\"");
  expect_fault_of("a `master_host` with a bare IPv6 literal", with("agent", "master_host = \"::1:7000\""),
                  {"["}, "write it in brackets: \"[::1]:7000\"");
  expect_fault_of("plaintext to a Master off loopback",
                  with("agent", "master_host = \"master.example:7000\""), {"tls", "allow_plaintext"},
                  "configure [tls], or set tls.allow_plaintext = true");
  expect_fault_of("half a [tls]", good() + "[tls]\nca_file = \"/etc/ca.pem\"\n", {"cert_file", "key_file"},
                  "give all three files, or none");
}

TEST_F(Configuration, Directories) {
  const std::string apart = "keep the agent's own directories and the roots of the nodes' data apart";
  expect_fault_of("`state_dir` in `data_path`",
                  with("agent", "state_dir = \"" + sandbox.at("data/agent") + "\""),
                  {"agent.state_dir", " lies in storage.data_path ", "neither lies in the other"}, apart);
  expect_fault_of("`log_dir` around an allowed root",
                  with("storage", "allowed_storage_roots = [\"" + sandbox.at("log/nodes") + "\"]"),
                  {"storage.log_dir", " contains storage.allowed_storage_roots "}, apart);
  expect_fault_of("`~` in a path", with("storage", "data_path = \"~/data\""),
                  {"storage.data_path", "\"~\" is not replaced"}, "write the path itself");
  expect_fault_of("a variable in a path", with("storage", "data_path = \"$HOME/data\""),
                  {"storage.data_path", "variables are not replaced"}, "write the path itself");
}

/// An agent that was started there once would find its data in "/" otherwise.
TEST_F(Configuration, AWorkingDirectoryThatWasRemoved) {
  write_file(sandbox.config_path(), with("storage", "data_path = \"data\""));
  const auto removed = [&](const std::string& config) {
    return run({"/bin/sh", "-c",
                "mkdir \"$1\" && cd \"$1\" && rmdir \"$1\" && exec \"$2\" --check-config \"$3\"", "sh",
                sandbox.at("removed"), sandbox.binary("sutra-agent"), config});
  };
  const auto check = removed(sandbox.config_path());
  EXPECT_EQ(check.status, 78);
  EXPECT_THAT(check.err, AllOf(HasSubstr("storage.data_path"), HasSubstr("does not exist any more")));
  note("a relative path, and the working directory was removed", check.err,
       "write an absolute path, or start the agent in a directory that exists");
  const auto relative = removed("agent-config.toml");
  EXPECT_EQ(relative.status, 78);
  note("a relative `--config`, and the working directory was removed", relative.err,
       "name the file by its absolute path");
}

TEST_F(Configuration, AFileThatTheOperatorsToolCannotRead) {
  const auto ctl = [&](const std::string& config) {
    return run({sandbox.binary("sutra-agentctl"), "--config", config, "spawn", "serve-1"});
  };
  const std::string missing = sandbox.at("typo.toml");
  note("`sutra-agentctl --config` with a file that is missing", ctl(missing).err, "correct its name");
  write_file(missing, "[agent]\nruntime_dir = 7\n");
  const auto faulty = ctl(missing);
  EXPECT_EQ(faulty.status, 1);
  note("`sutra-agentctl --config` with a file whose `runtime_dir` cannot be read",
       faulty.err.substr(faulty.err.find("find the agent")), "correct it, or give `--runtime-dir`");
  EXPECT_FALSE(agent.node("serve-1"));
}

TEST_F(Configuration, EveryFaultInOneReport) {
  std::string text = with("agent", "agent_port = 0");
  text = text.insert(text.find("[storage]\n") + 10, "binary_pth = \"x\"\n");
  expect_fault_of("three faults at once", text + "[tlss]\n", {"agent_port", "binary_pth", "tlss"},
                  "correct each: all are listed");
}

TEST_F(Configuration, WhatAReloadCannotChange) {
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"agent_id", "\"somebody-else\""},
                                   {"state_dir", "\"" + sandbox.at("other-state") + "\""}}) {
    write_file(sandbox.config_path(), with("agent", key + " = " + value));
    const auto reload = agent.ctl({"reload"});
    EXPECT_EQ(reload.status, 1);
    EXPECT_THAT(reload.err, HasSubstr("a reload cannot change it"));
    note("a reload with another " + key, reload.err, "stop the agent and start it again");
  }
}

/// Without live nodes a start with a faulty file ends with EX_CONFIG and the same report.
TEST_F(Configuration, AStartWithoutLiveNodes) {
  Sandbox other;
  other.set("agent", "agent_port", "0").set("storage", "binary_pth", "\"x\"");
  other.write_config();
  const auto check = run({other.binary("sutra-agent"), "--check-config", other.config_path()});
  const auto start = run({other.binary("sutra-agent"), other.config_path()});
  EXPECT_EQ(start.status, 78);
  EXPECT_EQ(start.err, check.err);
  EXPECT_FALSE(std::filesystem::exists(other.at("state"))) << "nothing is made";
}

/// A host name that does not resolve is not a fault of the file: it may resolve later.
TEST_F(Configuration, AMasterThatCannotBeResolvedYet) {
  write_file(sandbox.config_path(),
             with("agent", "master_host = [\"no-such-host.invalid:7000\", \"" + master.address() + "\"]") +
                 "[tls]\nallow_plaintext = true\n");
  const auto reload = agent.ctl({"reload"});
  EXPECT_EQ(reload.status, 0) << reload.err;
  ASSERT_TRUE(wait_log("no-such-host.invalid:7000: "));
  note("a Master's name that cannot be resolved", log_line("no-such-host.invalid:7000: "),
       "correct the name or the DNS; the agent keeps trying, and goes to the next Master meanwhile");
  ASSERT_TRUE(agent.wait_until_serving());
  remember();
}

}  // namespace
}  // namespace sutra::e2e
