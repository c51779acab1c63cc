#include "tests/grid/endpoint.h"

#include <gtest/gtest.h>

namespace sutra::grid_testing {
namespace {

TEST(Endpoint, TakesHostAndPort) {
  for (const char* good : {"127.0.0.1:8000", "node-7.example:1", "[::1]:65535"})
    EXPECT_TRUE(is_endpoint(good));
}

TEST(Endpoint, RefusesWhatIsNotHostAndPort) {
  for (const char* bad : {"", ":", "host", "host:", ":8000", "host:0", "host:65536", "host:80x", "::1:80",
                          "unix:/run/x:1", "dns:///host:80", "a b:80", "[]:80", "host:-1"}) {
    EXPECT_FALSE(is_endpoint(bad)) << bad;
  }
}

TEST(Endpoint, OfANodeIsTheAgentsHostWithTheNodesPort) {
  EXPECT_EQ(node_endpoint("10.0.0.7:8000", 50051), "10.0.0.7:50051");
  EXPECT_EQ(node_endpoint("[::1]:8000", 50051), "[::1]:50051");
}

TEST(Endpoint, CauseNamesTheCode) {
  EXPECT_EQ(cause_of({grpc::StatusCode::UNAVAILABLE, "connection refused"}),
            "connection refused (UNAVAILABLE)");
  EXPECT_EQ(cause_of({grpc::StatusCode::CANCELLED, ""}), "CANCELLED");
}

}  // namespace
}  // namespace sutra::grid_testing
