// A file's bytes in memory, shared with every process that maps the same inode. Both processes.
#pragma once
#include <cstddef>
#include <memory>

#include "common/result.h"

namespace sutra::ipc {

/// Unmapped on destruction. The descriptor is needed only while map() runs.
class FileRegion {
 public:
  enum class Access { kReadOnly, kReadWrite };
  /// Maps the first `bytes` of `fd`; the file must be that long, and must not shrink while it is mapped.
  /// Opens nothing: a sandboxed process can call it. kReadWrite of a read-only descriptor fails (EACCES).
  [[nodiscard]] static Result<FileRegion> map(int fd, std::size_t bytes, Access access);

  FileRegion(FileRegion&&) noexcept;
  FileRegion& operator=(FileRegion&&) noexcept;
  ~FileRegion();

  [[nodiscard]] void* address() const;

 private:
  struct Mapped;
  explicit FileRegion(std::unique_ptr<Mapped> mapped);
  std::unique_ptr<Mapped> mapped_;
};

}  // namespace sutra::ipc
