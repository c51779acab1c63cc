// A file's bytes in memory, shared with every process that maps the same inode. Both processes.
#pragma once
#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>

#include "common/result.h"

namespace sutra::ipc {

/// Maps the first `bytes` of `fd`; the file must be that long, and must not shrink while it is mapped. The
/// region unmaps itself and outlives `fd`. Opens nothing: a sandboxed process can call it. read_write of a
/// read-only descriptor fails (EACCES).
[[nodiscard]] Result<boost::interprocess::mapped_region> map_file(int fd, std::size_t bytes,
                                                                  boost::interprocess::mode_t mode);

}  // namespace sutra::ipc
