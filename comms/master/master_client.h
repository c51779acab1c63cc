// The gRPC side of the link: one channel to one Master at a time, and one call over it. Comms.
// Used on the loop's thread; gRPC's threads only post the answers back to it.
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
  /// `deliver` gets each call's answer on the loop's thread: exactly one for each call, none for a cancelled
  /// one.
  MasterClient(EventLoop& loop, std::vector<HostPort> hosts, AgentIdentity identity,
               std::function<void(const LinkEvent&)> deliver);
  /// Cancels what is under way and waits until gRPC's threads no longer use it.
  ~MasterClient();
  MasterClient(const MasterClient&) = delete;
  MasterClient& operator=(const MasterClient&) = delete;

  /// A new channel to hosts[host]; answered by Connected when HTTP/2 is established, else by CallFailed.
  void connect(const link_action::Connect& order);
  void enroll(const link_action::Register& order);
  void beat(const link_action::Beat& order, std::uint32_t live_nodes);
  void unregister(const link_action::Unregister& order);
  void cancel();
  void disconnect();

 private:
  using Judge = std::function<LinkEvent(const grpc::Status&)>;

  void look_at_connection();
  void ask_for_cause();
  [[nodiscard]] std::shared_ptr<grpc::Channel> make_channel() const;
  /// Keeps what gRPC uses until it has called back, and destroys it here, on the loop's thread.
  template <typename Exchange>
  [[nodiscard]] Exchange& keep(CallId call, std::unique_ptr<Exchange> exchange);
  [[nodiscard]] std::function<void(grpc::Status)> answer_to(CallId call, Judge judge);
  void on_answer(CallId call, const grpc::Status& status, const Judge& judge);
  void on_ping_complaint();

  EventLoop& loop_;
  std::vector<HostPort> hosts_;
  std::vector<std::chrono::milliseconds>
      keepalive_;  // one for each host: longer after a Master complained about pings
  AgentIdentity identity_;
  std::function<void(const LinkEvent&)> deliver_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grid::GridMaster::Stub> stub_;
  std::size_t host_ = 0;
  CallId call_ = 0;  // under way; 0 = none
  struct Flight {
    std::shared_ptr<void> exchange;
    grpc::ClientContext* context = nullptr;  // in there
  };
  std::map<CallId, Flight> flights_;  // with those that were cancelled and have not landed
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  Timer connect_timer_;
  TimePoint connect_deadline_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // false: what was posted before our end is dropped
};

}  // namespace sutra::comms
