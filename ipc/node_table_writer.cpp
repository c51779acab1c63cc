#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <utility>

#include "ipc/map_file.h"
#include "ipc/node_table_layout.h"

namespace sutra::ipc {
namespace {

using namespace table;

// The file under its temporary name. The destructor deletes it, unless it got its final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  Status rename_to(const std::string& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return errno_error("rename to", target);
    path_.clear();
    return {};
  }

 private:
  std::string path_;
};

class MappedWriter final : public NodeTableWriter {
 public:
  MappedWriter(boost::interprocess::mapped_region region, UniqueFd read_only, std::uint32_t capacity)
      : region_(std::move(region)),
        read_only_(std::move(read_only)),
        rows_(rows_at(region_.get_address())),
        capacity_(capacity) {
    for (std::uint32_t i = 0; i < capacity_; ++i) clear(i);
    TableHeader* header = header_at(region_.get_address());
    header->version.store(kTableVersion, std::memory_order_relaxed);
    header->row_bytes.store(kRowBytes, std::memory_order_relaxed);
    header->capacity.store(capacity, std::memory_order_relaxed);
    header->magic.store(kTableMagic, std::memory_order_release);
  }

  void publish(std::uint32_t index, const NodeRow& row) final {
    if (index >= capacity_) return;
    const auto words = std::bit_cast<RowWords>(row);
    SharedRow& shared = rows_[index];
    const std::uint64_t before = shared.sequence.load(std::memory_order_relaxed);
    shared.sequence.store(before + 1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < words.size(); ++i) shared.words[i].store(words[i], std::memory_order_release);
    shared.sequence.store(before + 2, std::memory_order_release);
  }

  void clear(std::uint32_t index) final { publish(index, NodeRow{}); }
  [[nodiscard]] std::uint32_t capacity() const override { return capacity_; }

  [[nodiscard]] Result<UniqueFd> open_read_only() const override {
    UniqueFd copy(::fcntl(read_only_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return errno_error("duplicate", "node table's descriptor", "raise LimitNOFILE");
    return copy;
  }

 private:
  boost::interprocess::mapped_region region_;
  UniqueFd read_only_;
  SharedRow* rows_;
  std::uint32_t capacity_;
};

// Allocates the pages now: on a full tmpfs this fails with ENOSPC; without it a later store would raise
// SIGBUS.
Status reserve(int fd, std::size_t bytes, const std::string& path) {
  int rc = 0;
  do {
    rc = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  } while (rc == EINTR);
  if (rc == 0) return {};
  return Error{"reserve " + std::to_string(bytes) + " bytes for",
               path,
               rc,
               {},
               "free space in runtime_dir or lower max_storage_nodes"};
}

}  // namespace

Result<std::unique_ptr<NodeTableWriter>> NodeTableWriter::create(const std::string& path,
                                                                 std::uint32_t capacity) {
  if (capacity > kMaxRows) {
    return make_error(
        "make node table", path,
        std::to_string(capacity) + " rows asked for, at most " + std::to_string(kMaxRows) + " can be",
        "lower max_storage_nodes");
  }
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // left over from a supervisor that was killed
  UniqueFd fd(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error("create", fresh, "runtime_dir must exist and be ours to write");
  TemporaryFile file(fresh);

  if (auto reserved = reserve(fd.get(), table_bytes(capacity), path); !reserved) return reserved.error();
  UniqueFd read_only(::open(fresh.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!read_only) return errno_error("open", fresh);
  auto region = map_file(fd.get(), table_bytes(capacity), boost::interprocess::read_write);
  if (!region) return region.error();

  std::unique_ptr<NodeTableWriter> writer =
      std::make_unique<MappedWriter>(std::move(region).value(), std::move(read_only), capacity);
  if (auto renamed = file.rename_to(path); !renamed) return renamed.error();
  return writer;
}

}  // namespace sutra::ipc
