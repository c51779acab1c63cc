#include "tests/support/fake_platform.h"

namespace sutra::supervisor {
namespace {

using Server = std::shared_ptr<FakeServer>;

/// Removes the callback when the handle is destroyed.
class FakeWatch final : public Watch {
 public:
  FakeWatch(Server server, std::function<void()> FakeServer::*slot, std::function<void()> seen)
      : server_(std::move(server)), slot_(slot) {
    (*server_).*slot_ = std::move(seen);
  }
  FakeWatch(const FakeWatch&) = delete;
  FakeWatch& operator=(const FakeWatch&) = delete;
  ~FakeWatch() override { (*server_).*slot_ = nullptr; }

 private:
  Server server_;
  std::function<void()> FakeServer::*slot_;
};

class FakeProcess final : public ServerProcess {
 public:
  FakeProcess(CallLog& calls, Server server) : calls_(calls), server_(std::move(server)) {}
  [[nodiscard]] const ProcessIdentity& identity() const override { return server_->identity; }
  [[nodiscard]] std::optional<Ended> ended() const override {
    if (!server_->exit) return std::nullopt;
    return Ended{server_->exit_known ? *server_->exit : core::Exit{}, server_->child};
  }
  void reap() override { calls_.push_back("reap " + server_->name); }
  [[nodiscard]] WatchHandle watch_end(std::function<void()> seen) override {
    return std::make_unique<FakeWatch>(server_, &FakeServer::see_end, std::move(seen));
  }

 private:
  CallLog& calls_;
  Server server_;
};

class FakeLaunch final : public Launch {
 public:
  FakeLaunch(CallLog& calls, Server server) : calls_(calls), server_(std::move(server)) {}
  [[nodiscard]] Status open_gate() override {
    calls_.push_back("gate " + server_->name);
    return {};
  }
  [[nodiscard]] LaunchProgress progress() override { return server_->progress; }
  [[nodiscard]] LaunchFailure failure() const override { return server_->failure; }
  [[nodiscard]] WatchHandle watch_report(std::function<void()> seen) override {
    return std::make_unique<FakeWatch>(server_, &FakeServer::see_report, std::move(seen));
  }

 private:
  CallLog& calls_;
  Server server_;
};

class FakeTree final : public NodeTree {
 public:
  const Server server;

  FakeTree(CallLog& calls, Server of) : server(std::move(of)), calls_(calls) {}
  [[nodiscard]] int cgroup_fd() const override { return -1; }
  [[nodiscard]] int events_fd() const override { return -1; }
  [[nodiscard]] bool populated() override { return server->populated; }
  void repeat_kill() override {}
  void terminate() override { calls_.push_back("terminate " + server->name); }
  void kill() override { calls_.push_back("kill " + server->name); }
  [[nodiscard]] bool oom_killed() const override { return server->oom; }
  bool remove() override {
    if (server->busy > 0) {
      --server->busy;
      return false;
    }
    calls_.push_back("remove tree " + server->name);
    return true;
  }

 private:
  CallLog& calls_;
};

}  // namespace

Result<StartedProcess> FakePlatform::start(const core::Node& node) {
  const std::string id = name(node.intent.node_id, node.generation);
  if (start_fails) return *start_fails;
  calls_.push_back("start " + id);
  auto server = std::make_shared<FakeServer>();
  server->name = id;
  server->identity = {++last_pid_, 1, 0, "boot"};
  servers[id] = server;
  StartedProcess started;
  started.process = std::make_unique<FakeProcess>(calls_, server);
  started.launch = std::make_unique<FakeLaunch>(calls_, server);
  started.tree = std::make_unique<FakeTree>(calls_, server);
  return started;
}

Result<std::unique_ptr<ServerProcess>> FakePlatform::find(const ProcessIdentity& identity) {
  if (find_fails) return *find_fails;
  std::unique_ptr<ServerProcess> process;
  for (const auto& [id, server] : servers) {
    if (server->identity == identity) process = std::make_unique<FakeProcess>(calls_, server);
  }
  return process;
}

std::unique_ptr<NodeTree> FakePlatform::adopt_tree(const std::string& node_id, std::uint64_t generation,
                                                   const ServerProcess*) {
  auto& server = servers[name(node_id, generation)];
  if (!server) {  // one that does not exist is empty
    server = std::make_shared<FakeServer>();
    server->name = name(node_id, generation);
    server->populated = false;
  }
  return std::make_unique<FakeTree>(calls_, server);
}

WatchHandle FakePlatform::watch_tree(NodeTree& tree, std::function<void()> seen) {
  return std::make_unique<FakeWatch>(static_cast<FakeTree&>(tree).server, &FakeServer::see_tree,
                                     std::move(seen));
}

}  // namespace sutra::supervisor
