// redis and etcd as storage servers: the real things.
#include <gmock/gmock.h>

#include "tests/e2e/fixture.h"

namespace sutra::e2e {
namespace {

using ::testing::HasSubstr;

class RealServers : public AgentTest {};

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
  EXPECT_THAT(ask_port(port, "GET greeting\r\n"), HasSubstr("hello"));
  EXPECT_TRUE(agent.stop_node("cache").success());
}

TEST_F(RealServers, RedisThatSavesInTheBackgroundIsNotDoubled) {
  sandbox.use_redis();
  start();
  const auto r = must_spawn("cache");
  const auto port = static_cast<std::uint16_t>(r.port());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask_port(port, "SET k" + std::to_string(i) + " v\r\n"), "+OK");
  EXPECT_THAT(ask_port(port, "BGSAVE\r\n"), HasSubstr("Background saving started"));
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("cache", r.pid()));
  EXPECT_THAT(ask_port(port, "GET k49\r\n"), HasSubstr("v"));
}

TEST_F(RealServers, EtcdKeepsItsKeysThroughACrash) {
  sandbox.use_etcd();
  sandbox.set("storage", "ready_timeout_secs", "20");
  start();
  const auto r = must_spawn("registry");
  const std::string endpoint = "--endpoints=127.0.0.1:" + std::to_string(r.port());
  // etcd listens before it has elected itself.
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
