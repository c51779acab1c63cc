#include "comms/service/node_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sutra::comms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class NodeRequestsTest : public ::testing::Test {
 protected:
  void start(std::uint64_t id, const std::string& node = "n1") {
    ipc::StartNode order;
    order.request_id = id;
    order.node_id.assign(node);
    requests_.start(order, now_, now_ + 28s, keep());
  }
  void stop(std::uint64_t id) {
    ipc::StopNode order;
    order.request_id = id;
    order.node_id.assign("n1");
    requests_.stop(order, now_, now_ + 9500ms, keep());
  }
  void started(std::uint64_t id, bool success, const std::string& reason = {}) {
    ipc::NodeStarted fact;
    fact.request_id = id;
    fact.success = success ? 1 : 0;
    fact.pid = 42;
    fact.port = 50051;
    fact.reason.assign(reason);
    requests_.on(fact);
  }
  NodeRequests::Answer keep() {
    return [this](const NodeOutcome& outcome) { answers_.push_back(outcome); };
  }
  void sleep_until_wake() {
    now_ = requests_.next_wake().value();
    requests_.expire(now_);
  }

  bool supervisor_there_ = true;
  std::vector<std::uint64_t> sent_;
  std::vector<NodeOutcome> answers_;
  NodeRequests::TimePoint now_{1000s};
  NodeRequests requests_{{[this](const ipc::StartNode& order) {
                            sent_.push_back(order.request_id);
                            return supervisor_there_;
                          },
                          [this](const ipc::StopNode& order) {
                            sent_.push_back(order.request_id);
                            return supervisor_there_;
                          }}};
};

TEST_F(NodeRequestsTest, AnOrderIsForwardedAndItsAnswerReachesTheCaller) {
  start(1);
  start(2, "n2");
  EXPECT_THAT(sent_, ElementsAre(1U, 2U));
  started(2, true);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_TRUE(answers_[0].success);
  EXPECT_EQ(answers_[0].pid, 42U);
  EXPECT_EQ(answers_[0].port, 50051U);
  started(1, false, "exit code 3");
  EXPECT_EQ(answers_[1].reason, "exit code 3");
  EXPECT_EQ(requests_.under_way(), 0U);
}

TEST_F(NodeRequestsTest, ASlowStartIsAnsweredWithAdviceAndGoesOn) {
  start(1);
  sleep_until_wake();
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_FALSE(answers_[0].success);
  EXPECT_EQ(answers_[0].reason,
            "node n1 is still starting after 28 s; the start continues: ask GetNodeStatus");
  started(1, true);
  EXPECT_EQ(answers_.size(), 1U) << "answered twice";
  EXPECT_EQ(requests_.under_way(), 0U);
}

TEST_F(NodeRequestsTest, ASlowStopIsAnsweredInTime) {
  stop(1);
  const auto before = now_;
  sleep_until_wake();
  EXPECT_LT(now_ - before, 10s);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_THAT(answers_[0].reason, HasSubstr("still being stopped"));
}

TEST_F(NodeRequestsTest, ACallerThatHangsUpIsForgottenAndTheOrderContinues) {
  start(1);
  requests_.forget(1);
  EXPECT_EQ(answers_.size(), 1U) << "the call must be finished all the same";
  requests_.forget(1);
  EXPECT_EQ(requests_.under_way(), 1U);
  started(1, true);
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_EQ(requests_.under_way(), 0U);
}

TEST_F(NodeRequestsTest, AnOrderWithoutAnAnswerIsDroppedAfterTwoMinutes) {
  start(1);
  sleep_until_wake();
  EXPECT_EQ(requests_.under_way(), 1U);
  sleep_until_wake();
  EXPECT_EQ(requests_.under_way(), 0U);
  EXPECT_FALSE(requests_.next_wake().has_value());
}

TEST_F(NodeRequestsTest, AMissingSupervisorIsNamedAsTheReason) {
  supervisor_there_ = false;
  start(1);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_THAT(answers_[0].reason, HasSubstr("supervisor is gone"));
}

TEST_F(NodeRequestsTest, TooManyRequestsAreRefusedBeforeTheyReachTheSupervisor) {
  for (std::uint64_t id = 1; id <= NodeRequests::kMaxUnderWay; ++id) start(id);
  EXPECT_THAT(answers_, IsEmpty());
  start(10'000);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_THAT(answers_[0].reason, HasSubstr("already under way"));
  EXPECT_EQ(sent_.size(), NodeRequests::kMaxUnderWay);
  started(1, true);
  start(10'001);
  EXPECT_EQ(sent_.size(), NodeRequests::kMaxUnderWay + 1);
}

TEST_F(NodeRequestsTest, ClosingAnswersEveryWaitingAndEveryLaterCall) {
  start(1);
  stop(2);
  requests_.close("the agent is stopping");
  start(3);
  ASSERT_EQ(answers_.size(), 3U);
  for (const auto& answer : answers_) EXPECT_EQ(answer.reason, "the agent is stopping");
  EXPECT_EQ(sent_.size(), 2U);
}

TEST(AnswerWithin, IsBeforeTheCapAndBeforeTheCallerGivesUp) {
  EXPECT_EQ(answer_within(std::nullopt, 28000ms), 28000ms);
  EXPECT_EQ(answer_within(30000ms, 28000ms), 28000ms);
  EXPECT_EQ(answer_within(10000ms, 28000ms), 9000ms);
  EXPECT_EQ(answer_within(10000ms, 9500ms), 9000ms);
  EXPECT_EQ(answer_within(600ms, 9500ms), 300ms);
  EXPECT_EQ(answer_within(-5ms, 9500ms), 0ms);
}

}  // namespace
}  // namespace sutra::comms
