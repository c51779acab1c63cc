#include "comms/service/worker_proof.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <string>
#include <utility>

#include "common/log/logging.h"

namespace sutra::comms {

struct WorkerProof::Question {
  explicit Question(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

WorkerProof::WorkerProof(grpc::Server& server)
    : channel_(server.InProcessChannel(grpc::ChannelArguments())) {}

WorkerProof::~WorkerProof() {
  if (question_) question_->context.TryCancel();
  in_flight_->wait();
}

void WorkerProof::ask(std::function<void()> alive) {
  if (!in_flight_->none()) return;
  question_ = std::make_unique<Question>(channel_);
  in_flight_->began();
  question_->stub.UnaryCall(&question_->context, "/grpc.health.v1.Health/Check", {}, &question_->request,
                            &question_->response,
                            [in_flight = in_flight_, alive = std::move(alive)](const grpc::Status& status) {
                              if (status.ok()) {
                                alive();
                              } else {
                                log::debug("", "Our own server did not answer: " + status.error_message());
                              }
                              in_flight->landed();
                            });
}

}  // namespace sutra::comms
