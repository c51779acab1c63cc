#include "common/node_id.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/node_ids.h"

namespace sutra {
namespace {

using testing::id_of;

std::string fault_of(std::string_view text) {
  const auto id = NodeId::parse(text);
  return id ? "" : id.error().message();
}

TEST(NodeId, AcceptsItsAlphabetAndNothingElse) {
  EXPECT_EQ(fault_of("node-5f6c.A_1"), "");
  EXPECT_EQ(fault_of(std::string(64, 'a')), "");
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string(".a"), std::string("-a"),
                                 std::string(".."), std::string("../x"), std::string("a/b"),
                                 std::string("a b"), std::string("ä"), std::string("a\0b", 3)}) {
    EXPECT_NE(fault_of(bad), "") << bad;
  }
}

TEST(NodeId, TheFaultSaysWhatIsWrongAndWhatIsAllowed) {
  EXPECT_EQ(fault_of(""), "node_id is empty; send 1 to 64 characters of A-Z a-z 0-9 . _ -");
  EXPECT_EQ(fault_of(std::string(65, 'a')),
            "node_id \"aaaaaaaaaaaaaaaaaaaaaaaa...\" has 65 characters; at most 64 are allowed");
  EXPECT_EQ(fault_of(".a"), "node_id \".a\" starts with '.'; it must start with a letter, a digit or _");
  EXPECT_EQ(fault_of("a/b"), "node_id \"a/b\" contains '/'; allowed are A-Z a-z 0-9 . _ -");
}

TEST(NodeId, TheFaultIsSafeToPrintAndShowsWholeCharacters) {
  EXPECT_EQ(fault_of("a\x1b"), "node_id \"a\\x1b\" contains '\\x1b'; allowed are A-Z a-z 0-9 . _ -");
  EXPECT_EQ(fault_of("n\xc3\xb6"), "node_id \"nö\" contains 'ö'; allowed are A-Z a-z 0-9 . _ -");
  EXPECT_EQ(fault_of("n\xc3"), "node_id \"n\\xc3\" contains '\\xc3'; allowed are A-Z a-z 0-9 . _ -");
}

TEST(NodeId, ReadsAsText) {
  const NodeId id = id_of("node-1");
  const std::string& text = id;
  EXPECT_EQ(text, "node-1");
  EXPECT_EQ("dir/" + id + ".toml", "dir/node-1.toml");
  EXPECT_TRUE(id == "node-1" && id != "node-2" && id < "node-2");
}

TEST(NodeId, IsOrderedAndFoundByItsText) {
  const std::map<NodeId, int, std::less<>> numbers{{id_of("b"), 2}, {id_of("a"), 1}};
  EXPECT_EQ(numbers.begin()->first, "a");
  EXPECT_EQ(numbers.find("b")->second, 2);
  EXPECT_EQ(numbers.find(id_of("b"))->second, 2);
  EXPECT_EQ(numbers.find("../b"), numbers.end());
}

TEST(NodeId, OnlyADefaultConstructedIdIsInvalid) {
  EXPECT_FALSE(NodeId().valid());
  EXPECT_TRUE(id_of("a").valid());
}

}  // namespace
}  // namespace sutra
