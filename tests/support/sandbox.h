// A directory, free ports and an agent-config.toml for one end-to-end test; removed at its end. Tests only.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sutra::e2e {

/// A block of ports below the ephemeral range. No other test on this host uses it while this object exists.
class PortBlock {
 public:
  PortBlock();
  ~PortBlock();
  PortBlock(const PortBlock&) = delete;
  PortBlock& operator=(const PortBlock&) = delete;
  [[nodiscard]] std::uint16_t first() const { return first_; }

 private:
  int lock_ = -1;
  std::uint16_t first_ = 0;
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string at(const std::string& relative) const { return path_ + "/" + relative; }
  [[nodiscard]] std::uint16_t agent_port() const { return agent_port_; }
  [[nodiscard]] std::uint16_t range_start() const { return ports_.first(); }
  /// A free port of this block outside of the nodes' range; a different one at each call.
  [[nodiscard]] std::uint16_t free_port();

  /// Sets one key of the configuration, value in TOML; written by the next write_config(). Empty value:
  /// leaves it out.
  Sandbox& set(const std::string& table, const std::string& key, const std::string& toml_value);
  void write_config() const;
  [[nodiscard]] std::string config_path() const { return at("agent-config.toml"); }
  [[nodiscard]] std::string binary(const std::string& name) const;

  /// Sends a signal to a process only if its working directory lies in the sandbox. Refuses pid 0 and -1, which kill(2)
  /// takes for groups. False: not in the sandbox, or it has ended.
  [[nodiscard]] bool signal(std::int64_t pid, int signum) const;

  /// Cgroups that an agent with this agent_id created, leaves first.
  [[nodiscard]] std::vector<std::string> cgroups() const;

  /// Configures a real storage server.
  Sandbox& use_redis();
  Sandbox& use_etcd();

 private:
  std::string path_;
  PortBlock ports_;
  std::uint16_t next_free_;
  std::uint16_t agent_port_;
  std::map<std::string, std::map<std::string, std::string>> config_;
};

[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace sutra::e2e
