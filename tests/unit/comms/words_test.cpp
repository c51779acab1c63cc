// Texts that others rely on: causes, peers, the identity that is kept for the next comms, the kernel's
// tables.
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

constexpr const char* kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 "
    "0 10 0\n"
    "   1: 00000000:C384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 100 0 "
    "0 10 0\n"
    "   2: 0100007F:C385 0100007F:C383 01 00000000:00000000 00:00000000 00000000  1002        0 3 1 0 100 0 "
    "0 10 0\n"
    "garbage\n\n   3: 0100007F\n";
constexpr const char* kTcp6 =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue\n"
    "   0: 00000000000000000000000000000000:C386 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 00000000  1003        0 4 1 0 100 0 0 10 0\n"
    "   1: 00000000000000000000000001000000:C387 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 00000000  1004        0 5 1 0 100 0 0 10 0\n";

TEST(ListenerOwner, FindsTheUidOfWhoeverGetsTheConnection) {
  std::vector<Listener> listeners;
  parse_listeners(kTcp, false, listeners);
  parse_listeners(kTcp6, true, listeners);
  ASSERT_EQ(listeners.size(), 4U);
  const std::array<std::uint8_t, 16> v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  const std::array<std::uint8_t, 16> v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_THAT(owners_of(listeners, v4, 0xC383), ElementsAre(1000U));
  EXPECT_THAT(owners_of(listeners, v4, 0xC384), ElementsAre(1001U)) << "the wildcard";
  EXPECT_THAT(owners_of(listeners, v4, 0xC385), IsEmpty()) << "a connection is no listener";
  EXPECT_THAT(owners_of(listeners, v4, 0xC386), ElementsAre(1003U)) << "both families on one socket";
  EXPECT_THAT(owners_of(listeners, v6, 0xC387), ElementsAre(1004U));
  EXPECT_THAT(owners_of(listeners, v4, 0xC387), IsEmpty());
  listeners.push_back({v4, 0xC384, 7});
  EXPECT_THAT(owners_of(listeners, v4, 0xC384), ElementsAre(7U)) << "the exact address gets it";
}

}  // namespace
}  // namespace sutra::comms
