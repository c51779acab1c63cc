#include "common/host_port.h"

#include <gmock/gmock.h>

namespace sutra {
namespace {

using ::testing::HasSubstr;

TEST(HostPort, IsReadAndWrittenBack) {
  for (const std::string text :
       {"localhost:7000", "127.0.0.1:1", "[::1]:7000", "[fd00::2]:65535", "a-b.c_d.example:8"}) {
    const auto read = parse_host_port(text);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(read.value().text(), text);
  }
  EXPECT_EQ(parse_host_port("[::1]:7000").value(), (HostPort{"::1", 7000}));
}

TEST(HostPort, FaultsSayWhichPartIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is empty"},
      {"localhost", "port is missing"},
      {"localhost:", "is not a valid port"},
      {"localhost:0", "is not a valid port"},
      {"localhost:65536", "is not a valid port"},
      {"localhost:7000x", "is not a valid port"},
      {"localhost:-1", "is not a valid port"},
      {"localhost: 7000", "is not a valid port"},
      {":7000", "host is missing"},
      {"::1:7000", "in brackets"},
      {"[::1]", "port is missing"},
      {"[::1:7000", "not closed"},
      {"[::1]7000", "not closed"},
      {"[127.0.0.1]:7000", "no IPv6 address"},
      {"[]:7000", "no IPv6 address"},
      {"http://localhost:7000", "scheme"},
      {"two words:7000", "neither a name nor an address"},
      {"-x:7000", "neither a name nor an address"},
  };
  for (const auto& [text, cause] : cases) {
    const auto read = parse_host_port(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().message(), HasSubstr(cause)) << text;
  }
}

TEST(HostPort, FaultsAreSafeToPrint) {
  EXPECT_THAT(parse_host_port("a\x1b[31m\n:1").error().message(), HasSubstr("a\\x1b[31m\\x0a:1"));
}

TEST(HostPort, LoopbackIsRecognisedWithoutResolving) {
  for (const auto* host :
       {"127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost"}) {
    EXPECT_TRUE((HostPort{host, 1}).is_loopback()) << host;
  }
  for (const auto* host :
       {"128.0.0.1", "::2", "0.0.0.0", "localhost.example", "127.0.0.1.example", "127.1", ""}) {
    EXPECT_FALSE((HostPort{host, 1}).is_loopback()) << host;
  }
}

TEST(HostPort, WildcardsAreRecognisedInAnySpelling) {
  for (const auto* address : {"0.0.0.0", "::", "0:0:0:0:0:0:0:0"}) EXPECT_TRUE(is_wildcard_address(address));
  for (const auto* address : {"127.0.0.1", "::1", "any", ""}) EXPECT_FALSE(is_wildcard_address(address));
}

}  // namespace
}  // namespace sutra
