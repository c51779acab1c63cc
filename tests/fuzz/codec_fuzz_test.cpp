// Calls the fuzz entry with inputs from a seed: random bytes, and mutated valid packets whose header often stays valid,
// so that the checks of the body are reached. SUTRA_FUZZ_SEED replays another run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/fuzz/codec_fuzz.h"
#include "tests/unit/ipc/sample_messages.h"

namespace sutra::ipc {
namespace {

using testing::Bytes;
using Random = std::mt19937_64;

constexpr int kRandomInputs = 50'000;
constexpr int kMutations = 150'000;

std::uint64_t seed() {
  const char* given = std::getenv("SUTRA_FUZZ_SEED");
  return given == nullptr ? 20240601 : std::strtoull(given, nullptr, 10);
}

int run(const Bytes& input) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(input.data());
  EXPECT_EQ(LLVMFuzzerTestOneInput(data, input.size()), 0);
  return codec_fuzz_channels(data, input.size());
}

void mutate(Bytes& packet, const std::vector<Bytes>& corpus, Random& random) {
  const auto place = [&] { return random() % packet.size(); };
  switch (random() % 7) {
    case 0:
      packet[place()] ^= static_cast<std::byte>(1U << (random() % 8));
      break;
    case 1:
      packet[place()] = static_cast<std::byte>(random());
      break;
    case 2:
      packet.resize(1 + place());
      break;
    case 3:
      packet.resize(packet.size() + random() % 64, static_cast<std::byte>(random()));
      break;
    case 4:
      testing::put(packet, 0, std::uint8_t{'S'});
      break;
    case 5: {  // the tail of another message
      const Bytes& other = corpus[random() % corpus.size()];
      const std::size_t from = random() % std::min(packet.size(), other.size());
      std::copy(other.begin() + static_cast<std::ptrdiff_t>(from), other.end(), std::back_inserter(packet));
      break;
    }
    case 6: {  // another verb over the same body
      if (packet.size() < sizeof(Header)) break;
      testing::put(packet, offsetof(Header, verb), static_cast<std::uint16_t>(random() % 100));
      break;
    }
  }
  if (packet.size() >= sizeof(Header) && random() % 2 == 0) {
    testing::put(packet, offsetof(Header, size), static_cast<std::uint32_t>(packet.size()));
  }
}

TEST(CodecFuzz, RandomBytesAreRefused) {
  Random random(seed());
  for (int i = 0; i < kRandomInputs; ++i) {
    Bytes input(random() % 256);
    for (auto& byte : input) byte = static_cast<std::byte>(random());
    ASSERT_EQ(run(input), 0) << "input " << i << " of seed " << seed();
  }
}

TEST(CodecFuzz, MutatedPacketsAreRefusedOrEncodeToTheSameBytes) {
  Random random(seed() + 1);
  const auto corpus = testing::all_packets();
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    Bytes packet = corpus[random() % corpus.size()];
    for (std::uint64_t left = 1 + random() % 3; left > 0; --left) mutate(packet, corpus, random);
    accepted += run(packet);
  }
  EXPECT_GT(accepted, kMutations / 100) << "the mutations never reach a whole message";
  EXPECT_LT(accepted, kMutations) << "nothing was refused";
}

}  // namespace
}  // namespace sutra::ipc
