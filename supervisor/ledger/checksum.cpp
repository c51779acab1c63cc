#include "supervisor/ledger/checksum.h"

#include <boost/crc.hpp>
#include <cstdint>

namespace sutra::supervisor::ledger {
namespace {

constexpr std::string_view kMark = "# crc32 ";
constexpr std::size_t kChecksumBytes = kMark.size() + 8 + 1;

std::string checksum_line(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  const std::uint32_t sum = crc.checksum();
  std::string line(kMark);
  for (int shift = 28; shift >= 0; shift -= 4) line += "0123456789abcdef"[(sum >> shift) & 0xfU];
  line += '\n';
  return line;
}

}  // namespace

void add_checksum(std::string& text) { text += checksum_line(text); }

std::optional<std::string_view> without_checksum(std::string_view bytes) {
  if (bytes.size() <= kChecksumBytes) return std::nullopt;
  const std::string_view text = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (bytes.substr(text.size()) != checksum_line(text)) return std::nullopt;
  return text;
}

}  // namespace sutra::supervisor::ledger
