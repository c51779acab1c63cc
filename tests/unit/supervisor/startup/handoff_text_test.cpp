#include "supervisor/startup/handoff_text.h"

#include <gtest/gtest.h>

namespace sutra::supervisor {
namespace {

HandoffNumbers all() {
  HandoffNumbers numbers;
  numbers.configuration = 11;
  numbers.listener = 12;
  numbers.locks = {13, 14};
  numbers.waiters = {15, 16, 17};
  return numbers;
}

TEST(HandoffText, IsReadAsItWasWritten) { EXPECT_EQ(decode_handoff(encode_handoff(7, all()), 7), all()); }

TEST(HandoffText, AbsentDescriptorsAreNotWritten) {
  EXPECT_EQ(encode_handoff(7, {}), "pid=7");
  EXPECT_EQ(decode_handoff("pid=7", 7), HandoffNumbers{});
}

TEST(HandoffText, OfAnotherProcessIsIgnored) { EXPECT_FALSE(decode_handoff(encode_handoff(7, all()), 8)); }

TEST(HandoffText, ThePidComesFirst) {
  EXPECT_FALSE(decode_handoff("configuration=11 pid=7", 7));
  EXPECT_FALSE(decode_handoff("configuration=11", 7));
}

TEST(HandoffText, GarbageIsIgnored) {
  for (const char* text :
       {"", " ", "pid", "pid=", "pid=7x", "pid=x", "=7", "pid=7 configuration",
        "pid=7 configuration=", "pid=7 configuration=11x", "pid=7 configuration=99999999999",
        "pid=7  configuration=11", "pid=7 configuration=-1", "pid=7 lock=+13"}) {
    EXPECT_FALSE(decode_handoff(text, 7)) << text;
  }
}

TEST(HandoffText, TheStandardDescriptorsAreNeverHandedOver) {
  EXPECT_FALSE(decode_handoff("pid=7 configuration=2", 7));
  EXPECT_TRUE(decode_handoff("pid=7 configuration=3", 7));
}

TEST(HandoffText, NoDescriptorIsOwnedTwice) { EXPECT_FALSE(decode_handoff("pid=7 lock=13 waiter=13", 7)); }

TEST(HandoffText, DescriptorsNamedByAnotherVersionAreReturnedForClosing) {
  const auto numbers = decode_handoff("pid=7 configuration=11 future=12", 7);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->configuration, 11);
  EXPECT_EQ(numbers->unknown, std::vector<int>{12});
}

}  // namespace
}  // namespace sutra::supervisor
