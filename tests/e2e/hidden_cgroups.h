// A host on which the agent may use no cgroups. Tests only.
#pragma once

namespace sutra::e2e {

/// Makes every cgroup2 mount read-only for this process and its children, in a mount namespace of their own.
/// For a process about to exec: ends it with status 122 to 124 when that fails. Needs CAP_SYS_ADMIN.
void hide_cgroups();

}  // namespace sutra::e2e
