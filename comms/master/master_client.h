// The gRPC client of the link: one channel to one Master at a time, and at most one call on it. Comms. Used
// on the loop's thread; gRPC's threads only post the answers to it.
#pragma once
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "comms/master/agent_identity.h"
#include "comms/master/master_link.h"
#include "comms/rpc/in_flight.h"
#include "grid.grpc.pb.h"

namespace sutra::comms {

class MasterClient {
 public:
  /// `deliver` is called on the loop's thread exactly once for each call, with its answer; not for a
  /// cancelled call.
  MasterClient(EventLoop& loop, std::vector<HostPort> hosts, AgentIdentity identity,
               std::function<void(const LinkEvent&)> deliver);
  /// Cancels the call under way and blocks until gRPC's threads have finished with it.
  ~MasterClient();
  MasterClient(const MasterClient&) = delete;
  MasterClient& operator=(const MasterClient&) = delete;

  /// Opens a new channel to hosts[host]. The answer is Connected when HTTP/2 is established, else CallFailed.
  void connect(const link_action::Connect& order);
  /// RegisterAgent; `register` is a C++ keyword.
  void enroll(const link_action::Register& order);
  void beat(const link_action::Beat& order, std::uint32_t live_nodes);
  void unregister(const link_action::Unregister& order);
  /// Cancels the call under way; its answer is not delivered.
  void cancel();
  /// Cancels, and closes the channel.
  void disconnect();

 private:
  using Judge = std::function<LinkEvent(const grpc::Status&)>;

  void look_at_connection();
  void ask_for_cause();
  [[nodiscard]] std::shared_ptr<grpc::Channel> make_channel() const;
  /// Owns the objects of a call until gRPC has called back; they are destroyed on the loop's thread (see
  /// in_flight.h).
  template <typename Exchange>
  [[nodiscard]] Exchange& keep(CallId call, std::unique_ptr<Exchange> exchange);
  [[nodiscard]] std::function<void(grpc::Status)> answer_to(CallId call, Judge judge);
  void on_answer(CallId call, const grpc::Status& status, const Judge& judge);
  void on_ping_complaint();

  EventLoop& loop_;
  std::vector<HostPort> hosts_;
  std::vector<std::chrono::milliseconds>
      keepalive_;  // for each host; doubled after a Master refused our pings
  AgentIdentity identity_;
  std::function<void(const LinkEvent&)> deliver_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grid::GridMaster::Stub> stub_;
  std::size_t host_ = 0;
  CallId call_ = 0;  // under way; 0 = none
  struct Flight {
    std::shared_ptr<void> exchange;
    grpc::ClientContext* context = nullptr;  // part of `exchange`
  };
  std::map<CallId, Flight> flights_;  // also cancelled calls, until gRPC has called back
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  Timer connect_timer_;
  TimePoint connect_deadline_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // posted tasks hold a weak_ptr to it: expired = drop
};

}  // namespace sutra::comms
