// Real redis and etcd as storage servers.
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using ::testing::HasSubstr;

class RealServers : public AgentTest {
 protected:
  /// A redis listens before it has loaded its data.
  static bool soon_has(std::uint16_t port, const std::string& key, const std::string& value) {
    return eventually([&] {
      return ask_port(port, "GET " + key + "\r\n") == "$" + std::to_string(value.size()) + "\r\n" + value;
    });
  }
};

TEST_F(RealServers, RedisKeepsItsKeysThroughACrash) {
  sandbox.use_redis();
  start();
  const auto r = must_spawn("cache");
  const auto port = static_cast<std::uint16_t>(r.port());
  EXPECT_EQ(ask_port(port, "PING\r\n"), "+PONG");
  EXPECT_EQ(ask_port(port, "SET greeting hello\r\n"), "+OK");
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("cache", r.pid()));
  EXPECT_EQ(agent.node("cache")->port(), r.port());
  EXPECT_TRUE(soon_has(port, "greeting", "hello"));
  EXPECT_TRUE(agent.stop_node("cache").success());
}

TEST_F(RealServers, RedisThatSavesInTheBackgroundIsNotStartedTwice) {
  sandbox.use_redis();
  start();
  const auto r = must_spawn("cache");
  const auto port = static_cast<std::uint16_t>(r.port());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask_port(port, "SET k" + std::to_string(i) + " v\r\n"), "+OK");
  // 50 keys, a tenth of a second each: the child that saves them lives longer than its parent unless it is killed.
  ASSERT_EQ(ask_port(port, "CONFIG SET rdb-key-save-delay 100000\r\n"), "+OK");
  EXPECT_THAT(ask_port(port, "BGSAVE\r\n"), HasSubstr("Background saving started"));
  const std::string pid = std::to_string(r.pid());
  pid_t saving = 0;
  std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> saving;
  ASSERT_TRUE(process_exists(saving));
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("cache", r.pid()));
  EXPECT_FALSE(process_exists(saving)) << "a second redis began while the first one's child still wrote";
  EXPECT_TRUE(soon_has(port, "k49", "v"));
}

TEST_F(RealServers, EtcdKeepsItsKeysThroughACrash) {
  sandbox.use_etcd();
  sandbox.set("storage", "ready_timeout_secs", "20");
  start();
  const auto r = must_spawn("registry");
  const std::string endpoint = "--endpoints=127.0.0.1:" + std::to_string(r.port());
  // etcd listens before it is the leader.
  ASSERT_TRUE(eventually([&] {
    return run({"/usr/bin/etcdctl", endpoint, "put", "greeting", "hello"}).status == 0;
  }));
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("registry", r.pid()));
  EXPECT_EQ(agent.node("registry")->port(), r.port());
  ASSERT_TRUE(eventually([&] {
    return run({"/usr/bin/etcdctl", endpoint, "get", "greeting"}).out.find("hello") != std::string::npos;
  }));
  EXPECT_TRUE(agent.stop_node("registry").success());
}

}  // namespace
}  // namespace sutra::e2e
