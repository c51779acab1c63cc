#include "common/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sutra {
namespace {

TEST(Utf8, WellFormedCharactersHaveTheirLength) {
  EXPECT_EQ(utf8_front("a"), 1U);
  EXPECT_EQ(utf8_front("\xc3\xa9x"), 2U);
  EXPECT_EQ(utf8_front("\xe2\x82\xac"), 3U);
  EXPECT_EQ(utf8_front("\xf0\x9f\x9a\x80"), 4U);
  EXPECT_EQ(first_malformed("a\xc3\xa9\xf0\x9f\x9a\x80"), std::string_view::npos);
}

TEST(Utf8, MalformedSequenceIsReportedAtItsStart) {
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

}  // namespace
}  // namespace sutra
