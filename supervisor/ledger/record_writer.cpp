#include <charconv>
#include <concepts>
#include <limits>

#include "common/text.h"
#include "supervisor/ledger/checksum.h"
#include "supervisor/ledger/record.h"

namespace sutra::supervisor::ledger {
namespace {

// Appends to one string, without a stream or a formatter: the facts are written between a crash and the
// replacement's launch.

template <std::integral N>
void add_number(std::string& out, N value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

template <std::integral N>
void add(std::string& out, std::string_view key, N value) {
  out.append(key).append(" = ");
  const bool beyond = std::cmp_greater(value, std::numeric_limits<std::int64_t>::max());
  if (beyond) out += '"';
  add_number(out, value);
  if (beyond) out += '"';
  out += '\n';
}

void add(std::string& out, std::string_view key, bool value) {
  out.append(key).append(value ? " = true\n" : " = false\n");
}

void add(std::string& out, std::string_view key, std::string_view value) {
  out.append(key).append(" = ").append(toml_string(value)).append("\n");
}

void add_intent(std::string& out, const core::Intent& intent) {
  add(out, "version", kRecordVersion);
  add(out, "node_id", std::string_view(intent.node_id.str()));
  add(out, "revision", intent.revision);
  // A node is parked only while this agent stops: the next one starts it again.
  add(out, "goal", goal_name(intent.goal == core::Goal::kParked ? core::Goal::kRunning : intent.goal));
  add(out, "confirmed", intent.confirmed);
  add(out, "quarantined", intent.quarantined);
  out += "[request]\n";
  add(out, "storage_path", std::string_view(intent.request.storage_path));
  add(out, "port", intent.request.port);
  add(out, "memory_mb", intent.request.memory_mb);
  out += "[placement]\n";
  add(out, "storage_path", std::string_view(intent.placement.storage_path));
  add(out, "root", std::string_view(intent.placement.root));
  add(out, "port", intent.placement.port);
  add(out, "memory_mb", intent.placement.memory_mb);
}

void add_process(std::string& out, const Facts& facts) {
  out += "[process]\n";
  add(out, "state", state_name(facts.state));
  add(out, "pid", facts.process.pid);
  add(out, "stamp_ns", facts.process.stamp_ns);
  add(out, "pidfd_inode", facts.process.pidfd_inode);
  add(out, "boot_id", std::string_view(facts.process.boot_id));
  add(out, "generation", facts.generation);
  add(out, "started_at_unix", facts.started_at_unix);
  add(out, "since_boot_ns", facts.since.count());
  add(out, "retry_due_boot_ns", facts.retry_due.value_or(core::Nanoseconds{0}).count());
}

void add_history(std::string& out, const core::History& history) {
  out += "[history]\nfailures_ns = [";
  for (const core::Nanoseconds failure : history.failures) {
    add_number(out, failure.count());
    out += ',';
  }
  out += "]\n";
  add(out, "in_a_row", history.in_a_row);
  add(out, "restart_count", history.restart_count);
}

void add_exit(std::string& out, const core::Exit& exit) {
  out += "[last_exit]\n";
  add(out, "cause", cause_name(exit.cause));
  add(out, "code", exit.code);
  add(out, "signal", exit.signal);
  add(out, "at_unix", exit.at_unix);
}

}  // namespace

std::string encode(const core::Intent& intent) {
  std::string out;
  out.reserve(1024);
  add_intent(out, intent);
  add_checksum(out);
  return out;
}

std::string encode(const Facts& facts) {
  std::string out;
  out.reserve(2048);
  add_intent(out, facts.intent);
  add_process(out, facts);
  add_history(out, facts.history);
  if (facts.last_exit) add_exit(out, *facts.last_exit);
  add_checksum(out);
  return out;
}

}  // namespace sutra::supervisor::ledger
