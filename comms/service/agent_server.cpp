#include "comms/service/agent_server.h"

#include <arpa/inet.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "common/unique_fd.h"

namespace sutra::comms {
namespace {

// Much larger than a valid request: a request that is somewhat too large then gets our own error message, not
// gRPC's.
constexpr int kMaxRequestBytes = 2 * 1024 * 1024;

/// The errno of bind(2) for the address; 0: it is free. Tried before gRPC, because gRPC 1.51 does not report
/// why a bind failed, and can crash when many servers start and stop in a row.
int errno_of_bind(const HostPort& address) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_in);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    length = sizeof(sockaddr_in6);
  } else {
    return EINVAL;
  }
  const UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0 ? 0 : errno;
}

Error bind_error(const HostPort& address, int errnum) {
  std::string remedy = "see agent.listen_address and agent.agent_port";
  if (errnum == EADDRINUSE) {
    remedy = "another program listens on port " + std::to_string(address.port) +
             " (ss -ltnp 'sport = " + std::to_string(address.port) +
             "' names it): stop it, or choose another agent.agent_port";
  } else if (errnum == EADDRNOTAVAIL) {
    remedy = "the host has no such address: see agent.listen_address";
  }
  return Error{"listen on", address.text(), errnum, errnum == 0 ? "gRPC could not start its server" : "",
               remedy};
}

}  // namespace

AgentServer::AgentServer(EventLoop& loop, HostPort address, AgentServiceParts parts, Hooks hooks)
    : address_(std::move(address)),
      parts_(std::move(parts)),
      hooks_(std::move(hooks)),
      give_up_at_(Clock::now() + kBindFor),
      timer_(loop, [this] { try_to_bind(); }) {
  grpc::EnableDefaultHealthCheckService(true);
  timer_.after(std::chrono::milliseconds(0));
}

AgentServer::~AgentServer() { stop(); }

void AgentServer::try_to_bind() {
  if (const int errnum = errno_of_bind(address_); errnum != 0) return try_again(errnum);
  // A service can be registered with one server only, so each try needs a new one.
  auto service = std::make_unique<AgentService>(parts_);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address_.text(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service.get());
  // Without SO_REUSEPORT, gRPC's default: a second process could bind the same port and get a part of the
  // calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  auto server = builder.BuildAndStart();
  if (!server || port <= 0) return try_again(0);
  service_ = std::move(service);
  server_ = std::move(server);
  proof_ = std::make_unique<WorkerProof>(*server_);
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus("agent.GridAgent", true);
  hooks_.on_listening();
}

void AgentServer::try_again(int errnum) {
  if (Clock::now() < give_up_at_) return timer_.after(kBindRetry);
  hooks_.on_failed(bind_error(address_, errnum));
}

void AgentServer::prove_alive(const std::function<void()>& alive) {
  if (!proof_) return alive();
  proof_->ask(alive);
}

void AgentServer::stop() {
  timer_.cancel();
  if (!server_) return;
  proof_.reset();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  server_.reset();
  service_.reset();
}

}  // namespace sutra::comms
