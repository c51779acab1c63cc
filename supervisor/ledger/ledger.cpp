#include "supervisor/ledger/ledger.h"

#include <unistd.h>

#include "supervisor/ledger/event_log.h"
#include "supervisor/ledger/node_directory.h"
#include "supervisor/ledger/record.h"
#include "supervisor/ledger/replace_file.h"

namespace sutra::supervisor {
namespace {

constexpr mode_t kRecordMode = 0640;
constexpr mode_t kSecretMode = 0600;  // a configuration may hold secrets in storage.env
constexpr std::size_t kTextMaxBytes = 4U << 20;

class FileLedger final : public Ledger {
 public:
  FileLedger(const std::string& state_dir, const std::string& runtime_dir)
      : intents_(state_dir + "/nodes"),
        facts_(runtime_dir + "/nodes"),
        registration_(runtime_dir + "/registration"),
        last_config_(state_dir + "/last-config.toml"),
        events_(state_dir) {
    // Reading the event log takes about 1 ms a MiB: now, rather than between a crash and the restart. An
    // error is not lost: the first append tries again and reports it.
    (void)events_.open();
  }

  Contents read() override;
  Status write_intent(const core::Intent& intent) override;
  Status write_facts(const Facts& facts) override;
  Present present(const NodeId& node_id) const override;
  Status forget(const NodeId& node_id) override;
  Status append(const Event& event) override { return events_.append(event); }
  Status write_registration(const std::string& agent_info) override;
  std::string read_registration() override;
  Status write_last_config(const std::string& text) override {
    return ledger::replace_file(last_config_, text, kSecretMode, ledger::Durability::kSynced);
  }
  std::optional<std::string> read_last_config() override;

 private:
  std::string intents_;  ///< directories
  std::string facts_;
  std::string registration_;  ///< files
  std::string last_config_;
  ledger::EventLog events_;
};

Status refusal(const char* operation, const std::string& path, const std::optional<std::string>& fault) {
  return make_error(operation, path, *fault);
}

Ledger::Contents FileLedger::read() {
  Contents contents;
  ledger::Findings findings;
  for (auto& [node_id, intent] : ledger::read_intents(intents_, findings)) {
    contents.nodes[node_id].intent = std::move(intent);
  }
  for (auto& [node_id, facts] : ledger::read_facts(facts_, findings)) {
    const auto [known, only_facts] = contents.nodes.try_emplace(node_id);
    NodeRecord& node = known->second;
    if (only_facts || facts.intent.revision > node.intent.revision) {
      node.intent = facts.intent;
      // Written back now, so that losing the runtime directory later (a reboot) does not lose the node.
      if (Status written = write_intent(node.intent); !written) {
        node.intent_saved = false;
        findings.problems.push_back(written.error().message());
      }
    }
    node.facts = std::move(facts);
  }
  contents.set_aside = std::move(findings.set_aside);
  contents.problems = std::move(findings.problems);
  contents.complete = findings.complete;
  return contents;
}

Status FileLedger::write_intent(const core::Intent& intent) {
  const std::string path = ledger::record_path(intents_, intent.node_id);
  if (const auto fault = ledger::intent_fault(intent)) return refusal("write intent", path, fault);
  return ledger::replace_file(path, ledger::encode(intent), kRecordMode, ledger::Durability::kSynced);
}

Status FileLedger::write_facts(const Facts& facts) {
  const std::string path = ledger::record_path(facts_, facts.intent.node_id);
  if (const auto fault = ledger::intent_fault(facts.intent)) return refusal("write facts", path, fault);
  return ledger::replace_file(path, ledger::encode(facts), kRecordMode, ledger::Durability::kNone);
}

Ledger::Present FileLedger::present(const NodeId& node_id) const {
  const auto there = [&](const std::string& directory) {
    return access(ledger::record_path(directory, node_id).c_str(), F_OK) == 0;
  };
  return {there(intents_), there(facts_)};
}

Status FileLedger::forget(const NodeId& node_id) {
  // The facts first: facts without an intent would bring a stopped node back (see the header).
  if (Status removed = ledger::remove_file(ledger::record_path(facts_, node_id)); !removed) return removed;
  return ledger::remove_file(ledger::record_path(intents_, node_id));
}

Status FileLedger::write_registration(const std::string& agent_info) {
  if (agent_info.empty()) return ledger::remove_file(registration_);
  return ledger::replace_file(registration_, agent_info, kRecordMode, ledger::Durability::kNone);
}

std::string FileLedger::read_registration() {
  auto text = ledger::read_file(registration_, kTextMaxBytes);
  return text ? std::move(text).value() : std::string();
}

std::optional<std::string> FileLedger::read_last_config() {
  auto text = ledger::read_file(last_config_, kTextMaxBytes);
  if (!text) return std::nullopt;
  return std::move(text).value();
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& state_dir, const std::string& runtime_dir) {
  for (const std::string& parent : {state_dir, runtime_dir}) {
    if (Status made = ledger::make_directory(parent + "/nodes"); !made) return made.error();
  }
  return std::unique_ptr<Ledger>(std::make_unique<FileLedger>(state_dir, runtime_dir));
}

}  // namespace sutra::supervisor
