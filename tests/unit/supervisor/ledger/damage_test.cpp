// Files that were cut short or changed. Whatever is read is what was written, or it is set aside.
#include <gmock/gmock.h>

#include <random>

#include "supervisor/ledger/checksum.h"
#include "supervisor/ledger/record.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor::ledger {
namespace {

using supervisor::testing::put;
using supervisor::testing::some_facts;
using supervisor::testing::some_intent;

TEST(DamagedRecord, CutAtEveryByteIsRefused) {
  for (const std::string& whole : {encode(some_intent()), encode(some_facts())}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_intent(std::string_view(whole).substr(0, size))) << size;
      EXPECT_FALSE(decode_facts(std::string_view(whole).substr(0, size))) << size;
    }
  }
}

TEST(DamagedRecord, WithAnyBitOfAnyByteFlippedIsRefused) {
  const std::string whole = encode(some_facts());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << bit));
      EXPECT_FALSE(decode_facts(bytes)) << at << " bit " << bit;
    }
  }
}

TEST(DamagedRecord, WithAPageOfZerosIsRefused) {
  std::string bytes = encode(some_facts());
  const std::string zeros(bytes.size(), '\0');
  EXPECT_FALSE(decode_facts(zeros));
  bytes.replace(bytes.size() / 2, std::string::npos, bytes.size() / 2, '\0');
  EXPECT_FALSE(decode_facts(bytes));
}

/// Damage that carries a matching checksum: whatever is still accepted could have been written by us.
TEST(DamagedRecord, WithANewChecksumIsRefusedOrStillAPossibleNode) {
  const std::string whole = encode(some_facts(some_intent()));
  const std::string text(*without_checksum(whole));
  std::size_t accepted = 0;
  const auto look = [&](std::string bytes) {
    add_checksum(bytes);
    const auto facts = decode_facts(bytes);
    if (!facts) return;
    ++accepted;
    EXPECT_FALSE(intent_fault(facts.value().intent));
    EXPECT_GE(facts.value().process.pid, 0);
    const auto again = decode_facts(encode(facts.value()));
    ASSERT_TRUE(again);
    EXPECT_EQ(again.value(), facts.value());
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bytes = text;
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << bit));
      look(std::move(bytes));
    }
    look(text.substr(0, at));
  }
  std::mt19937 random(7);
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = text;
    for (int change = 0; change < 4; ++change)
      bytes[random() % bytes.size()] = static_cast<char>(random() & 0xffU);
    look(std::move(bytes));
  }
  EXPECT_GT(accepted, 100U) << "else nothing was looked at";
}

using DamagedFiles = supervisor::testing::Sandbox;

TEST_F(DamagedFiles, NeverStopTheOthersFromBeingRead) {
  auto ledger = open();
  const std::string whole = encode(some_intent("n"));
  for (int at = 0; at < 40; ++at) {
    const std::string name = "n" + std::to_string(at);
    if (at % 2 == 0) {
      ASSERT_TRUE(ledger->write_intent(some_intent(name)));
    } else {
      put(state / "nodes" / (name + ".toml"),
          whole.substr(0, whole.size() * static_cast<std::size_t>(at) / 40));
    }
  }
  const auto contents = ledger->read();
  EXPECT_THAT(contents.nodes, ::testing::SizeIs(20));
  EXPECT_THAT(contents.set_aside, ::testing::SizeIs(20));
}

}  // namespace
}  // namespace sutra::supervisor::ledger
