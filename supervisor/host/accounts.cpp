#include "supervisor/host/accounts.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace sutra::supervisor {
namespace {

std::optional<Account> look_up(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return {};
  return Account{entry.pw_uid, entry.pw_gid, name, {}};
}

}  // namespace

Result<Account> child_account(const std::string& configured, const std::string& fallback,
                              const std::string& key) {
  const Account own{geteuid(), getegid(), {}, {}};
  if (!configured.empty()) {
    const auto account = look_up(configured);
    if (!account) {
      return make_error("find user", configured, key + " names a user that does not exist",
                        "create it with: useradd --system --no-create-home " + configured);
    }
    if (own.uid != 0 && account->uid != own.uid) {
      return make_error("switch to user", configured, "only root can start processes as another user",
                        "start the agent as root, or leave " + key + " out");
    }
    return *account;
  }
  if (own.uid != 0) return own;
  if (const auto account = look_up(fallback)) return *account;
  Account root = own;
  root.name = "root";
  root.warning =
      "user " + fallback + " does not exist and " + key +
      " is not set, so that part runs as root; create it with: useradd --system --no-create-home " + fallback;
  return root;
}

}  // namespace sutra::supervisor
