#include "tests/support/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sutra::e2e {
namespace {

bool is_free(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return free;
}

constexpr unsigned kRange = 120;  // for nodes
constexpr unsigned kBlock = 150;
constexpr unsigned kBlocks = 145;
constexpr unsigned kFirstBlock = 10000;

}  // namespace

// Tests run in parallel: one lock file for each block, so that no other test takes a port between check and use.
PortBlock::PortBlock() {
  const std::string directory = "/tmp/sutra-e2e-ports";
  mkdir(directory.c_str(), 01777);
  for (unsigned n = static_cast<unsigned>(getpid()) % kBlocks;; n = (n + 1) % kBlocks) {
    lock_ = open((directory + "/" + std::to_string(n)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    first_ = static_cast<std::uint16_t>(kFirstBlock + n * kBlock);
    if (flock(lock_, LOCK_EX | LOCK_NB) == 0) {
      unsigned free = 0;
      while (free < kBlock && is_free(static_cast<std::uint16_t>(first_ + free))) ++free;
      if (free == kBlock) return;
    }
    close(lock_);
  }
}
PortBlock::~PortBlock() { close(lock_); }

Sandbox::Sandbox()
    : next_free_(static_cast<std::uint16_t>(ports_.first() + kRange)), agent_port_(free_port()) {
  const char* temporary = std::getenv("TMPDIR");
  std::string pattern = std::string(temporary != nullptr ? temporary : "/tmp") + "/sutra-e2e.XXXXXX";
  path_ = std::filesystem::canonical(mkdtemp(pattern.data()));  // the path as /proc shows it
  chmod(path_.c_str(), 0755);
  set("agent", "agent_id", "\"e2e-" + std::to_string(getpid()) + "-" + std::to_string(agent_port_) + "\"");
  set("agent", "platform", "\"docker\"");
  set("agent", "master_host", "\"127.0.0.1:1\"");
  set("agent", "max_storage_nodes", "100");
  set("agent", "agent_port", std::to_string(agent_port_));
  set("agent", "state_dir", "\"" + at("state") + "\"");
  set("agent", "runtime_dir", "\"" + at("run") + "\"");
  set("storage", "binary_path", "\"" + binary("sutra-test-node") + "\"");
  set("storage", "data_path", "\"" + at("data") + "\"");
  set("storage", "log_dir", "\"" + at("log") + "\"");
  set("storage", "default_memory_mb", "512");
  set("storage", "default_port_range_start", std::to_string(ports_.first()));
  set("storage", "port_range_size", std::to_string(kRange));
  set("monitoring", "heartbeat_interval_secs", "1");
  set("monitoring", "health_check_interval_secs", "1");
  set("monitoring", "backoff_initial_ms", "100");
  set("monitoring", "backoff_max_secs", "1");
  set("logging", "level", "\"debug\"");
  write_config();
}

Sandbox::~Sandbox() {
  std::error_code ignored;
  if (std::getenv("SUTRA_KEEP") == nullptr) std::filesystem::remove_all(path_, ignored);
}

std::uint16_t Sandbox::free_port() { return next_free_++; }

Sandbox& Sandbox::set(const std::string& table, const std::string& key, const std::string& toml_value) {
  if (toml_value.empty()) {
    config_[table].erase(key);
  } else {
    config_[table][key] = toml_value;
  }
  return *this;
}

void Sandbox::write_config() const {
  std::ostringstream text;
  for (const auto& [table, keys] : config_) {
    text << '[' << table << "]\n";
    for (const auto& [key, value] : keys) text << key << " = " << value << '\n';
  }
  write_file(config_path(), text.str());
}

bool Sandbox::signal(std::int64_t pid, int signum) const {
  if (pid <= 0) return false;
  // The pidfd is opened first, so that the process that is checked is the one that gets the signal, even if the pid is
  // reused.
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (process < 0) return false;
  std::error_code gone;
  const std::string works_in =
      std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone).string();
  const bool ours = works_in == path_ || works_in.starts_with(path_ + "/");
  const bool sent = ours && syscall(SYS_pidfd_send_signal, process, signum, nullptr, 0U) == 0;
  close(process);
  return sent;
}

std::vector<std::string> Sandbox::cgroups() const {
  std::string id = config_.at("agent").at("agent_id");
  id = id.substr(1, id.size() - 2);
  std::vector<std::string> found;
  for (const std::string& root : {std::string("/sys/fs/cgroup"), std::string("/sys/fs/cgroup/unified")}) {
    const std::string ours = root + "/sutra-" + id;
    std::error_code none;
    for (const auto& leaf : std::filesystem::directory_iterator(ours, none)) {
      if (leaf.is_directory()) found.push_back(leaf.path());
    }
    if (std::filesystem::exists(ours)) found.push_back(ours);
  }
  return found;
}

// The programs of another build, if asked for: a long campaign may run after this build was changed.
std::string Sandbox::binary(const std::string& name) const {
  const char* elsewhere = std::getenv("SUTRA_TEST_BIN_DIR");
  return std::string(elsewhere != nullptr ? elsewhere : SUTRA_BIN_DIR) + "/" + name;
}

Sandbox& Sandbox::use_redis() {
  set("storage", "binary_path", "\"/usr/bin/redis-server\"");
  return set(
      "storage", "args",
      R"(["--port", "{port}", "--dir", "{storage_path}", "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""])");
}

Sandbox& Sandbox::use_etcd() {
  set("storage", "binary_path", "\"/usr/bin/etcd\"");
  return set("storage", "args",
             R"(["--name", "{node_id}", "--data-dir", "{storage_path}/member-data",
  "--listen-client-urls", "http://127.0.0.1:{port}", "--advertise-client-urls", "http://127.0.0.1:{port}",
  "--listen-peer-urls", "http://127.0.0.1:0"])");
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

}  // namespace sutra::e2e
