#include "supervisor/host/thread_stacks.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "supervisor/host/kernel_file.h"
#include "supervisor/host/process_stat.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kMostFrames = 8;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// "[<0>] do_epoll_wait+0x37/0x90" a line becomes "do_epoll_wait < ...".
std::string frames_in(const std::string& stack) {
  std::istringstream lines(stack);
  std::string all;
  std::size_t frames = 0;
  for (std::string line; frames < kMostFrames && std::getline(lines, line); ++frames) {
    const auto name = line.find(' ');
    if (name == std::string::npos) continue;
    all += (all.empty() ? "" : " < ") + line.substr(name + 1, line.find('+') - name - 1);
  }
  return all;
}

}  // namespace

std::vector<std::string> thread_stacks(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::vector<std::string> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(tasks.c_str()), &closedir);
  if (!directory) return all;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.' || all.size() == kMostThreads) continue;
    const std::string task = tasks + "/" + entry->d_name + "/";
    const auto read = [&](const char* file) { return read_kernel_file(AT_FDCWD, task + file); };
    const std::string frames = frames_in(read("stack"));
    const std::string waits = first_line(read("wchan"));
    const ProcessStat stat = read_process_stat(task + "stat").value_or(ProcessStat());
    all.push_back("thread " + std::string(entry->d_name) + " (" + first_line(read("comm")) + ") in state " +
                  stat.state + ", waits in " + (waits.empty() || waits == "0" ? "user space" : waits) +
                  ", system call " + first_line(read("syscall")) +
                  (frames.empty() ? "" : ", stack " + frames));
  }
  return all;
}

}  // namespace sutra::supervisor
