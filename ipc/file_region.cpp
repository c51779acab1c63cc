#include "ipc/file_region.h"

#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <string>
#include <utility>

namespace sutra::ipc {
namespace {

namespace bip = boost::interprocess;

// Stands in for bip::file_mapping, which opens by name (a sandboxed reader may open nothing) and leaves the
// descriptor inheritable.
struct BorrowedDescriptor {
  int fd;
  [[nodiscard]] bip::mapping_handle_t get_mapping_handle() const {
    return bip::ipcdetail::mapping_handle_from_file_handle(fd);
  }
};

}  // namespace

struct FileRegion::Mapped {
  bip::mapped_region region;
};

FileRegion::FileRegion(std::unique_ptr<Mapped> mapped) : mapped_(std::move(mapped)) {}
FileRegion::FileRegion(FileRegion&&) noexcept = default;
FileRegion& FileRegion::operator=(FileRegion&&) noexcept = default;
FileRegion::~FileRegion() = default;

void* FileRegion::address() const { return mapped_->region.get_address(); }

Result<FileRegion> FileRegion::map(int fd, std::size_t bytes, Access access) {
  try {
    bip::mapped_region region(BorrowedDescriptor{fd},
                              access == Access::kReadOnly ? bip::read_only : bip::read_write, 0, bytes);
    return FileRegion(std::make_unique<Mapped>(Mapped{std::move(region)}));
  } catch (const bip::interprocess_exception& failure) {
    return Error{"map",
                 std::to_string(bytes) + " bytes of descriptor " + std::to_string(fd),
                 static_cast<int>(failure.get_native_error()),
                 failure.what(),
                 {}};
  }
}

}  // namespace sutra::ipc
