#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/simulation/campaign.h"

namespace sutra::simulation {
namespace {

constexpr std::uint64_t kHistories = 100'000;
constexpr std::uint64_t kSeenAtLeast = 20;  // each state, effect and kind of fault

TEST(Simulation, HoldsInEveryHistory) {
  Campaign campaign;
  campaign.histories = kHistories;
  const CampaignResult result = run(campaign);
  std::cout << result.coverage.text() << result.took.count() << " s\n";
  if (result.found) {
    FAIL() << story(result.found->seed, {}) << "replay: sutra-simulation --seed " << result.found->seed;
  }
  EXPECT_EQ(result.coverage.histories, kHistories);
  for (const std::string& what : result.coverage.missing(kSeenAtLeast))
    ADD_FAILURE() << "not seen often enough: " << what;
}

TEST(Simulation, ASeedIsOneHistory) { EXPECT_EQ(story(7, {}), story(7, {})); }

TEST(Simulation, OneThatSeesNothingFails) {
  Coverage nothing;
  EXPECT_FALSE(nothing.missing(1).empty());
}

// ---- planted bugs

struct Bug {
  const char* name;
  const char* invariant;
  void (*plant)(Planted&);
};

using core::Context;
using core::Effect;
using core::Event;
using core::Node;
using core::Transition;

template <typename E>
bool is(const Event& event) {
  return std::holds_alternative<E>(event);
}

/// A comms that is gone proves that a node does not serve.
Transition times_out_without_comms(Node node, const Event& event, const Context& context) {
  Context blind = context;
  blind.comms_alive_since = core::Nanoseconds{0};
  return core::step(std::move(node), event, blind);
}

/// The supervisor's successor begins by restarting what it finds.
Transition restarts_what_it_adopts(Node node, const Event& event, const Context& context) {
  const auto* found = std::get_if<core::Recovered>(&event);
  if (found != nullptr && found->process && node.state == core::State::kRunning)
    node.state = core::State::kStopping;
  return core::step(std::move(node), event, context);
}

/// The leader's death is taken for the end of the node.
Transition does_not_wait_for_the_tree(Node node, const Event& event, const Context& context) {
  auto next = core::step(std::move(node), event, context);
  if (!is<core::Exited>(event) || next.node.state != core::State::kCleaning) return next;
  std::erase_if(next.effects, [](const Effect& e) { return std::holds_alternative<core::Kill>(e); });
  auto then = core::step(next.node, core::Emptied{next.node.generation}, context);
  for (Effect& effect : then.effects) next.effects.push_back(std::move(effect));
  next.node = std::move(then.node);
  return next;
}

/// Whatever is there is started again.
Transition starts_what_is_stopped(Node node, const Event& event, const Context& context) {
  if (is<core::Recovered>(event) && node.intent.confirmed) node.intent.goal = core::Goal::kRunning;
  return core::step(std::move(node), event, context);
}

Transition starts_while_stopping(Node node, const Event& event, const Context& context) {
  if (is<core::StartRequested>(event) && node.state == core::State::kStopping) {
    node.state = core::State::kFailed;
    node.goal = node.intent.goal = core::Goal::kRunning;
  }
  return core::step(std::move(node), event, context);
}

Transition shows_unknown_as_zero(Node node, const Event& event, const Context& context) {
  const auto* exited = std::get_if<core::Exited>(&event);
  if (exited == nullptr || exited->exit.cause != core::ExitCause::kUnknown)
    return core::step(std::move(node), event, context);
  return core::step(std::move(node), core::Exited{exited->generation, {core::ExitCause::kExit, 0, 0, 0}},
                    context);
}

/// A supervisor that dies in between has lost the death.
Transition saves_before_it_records(Node node, const Event& event, const Context& context) {
  auto next = core::step(std::move(node), event, context);
  if (next.effects.size() > 1 && std::holds_alternative<core::RecordDeath>(next.effects[0]) &&
      std::holds_alternative<core::SaveFacts>(next.effects[1])) {
    std::swap(next.effects[0], next.effects[1]);
  }
  return next;
}

/// As it was before the simulation found it.
Transition tells_the_intent_directory_alone(Node node, const Event& event, const Context& context) {
  const bool stopping = node.state == core::State::kStopping;
  auto next = core::step(std::move(node), event, context);
  if (is<core::StopRequested>(event) && stopping) {
    std::erase_if(next.effects, [](const Effect& e) { return std::holds_alternative<core::SaveFacts>(e); });
  }
  return next;
}

Transition leaves_timers(Node node, const Event& event, const Context& context) {
  auto next = core::step(std::move(node), event, context);
  std::erase_if(next.effects, [](const Effect& e) { return std::holds_alternative<core::DisarmTimer>(e); });
  return next;
}

Transition forgives_every_failure(Node node, const Event& event, const Context& context) {
  if (is<core::Emptied>(event)) node.history = {};
  return core::step(std::move(node), event, context);
}

core::RecoveredNode takes_launchers_for_servers(core::Intent intent, const std::optional<core::Facts>& record,
                                                std::uint64_t found, const core::KernelView& kernel,
                                                const core::Policy& policy, core::Nanoseconds now) {
  auto seen = record;
  if (seen && seen->started_at_unix == 0) seen->started_at_unix = 1;
  return core::recover(std::move(intent), seen, found, kernel, policy, now);
}

core::RecoveredNode uses_generations_again(core::Intent intent, const std::optional<core::Facts>& record,
                                           std::uint64_t, const core::KernelView& kernel,
                                           const core::Policy& policy, core::Nanoseconds now) {
  return core::recover(std::move(intent), record, 0, kernel, policy, now);
}

class PlantedBug : public ::testing::TestWithParam<Bug> {};

/// A bug may show by its consequences first: histories are tried until one shows what it breaks itself.
TEST_P(PlantedBug, IsFound) {
  Campaign campaign;
  GetParam().plant(campaign.planted);
  const std::uint64_t end = campaign.first_seed + kHistories;
  while (campaign.first_seed < end) {
    campaign.histories = end - campaign.first_seed;
    const CampaignResult result = run(campaign);
    if (!result.found) break;
    const std::string& first = result.found->violations.front();
    std::cout << GetParam().name << ": found with seed " << result.found->seed << " after "
              << result.coverage.histories << " histories, " << result.took.count() << " s: " << first
              << "\n";
    if (first.starts_with(GetParam().invariant)) return;
    campaign.first_seed = result.found->seed + 1;
  }
  FAIL() << "not in " << kHistories << " histories";
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBug,
    ::testing::Values(
        Bug{"TimesOutWithoutComms", "I1", [](Planted& p) { p.step = &times_out_without_comms; }},
        Bug{"FiresTimersFirst", "I1", [](Planted& p) { p.fires_timers_first = true; }},
        Bug{"RestartsWhatItAdopts", "I1", [](Planted& p) { p.step = &restarts_what_it_adopts; }},
        Bug{"UsesGenerationsAgain", "I1", [](Planted& p) { p.recover = &uses_generations_again; }},
        Bug{"DoesNotWaitForTheTree", "I2", [](Planted& p) { p.step = &does_not_wait_for_the_tree; }},
        Bug{"NeitherWaitsNorLocks", "I2",
            [](Planted& p) {
              p.step = &does_not_wait_for_the_tree;
              p.launches_without_lock = true;
            }},
        Bug{"LaunchesWithoutLock", "I2", [](Planted& p) { p.launches_without_lock = true; }},
        Bug{"AdoptsByPidAlone", "I3", [](Planted& p) { p.adopts_by_pid_alone = true; }},
        Bug{"StartsWhatIsStopped", "I4", [](Planted& p) { p.step = &starts_what_is_stopped; }},
        Bug{"StartsWhileStopping", "I4", [](Planted& p) { p.step = &starts_while_stopping; }},
        Bug{"AnswersBeforeDisk", "I4", [](Planted& p) { p.answers_before_disk = true; }},
        Bug{"TellsTheIntentDirectoryAlone", "I4",
            [](Planted& p) { p.step = &tells_the_intent_directory_alone; }},
        Bug{"ShowsUnknownAsZero", "I5", [](Planted& p) { p.step = &shows_unknown_as_zero; }},
        Bug{"SavesBeforeItRecords", "I5", [](Planted& p) { p.step = &saves_before_it_records; }},
        Bug{"TakesLaunchersForServers", "I5", [](Planted& p) { p.recover = &takes_launchers_for_servers; }},
        Bug{"LeavesTimers", "I6", [](Planted& p) { p.step = &leaves_timers; }},
        Bug{"ForgivesEveryFailure", "I8", [](Planted& p) { p.step = &forgives_every_failure; }}),
    [](const auto& at) { return std::string(at.param.name); });

}  // namespace
}  // namespace sutra::simulation
