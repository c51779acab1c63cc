#include "tests/support/health_call.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <memory>
#include <vector>

namespace sutra::comms::testing {

int health_of(std::uint16_t port, const std::string& service) {
  grpc::GenericStub stub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  context.set_wait_for_ready(true);
  std::string bytes;
  if (!service.empty()) bytes = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1), response;
  const auto done = std::make_shared<std::promise<grpc::Status>>();  // the callback may still be in there
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [done](grpc::Status status) { done->set_value(std::move(status)); });
  if (!done->get_future().get().ok()) return -1;
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) return -1;
  std::string answer;
  for (const auto& part : slices) answer.append(reinterpret_cast<const char*>(part.begin()), part.size());
  return answer.size() == 2 && answer[0] == '\x08' ? answer[1] : 0;
}

}  // namespace sutra::comms::testing
