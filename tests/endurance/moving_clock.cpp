#include "tests/endurance/moving_clock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr long long kDay = 24 * 3600;
constexpr long long kTenYears = 3652 * kDay;
constexpr std::array<long long, 4> kShifts{kTenYears, 0, -kTenYears, 0};

}  // namespace

MovingClock::MovingClock(const e2e::Sandbox& sandbox)
    : directory_(sandbox.at("bin")), shift_file_(sandbox.at("clock-shift")) {
  const int file = ::open(shift_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  void* memory = MAP_FAILED;
  if (::ftruncate(file, sizeof *shift_) == 0)
    memory = ::mmap(nullptr, sizeof *shift_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) std::abort();
  shift_ = static_cast<volatile long long*>(memory);
  fs::create_directory(directory_);
  // A copy, because the supervisor looks for its programs beside its own real path.
  fs::copy_file(sandbox.binary("sutra-agent"), directory_ + "/sutra-agent");
  fs::create_symlink(sandbox.binary("sutra-node-launch"), directory_ + "/sutra-node-launch");
  const std::string wrapper = directory_ + "/sutra-agent-comms";
  e2e::write_file(wrapper, "#!/bin/sh\nexport LD_PRELOAD=" SUTRA_TEST_CLOCK " SUTRA_TEST_CLOCK_SHIFT=" +
                               shift_file_ + "\nexec " + sandbox.binary("sutra-agent-comms") + " \"$@\"\n");
  ::chmod(wrapper.c_str(), 0755);
}

MovingClock::~MovingClock() {
  stop();
  ::munmap(const_cast<long long*>(shift_), sizeof *shift_);
}

void MovingClock::set_under(e2e::Agent& agent) const {
  agent.use_program(directory_ + "/sutra-agent");
  agent.set_environment("LD_PRELOAD", SUTRA_TEST_CLOCK);
  agent.set_environment("SUTRA_TEST_CLOCK_SHIFT", shift_file_);
}

void MovingClock::jump_to(long long shift_secs) {
  *shift_ = shift_secs;
  ++jumps_;
}

void MovingClock::jump_every(std::chrono::milliseconds interval, std::function<long long(int)> shift_of) {
  jumper_ = std::thread([this, interval, shift_of = std::move(shift_of)] {
    while (!over_) {
      jump_to(shift_of(jumps_));
      std::this_thread::sleep_for(interval);
    }
  });
}

void MovingClock::start_jumping() {
  jump_every(1s, [](int jump) { return kShifts[static_cast<std::size_t>(jump) % kShifts.size()]; });
}

void MovingClock::start_falling_back() {
  jump_every(200ms, [](int jump) { return -kDay * jump; });
}

void MovingClock::stop() {
  over_ = true;
  if (jumper_.joinable()) jumper_.join();
}

}  // namespace sutra::endurance
