#include "supervisor/launcher/channel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

namespace sutra::launch {
namespace {

char g_strings[kMaxStrings];  // static memory: the launcher allocates nothing

int read_exactly(void* into, size_t size) {
  auto* bytes = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = read(kSlotPipe, bytes, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return EPROTO;
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return 0;
}

bool acceptable(const Spec& spec) {
  return spec.magic == kSpecMagic && spec.version == kSpecVersion && spec.strings_size <= kMaxStrings &&
         spec.argc >= 1 && spec.argc <= kMaxArguments && spec.envc <= kMaxArguments - spec.argc &&
         spec.program[0] == '/' && memchr(spec.program, 0, sizeof spec.program) != nullptr;
}

// False when there are not exactly argc + envc strings.
bool split_strings(LoadedSpec& loaded) {
  const Spec& spec = loaded.spec;
  char* next = g_strings;
  char* const end = g_strings + spec.strings_size;
  char** out = loaded.strings;
  for (uint32_t i = 0; i < spec.argc + spec.envc; ++i) {
    if (i == spec.argc) *out++ = nullptr;
    void* const nul = memchr(next, 0, static_cast<size_t>(end - next));
    if (nul == nullptr) return false;
    *out++ = next;
    next = static_cast<char*>(nul) + 1;
  }
  if (spec.envc == 0) *out++ = nullptr;
  *out = nullptr;
  loaded.argv = loaded.strings;
  loaded.envp = loaded.strings + spec.argc + 1;
  return next == end;
}

}  // namespace

int read_spec(LoadedSpec& loaded) {
  if (const int error = read_exactly(&loaded.spec, sizeof loaded.spec)) return error;
  if (!acceptable(loaded.spec)) return EPROTO;
  if (const int error = read_exactly(g_strings, loaded.spec.strings_size)) return error;
  return split_strings(loaded) ? 0 : EPROTO;
}

int wait_at_gate() {
  char byte = 0;
  for (;;) {
    const ssize_t got = read(kSlotPipe, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return kGateClosed;
    return byte == kGateOpen ? 0 : EPROTO;
  }
}

void report(int fd, Stage stage, int error) {
  const Report message{stage, error};
  while (write(fd, &message, sizeof message) < 0 && errno == EINTR) {
  }
}

}  // namespace sutra::launch
