#include "comms/master/master_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "common/log/logging.h"
#include "comms/rpc/rpc_cause.h"

namespace sutra::comms {

using std::chrono::milliseconds;
namespace ev = link_event;

namespace {

constexpr int kMaxAnswerBytes = 64 * 1024;
constexpr milliseconds kKeepalive{4000};
constexpr milliseconds kKeepaliveMax{64000};
constexpr milliseconds kFirstLook{5};
constexpr milliseconds kConnectionLook{20};
constexpr milliseconds kCauseTimeout{1000};

std::chrono::system_clock::time_point deadline_in(milliseconds timeout) {
  return std::chrono::system_clock::now() + timeout;
}

std::uint64_t unix_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

template <typename Request, typename Response>
struct Exchange {
  grpc::ClientContext context;
  Request request;
  Response response;
};

/// A generic call with an empty request.
struct Question {
  explicit Question(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1};  // gRPC aborts on a buffer without a slice
  grpc::ByteBuffer response;
};

template <typename Request, typename Response>
std::unique_ptr<Exchange<Request, Response>> make_exchange(milliseconds timeout) {
  auto exchange = std::make_unique<Exchange<Request, Response>>();
  exchange->context.set_deadline(deadline_in(timeout));
  return exchange;
}

}  // namespace

MasterClient::MasterClient(EventLoop& loop, std::vector<HostPort> hosts, AgentIdentity identity,
                           std::function<void(const LinkEvent&)> deliver)
    : loop_(loop),
      hosts_(std::move(hosts)),
      keepalive_(hosts_.size(), kKeepalive),
      identity_(std::move(identity)),
      deliver_(std::move(deliver)),
      connect_timer_(loop, [this] { look_at_connection(); }) {}

MasterClient::~MasterClient() {
  disconnect();
  in_flight_->wait();
}

template <typename Exchange>
Exchange& MasterClient::keep(CallId call, std::unique_ptr<Exchange> exchange) {
  Exchange& kept = *exchange;
  flights_[call] = {std::move(exchange), &kept.context};
  return kept;
}

std::shared_ptr<grpc::Channel> MasterClient::make_channel() const {
  grpc::ChannelArguments args;
  const int keepalive_ms = static_cast<int>(keepalive_[host_].count());
  // Keepalive pings detect a Master that is stopped or unreachable between calls, and a connection that a
  // firewall has dropped.
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(kKeepalive.count()));
  args.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  args.SetInt("grpc.http2.min_time_between_pings_ms", keepalive_ms);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1000);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // Else gRPC shares subchannels, and a new channel would wait for the backoff of the previous one.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Without retries by gRPC, which would hide the cause of the first failure; MasterLink retries. Without an
  // HTTP proxy of the environment: the Master is in the same network.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  return grpc::CreateCustomChannel("dns:" + hosts_[host_].text(), grpc::InsecureChannelCredentials(), args);
}

void MasterClient::connect(const link_action::Connect& order) {
  disconnect();
  host_ = order.host;
  call_ = order.call;
  channel_ = make_channel();
  stub_ = grid::GridMaster::NewStub(channel_);
  connect_deadline_ = Clock::now() + order.timeout;
  (void)channel_->GetState(true);  // true: start to connect
  connect_timer_.after(kFirstLook);
}

void MasterClient::look_at_connection() {
  switch (channel_->GetState(true)) {
    case GRPC_CHANNEL_READY:
      deliver_(ev::Connected{std::exchange(call_, 0)});
      return;
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
    case GRPC_CHANNEL_SHUTDOWN:
      return ask_for_cause();
    case GRPC_CHANNEL_IDLE:
    case GRPC_CHANNEL_CONNECTING:
      break;
  }
  if (Clock::now() >= connect_deadline_) {
    deliver_(ev::CallFailed{std::exchange(call_, 0), "no answer to the connection attempt in time"});
    return;
  }
  connect_timer_.after(kConnectionLook);
}

// The state of a channel does not include the cause of a failure. A call on a failed channel fails at once,
// sends nothing, and its status has the cause. If the channel has connected meanwhile, the Master may answer
// UNIMPLEMENTED, which does no harm.
void MasterClient::ask_for_cause() {
  auto& question = keep(call_, std::make_unique<Question>(channel_));
  question.context.set_deadline(deadline_in(kCauseTimeout));
  question.stub.UnaryCall(&question.context, "/grpc.health.v1.Health/Check", {}, &question.request,
                          &question.response, answer_to(call_, [call = call_](const grpc::Status& status) {
                            return LinkEvent(ev::CallFailed{call, cause_of(status)});
                          }));
}

void MasterClient::enroll(const link_action::Register& order) {
  call_ = order.call;
  auto& exchange =
      keep(order.call, make_exchange<grid::AgentInfo, grid::RegistrationResponse>(order.timeout));
  exchange.request.set_agent_id(identity_.agent_id);
  exchange.request.set_hostname(identity_.hostname);
  exchange.request.set_platform(identity_.platform);
  exchange.request.set_max_storage_nodes(identity_.max_storage_nodes);
  exchange.request.set_version(identity_.version);
  exchange.request.set_agent_endpoint(identity_.endpoint);
  auto answer =
      answer_to(order.call, [call = order.call, &exchange](const grpc::Status& status) -> LinkEvent {
        if (!status.ok()) return ev::CallFailed{call, cause_of(status)};
        const auto& response = exchange.response;
        if (!response.success()) return ev::RegistrationRefused{call, response.error_message()};
        return ev::Registered{call, response.master_version()};
      });
  stub_->async()->RegisterAgent(&exchange.context, &exchange.request, &exchange.response, std::move(answer));
}

void MasterClient::beat(const link_action::Beat& order, std::uint32_t live_nodes) {
  call_ = order.call;
  auto& exchange =
      keep(order.call, make_exchange<grid::HeartbeatRequest, grid::HeartbeatResponse>(order.timeout));
  exchange.request.set_agent_id(identity_.agent_id);
  exchange.request.set_storage_node_count(live_nodes);
  exchange.request.set_timestamp(unix_now());
  auto answer =
      answer_to(order.call, [call = order.call, &exchange](const grpc::Status& status) -> LinkEvent {
        if (status.error_code() == grpc::StatusCode::NOT_FOUND) return ev::AgentUnknown{call};
        if (!status.ok()) return ev::CallFailed{call, cause_of(status)};
        if (!exchange.response.acknowledged()) return ev::AgentUnknown{call};
        return ev::BeatAcknowledged{call, exchange.response.timestamp()};
      });
  stub_->async()->Heartbeat(&exchange.context, &exchange.request, &exchange.response, std::move(answer));
}

void MasterClient::unregister(const link_action::Unregister& order) {
  call_ = order.call;
  auto& exchange = keep(order.call, make_exchange<grid::AgentId, grid::Empty>(order.timeout));
  exchange.request.set_agent_id(identity_.agent_id);
  auto answer = answer_to(order.call, [call = order.call](const grpc::Status& status) -> LinkEvent {
    if (!status.ok()) return ev::CallFailed{call, cause_of(status)};
    return ev::Unregistered{call};
  });
  stub_->async()->UnregisterAgent(&exchange.context, &exchange.request, &exchange.response,
                                  std::move(answer));
}

std::function<void(grpc::Status)> MasterClient::answer_to(CallId call, Judge judge) {
  in_flight_->began();
  return [this, post = loop_.post(), alive = std::weak_ptr<bool>(alive_), in_flight = in_flight_, call,
          judge = std::move(judge)](const grpc::Status& status) {
    (void)post([this, alive, call, status, judge] {
      if (!alive.expired()) on_answer(call, status, judge);
    });
    in_flight->landed();
  };
}

void MasterClient::on_answer(CallId call, const grpc::Status& status, const Judge& judge) {
  const auto flight =
      flights_.extract(call);  // kept until the end of this function, because `judge` reads it
  if (call != call_) return;   // cancelled meanwhile
  call_ = 0;
  if (complains_about_pings(status)) on_ping_complaint();
  deliver_(judge(status));
}

void MasterClient::on_ping_complaint() {
  if (keepalive_[host_] >= kKeepaliveMax) return;
  keepalive_[host_] *= 2;
  log::info("", "Master at " + hosts_[host_].text() + " complains about keepalive pings; one every " +
                    std::to_string(keepalive_[host_].count() / 1000) + " s from now on");
}

void MasterClient::cancel() {
  connect_timer_.cancel();
  if (const auto flight = flights_.find(call_); flight != flights_.end()) flight->second.context->TryCancel();
  call_ = 0;
}

void MasterClient::disconnect() {
  cancel();
  stub_.reset();
  channel_.reset();
}

}  // namespace sutra::comms
