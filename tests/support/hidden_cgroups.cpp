#include "tests/support/hidden_cgroups.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

namespace sutra::e2e {

HiddenCgroups::HiddenCgroups() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string device, place, type, rest;
       mounts >> device >> place >> type && std::getline(mounts, rest);) {
    if (type == "cgroup2") mounts_.push_back(place);
  }
}

void HiddenCgroups::hide() const {
  if (unshare(CLONE_NEWNS) != 0) _exit(124);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(123);
  for (const auto& place : mounts_) {
    if (mount(nullptr, place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) _exit(122);
  }
}

}  // namespace sutra::e2e
