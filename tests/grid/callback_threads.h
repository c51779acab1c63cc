// Keeps gRPC's callback threads for a whole test program. They end with the last channel and server that use them, and
// gRPC 1.51 may abort when they end and start again ("assertion failed: prior > 0").
// Include it in one source file of a program that has Google Test's main. Tests only.
#pragma once
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "grid.grpc.pb.h"

namespace sutra::grid_testing {

class CallbackThreads : public ::testing::Environment {
 public:
  void SetUp() override {
    channel_ = grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
    const auto done = std::make_shared<std::promise<void>>();
    ::grid::GridMaster::NewStub(channel_)->async()->UnregisterAgent(
        &context_, &request_, &response_, [done](const grpc::Status&) { done->set_value(); });
    done->get_future().wait();
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  ::grid::AgentId request_;
  ::grid::Empty response_;
};

namespace {
[[maybe_unused]] const auto* const kCallbackThreads =
    ::testing::AddGlobalTestEnvironment(new CallbackThreads);
}  // namespace

}  // namespace sutra::grid_testing
