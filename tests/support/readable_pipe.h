// A descriptor that is ready in every iteration of a loop. Tests only.
#pragma once
#include <unistd.h>

#include "common/unique_fd.h"

namespace sutra {

/// A pipe that can always be read.
class ReadablePipe {
 public:
  ReadablePipe() {
    int fds[2];
    if (pipe(fds) != 0) return;
    read_.reset(fds[0]);
    write_.reset(fds[1]);
    (void)!write(write_.get(), "x", 1);
  }
  [[nodiscard]] int fd() const { return read_.get(); }

 private:
  UniqueFd read_, write_;
};

}  // namespace sutra
