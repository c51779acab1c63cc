// Small functions on text: causes of failed calls, peer addresses, callers, the identity that is kept for the next comms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comms/master/agent_identity.h"
#include "comms/probe/listener_owner.h"
#include "comms/probe/port_probe.h"
#include "comms/rpc/rpc_cause.h"
#include "comms/service/caller_filter.h"

namespace sutra::comms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RpcCause, IsPlainForAnOperator) {
  const auto unavailable = [](const std::string& text) {
    return cause_of({grpc::StatusCode::UNAVAILABLE, text});
  };
  EXPECT_THAT(
      unavailable("failed to connect to all addresses; last error: UNKNOWN: Failed to connect to remote "
                  "host: Connection refused"),
      HasSubstr("connection refused"));
  EXPECT_EQ(unavailable("Socket closed"), "the peer closed the connection (Socket closed)");
  EXPECT_THAT(cause_of({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"}),
              HasSubstr("no answer in time"));
  EXPECT_THAT(cause_of({grpc::StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max (1 vs. 2)"}),
              HasSubstr("larger than a Master's answers"));
  EXPECT_THAT(cause_of({grpc::StatusCode::UNIMPLEMENTED, ""}), HasSubstr("not a Grid Master"));
  EXPECT_EQ(unavailable("two\nlines"), "two\\x0alines");
}

TEST(RpcCause, RecognisesTooManyPings) {
  EXPECT_TRUE(complains_about_pings({grpc::StatusCode::UNAVAILABLE, "Too many pings"}));
  EXPECT_FALSE(complains_about_pings({grpc::StatusCode::UNAVAILABLE, "Socket closed"}));
}

TEST(PeerAddress, IsTheAddressWithoutPortAndBrackets) {
  EXPECT_EQ(peer_address("ipv4:10.0.0.1:4711"), "10.0.0.1");
  EXPECT_EQ(peer_address("ipv6:%5B2001:db8::1%5D:4711"), "2001:db8::1");
  EXPECT_EQ(peer_address("ipv6:[::1]:4711"), "::1");
  EXPECT_EQ(peer_address("unix:/tmp/x"), "");
  EXPECT_EQ(peer_address(""), "");
}

TEST(CallerFilter, PermitsEveryoneUntilItIsRestricted) {
  CallerFilter filter;
  EXPECT_TRUE(filter.permits("ipv4:10.0.0.1:4711"));
  filter.permit_only({"10.0.0.2"});
  EXPECT_FALSE(filter.permits("ipv4:10.0.0.1:4711"));
  EXPECT_TRUE(filter.permits("ipv4:10.0.0.2:4711"));
  filter.permit_only({});
  EXPECT_FALSE(filter.permits(""));
}

AgentIdentity identity() { return {"agent-1", "host-1", "desktop", 4, "0.1.0", "127.0.0.1:8000"}; }

TEST(AgentIdentity, DifferentIdentitiesHaveDifferentTexts) {
  const std::string text(identity().canonical_text().view());
  EXPECT_EQ(text, identity().canonical_text().view());
  auto other = identity();
  other.max_storage_nodes = 5;
  EXPECT_NE(text, other.canonical_text().view());
  other = identity();
  other.endpoint = "127.0.0.1:8001";
  EXPECT_NE(text, other.canonical_text().view());
  other = identity();
  other.agent_id = "agent-1\nhostname=6:host-1";
  EXPECT_NE(text, other.canonical_text().view());
  other = identity();
  other.platform = "";
  EXPECT_NE(text, other.canonical_text().view());
}

TEST(AgentIdentity, LongNamesAndOddBytesFitIntoTheMessage) {
  auto odd = identity();
  odd.agent_id = std::string(5000, '\xff');
  odd.hostname = std::string("a\0b", 3);
  odd.platform = std::string(5000, 'p');
  odd.endpoint = std::string(300, 'e');
  EXPECT_LE(odd.canonical_text().view().size(), 1024U);
  EXPECT_THAT(std::string(odd.canonical_text().view()), HasSubstr("max_storage_nodes=1:4"));
}

TEST(ProbeHost, IsTheSpecificAddressOrLoopback) {
  EXPECT_EQ(probe_host(""), "127.0.0.1");
  EXPECT_EQ(probe_host("0.0.0.0"), "127.0.0.1");
  EXPECT_EQ(probe_host("::"), "127.0.0.1");
  EXPECT_EQ(probe_host("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(probe_host("::1"), "::1");
  EXPECT_EQ(probe_host("db.example"), "127.0.0.1");
}

TEST(ListenerOwner, IsTheUidOfTheSocketThatGetsTheConnection) {
  const std::uint8_t loopback4[] = {127, 0, 0, 1};
  const IpAddress v4 = mapped_ipv4(loopback4);
  const IpAddress v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const auto listener = [](const IpAddress& address, std::uint16_t port, std::uint32_t uid) {
    Listener made;
    made.address = address;
    made.port = port;
    made.uid = uid;
    return made;
  };
  std::vector<Listener> listeners{listener(v4, 1, 1000), listener(kAnyIpv4, 2, 1001),
                                  listener(kAnyIpv6, 3, 1003), listener(v6, 4, 1004)};
  EXPECT_THAT(owners_of(listeners, v4, 1), ElementsAre(1000U));
  EXPECT_THAT(owners_of(listeners, v4, 2), ElementsAre(1001U)) << "the wildcard";
  EXPECT_THAT(owners_of(listeners, v4, 3), ElementsAre(1003U)) << "both families on one socket";
  EXPECT_THAT(owners_of(listeners, v6, 4), ElementsAre(1004U));
  EXPECT_THAT(owners_of(listeners, v4, 4), IsEmpty());
  EXPECT_THAT(owners_of(listeners, v4, 5), IsEmpty());
  listeners.push_back(listener(v4, 2, 7));
  EXPECT_THAT(owners_of(listeners, v4, 2), ElementsAre(7U)) << "the exact address gets it";
}

}  // namespace
}  // namespace sutra::comms
