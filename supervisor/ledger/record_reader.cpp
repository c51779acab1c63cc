#include <toml++/toml.h>

#include <charconv>
#include <limits>
#include <utility>

#include "common/node_id.h"
#include "common/text.h"
#include "supervisor/ledger/checksum.h"
#include "supervisor/ledger/record.h"

namespace sutra::supervisor::ledger {
namespace {

constexpr std::string_view kVersionKey = "version = ";
constexpr std::int64_t kPidMax = 1 << 22;  // the kernel's PID_MAX_LIMIT
constexpr int kSignalMax = 127;            // all that a wait status can say

Error fault(std::string cause) { return make_error({}, {}, std::move(cause)); }

/// Takes values out of one table. The first fault is kept; after it, and for what is missing, values are
/// zero.
class Fields {
 public:
  Fields(const toml::table* table, std::string prefix, std::optional<std::string>& fault)
      : table_(table), prefix_(std::move(prefix)), fault_(fault) {}

  template <typename N>
  N number(std::string_view key, N low = std::numeric_limits<N>::min(),
           N high = std::numeric_limits<N>::max()) {
    const toml::node* node = find(key);
    if (node == nullptr) return 0;
    if (const auto value = node->value_exact<std::int64_t>()) {
      if (std::in_range<N>(*value) && static_cast<N>(*value) >= low && static_cast<N>(*value) <= high) {
        return static_cast<N>(*value);
      }
      fail(key, "is " + std::to_string(*value) + ", outside " + std::to_string(low) + " to " +
                    std::to_string(high));
      return 0;
    }
    if constexpr (std::is_same_v<N, std::uint64_t>) {
      if (const auto value = large(*node)) return *value;
    }
    fail(key, "is not a number");
    return 0;
  }

  std::string text(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (auto value = node->value_exact<std::string>()) return *std::move(value);
    fail(key, "is not a string");
    return {};
  }

  NodeId node_id(std::string_view key) {
    auto id = NodeId::parse(text(key));
    if (id) return std::move(id).value();
    if (!fault_) fault_ = id.error().cause;  // it names the key
    return {};
  }

  bool boolean(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    if (const auto value = node->value_exact<bool>()) return *value;
    fail(key, "is not true or false");
    return false;
  }

  template <typename E>
  E one_of(std::string_view key, std::optional<E> (*meaning)(std::string_view)) {
    const std::string found = text(key);
    if (const auto value = meaning(found)) return *value;
    fail(key, "is \"" + printable(found) + "\", which is not a known value");
    return E{};
  }

  Fields table(std::string_view key) {
    const toml::node* node = find(key);
    const toml::table* found = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && found == nullptr) fail(key, "is not a table");
    return {found, std::string(key) + ".", fault_};
  }

  [[nodiscard]] bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }

  std::vector<core::Nanoseconds> times(std::string_view key) {
    std::vector<core::Nanoseconds> out;
    const toml::node* node = find(key);
    const toml::array* array = node == nullptr ? nullptr : node->as_array();
    if (array == nullptr) {
      fail(key, "is not a list of numbers");
      return out;
    }
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::int64_t>();
      if (!value) fail(key, "is not a list of numbers");
      out.emplace_back(value.value_or(0));
    }
    return out;
  }

 private:
  /// A value too large for a TOML integer.
  static std::optional<std::uint64_t> large(const toml::node& node) {
    const auto digits = node.value_exact<std::string>();
    if (!digits) return std::nullopt;
    std::uint64_t value = 0;
    const char* end = digits->data() + digits->size();
    const auto [stop, error] = std::from_chars(digits->data(), end, value);
    const bool too_small = value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (error != std::errc{} || stop != end || too_small) return std::nullopt;
    return value;
  }
  const toml::node* find(std::string_view key) {
    if (table_ == nullptr) return nullptr;  // that the table is missing is reported already
    const toml::node* node = table_->get(key);
    if (node == nullptr) fail(key, "is missing");
    return node;
  }
  void fail(std::string_view key, const std::string& what) {
    if (!fault_) fault_ = prefix_ + std::string(key) + " " + what;
  }

  const toml::table* table_;
  std::string prefix_;
  std::optional<std::string>& fault_;
};

/// Parked is written as running, so a file that says parked is damaged.
std::optional<core::Goal> recorded_goal(std::string_view name) {
  const auto goal = goal_named(name);
  return goal == core::Goal::kParked ? std::nullopt : goal;
}

/// An exit that is recorded has a cause, if only "unknown".
std::optional<core::ExitCause> recorded_cause(std::string_view name) {
  const auto cause = cause_named(name);
  return cause == core::ExitCause::kNone ? std::nullopt : cause;
}

core::Intent intent_in(Fields& top) {
  core::Intent intent;
  intent.node_id = top.node_id("node_id");
  intent.revision = top.number<std::uint64_t>("revision");
  intent.goal = top.one_of("goal", recorded_goal);
  intent.confirmed = top.boolean("confirmed");
  intent.quarantined = top.boolean("quarantined");
  Fields request = top.table("request");
  intent.request.storage_path = request.text("storage_path");
  intent.request.port = request.number<std::uint32_t>("port");
  intent.request.memory_mb = request.number<std::uint64_t>("memory_mb");
  Fields placement = top.table("placement");
  intent.placement.storage_path = placement.text("storage_path");
  intent.placement.root = placement.text("root");
  intent.placement.port = placement.number<std::uint16_t>("port");
  intent.placement.memory_mb = placement.number<std::uint64_t>("memory_mb");
  return intent;
}

Facts facts_in(Fields& top) {
  Facts facts;
  facts.intent = intent_in(top);
  Fields process = top.table("process");
  facts.state = process.one_of("state", state_named);
  facts.process.pid = process.number<pid_t>("pid", 0, kPidMax);
  facts.process.stamp_ns = process.number<std::uint64_t>("stamp_ns");
  facts.process.pidfd_inode = process.number<std::uint64_t>("pidfd_inode");
  facts.process.boot_id = process.text("boot_id");
  facts.generation = process.number<std::uint64_t>("generation");
  facts.started_at_unix = process.number<std::int64_t>("started_at_unix");
  facts.since = core::Nanoseconds(process.number<std::int64_t>("since_boot_ns", 0));
  const core::Nanoseconds retry(process.number<std::int64_t>("retry_due_boot_ns", 0));
  if (retry.count() != 0) facts.retry_due = retry;
  Fields history = top.table("history");
  facts.history.failures = history.times("failures_ns");
  facts.history.in_a_row = history.number<std::uint32_t>("in_a_row");
  facts.history.restart_count = history.number<std::uint32_t>("restart_count");
  if (top.has("last_exit")) {
    Fields exit = top.table("last_exit");
    facts.last_exit =
        core::Exit{exit.one_of("cause", recorded_cause), exit.number<int>("code"),
                   exit.number<int>("signal", 0, kSignalMax), exit.number<std::int64_t>("at_unix")};
  }
  return facts;
}

/// The version is read before the checksum, because a newer agent may compute its checksum in another way.
std::optional<std::string> future_version(std::string_view bytes) {
  if (!bytes.starts_with(kVersionKey)) return std::nullopt;
  bytes.remove_prefix(kVersionKey.size());
  std::int64_t version = 0;
  if (std::from_chars(bytes.data(), bytes.data() + bytes.size(), version).ec != std::errc{})
    return std::nullopt;
  if (version <= kRecordVersion) return std::nullopt;
  return "it is of version " + std::to_string(version) + " and this agent knows version " +
         std::to_string(kRecordVersion) + " (a newer agent wrote it; run that one)";
}

template <typename T>
Result<T> decode(std::string_view bytes, T (*take)(Fields&)) {
  if (bytes.empty()) return fault("it is empty");
  if (auto future = future_version(bytes)) return fault(*std::move(future));
  const auto text = without_checksum(bytes);
  if (!text)
    return fault("its checksum is missing or does not match (it was cut short, damaged or edited by hand)");
  const toml::parse_result parsed = toml::parse(*text);
  if (!parsed) {
    return fault("line " + std::to_string(parsed.error().source().begin.line) + ": " +
                 printable(parsed.error().description()));
  }
  std::optional<std::string> wrong;
  Fields top(&parsed.table(), {}, wrong);
  (void)top.number<std::int64_t>("version", kRecordVersion, kRecordVersion);
  T value = take(top);
  if (wrong) return fault(*std::move(wrong));
  return value;
}

/// Why `path` cannot be a placement: it must be absolute, without control characters, ".", ".." and empty
/// parts.
std::optional<std::string> path_fault(std::string_view key, std::string_view path) {
  const std::string name = "placement." + std::string(key) + " \"" + printable(path) + "\"";
  if (!path.starts_with('/')) return name + " is not absolute";
  if (first_malformed(path) != std::string::npos) return name + " is not UTF-8";
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return name + " contains a control character";
  }
  const std::string whole = std::string(path) + "/";
  for (const std::string_view part : {"//", "/./", "/../"}) {
    if (path != "/" && whole.find(part) != std::string::npos) return name + " is not in its normal form";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> intent_fault(const core::Intent& intent) {
  if (!intent.node_id.valid()) return "node_id is empty";
  const core::Placement& placement = intent.placement;
  if (first_malformed(intent.request.storage_path) != std::string::npos)
    return "request.storage_path is not UTF-8";
  if (auto wrong = path_fault("storage_path", placement.storage_path)) return wrong;
  if (auto wrong = path_fault("root", placement.root)) return wrong;
  const std::string above = placement.root == "/" ? placement.root : placement.root + "/";
  if (!placement.storage_path.starts_with(above) || placement.storage_path.size() == above.size()) {
    return "placement.storage_path \"" + printable(placement.storage_path) +
           "\" is not beneath placement.root \"" + printable(placement.root) + "\"";
  }
  if (placement.port == 0) return "placement.port is 0";
  if (placement.memory_mb == 0) return "placement.memory_mb is 0";
  return std::nullopt;
}

Result<core::Intent> decode_intent(std::string_view bytes) {
  auto intent = decode<core::Intent>(bytes, intent_in);
  if (!intent) return intent;
  if (auto wrong = intent_fault(intent.value())) return fault(*std::move(wrong));
  return intent;
}

Result<Facts> decode_facts(std::string_view bytes) {
  auto facts = decode<Facts>(bytes, facts_in);
  if (!facts) return facts;
  if (auto wrong = intent_fault(facts.value().intent)) return fault(*std::move(wrong));
  return facts;
}

}  // namespace sutra::supervisor::ledger
