#include "supervisor/launch/pack_spec.h"

#include <cstring>

namespace sutra::supervisor {
namespace {

Error unfit(const LaunchPlan& plan, std::string cause, std::string remedy = {}) {
  return make_error("launch", plan.program, std::move(cause), std::move(remedy));
}

bool append(std::string& out, const std::vector<std::string>& strings) {
  for (const std::string& text : strings) {
    if (text.find('\0') != std::string::npos) return false;
    out.append(text.c_str(), text.size() + 1);
  }
  return true;
}

Status check(const LaunchPlan& plan) {
  const bool needs_directory = (plan.flags & (launch::kChangeDirectory | launch::kLockDirectory)) != 0;
  const bool passes_extra = (plan.flags & launch::kPassExtra) != 0;
  if (plan.program.empty() || plan.program.front() != '/') {
    return unfit(plan, "the program's path is not absolute", "give an absolute path");
  }
  if (plan.program.size() >= sizeof(launch::Spec::program)) {
    return unfit(plan, "the program's path is longer than 255 bytes", "install it under a shorter path");
  }
  if (plan.arguments.empty()) return unfit(plan, "there is no argv[0]");
  if (plan.arguments.size() + plan.environment.size() > launch::kMaxArguments) {
    return unfit(plan, "arguments and environment together are more than 256 strings",
                 "give fewer args or env");
  }
  if (plan.limits.size() > launch::kMaxLimits) return unfit(plan, "more than 6 resource limits");
  if (needs_directory && plan.directory_fd < 0) return unfit(plan, "no directory to enter or lock");
  if (needs_directory && passes_extra)
    return unfit(plan, "a directory and extra descriptors exclude each other");
  if ((plan.flags & launch::kMarkExec) != 0 && (passes_extra || plan.extra_fds[0] < 0))
    return unfit(plan, "the mark of its exec needs the first extra descriptor for itself");
  if ((plan.flags & launch::kRedirectOutput) != 0 && plan.log_fd < 0)
    return unfit(plan, "no file to write output to");
  return {};
}

}  // namespace

Result<std::string> pack_spec(const LaunchPlan& plan, pid_t parent) {
  if (Status fits = check(plan); !fits) return fits.error();
  std::string strings;
  if (!append(strings, plan.arguments) || !append(strings, plan.environment)) {
    return unfit(plan, "an argument or a variable contains a NUL byte",
                 "remove it from storage.args or storage.env");
  }
  if (strings.size() > launch::kMaxStrings) {
    return unfit(plan, "arguments and environment together are longer than 48 KiB",
                 "give fewer or shorter args and env");
  }
  launch::Spec spec{};
  spec.magic = launch::kSpecMagic;
  spec.version = launch::kSpecVersion;
  spec.flags = plan.flags;
  spec.oom_score_adj = plan.oom_score_adj.value_or(launch::kKeepOomScore);
  spec.uid = plan.uid;
  spec.gid = plan.gid;
  spec.parent_pid = parent;
  spec.argc = static_cast<std::uint32_t>(plan.arguments.size());
  spec.envc = static_cast<std::uint32_t>(plan.environment.size());
  spec.strings_size = static_cast<std::uint32_t>(strings.size());
  for (launch::Limit& limit : spec.limits) limit.resource = -1;
  for (std::size_t i = 0; i < plan.limits.size(); ++i) spec.limits[i] = plan.limits[i];
  std::memcpy(spec.program, plan.program.data(), plan.program.size());
  std::string bytes(sizeof spec, '\0');
  std::memcpy(bytes.data(), &spec, sizeof spec);
  return bytes + strings;
}

}  // namespace sutra::supervisor
