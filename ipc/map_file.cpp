#include "ipc/map_file.h"

#include <boost/interprocess/exceptions.hpp>
#include <string>

namespace sutra::ipc {
namespace {

namespace bip = boost::interprocess;

// Adapter that lets mapped_region map a descriptor. bip::file_mapping cannot be used: it opens a file by
// name, which a sandbox may forbid, and its descriptor has no CLOEXEC.
struct Mappable {
  int fd;
  [[nodiscard]] bip::mapping_handle_t get_mapping_handle() const { return {fd, false}; }
};

}  // namespace

Result<bip::mapped_region> map_file(int fd, std::size_t bytes, bip::mode_t mode) {
  try {
    return bip::mapped_region(Mappable{fd}, mode, 0, bytes);
  } catch (const bip::interprocess_exception& failure) {
    return Error{"map",
                 std::to_string(bytes) + " bytes of descriptor " + std::to_string(fd),
                 static_cast<int>(failure.get_native_error()),
                 failure.what(),
                 {}};
  }
}

}  // namespace sutra::ipc
