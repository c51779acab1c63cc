#include "common/uncaught.h"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>

namespace sutra {
namespace {

const char* program_name = "sutra";

/// Without memory from the heap: there may be none left.
[[noreturn]] void say_and_exit(const char* what) {
  const auto part = [](const char* text) { return iovec{const_cast<char*>(text), std::strlen(text)}; };
  const std::array<iovec, 4> line{part(program_name), part(": ended by an exception: "), part(what),
                                  part("\n")};
  (void)!writev(STDERR_FILENO, line.data(), static_cast<int>(line.size()));
  _exit(1);
}

[[noreturn]] void terminated() {
  if (std::current_exception() == nullptr) say_and_exit("none; std::terminate was called");
  try {
    throw;
  } catch (const std::exception& error) {
    say_and_exit(error.what());
  } catch (...) {
    say_and_exit("not one of the standard library");
  }
}

}  // namespace

void report_uncaught(const char* program) {
  program_name = program;
  std::set_terminate(terminated);
}

}  // namespace sutra
