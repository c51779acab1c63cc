// Whom our children run as. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"

namespace sutra::supervisor {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;     ///< empty when the uid has no name
  std::string warning;  ///< why it is not the account one would expect; empty when it is
};

/// Not root: our own user, and `configured` must be it or empty. Root: `configured` must exist; when it is
/// empty, `fallback` if that exists, else root itself, with a warning.
[[nodiscard]] Result<Account> child_account(const std::string& configured, const std::string& fallback,
                                            const std::string& key);

}  // namespace sutra::supervisor
