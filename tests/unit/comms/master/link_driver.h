// A MasterLink with a clock of the test and a simulated Master: tracks the call in progress and the log lines. Tests only.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "comms/master/link_news.h"
#include "comms/master/master_link.h"

namespace sutra::comms::testing {

using namespace std::chrono_literals;
namespace act = link_action;
namespace ev = link_event;

class LinkDriver {
 public:
  explicit LinkDriver(LinkPolicy policy = {}) : link(policy), policy_(policy) {
    context.identity = {"agent-1", "host-1", "desktop", 4, "0.1.0", "127.0.0.1:8000"};
    for (std::size_t i = 0; i < policy.hosts; ++i) {
      context.hosts.push_back({"127.0.0.1", static_cast<std::uint16_t>(7000 + i)});
    }
    context.heartbeat_interval = std::chrono::duration_cast<std::chrono::seconds>(policy.heartbeat_interval);
  }

  /// Makes a step, checks the rules that hold after every step, and stores the lines of its actions.
  void step(const LinkEvent& event) {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch() - 1000s);
    actions = link.step(event, {now, 1'700'000'000 + static_cast<std::uint64_t>(passed.count())});
    for (const auto& action : actions) std::visit([this](const auto& order) { note(order); }, action);
    EXPECT_TRUE(over || call != 0 || timer || !listening) << "stuck: no call and no timer";
  }
  void listen() {
    listening = true;
    step(ev::ServerListening{});
  }
  /// Moves the clock to the timer and fires it.
  void fire() {
    ASSERT_TRUE(timer.has_value());
    now = std::max(now, *timer);
    timer.reset();
    step(ev::TimerFired{});
  }
  /// To the end of a wait: its timer also fires for the line that is due once a minute.
  void fire_until_try() {
    for (int turn = 0; turn < 1000 && call == 0; ++turn) fire();
    ASSERT_NE(call, 0U);
  }
  CallId take_call() { return std::exchange(call, 0); }
  void connected() { step(ev::Connected{take_call()}); }
  void fail(const std::string& why) { step(ev::CallFailed{take_call(), why}); }
  void registered() { step(ev::Registered{take_call(), "2.0"}); }
  void acknowledged() { step(ev::BeatAcknowledged{take_call(), 1'700'000'001}); }
  void unknown() { step(ev::AgentUnknown{take_call()}); }

  /// The lines at info and above since the last call.
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    for (const auto& line : std::exchange(news, {})) {
      if (line.level < LogLevel::kInfo) continue;
      lines.push_back(std::string(line.symbol) + " " + line.text);
    }
    return lines;
  }
  template <typename Action>
  [[nodiscard]] const Action* last() const {
    const Action* found = nullptr;
    for (const auto& action : actions) {
      if (const auto* one = std::get_if<Action>(&action)) found = one;
    }
    return found;
  }
  [[nodiscard]] std::chrono::milliseconds until_timer() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(timer.value_or(now) - now);
  }

  MasterLink link;
  NewsContext context;
  std::chrono::steady_clock::time_point now{1000s};
  std::vector<LinkAction> actions;
  std::vector<NewsLine> news;
  CallId call = 0;
  enum class Kind { kNone, kConnect, kRegister, kBeat, kUnregister } kind = Kind::kNone;
  std::optional<std::chrono::steady_clock::time_point> timer, last_beat;
  std::chrono::steady_clock::duration longest_gap{};
  std::size_t connect_host = 0;
  bool listening = false, connection = false, over = false;

 private:
  void start(CallId id, Kind what) {
    EXPECT_EQ(call, 0U) << "a second call while one is under way";
    EXPECT_FALSE(over);
    call = id;
    kind = what;
  }
  void note(const act::Connect& order) {
    EXPECT_FALSE(connection);
    start(order.call, Kind::kConnect);
    connect_host = order.host;
    connection = true;
    timer.reset();  // the link no longer uses the earlier timer
    last_beat.reset();
  }
  void note(const act::Register& order) {
    start(order.call, Kind::kRegister);
    timer.reset();
    last_beat.reset();  // an agent unknown to the Master is not connected
  }
  void note(const act::Beat& order) {
    EXPECT_TRUE(connection);
    EXPECT_LT(order.timeout, policy_.heartbeat_interval);
    start(order.call, Kind::kBeat);
    if (last_beat) longest_gap = std::max(longest_gap, now - *last_beat);
    last_beat = now;
  }
  void note(const act::Unregister& order) { start(order.call, Kind::kUnregister); }
  void note(const act::CancelCall&) { call = 0; }
  void note(const act::Disconnect&) {
    call = 0;
    connection = false;
  }
  void note(const act::ArmTimer& order) { timer = order.at; }
  void note(const act::Announce& said) { news.push_back(render(said, context)); }
  void note(const act::ReportLink&) {}
  void note(const act::ReportAcknowledged&) {}
  void note(const act::Finished&) { over = true; }

  LinkPolicy policy_;
};

}  // namespace sutra::comms::testing
