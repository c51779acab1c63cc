#include "ipc/node_table.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"
#include "tests/unit/ipc/patterned_row.h"

namespace sutra::ipc {
namespace {

using ::testing::HasSubstr;
using testing::patterned_row;
using testing::same;

class NodeTable : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/nodes.table"; }
  [[nodiscard]] std::unique_ptr<NodeTableWriter> writer_of(std::uint32_t capacity) const {
    auto writer = NodeTableWriter::create(path(), capacity);
    EXPECT_TRUE(writer.ok()) << writer.error().message();
    return std::move(writer).value();
  }
  [[nodiscard]] std::unique_ptr<NodeTableReader> reader() const {
    auto reader = NodeTableReader::open(path());
    EXPECT_TRUE(reader.ok()) << reader.error().message();
    return std::move(reader).value();
  }
  [[nodiscard]] std::string refusal() const {
    const auto reader = NodeTableReader::open(path());
    return reader ? "accepted" : reader.error().message();
  }
  void patch(off_t offset, std::uint64_t value) const {
    const UniqueFd fd(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), &value, sizeof value, offset), static_cast<ssize_t>(sizeof value));
  }
  static constexpr off_t row_offset(std::uint32_t index) { return 4096 + off_t{512} * index; }

  test::TemporaryDirectory directory_;
};

TEST_F(NodeTable, StartsWithFreeRows) {
  const auto writer = writer_of(8);
  const auto table = reader();
  EXPECT_EQ(writer->capacity(), 8U);
  EXPECT_EQ(table->capacity(), 8U);
  EXPECT_TRUE(table->snapshot().empty());
  EXPECT_EQ(table->live_count(), 0U);
  EXPECT_FALSE(table->read(0).stale);
  EXPECT_TRUE(same(table->read(0).row, NodeRow{}));
}

TEST_F(NodeTable, APublishedRowIsReadWholeAndFoundByItsId) {
  const auto writer = writer_of(8);
  const auto table = reader();
  writer->publish(3, patterned_row(41));
  EXPECT_TRUE(same(table->read(3).row, patterned_row(41)));
  const auto found = table->find("node-41");
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(same(found->row, patterned_row(41)));
  EXPECT_FALSE(table->find("node-4").has_value());
  EXPECT_FALSE(table->find("node-410").has_value());
  EXPECT_FALSE(table->find("").has_value());
  EXPECT_FALSE(table->find(std::string(65, 'n')).has_value());
}

TEST_F(NodeTable, ANodeIdOfTheLargestLengthIsFound) {
  const auto writer = writer_of(2);
  NodeRow row = patterned_row(1);
  row.node_id.assign(std::string(64, 'n'));
  writer->publish(1, row);
  EXPECT_TRUE(reader()->find(std::string(64, 'n')).has_value());
  EXPECT_FALSE(reader()->find(std::string(63, 'n')).has_value());
}

TEST_F(NodeTable, AClearedRowIsFreeAgain) {
  const auto writer = writer_of(2);
  const auto table = reader();
  writer->publish(0, patterned_row(1));
  writer->publish(1, patterned_row(2));
  EXPECT_EQ(table->live_count(), 2U);
  writer->clear(0);
  EXPECT_FALSE(table->find("node-1").has_value());
  EXPECT_EQ(table->live_count(), 1U);
  ASSERT_EQ(table->snapshot().size(), 1U);
  EXPECT_TRUE(same(table->snapshot()[0].row, patterned_row(2)));
}

TEST_F(NodeTable, ARowWithoutAProcessIsNotLive) {
  const auto writer = writer_of(2);
  NodeRow row = patterned_row(1);
  row.pid = 0;
  writer->publish(0, row);
  EXPECT_EQ(reader()->live_count(), 0U);
  EXPECT_EQ(reader()->snapshot().size(), 1U);
}

TEST_F(NodeTable, AnIndexOutOfRangeIsIgnored) {
  const auto writer = writer_of(2);
  const auto table = reader();
  writer->publish(2, patterned_row(1));
  writer->publish(4'000'000'000, patterned_row(1));
  writer->clear(2);
  EXPECT_TRUE(table->snapshot().empty());
  EXPECT_EQ(table->read(2).row.state, NodeState::kGone);
  EXPECT_EQ(table->read(4'000'000'000).row.state, NodeState::kGone);
}

TEST_F(NodeTable, HoldsTenThousandRows) {
  constexpr std::uint32_t kRows = 10'000;
  const auto writer = writer_of(kRows);
  const auto table = reader();
  for (std::uint32_t i = 0; i < kRows; ++i) writer->publish(i, patterned_row(i));
  const auto rows = table->snapshot();
  ASSERT_EQ(rows.size(), kRows);
  for (std::uint32_t i = 0; i < kRows; ++i) ASSERT_TRUE(same(rows[i].row, patterned_row(i))) << i;
  EXPECT_EQ(table->live_count(), kRows);
  EXPECT_TRUE(table->find("node-9999").has_value());
}

TEST_F(NodeTable, MayHaveNoRows) {
  const auto writer = writer_of(0);
  EXPECT_EQ(reader()->capacity(), 0U);
  EXPECT_TRUE(reader()->snapshot().empty());
}

TEST_F(NodeTable, MoreRowsThanPortsAreRefused) {
  const auto writer = NodeTableWriter::create(path(), 65537);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message(), HasSubstr("lower max_storage_nodes"));
}

TEST_F(NodeTable, ARowWhoseSequenceStaysOddIsStaleAfterABoundedTime) {
  const auto writer = writer_of(3);
  const auto table = reader();
  for (std::uint32_t i = 0; i < 3; ++i) writer->publish(i, patterned_row(i + 1));
  patch(row_offset(1), 7);
  const auto before = std::chrono::steady_clock::now();
  const auto read = table->read(1);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  EXPECT_TRUE(read.stale);
  EXPECT_TRUE(same(read.row, patterned_row(2)));
  EXPECT_FALSE(table->read(0).stale);
  ASSERT_EQ(table->snapshot().size(), 3U);
  EXPECT_TRUE(table->snapshot()[1].stale);
  EXPECT_TRUE(table->find("node-2")->stale);
}

TEST_F(NodeTable, IsRecreatedWhileTheOldMappingStaysReadable) {
  auto old_writer = writer_of(4);
  const auto old_table = reader();
  old_writer->publish(0, patterned_row(1));
  struct stat old_status {};
  ASSERT_EQ(::stat(path().c_str(), &old_status), 0);
  old_writer.reset();

  const auto new_writer = writer_of(9);
  struct stat new_status {};
  ASSERT_EQ(::stat(path().c_str(), &new_status), 0);
  EXPECT_NE(old_status.st_ino, new_status.st_ino);
  new_writer->publish(0, patterned_row(2));
  EXPECT_TRUE(same(old_table->read(0).row, patterned_row(1)));
  EXPECT_TRUE(same(reader()->read(0).row, patterned_row(2)));
  EXPECT_EQ(new_status.st_mode & 0777U, 0600U);
}

TEST_F(NodeTable, LeavesNoTemporaryFileAndSurvivesOneLeftBehind) {
  const UniqueFd left(::open((path() + ".new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(left.valid());
  const auto writer = writer_of(1);
  EXPECT_NE(::access((path() + ".new").c_str(), F_OK), 0);
  EXPECT_EQ(reader()->capacity(), 1U);
}

TEST_F(NodeTable, AFailedCreateLeavesNothing) {
  ASSERT_EQ(::mkdir(path().c_str(), 0700), 0);  // rename(2) of a file onto a directory fails
  const auto writer = NodeTableWriter::create(path(), 1);
  ASSERT_FALSE(writer.ok());
  EXPECT_NE(::access((path() + ".new").c_str(), F_OK), 0);
  const auto elsewhere = NodeTableWriter::create(directory_.path() + "/missing/nodes.table", 1);
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_THAT(elsewhere.error().message(), HasSubstr("runtime_dir must exist"));
}

TEST_F(NodeTable, ItsReadOnlyDescriptorCannotBeMadeWritable) {
  const auto writer = writer_of(2);
  auto fd = writer->open_read_only();
  ASSERT_TRUE(fd.ok()) << fd.error().message();
  EXPECT_NE(::fcntl(fd.value().get(), F_GETFD) & FD_CLOEXEC, 0);

  errno = 0;
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.value().get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EACCES);
  void* readable = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd.value().get(), 0);
  ASSERT_NE(readable, MAP_FAILED);
  EXPECT_EQ(::mprotect(readable, 4096, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(errno, EACCES);
  ::munmap(readable, 4096);
  EXPECT_EQ(::write(fd.value().get(), "x", 1), -1);
  EXPECT_EQ(::ftruncate(fd.value().get(), 0), -1);

  auto table = NodeTableReader::map(fd.value());
  ASSERT_TRUE(table.ok()) << table.error().message();
  fd.value().reset();
  writer->publish(1, patterned_row(6));
  EXPECT_TRUE(same(table.value()->read(1).row, patterned_row(6))) << "the mapping outlives the descriptor";
}

TEST_F(NodeTable, AFileThatIsNotATableIsRefusedWithTheReason) {
  EXPECT_THAT(refusal(), HasSubstr("the agent never ran"));
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("not a regular file"));
  ::unlink(path().c_str());
  { const UniqueFd empty(::open(path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)); }
  EXPECT_THAT(refusal(), HasSubstr("0 bytes, which is not a size that a table can have"));
  const auto broken = [&](off_t offset, std::uint64_t value) {
    const auto writer = writer_of(2);
    patch(offset, value);
    return refusal();
  };
  EXPECT_THAT(broken(0, 1), HasSubstr("its first bytes are not those of a node table"));
  EXPECT_THAT(broken(8, 2), HasSubstr("its version is 2, this build reads 1"));
  EXPECT_THAT(broken(16, 256), HasSubstr("does not fit the rows"));
  EXPECT_THAT(broken(24, 3), HasSubstr("does not fit the rows"));
  EXPECT_THAT(broken(24, ~std::uint64_t{0}), HasSubstr("does not fit the rows"));
}

}  // namespace
}  // namespace sutra::ipc
