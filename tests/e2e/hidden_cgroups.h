// A host on which nothing can be put into a cgroup, for one process and its children. Tests only.
#pragma once

namespace sutra::e2e {

/// Every cgroup2 mount becomes read-only, in a mount namespace of its own. For a child before its exec; needs
/// root. Exits with 122 to 124 where that is impossible.
void hide_cgroups();

}  // namespace sutra::e2e
