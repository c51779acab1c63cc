#include "common/result.h"

#include <gtest/gtest.h>

namespace sutra {
namespace {

TEST(Error, MessageNamesOperationSubjectCauseAndRemedy) {
  EXPECT_EQ(make_error("start node", "n1", "port taken", "use another").message(),
            "start node n1: port taken; use another");
  errno = ENOENT;
  EXPECT_EQ(errno_error("open", "/x").message(), "open /x: No such file or directory");
}

}  // namespace
}  // namespace sutra
