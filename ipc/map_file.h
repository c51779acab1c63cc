// Maps a file into memory, shared with all processes that map the same inode. Both processes.
#pragma once
#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>

#include "common/result.h"

namespace sutra::ipc {

/// Maps the first `bytes` of `fd`. The file must have that size and must not shrink while it is mapped (an
/// access would raise SIGBUS, mmap(2)). The region unmaps itself when destroyed, and stays valid when `fd` is
/// closed. Opens no file, so a sandboxed process can call it. read_write needs a descriptor that is open for
/// writing (else EACCES).
[[nodiscard]] Result<boost::interprocess::mapped_region> map_file(int fd, std::size_t bytes,
                                                                  boost::interprocess::mode_t mode);

}  // namespace sutra::ipc
