// One writer and several readers at once, on real threads; the ThreadSanitizer build runs this too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ipc/node_table.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/ipc/patterned_row.h"

namespace sutra::ipc {
namespace {

using testing::is_whole;
using testing::patterned_row;

constexpr std::uint32_t kRows = 4;
constexpr std::uint64_t kEnoughReads = 5'000;

struct Tally {
  std::atomic<std::uint64_t> torn{0};
  std::atomic<std::uint64_t> backwards{0};
  std::atomic<std::uint64_t> distinct{0};
};

// Reads until it saw enough rows, or until the deadline; counts wrong rows.
void watch(const NodeTableReader& table, std::uint32_t row, Tally& tally) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < kEnoughReads && std::chrono::steady_clock::now() < deadline; ++i) {
    const auto read = table.read(row);
    if (read.stale) continue;
    if (!is_whole(read.row)) ++tally.torn;
    if (read.row.generation < last) ++tally.backwards;
    if (read.row.generation != last) ++tally.distinct;
    last = read.row.generation;
    for (const auto& any : table.snapshot()) {
      if (!any.stale && !is_whole(any.row)) ++tally.torn;
    }
    (void)table.live_count();
    (void)table.find("node-1");
  }
}

TEST(NodeTableRace, ReadersNeverSeeATornOrAnOlderRow) {
  const test::TemporaryDirectory directory;
  auto writer = NodeTableWriter::create(directory.path() + "/nodes.table", kRows);
  ASSERT_TRUE(writer.ok()) << writer.error().message();
  auto fd = writer.value()->open_read_only();
  ASSERT_TRUE(fd.ok());
  const auto shared = NodeTableReader::map(fd.value());
  ASSERT_TRUE(shared.ok());

  std::atomic<bool> enough{false};
  std::thread writing([&] {
    for (std::uint64_t n = 1; !enough.load(std::memory_order_relaxed); ++n) {
      writer.value()->publish(static_cast<std::uint32_t>(n % kRows), patterned_row(n));
    }
  });
  Tally tally;
  std::vector<std::thread> reading;
  for (std::uint32_t i = 0; i < 3; ++i) {
    reading.emplace_back([&, i] { watch(*shared.value(), i, tally); });
  }
  for (auto& thread : reading) thread.join();
  enough = true;
  writing.join();

  EXPECT_EQ(tally.torn, 0U);
  EXPECT_EQ(tally.backwards, 0U);
  EXPECT_GT(tally.distinct, 100U) << "the threads did not overlap, so nothing was tested";
}

}  // namespace
}  // namespace sutra::ipc
