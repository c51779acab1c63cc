#include "comms/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <string>

#include "common/log/logging.h"

namespace sutra::comms {

void send_grpc_log_to_ours() {
  gpr_set_log_function([](gpr_log_func_args* args) {
    log::debug("", "gRPC: " + std::string(args->message), {{"file", args->file}, {"line", args->line}});
  });
}

}  // namespace sutra::comms
