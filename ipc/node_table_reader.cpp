#include <fcntl.h>
#include <sys/stat.h>

#include <bit>
#include <cstring>
#include <utility>

#include "ipc/map_file.h"
#include "ipc/node_table_layout.h"

namespace sutra::ipc {
namespace {

using namespace table;

// About 1 ms in all: longer than a running writer needs for a row, and short when the writer has died. The
// pause makes no system call, because comms may run in a sandbox that allows few.
constexpr int kAttempts = 16384;

constexpr std::size_t kIdWords = sizeof(NodeIdText) / 8;
constexpr std::size_t kPidWord = offsetof(NodeRow, pid) / 8;
constexpr std::size_t kStateWord = offsetof(NodeRow, state) / 8;
static_assert(offsetof(NodeRow, node_id) == 0 && offsetof(NodeRow, pid) % 8 == 0);

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Copies word by word into the row. A second copy through a buffer would be slow: its loads would wait for
// the stores of the first copy (store forwarding).
void copy_words(const SharedRow& shared, NodeRow& row) {
  auto* bytes = reinterpret_cast<std::byte*>(&row);
  for (std::size_t i = 0; i < kRowWords; ++i) {
    const std::uint64_t word = shared.words[i].load(std::memory_order_acquire);
    std::memcpy(bytes + i * sizeof word, &word, sizeof word);
  }
}

void read_row(const SharedRow& shared, NodeTableReader::Read& read) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t before = shared.sequence.load(std::memory_order_acquire);
    if (before % 2 == 0) {
      copy_words(shared, read.row);
      if (shared.sequence.load(std::memory_order_relaxed) == before) return;
    }
    pause_briefly();
  }
  copy_words(shared, read.row);
  read.stale = true;
}

// These two read a single word, which is atomic, so they need no sequence lock.
bool in_use(const SharedRow& shared) {
  const auto bytes =
      std::bit_cast<std::array<std::uint8_t, 8>>(shared.words[kStateWord].load(std::memory_order_acquire));
  return bytes[offsetof(NodeRow, state) % 8] != static_cast<std::uint8_t>(NodeState::kGone);
}
bool has_process(const SharedRow& shared) {
  return static_cast<std::uint32_t>(shared.words[kPidWord].load(std::memory_order_acquire)) != 0;
}

// Compares without the sequence lock. A row's id does not change while its node exists. Only a row that is
// being assigned to a node right now can be missed, as if we had read a moment earlier.
bool may_be(const SharedRow& shared, const std::array<std::uint64_t, kIdWords>& id) {
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (shared.words[i].load(std::memory_order_acquire) != id[i]) return false;
  }
  return true;
}

class MappedReader final : public NodeTableReader {
 public:
  MappedReader(boost::interprocess::mapped_region region, std::uint32_t capacity)
      : region_(std::move(region)), rows_(rows_at(region_.get_address())), capacity_(capacity) {}

  [[nodiscard]] Read read(std::uint32_t index) const override {
    Read read;
    if (index < capacity_) read_row(rows_[index], read);
    return read;
  }

  [[nodiscard]] std::uint32_t capacity() const override { return capacity_; }

  [[nodiscard]] std::vector<Read> snapshot() const override {
    std::size_t used = 0;
    for (std::uint32_t i = 0; i < capacity_; ++i) used += in_use(rows_[i]) ? 1U : 0U;
    std::vector<Read> reads;
    reads.reserve(used);
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      if (!in_use(rows_[i])) continue;
      read_row(rows_[i], reads.emplace_back());
      if (reads.back().row.state == NodeState::kGone) reads.pop_back();
    }
    return reads;
  }

  [[nodiscard]] std::optional<Read> find(std::string_view node_id) const override {
    NodeIdText wanted;
    if (node_id.empty() || !wanted.assign(node_id)) return std::nullopt;
    const auto words = std::bit_cast<std::array<std::uint64_t, kIdWords>>(wanted);
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      if (!may_be(rows_[i], words)) continue;
      Read read;
      read_row(rows_[i], read);
      if (read.row.state != NodeState::kGone && read.row.node_id.view() == node_id) return read;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint32_t live_count() const override {
    std::uint32_t live = 0;
    for (std::uint32_t i = 0; i < capacity_; ++i) live += has_process(rows_[i]) ? 1U : 0U;
    return live;
  }

 private:
  boost::interprocess::mapped_region region_;
  const SharedRow* rows_;
  std::uint32_t capacity_;
};

Error not_a_table(const std::string& subject, std::string why) {
  return make_error("read node table", subject, std::move(why),
                    "the agent and its tools must be of the same version");
}

Result<std::unique_ptr<NodeTableReader>> map_table(int fd, const std::string& subject) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat", subject);
  if (!S_ISREG(status.st_mode)) return not_a_table(subject, "it is not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < table_bytes(0) || size > table_bytes(kMaxRows)) {
    return not_a_table(
        subject, "it has " + std::to_string(size) + " bytes, which is not a size that a table can have");
  }
  auto region = map_file(fd, static_cast<std::size_t>(size), boost::interprocess::read_only);
  if (!region) return region.error();
  const TableHeader* header = header_at(region.value().get_address());
  if (header->magic.load(std::memory_order_acquire) != kTableMagic) {
    return not_a_table(subject, "its first bytes are not those of a node table");
  }
  const std::uint64_t version = header->version.load(std::memory_order_relaxed);
  if (version != kTableVersion) {
    return not_a_table(subject, "its version is " + std::to_string(version) + ", this build reads " +
                                    std::to_string(kTableVersion));
  }
  const std::uint64_t capacity = header->capacity.load(std::memory_order_relaxed);
  if (header->row_bytes.load(std::memory_order_relaxed) != kRowBytes || capacity > kMaxRows ||
      table_bytes(capacity) != size) {
    return not_a_table(subject, "its size does not fit the rows that its header counts");
  }
  std::unique_ptr<NodeTableReader> reader =
      std::make_unique<MappedReader>(std::move(region).value(), static_cast<std::uint32_t>(capacity));
  return reader;
}

}  // namespace

Result<std::unique_ptr<NodeTableReader>> NodeTableReader::map(const UniqueFd& fd) {
  return map_table(fd.get(), "descriptor " + std::to_string(fd.get()));
}

Result<std::unique_ptr<NodeTableReader>> NodeTableReader::open(const std::string& path) {
  // O_NONBLOCK: open() of a FIFO with that name must not block sutra-agentctl.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return errno_error("open", path,
                       errno == ENOENT ? "the agent never ran with this runtime_dir"
                                       : "run this as root or as the user who runs the agent");
  }
  return map_table(fd.get(), path);
}

}  // namespace sutra::ipc
