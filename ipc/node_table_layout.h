// The layout of the node table's file. Used by the writer and the reader only.
//
// All words are 64-bit atomics, so concurrent reads and writes are no data race. A row's sequence lock works
// so: the writer makes `sequence` odd, stores the words (release), then makes it even (release). A reader
// loads an even sequence (acquire), the words (acquire), and the sequence again. If it read a word of a later
// write, that acquire orders the odd sequence before the second load, so the two loads differ and the reader
// tries again. This needs no fences, which ThreadSanitizer does not support; on x86 all these operations are
// plain moves.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/node_table.h"

namespace sutra::ipc::table {

inline constexpr std::uint64_t kTableMagic = 0x454c424154415453;  // "STATABLE"
inline constexpr std::uint64_t kTableVersion = 1;
inline constexpr std::size_t kHeaderBytes = 4096;
inline constexpr std::size_t kRowBytes = 512;
inline constexpr std::uint32_t kMaxRows = 65536;  ///< each node needs its own port, so there cannot be more

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8, "a lock in shared memory outlives its holder");

struct TableHeader {
  Word magic;
  Word version;
  Word row_bytes;
  Word capacity;
};
static_assert(sizeof(TableHeader) <= kHeaderBytes);

inline constexpr std::size_t kRowWords = sizeof(NodeRow) / 8;
using RowWords = std::array<std::uint64_t, kRowWords>;

struct SharedRow {
  Word sequence;
  std::array<Word, kRowBytes / 8 - 1> words;
};
static_assert(sizeof(SharedRow) == kRowBytes && kRowWords <= kRowBytes / 8 - 1);

[[nodiscard]] constexpr std::size_t table_bytes(std::uint64_t capacity) {
  return kHeaderBytes + static_cast<std::size_t>(capacity) * kRowBytes;
}
[[nodiscard]] inline TableHeader* header_at(void* base) { return static_cast<TableHeader*>(base); }
[[nodiscard]] inline SharedRow* rows_at(void* base) {
  return reinterpret_cast<SharedRow*>(static_cast<std::byte*>(base) + kHeaderBytes);
}

}  // namespace sutra::ipc::table
