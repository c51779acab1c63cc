// The user accounts that child processes run as. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"

namespace sutra::supervisor {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;     ///< empty when the uid has no name
  std::string warning;  ///< not empty: the expected user is missing, and root is used instead
};

/// When the agent is not root: our own user; `configured` must be empty or that user. When it is root: the
/// user `configured`, which must exist; when that is empty, the user `fallback`; when that does not exist,
/// root, with a warning. `key`: the configuration key, for messages.
[[nodiscard]] Result<Account> child_account(const std::string& configured, const std::string& fallback,
                                            const std::string& key);

}  // namespace sutra::supervisor
