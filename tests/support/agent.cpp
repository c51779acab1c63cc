#include "tests/support/agent.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "ipc/node_table.h"

namespace sutra::e2e {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<grpc::ClientContext> context(std::chrono::seconds deadline) {
  auto c = std::make_unique<grpc::ClientContext>();
  c->set_deadline(std::chrono::system_clock::now() + deadline * test::kPatience);
  return c;
}

std::string drain(int fd) {
  std::string text;
  char buffer[4096];
  lseek(fd, 0, SEEK_SET);
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

/// For execve(2), which takes them as char* and does not change them. They live as long as `words`.
std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

int decoded(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

bool process_exists(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  return pid > 0 && !status.empty() && status.find("State:\tZ") == std::string::npos;
}

std::string ask_port(std::uint16_t port, const std::string& line, std::chrono::milliseconds timeout) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    (void)!send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(timeout.count())) == 1) {
      char buffer[4096];
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n > 0) answer.assign(buffer, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  while (!answer.empty() && (answer.back() == '\n' || answer.back() == '\r')) answer.pop_back();
  return answer;
}

Finished run(const std::vector<std::string>& command, std::chrono::seconds deadline) {
  const int out = memfd_create("out", MFD_CLOEXEC);
  const int err = memfd_create("err", MFD_CLOEXEC);
  const std::vector<char*> argv = pointers(command);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(out, 1);
    dup2(err, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  Finished finished;
  int status = 0;
  if (!eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }, deadline)) {
    ::kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  finished.status = decoded(status);
  finished.out = drain(out);
  finished.err = drain(err);
  close(out);
  close(err);
  return finished;
}

Agent::Agent(Sandbox& sandbox) : sandbox_(sandbox), program_(sandbox.binary("sutra-agent")) {}

Agent::~Agent() {
  const std::string table = sandbox_.at("run/nodes.table");
  if (pid_ > 0) {
    signal(SIGCONT);
    signal(SIGTERM);
    if (wait_exit(15s) < 0) kill();
    if (testing::Test::HasFailure()) std::fprintf(stderr, "--- the agent's log:\n%s---\n", log().c_str());
  }
  // Also kills what a killed agent left.
  const auto cgroups = sandbox_.cgroups();
  for (const auto& leaf : cgroups) write_file(leaf + "/cgroup.kill", "1");
  if (!cgroups.empty()) {
    (void)eventually(
        [&] {
          return std::all_of(cgroups.begin(), cgroups.end(),
                             [](const auto& leaf) { return rmdir(leaf.c_str()) == 0 || errno == ENOENT; });
        },
        5s);
  }
  // Where there are no cgroups: by the pids that its table shows.
  if (const auto reader = ipc::NodeTableReader::open(table)) {
    for (const auto& each : reader.value()->snapshot()) (void)sandbox_.signal(each.row.pid, SIGKILL);
  }
}

void Agent::set_environment(const std::string& name, std::optional<std::string> value) {
  environment_[name] = std::move(value);
}

std::vector<std::string> Agent::environment() const {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (!environment_.contains(std::string(variable.substr(0, variable.find('=')))))
      all.emplace_back(variable);
  }
  for (const auto& [name, value] : environment_) {
    if (value) all.push_back(name + "=" + *value);
  }
  return all;
}

void Agent::start(const std::function<void()>& before_exec) {
  // Allocates all memory before the fork: in the child another thread's lock on the heap would never be released.
  // glibc handles that, AddressSanitizer does not.
  const std::vector<std::string> command{"sutra-agent", "--config", sandbox_.config_path()};
  const std::vector<std::string> variables = environment();
  const std::vector<char*> argv = pointers(command), envp = pointers(variables);
  const int log = open(sandbox_.at("agent.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t pid = fork();
  if (pid == 0) {
    if (chdir(sandbox_.path().c_str()) != 0) _exit(126);
    dup2(log, 1);
    dup2(log, 2);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (before_exec) before_exec();
    execve(program_.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  close(log);
  ASSERT_GT(pid, 0) << "fork: " << std::strerror(errno);
  pid_ = pid;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  stub_ = agent::GridAgent::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(sandbox_.agent_port()), grpc::InsecureChannelCredentials(), arguments));
}

bool Agent::wait_until_serving() {
  return eventually([this] {
    auto c = context(1s);
    c->set_wait_for_ready(true);  // without it the channel reconnects only every 5 s
    agent::ListNodesResponse response;
    return stub_->ListNodes(c.get(), {}, &response).ok();
  });
}

void Agent::start_and_wait(const std::function<void()>& before_exec) {
  start(before_exec);
  ASSERT_TRUE(wait_until_serving()) << log();
}

pid_t Agent::comms_pid() const {
  const std::string pid = std::to_string(pid_);
  std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
  for (pid_t child = 0; children >> child;) {
    std::string name;
    std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
    if (name == "sutra-agent-com") return child;
  }
  return 0;
}

void Agent::signal(int signum) const {
  if (pid_ > 0) ::kill(pid_, signum);
}

void Agent::kill() {
  if (pid_ <= 0) return;
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int Agent::stop() {
  signal(SIGTERM);
  return wait_exit();
}

int Agent::wait_exit(std::chrono::seconds deadline) {
  int status = 0;
  if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, deadline)) return -1;
  pid_ = 0;
  return decoded(status);
}

std::string Agent::log() const { return read_file(sandbox_.at("agent.log")); }

std::vector<std::string> Agent::events(const std::string& what, const std::string& node_id) const {
  std::ifstream file(sandbox_.at("state/events.jsonl"));
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"what\":\"" + what + "\"") != std::string::npos &&
        line.find("\"node_id\":\"" + node_id + "\"") != std::string::npos) {
      found.push_back(line);
    }
  }
  return found;
}

agent::SpawnNodeResponse Agent::spawn(const std::string& node_id, std::uint32_t port, const std::string& path,
                                      std::uint64_t memory_mb) {
  agent::SpawnNodeRequest request;
  request.set_node_id(node_id);
  request.set_port(port);
  request.set_storage_path(path);
  request.set_memory_limit_mb(memory_mb);
  agent::SpawnNodeResponse response;
  auto c = context(30s);
  const grpc::Status status = stub_->SpawnNode(c.get(), request, &response);
  if (!status.ok()) response.set_error_message("rpc: " + status.error_message());
  return response;
}

agent::StopNodeResponse Agent::stop_node(const std::string& node_id) {
  agent::StopNodeRequest request;
  request.set_node_id(node_id);
  agent::StopNodeResponse response;
  auto c = context(10s);
  const grpc::Status status = stub_->StopNode(c.get(), request, &response);
  if (!status.ok()) response.set_error_message("rpc: " + status.error_message());
  return response;
}

std::optional<agent::NodeStatusResponse> Agent::node(const std::string& node_id) {
  agent::NodeStatusRequest request;
  request.set_node_id(node_id);
  agent::NodeStatusResponse response;
  auto c = context(5s);
  if (!stub_->GetNodeStatus(c.get(), request, &response).ok()) return {};
  return response;
}

std::vector<agent::NodeStatusResponse> Agent::nodes() {
  agent::ListNodesResponse response;
  auto c = context(5s);
  (void)stub_->ListNodes(c.get(), {}, &response);
  return {response.nodes().begin(), response.nodes().end()};
}

bool Agent::wait_status(const std::string& node_id, const std::string& status,
                        std::chrono::milliseconds deadline) {
  return eventually(
      [&] {
        const auto now = node(node_id);
        return now && now->status() == status;
      },
      deadline);
}

bool Agent::wait_replaced(const std::string& node_id, std::uint32_t before,
                          std::chrono::milliseconds deadline) {
  return eventually(
      [&] {
        const auto now = node(node_id);
        return now && now->status() == "running" && now->pid() != before && now->pid() != 0;
      },
      deadline);
}

Finished Agent::ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(),
                   {sandbox_.binary("sutra-agentctl"), "--config", sandbox_.config_path()});
  return run(arguments);
}

}  // namespace sutra::e2e
