#include "tests/e2e/hidden_cgroups.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace sutra::e2e {

void hide_cgroups() {
  if (unshare(CLONE_NEWNS) != 0) _exit(124);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(123);
  std::ifstream mounts("/proc/self/mounts");
  std::vector<std::string> places;
  for (std::string device, place, type, rest;
       mounts >> device >> place >> type && std::getline(mounts, rest);) {
    if (type == "cgroup2") places.push_back(place);
  }
  for (const auto& place : places) {
    if (mount(nullptr, place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) _exit(122);
  }
}

}  // namespace sutra::e2e
