// The writer is another process and is killed at random times (from a seed), mostly while it writes a row.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <new>
#include <random>

#include "ipc/node_table.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/ipc/patterned_row.h"

namespace sutra::ipc {
namespace {

using testing::is_whole;
using testing::patterned_row;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kRows = 8;
constexpr int kKills = 100;

// A counter that the child increments and the parent reads.
class SharedCounter {
 public:
  SharedCounter()
      : page_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        value_(new (page_) std::atomic<std::uint64_t>(0)) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { ::munmap(page_, 4096); }
  [[nodiscard]] std::atomic<std::uint64_t>& value() { return *value_; }

 private:
  void* page_;
  std::atomic<std::uint64_t>* value_;
};

// A child process; the destructor kills and reaps it.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill_and_reap(); }
  void kill_and_reap() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

[[noreturn]] void publish_for_ever(NodeTableWriter& writer, std::atomic<std::uint64_t>& published) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // so that no child is left when the test itself is killed
  std::array<NodeRow, 64> rows;
  for (std::uint64_t i = 0; i < rows.size(); ++i) rows[i] = patterned_row(i + 1);
  for (std::uint64_t n = 0;; ++n) {
    writer.publish(static_cast<std::uint32_t>(n % kRows), rows[n % rows.size()]);
    published.store(n + 1, std::memory_order_relaxed);
  }
}

bool wait_until_published(std::atomic<std::uint64_t>& published, std::uint64_t count) {
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  while (published.load(std::memory_order_relaxed) < count) {
    if (Clock::now() > deadline) return false;
  }
  return true;
}

TEST(NodeTableCrash, AWriterKilledDuringAWriteLeavesOneStaleRowAndNoReaderHangs) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/nodes.table";
  std::mt19937_64 random(8128);
  int inside = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    auto writer = NodeTableWriter::create(path, kRows);
    ASSERT_TRUE(writer.ok()) << writer.error().message();
    const auto table = NodeTableReader::open(path);
    ASSERT_TRUE(table.ok()) << table.error().message();
    SharedCounter published;
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) publish_for_ever(*writer.value(), published.value());
    Child child(pid);
    ASSERT_TRUE(wait_until_published(published.value(), kRows + random() % 20'000));
    child.kill_and_reap();

    const auto before = Clock::now();
    int stale = 0;
    for (std::uint32_t i = 0; i < kRows; ++i) {
      const auto read = table.value()->read(i);
      stale += read.stale ? 1 : 0;
      ASSERT_TRUE(read.stale || is_whole(read.row)) << "kill " << kill << " row " << i;
    }
    ASSERT_EQ(table.value()->snapshot().size(), kRows);
    ASSERT_LT(Clock::now() - before, std::chrono::seconds(2));
    ASSERT_LE(stale, 1) << "one thread writes one row at a time";
    inside += stale;
  }
  EXPECT_GT(inside, kKills / 20) << "too few kills hit the inside of a row to prove anything";
  RecordProperty("kills_inside", inside);
}

TEST(NodeTableCrash, ANewWriterGivesReadersWholeRowsAgain) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/nodes.table";
  for (int start = 0; start < 3; ++start) {
    auto writer = NodeTableWriter::create(path, kRows);
    ASSERT_TRUE(writer.ok());
    SharedCounter published;
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) publish_for_ever(*writer.value(), published.value());
    Child child(pid);
    ASSERT_TRUE(wait_until_published(published.value(), 1000));
  }
  const auto writer = NodeTableWriter::create(path, kRows);
  ASSERT_TRUE(writer.ok());
  for (std::uint32_t i = 0; i < kRows; ++i) writer.value()->publish(i, patterned_row(i + 100));
  const auto table = NodeTableReader::open(path);
  ASSERT_TRUE(table.ok());
  for (const auto& read : table.value()->snapshot()) {
    EXPECT_FALSE(read.stale);
    EXPECT_TRUE(is_whole(read.row));
  }
}

}  // namespace
}  // namespace sutra::ipc
