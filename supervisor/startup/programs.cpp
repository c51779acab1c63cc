#include "supervisor/startup/programs.h"

#include <unistd.h>

#include <array>
#include <string_view>

namespace sutra::supervisor {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<Programs> find_programs() {
  std::array<char, 4096> self{};
  const ssize_t n = readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (n < 0) return errno_error("read link", "/proc/self/exe", "mount /proc");
  Programs programs;
  programs.self.assign(self.data(), static_cast<std::size_t>(n));
  // A package upgrade replaces the file while we run. The kernel then appends this word to the old file's
  // path (proc(5)); without it the path is that of the new version.
  constexpr std::string_view kDeleted = " (deleted)";
  if (programs.self.ends_with(kDeleted)) programs.self.resize(programs.self.size() - kDeleted.size());
  const std::string beside = directory_of(programs.self);
  const auto find = [&](const std::string& name) -> Result<std::string> {
    for (const std::string& directory : {beside, std::string("/usr/libexec/sutra-agent")}) {
      std::string path = directory + "/" + name;
      if (access(path.c_str(), X_OK) == 0) return path;
    }
    return make_error("find program", name, "it is neither in " + beside + " nor in /usr/libexec/sutra-agent",
                      "install the package again, or keep the agent's programs in one directory");
  };
  auto launcher = find("sutra-node-launch");
  if (!launcher) return launcher.error();
  auto comms = find("sutra-agent-comms");
  if (!comms) return comms.error();
  programs.launcher = std::move(launcher).value();
  programs.comms = std::move(comms).value();
  return programs;
}

}  // namespace sutra::supervisor
