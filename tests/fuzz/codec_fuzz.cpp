// Properties for any bytes: decoding never crashes, a refusal has a reason, and an accepted message encodes to exactly
// the same bytes.
#include "tests/fuzz/codec_fuzz.h"

#include <cstdlib>
#include <cstring>
#include <span>
#include <variant>

#include "ipc/codec.h"

namespace {

using namespace sutra::ipc;

template <typename Variant>
int accepted(std::span<const std::byte> bytes) {
  const auto decoded = decode<Variant>(bytes);
  if (!decoded) {
    if (decoded.error().cause.empty()) std::abort();
    return 0;
  }
  std::visit(
      [&](const auto& message) {
        const auto again = encode(message);
        if (sizeof again != bytes.size() || std::memcmp(&again, bytes.data(), sizeof again) != 0)
          std::abort();
      },
      decoded.value());
  return 1;
}

}  // namespace

int codec_fuzz_channels(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const int channels = accepted<FromComms>(bytes) + accepted<ToComms>(bytes) + accepted<FromOperator>(bytes) +
                       accepted<ToOperator>(bytes);
  if (channels > 1) std::abort();  // the channels share no verb
  return channels;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  codec_fuzz_channels(data, size);
  return 0;
}
