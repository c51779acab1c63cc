// The small pure functions over texts: UTF-8, nearest words, node ids, errors.
#include <gmock/gmock.h>

#include "common/nearest_word.h"
#include "common/node_id.h"
#include "common/result.h"
#include "common/utf8.h"

namespace sutra {
namespace {

using ::testing::HasSubstr;

TEST(Utf8, WellFormedCharactersHaveTheirLength) {
  EXPECT_EQ(utf8_front("a"), 1U);
  EXPECT_EQ(utf8_front("\xc3\xa9x"), 2U);
  EXPECT_EQ(utf8_front("\xe2\x82\xac"), 3U);
  EXPECT_EQ(utf8_front("\xf0\x9f\x9a\x80"), 4U);
  EXPECT_EQ(first_malformed("a\xc3\xa9\xf0\x9f\x9a\x80"), std::string_view::npos);
}

TEST(Utf8, MalformedIsFoundWhereItStarts) {
  EXPECT_EQ(utf8_front(""), 0U);
  for (const auto* bad :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_EQ(first_malformed("ab" + std::string(bad)), 2U);
  }
}

TEST(Utf8, ControlCharactersIncludeThoseBeyondAscii) {
  EXPECT_TRUE(is_control("\n", 1));
  EXPECT_TRUE(is_control("\x7f", 1));
  EXPECT_TRUE(is_control("\xc2\x9b", 2)) << "CSI, which some terminals obey";
  EXPECT_TRUE(is_control("\xe2\x80\xa8", 3)) << "line separator";
  EXPECT_FALSE(is_control(" ", 1));
  EXPECT_FALSE(is_control("\xc2\xa0", 2));
}

TEST(NearestWord, CountsTypingErrors) {
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "acb"), 1U) << "a swap is one error";
  EXPECT_EQ(edit_distance("abc", "ab"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(nearest_word("agnet", {"storage", "agent", "metrics"}), "agent");
  EXPECT_EQ(nearest_word("x", {}), "");
}

TEST(NodeId, AcceptsItsAlphabetAndNothingElse) {
  EXPECT_EQ(node_id_fault("node-5f6c.A_1"), std::nullopt);
  EXPECT_EQ(node_id_fault(std::string(64, 'a')), std::nullopt);
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string(".a"), std::string("-a"), std::string("a/b"),
        std::string("a b"), std::string("ä"), std::string("a\0b", 3)}) {
    EXPECT_NE(node_id_fault(bad), std::nullopt) << bad;
  }
}

TEST(NodeId, FaultIsSafeToPrint) { EXPECT_THAT(*node_id_fault("a\x1b"), HasSubstr("a\\x1b")); }

TEST(Error, MessageNamesOperationSubjectCauseAndRemedy) {
  EXPECT_EQ(make_error("start node", "n1", "port taken", "use another").message(),
            "start node n1: port taken; use another");
  errno = ENOENT;
  EXPECT_EQ(errno_error("open", "/x").message(), "open /x: No such file or directory");
}

}  // namespace
}  // namespace sutra
