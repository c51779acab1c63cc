#include "common/errno_advice.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sutra {
namespace {

TEST(ErrnoAdvice, NamesTheDirectory) {
  for (const int error : {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO})
    EXPECT_NE(errno_advice(error, "/srv/x").find("/srv/x"), std::string::npos) << error;
}

TEST(ErrnoAdvice, WithoutADirectoryIsOnlyAboutLimits) {
  for (const int error : {ENOSPC, EROFS, EACCES, EPERM, ENOTDIR, EIO})
    EXPECT_EQ(errno_advice(error, {}), "") << error;
  EXPECT_NE(errno_advice(EMFILE, {}).find("LimitNOFILE="), std::string::npos);
  EXPECT_NE(errno_advice(ENFILE, {}), "");
  EXPECT_NE(errno_advice(ENOMEM, {}), "");
}

TEST(ErrnoAdvice, TheCallersOwnAdviceComesFirst) {
  EXPECT_EQ(errno_advice(EACCES, "/srv/x", {{EROFS, "one"}, {EACCES, "two"}, {EACCES, "three"}}), "two");
  EXPECT_EQ(errno_advice(ENOSPC, "/srv/x", {{EROFS, "one"}}), errno_advice(ENOSPC, "/srv/x"));
}

TEST(ErrnoAdvice, IsEmptyWhereThereIsNothingToAdd) {
  EXPECT_EQ(errno_advice(ENOENT, "/srv/x"), "");
  EXPECT_EQ(errno_advice(0, "/srv/x"), "");
}

}  // namespace
}  // namespace sutra
