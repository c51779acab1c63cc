#include "supervisor/core/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/core/storage_path.h"
#include "tests/support/node_ids.h"

namespace sutra::supervisor::core {
namespace {

using sutra::testing::id_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

AdmissionPolicy policy() {
  AdmissionPolicy policy;
  policy.data_path = "/var/lib/sutra/data";
  policy.allowed_storage_roots = {"/srv/fast", "/srv/fast/inner", "/mnt/slow/"};
  policy.default_memory_mb = 2048;
  policy.range_start = 50051;
  policy.range_size = 4;
  policy.max_storage_nodes = 3;
  policy.own_ports = {{8000, "the agent's own server (agent.agent_port)"}, {0, "metrics, which are off"}};
  return policy;
}

KnownNode known(const std::string& node_id, const std::string& path, std::uint16_t port) {
  return {id_of(node_id), {}, {path, "/var/lib/sutra/data", port, 2048}, State::kRunning, Goal::kRunning};
}

/// A request to a host with `nodes` and `sockets`.
struct Ask {
  AdmissionPolicy rules = policy();
  std::vector<KnownNode> nodes;
  std::vector<Taken> sockets;
  std::string node_id = "node-1";

  [[nodiscard]] Verdict operator()(const Request& request) const {
    return admit(id_of(node_id), request, rules, nodes, sockets);
  }
  [[nodiscard]] Admitted admitted(const Request& request) const {
    const Verdict verdict = (*this)(request);
    if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
      ADD_FAILURE() << refusal->text;
      return {};
    }
    return std::get<Admitted>(verdict);
  }
  [[nodiscard]] std::string refused(const Request& request) const {
    const Verdict verdict = (*this)(request);
    const auto* refusal = std::get_if<Refusal>(&verdict);
    if (refusal == nullptr)
      ADD_FAILURE() << "admitted at " << std::get<Admitted>(verdict).placement.storage_path;
    return refusal == nullptr ? "" : refusal->text;
  }
};

TEST(Admission, AnEmptyRequestGetsDefaults) {
  const Admitted admitted = Ask{}.admitted({});
  EXPECT_EQ(admitted.placement,
            (Placement{"/var/lib/sutra/data/node-1", "/var/lib/sutra/data", 50051, 2048}));
  EXPECT_EQ(admitted.note, "");
  EXPECT_EQ(admitted.warning, "");
}

TEST(Admission, ARequestWithEveryFieldGetsThem) {
  EXPECT_EQ(Ask{}.admitted({"/srv/fast/a/b", 6379, 1}).placement,
            (Placement{"/srv/fast/a/b", "/srv/fast", 6379, 1}));
}

TEST(Admission, TheLimitOfNodesNamesItsKey) {
  Ask ask;
  ask.nodes = {known("a", "/var/lib/sutra/data/a", 1001), known("b", "/var/lib/sutra/data/b", 1002)};
  (void)ask.admitted({});
  ask.nodes.push_back(known("c", "/var/lib/sutra/data/c", 1003));
  EXPECT_EQ(ask.refused({}), "there are 3 nodes and agent.max_storage_nodes is 3; stop a node, or raise it");
}

TEST(Admission, ANodeDoesNotConflictWithItself) {
  Ask ask;
  ask.rules.max_storage_nodes = 1;
  ask.nodes = {known("node-1", "/var/lib/sutra/data/node-1", 50051)};
  EXPECT_EQ(ask.admitted({}).placement.port, 50051);
  EXPECT_EQ(ask.admitted({"", 50051, 0}).placement.port, 50051);
}

// ---- ports

TEST(Admission, ThePortChosenIsTheFirstOneThatNobodyHas) {
  Ask ask;
  ask.nodes = {known("other", "/var/lib/sutra/data/other", 50051)};
  ask.sockets = {{"127.0.0.1", 50052, 0}, {"::", 50052, 0}};
  ask.rules.own_ports.emplace_back(50053, "metrics");
  EXPECT_EQ(ask.admitted({}).placement.port, 50054);
  ask.sockets.push_back({"0.0.0.0", 50054, 0});
  EXPECT_EQ(ask.refused({}),
            "no port of the range 50051 to 50054 is free; stop a node, raise storage.port_range_size, or "
            "send a port "
            "outside the range");
}

TEST(Admission, TheRangeEndsAtPort65535) {
  Ask ask;
  ask.rules.range_start = 65534;
  ask.rules.range_size = 1000;
  ask.sockets = {{"::", 65534, 0}};
  EXPECT_EQ(ask.admitted({}).placement.port, 65535);
  ask.sockets.push_back({"::", 65535, 0});
  EXPECT_THAT(ask.refused({}), HasSubstr("range 65534 to 65535"));
}

TEST(Admission, APortThatDoesNotExistIsRefused) {
  for (const std::uint32_t port : {65536U, 65536U + 50051U, 4'294'967'295U}) {
    EXPECT_EQ(Ask{}.refused({"", port, 0}),
              "port " + std::to_string(port) + " does not exist; send 1 to 65535, or 0 to have one chosen");
  }
  EXPECT_EQ(Ask{}.admitted({"", 65535, 0}).placement.port, 65535);
}

TEST(Admission, ARefusedPortNamesWhoHasIt) {
  Ask ask;
  ask.nodes = {known("other", "/var/lib/sutra/data/other", 6000)};
  ask.sockets = {{"127.0.0.1", 6000, 7}, {"127.0.0.1", 6001, 1000}, {"::1", 6002, 0}, {"127.0.0.1", 8000, 5}};
  constexpr const char* kThen = "; send another, or 0 to have one chosen";
  EXPECT_EQ(ask.refused({"", 6000, 0}), std::string("port 6000 belongs to node other") + kThen);
  EXPECT_EQ(ask.refused({"", 6001, 0}),
            std::string("port 6001 is in use: a process of uid 1000 listens on 127.0.0.1:6001") + kThen);
  EXPECT_EQ(ask.refused({"", 6002, 0}),
            std::string("port 6002 is in use: a process of uid 0 listens on [::1]:6002") + kThen);
  EXPECT_EQ(ask.refused({"", 8000, 0}),
            std::string("port 8000 is the agent's own server (agent.agent_port)") + kThen);
}

TEST(Admission, APortOfANodeThatDoesNotRunIsStillItsOwn) {
  Ask ask;
  ask.nodes = {known("other", "/var/lib/sutra/data/other", 50051)};
  for (const State state :
       {State::kStarting, State::kBackoff, State::kStopping, State::kFailed, State::kOccupied}) {
    ask.nodes[0].state = state;
    ask.nodes[0].goal = Goal::kStopped;
    EXPECT_EQ(ask.admitted({}).placement.port, 50052);
    EXPECT_THAT(ask.refused({"", 50051, 0}), HasSubstr("node other"));
  }
}

// ---- memory

TEST(Admission, MemoryIsTheDefaultOrWhatFitsInBytes) {
  EXPECT_EQ(Ask{}.admitted({"", 0, kMemoryMaxMb}).placement.memory_mb, 8'796'093'022'207U);
  EXPECT_LE(kMemoryMaxMb, std::uint64_t{9'223'372'036'854'775'807U} >> 20U);
  for (const std::uint64_t memory : {kMemoryMaxMb + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(Ask{}.refused({"", 0, memory}),
              "memory_limit_mb " + std::to_string(memory) +
                  " is too large; send 1 to 8796093022207, or 0 for the default of 2048");
  }
}

// ---- storage paths

struct Resolved {
  const char* sent;
  const char* path;
  const char* root;
};

TEST(Admission, StoragePathsResolveBeneathTheNearestRoot) {
  const Resolved all[] = {
      {"", "/var/lib/sutra/data/node-1", "/var/lib/sutra/data"},
      {"x", "/var/lib/sutra/data/x", "/var/lib/sutra/data"},
      {"./x//y/./z/", "/var/lib/sutra/data/x/y/z", "/var/lib/sutra/data"},
      {"..x/y..", "/var/lib/sutra/data/..x/y..", "/var/lib/sutra/data"},
      {"/var/lib/sutra/data/x", "/var/lib/sutra/data/x", "/var/lib/sutra/data"},
      {"//srv///fast/./x/", "/srv/fast/x", "/srv/fast"},
      {"/srv/fast/inner/x", "/srv/fast/inner/x", "/srv/fast/inner"},
      {"/srv/fast/innermost", "/srv/fast/innermost", "/srv/fast"},
      {"/mnt/slow/x", "/mnt/slow/x", "/mnt/slow"},
      {"ünï cödé", "/var/lib/sutra/data/ünï cödé", "/var/lib/sutra/data"},
  };
  for (const Resolved& expected : all) {
    const Placement placement = Ask{}.admitted({expected.sent, 0, 0}).placement;
    EXPECT_EQ(placement.storage_path, expected.path);
    EXPECT_EQ(placement.root, expected.root);
  }
}

struct Wrong {
  std::string sent;
  const char* says;
};

TEST(Admission, StoragePathsThatAreNotBeneathARootAreRefused) {
  const Wrong all[] = {
      {"/tmp/storage",
       "\"/tmp/storage\" lies outside the storage roots (/var/lib/sutra/data, /srv/fast, "
       "/srv/fast/inner, /mnt/slow)"},
      {"/", "lies outside"},
      {"/srv", "lies outside"},
      {"/srv/fastest", "lies outside"},
      {"/var/lib/sutra/data2/x", "lies outside"},
      {"/var/lib/sutra/data/../x", "has a \"..\" in it"},
      {"..", "has a \"..\" in it"},
      {"x/../y", "has a \"..\" in it"},
      {"x/..", "has a \"..\" in it"},
      {".", "\"/var/lib/sutra/data\" is a storage root itself"},
      {"/var/lib/sutra/data/", "is a storage root itself"},
      {"/srv/fast", "is a storage root itself"},
      {"/srv/fast/./inner/", "is a storage root itself"},
      {"/mnt/slow", "is a storage root itself"},
      {std::string("x\0y", 3), "\"x\\x00y\" contains a control character"},
      {"x\ny", "contains a control character"},
      {"x\x7f", "contains a control character"},
      {"x\xc2\x9b", "contains a control character"},
      {"x\xffy", "is not UTF-8"},
      {std::string(236, 'x'), "has 256 bytes; at most 255 are allowed"},
  };
  for (const Wrong& wrong : all) {
    EXPECT_THAT(Ask{}.refused({wrong.sent, 0, 0}),
                AllOf(HasSubstr("storage_path \""), HasSubstr(wrong.says), HasSubstr("send a")))
        << wrong.sent;
  }
  EXPECT_EQ(Ask{}.admitted({std::string(235, 'x'), 0, 0}).placement.storage_path.size(), 255U);
}

TEST(Admission, ADirectoryAboveARootIsRefused) {
  Ask ask;
  ask.rules.allowed_storage_roots = {"/var/lib/sutra/data/a/b"};
  EXPECT_THAT(ask.refused({"a", 0, 0}), HasSubstr("contains the storage root /var/lib/sutra/data/a/b"));
  EXPECT_EQ(ask.admitted({"a/c", 0, 0}).placement.root, "/var/lib/sutra/data");
  EXPECT_EQ(ask.admitted({"a/b/c", 0, 0}).placement.root, "/var/lib/sutra/data/a/b");
}

TEST(Admission, TheRefusalOfAnOutsidePathNamesEveryRemedy) {
  EXPECT_EQ(Ask{}.refused({"/tmp/storage", 0, 0}),
            "storage_path \"/tmp/storage\" lies outside the storage roots (/var/lib/sutra/data, /srv/fast, "
            "/srv/fast/inner, /mnt/slow); send an empty or a relative storage_path, or add the directory "
            "above it to "
            "storage.allowed_storage_roots, or set storage.outside_storage_path = \"ignore\" to have "
            "/var/lib/sutra/data/node-1 used instead");
}

TEST(Admission, AnIgnoredOutsidePathIsReplacedAndNoted) {
  Ask ask;
  ask.rules.ignore_outside = true;
  for (const char* sent : {"/tmp/storage", "/", "../x"}) {
    const Admitted admitted = ask.admitted({sent, 0, 0});
    EXPECT_EQ(admitted.placement.storage_path, "/var/lib/sutra/data/node-1");
    EXPECT_EQ(admitted.placement.root, "/var/lib/sutra/data");
    EXPECT_EQ(admitted.note, "");
    EXPECT_THAT(admitted.warning,
                AllOf(HasSubstr(sent), HasSubstr("it is ignored (storage.outside_storage_path) and "
                                                 "/var/lib/sutra/data/node-1 is used")));
  }
  EXPECT_EQ(ask.admitted({"x", 0, 0}).warning, "");
  EXPECT_EQ(ask.admitted({"x", 0, 0}).placement.storage_path, "/var/lib/sutra/data/x");
}

TEST(Admission, IgnoringIsForOutsidePathsOnly) {
  Ask ask;
  ask.rules.ignore_outside = true;
  ask.nodes = {known("other", "/srv/fast/x", 1001)};
  EXPECT_THAT(ask.refused({"/srv/fast", 0, 0}), HasSubstr("storage root itself"));
  EXPECT_THAT(ask.refused({"/srv/fast/x", 0, 0}), HasSubstr("node other"));
  EXPECT_THAT(ask.refused({"/tmp/\n", 0, 0}), HasSubstr("control character"));
  ask.nodes = {known("other", "/var/lib/sutra/data/node-1", 1001)};
  EXPECT_THAT(ask.refused({"/tmp/storage", 0, 0}), HasSubstr("is the directory of node other"));
}

TEST(Admission, NodesOfAMasterThatSendsOnePathForAllGetDirectoriesOfTheirOwn) {
  Ask ask;
  ask.rules.ignore_outside = true;
  for (const char* node_id : {"node-1", "node-2", "node-3"}) {
    ask.node_id = node_id;
    const Placement placement = ask.admitted({"/tmp/storage", 0, 0}).placement;
    EXPECT_EQ(placement.storage_path, std::string("/var/lib/sutra/data/") + node_id);
    ask.nodes.push_back(known(node_id, placement.storage_path, placement.port));
  }
}

TEST(Admission, APlaceholderMeansAnEmptyPathAndIsNoted) {
  Ask ask;
  ask.rules.placeholder_paths = {"/opt/any", "/tmp/storage"};
  for (const char* sent : {"/tmp/storage", "/tmp/storage/", "//tmp/./storage", "/opt/any"}) {
    const Admitted admitted = ask.admitted({sent, 0, 0});
    EXPECT_EQ(admitted.placement.storage_path, "/var/lib/sutra/data/node-1") << sent;
    EXPECT_EQ(admitted.placement.root, "/var/lib/sutra/data");
    EXPECT_EQ(admitted.warning, "");
    EXPECT_EQ(admitted.note, "storage_path \"" + std::string(sent) +
                                 "\" means an empty one (storage.placeholder_storage_paths): "
                                 "/var/lib/sutra/data/node-1 is used");
  }
  EXPECT_EQ(ask.admitted({"tmp/storage", 0, 0}).placement.storage_path, "/var/lib/sutra/data/tmp/storage");
  for (const char* sent : {"/tmp/storage/x", "/tmp", "/tmp/storage2", "/opt/any/../any"}) {
    EXPECT_THAT(ask.refused({sent, 0, 0}), HasSubstr(sent));
  }
}

TEST(Admission, APlaceholderBeneathARootIsAPlaceholderAllTheSame) {
  Ask ask;
  ask.rules.placeholder_paths = {"/srv/fast/x", "relative"};
  EXPECT_EQ(ask.admitted({"/srv/fast/x", 0, 0}).placement.storage_path, "/var/lib/sutra/data/node-1");
  EXPECT_EQ(ask.admitted({"./relative", 0, 0}).placement.storage_path, "/var/lib/sutra/data/node-1");
  ask.nodes = {known("other", "/var/lib/sutra/data/node-1", 1001)};
  EXPECT_THAT(ask.refused({"relative", 0, 0}), HasSubstr("is the directory of node other"));
}

TEST(Admission, DirectoriesNeverNest) {
  Ask ask;
  ask.nodes = {known("other", "/var/lib/sutra/data/a/b", 1001)};
  const Wrong all[] = {
      {"a/b",
       "\"/var/lib/sutra/data/a/b\" is the directory of node other already; send an empty or a relative "
       "storage_path of its own"},
      {"/var/lib/sutra/data//a/./b/", "is the directory of node other already"},
      {"a/b/c", "lies in /var/lib/sutra/data/a/b, the directory of node other"},
      {"a", "contains /var/lib/sutra/data/a/b, the directory of node other"},
  };
  for (const Wrong& wrong : all) EXPECT_THAT(ask.refused({wrong.sent, 0, 0}), HasSubstr(wrong.says));
  for (const char* beside : {"a/bc", "a/c", "b", "a/b2/c"}) (void)ask.admitted({beside, 0, 0});
  ask.node_id = "a";
  EXPECT_THAT(ask.refused({"", 0, 0}), HasSubstr("node other")) << "the default path can nest too";
}

TEST(Admission, TheRootDirectoryCanBeAStorageRoot) {
  Ask ask;
  ask.rules.data_path = "/";
  ask.rules.allowed_storage_roots = {};
  EXPECT_EQ(ask.admitted({}).placement.storage_path, "/node-1");
  EXPECT_EQ(ask.admitted({"/a/b", 0, 0}).placement.root, "/");
  EXPECT_THAT(ask.refused({"/", 0, 0}), HasSubstr("storage root itself"));
}

TEST(Admission, ARelativeStorageRootIsIgnored) {
  Ask ask;
  for (const char* root : {"", "data", "/srv/../etc"}) {
    ask.rules.allowed_storage_roots = {root};
    EXPECT_THAT(ask.refused({"/etc/x", 0, 0}), HasSubstr("lies outside"));
  }
  ask.rules.data_path = "data";
  EXPECT_EQ(ask.refused({}), "storage.data_path \"data\" is not an absolute path");
}

// ---- the same request again

TEST(Admission, EqualRequestsDoNotDiffer) {
  EXPECT_EQ(difference({}, {}), "");
  EXPECT_EQ(difference({"a", 1, 2}, {"a", 1, 2}), "");
}

TEST(Admission, WhatDiffersIsNamed) {
  EXPECT_EQ(difference({"", 50051, 0}, {"", 50060, 0}), "port: running 50051, asked 50060");
  EXPECT_EQ(difference({"", 0, 0}, {"", 50051, 0}), "port: running 0 (chosen), asked 50051");
  EXPECT_EQ(difference({"a", 1, 0}, {"b\n", 2, 512}),
            "storage_path: running \"a\", asked \"b\\x0a\"; port: running 1, asked 2; "
            "memory_limit_mb: running 0 (the default), asked 512");
  EXPECT_NE(difference({std::string(400, 'x'), 0, 0}, {std::string(401, 'x'), 0, 0}), "");
}

}  // namespace
}  // namespace sutra::supervisor::core
