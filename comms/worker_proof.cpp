#include "comms/worker_proof.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <utility>

#include "common/logging.h"

namespace sutra::comms {

void prove_workers_alive(grpc::Server& server, std::function<void()> alive) {
  struct Question {
    std::unique_ptr<grpc::GenericStub> stub;
    grpc::ClientContext context;
    grpc::Slice nothing;
    grpc::ByteBuffer request{&nothing, 1};
    grpc::ByteBuffer response;
  };
  const auto question = std::make_shared<Question>();
  question->stub = std::make_unique<grpc::GenericStub>(server.InProcessChannel(grpc::ChannelArguments()));
  question->stub->UnaryCall(&question->context, "/grpc.health.v1.Health/Check", {}, &question->request,
                            &question->response,
                            [question, alive = std::move(alive)](const grpc::Status& status) {
                              if (status.ok()) return alive();
                              log::debug("", "Our own server did not answer: " + status.error_message());
                            });
}

}  // namespace sutra::comms
