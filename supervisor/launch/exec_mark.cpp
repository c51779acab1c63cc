#include "supervisor/launch/exec_mark.h"

#include <fcntl.h>
#include <unistd.h>

namespace sutra::supervisor {
namespace {

/// Generations alternate between two files. Until the ledger's facts name the new generation, they name the
/// previous one, whose mark must still be readable.
std::string path_of(const std::string& runtime_dir, const std::string& node_id, std::uint64_t generation) {
  return runtime_dir + "/nodes/" + node_id + ".exec" + std::to_string(generation % 2);
}

std::string beginning(std::uint64_t generation) { return std::to_string(generation) + "\n"; }

}  // namespace

Result<UniqueFd> begin_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                 std::uint64_t generation) {
  const std::string path = path_of(runtime_dir, node_id, generation);
  // A new inode each time: a launcher of an earlier generation may still be alive and write to the old one.
  ::unlink(path.c_str());
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return errno_error("create", path);
  const std::string text = beginning(generation);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_error("write", path);
  return file;
}

std::optional<bool> read_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                   std::uint64_t generation) {
  const UniqueFd file(::open(path_of(runtime_dir, node_id, generation).c_str(),
                             O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return std::nullopt;
  char text[64];
  const ssize_t got = ::read(file.get(), text, sizeof text);
  if (got <= 0) return std::nullopt;
  const std::string found(text, static_cast<std::size_t>(got));
  const std::string begun = beginning(generation);
  // Other contents, an emptied file too (the launcher's execve failed), say nothing.
  if (found == begun) return false;
  return found.starts_with(begun) ? std::optional<bool>(true) : std::nullopt;
}

void remove_exec_mark(const std::string& runtime_dir, const std::string& node_id) {
  for (const std::uint64_t generation : {0U, 1U}) ::unlink(path_of(runtime_dir, node_id, generation).c_str());
}

}  // namespace sutra::supervisor
