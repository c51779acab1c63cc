#include "supervisor/ledger/node_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <memory>

#include "common/errno_advice.h"
#include "common/node_id.h"
#include "common/text.h"
#include "supervisor/ledger/replace_file.h"

namespace sutra::supervisor::ledger {
namespace {

constexpr std::string_view kSuffix = ".toml";
constexpr int kBadNames = 10;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// Names in `directory`, none when there is no such directory.
Result<std::vector<std::string>> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(directory.c_str()));
  if (!stream && errno == ENOENT) return names;
  if (!stream) return errno_error("read directory", directory, errno_advice(errno, directory));
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0)
      return errno_error("read directory", directory, errno_advice(errno, directory));
    if (entry == nullptr) return names;
    names.emplace_back(entry->d_name);
  }
}

/// Where a bad file went, or nothing when it could not be moved.
std::optional<std::string> move_away(const std::string& path) {
  std::string target = path + ".bad";
  for (int i = 1; i <= kBadNames; ++i) {
    if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return target;
    if (errno != EEXIST) break;
    if (i < kBadNames) target = path + ".bad." + std::to_string(i);
  }
  if (::rename(path.c_str(), target.c_str()) == 0) return target;
  return std::nullopt;
}

void set_aside(const std::string& path, const std::string& why, Findings& findings) {
  const auto target = move_away(path);
  findings.set_aside.push_back(printable(path, 512) + ": " + why + "; " +
                               (target ? "it is now " + printable(*target, 512)
                                       : std::string("it could not be renamed and is ignored")));
}

const core::Intent& intent_of(const core::Intent& intent) { return intent; }
const core::Intent& intent_of(const Facts& facts) { return facts.intent; }

template <typename T>
void read_one(const std::string& directory, const std::string& name, Result<T> (*decode)(std::string_view),
              std::map<NodeId, T>& records, Findings& findings) {
  const std::string path = directory + "/" + name;
  auto bytes = read_file(path, kRecordMaxBytes);
  if (!bytes) {
    if (bytes.error().errnum == ENOENT) return;
    if (bytes.error().errnum == 0) return set_aside(path, bytes.error().cause, findings);
    findings.problems.push_back(bytes.error().message());
    findings.complete = false;
    return;
  }
  auto record = decode(bytes.value());
  if (!record) return set_aside(path, record.error().cause, findings);
  const NodeId& node_id = intent_of(record.value()).node_id;
  if (node_id + kSuffix != name) {
    return set_aside(path, "it is the record of node " + node_id + " and has another name", findings);
  }
  records.insert_or_assign(node_id, std::move(record).value());
}

template <typename T>
std::map<NodeId, T> read_all(const std::string& directory, Result<T> (*decode)(std::string_view),
                             Findings& findings) {
  std::map<NodeId, T> records;
  const auto names = names_in(directory);
  if (!names) {
    findings.problems.push_back(names.error().message());
    findings.complete = false;
    return records;
  }
  for (const std::string& name : names.value()) {
    if (name.ends_with(std::string(kSuffix) + std::string(kTemporarySuffix))) {
      ::unlink((directory + "/" + name).c_str());
    } else if (name.ends_with(kSuffix)) {
      read_one(directory, name, decode, records, findings);
    }
  }
  return records;
}

}  // namespace

std::string record_path(const std::string& directory, const NodeId& node_id) {
  return directory + "/" + node_id + std::string(kSuffix);
}

std::map<NodeId, core::Intent> read_intents(const std::string& directory, Findings& findings) {
  return read_all<core::Intent>(directory, decode_intent, findings);
}

std::map<NodeId, Facts> read_facts(const std::string& directory, Findings& findings) {
  return read_all<Facts>(directory, decode_facts, findings);
}

}  // namespace sutra::supervisor::ledger
