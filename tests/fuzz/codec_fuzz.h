// The fuzz entries: libFuzzer's, and one that tells whether the input was accepted.
#pragma once
#include <cstddef>
#include <cstdint>

/// How many channels accept the bytes: 0 or 1. Aborts when a property of the codec does not hold.
int codec_fuzz_channels(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
