#include "common/nearest_word.h"

#include <gtest/gtest.h>

namespace sutra {
namespace {

TEST(NearestWord, CountsTypingErrors) {
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "acb"), 1U) << "a swap is one error";
  EXPECT_EQ(edit_distance("abc", "ab"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(nearest_word("agnet", {"storage", "agent", "metrics"}), "agent");
  EXPECT_EQ(nearest_word("x", {}), "");
}

}  // namespace
}  // namespace sutra
