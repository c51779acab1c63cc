#include "tests/grid/reference_master.h"

#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <thread>
#include <utility>

#include "common/unique_fd.h"
#include "common/version.h"

namespace sutra::grid_testing {
namespace {

Instant real_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::steady_clock::now(),
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count())};
}

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

std::string unbracketed(const std::string& host) {
  return host.size() > 2 && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

// gRPC does not say why it could not bind; the same bind(2) again gives the errno.
Error listen_error(const std::string& address) {
  constexpr const char* kRemedy = "stop what listens there, or choose another --listen";
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return make_error("listen on", address, "it is not HOST:PORT");
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = address.substr(colon + 1);
  const int fault = getaddrinfo(unbracketed(host_of(address)).c_str(), port.c_str(), &hints, &found);
  if (fault != 0) return make_error("listen on", address, gai_strerror(fault), "give --listen HOST:PORT");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  const UniqueFd fd(socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0));
  if (bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0)
    return errno_error("listen on", address, kRemedy);
  return make_error("listen on", address, "gRPC could not bind it; the address may be in use", kRemedy);
}

}  // namespace

// One run of the Master, between start() and stop().
class ReferenceMaster::Running {
 public:
  Running(const MasterOptions& options, Observations& observations)
      : summary_interval_(options.summary_interval),
        service_(options.clock ? options.clock : real_now, options.log, observations,
                 channel_credentials(options.tls)) {}

  ~Running() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();
    service_.close();
    if (server_) {
      server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
      server_->Wait();
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Status start(const std::string& address, const MasterOptions& options) {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Agents ping each 4 s, also between calls; gRPC's default would answer with GOAWAY too_many_pings.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddListeningPort(address, server_credentials(options.tls), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ <= 0) return listen_error(address);
    address_ = host_of(address) + ":" + std::to_string(port_);
    if (options.log) options.log(LogLevel::kInfo, "👂 Listening on " + address_);
    ticker_ = std::thread([this] { tick(); });
    return {};
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  void tick() {
    auto next_summary = std::chrono::steady_clock::now() + summary_interval_;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
      service_.report_health();
      if (std::chrono::steady_clock::now() < next_summary) continue;
      service_.report_cluster();
      next_summary += summary_interval_;
    }
  }

  const std::chrono::seconds summary_interval_;
  MasterService service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string address_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread ticker_;
};

ReferenceMaster::ReferenceMaster(MasterOptions options) : options_(std::move(options)) {}
ReferenceMaster::~ReferenceMaster() = default;

Status ReferenceMaster::start(const std::string& address) {
  if (running_) return make_error("start", "the Master", "it listens on " + running_->address() + " already");
  if (options_.log) {
    options_.log(LogLevel::kInfo, std::string("🚀 Sutra Grid Master v") + kVersion + " starting...");
  }
  auto running = std::make_unique<Running>(options_, observations_);
  Status started = running->start(address, options_);
  if (started.ok()) running_ = std::move(running);
  return started;
}

void ReferenceMaster::stop() { running_.reset(); }

int ReferenceMaster::port() const { return running_ ? running_->port() : 0; }

std::string ReferenceMaster::address() const { return running_ ? running_->address() : std::string(); }

}  // namespace sutra::grid_testing
