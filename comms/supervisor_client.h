// The client of the supervisor: sends and receives messages, and pings every 2 s. Comms; the loop's thread
// only.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "common/unique_fd.h"
#include "ipc/channel_pump.h"
#include "ipc/messages.h"

namespace sutra::comms {

class SupervisorClient {
 public:
  struct Hooks {
    std::function<void(const ipc::ToComms&)> on_message;
    /// Once, when the channel has ended. `orderly`: the supervisor closed it or died; false after an error,
    /// which is logged.
    std::function<void(bool orderly)> on_gone;
    /// Must call the given function from one of gRPC's threads that serve calls. A ping is sent only after
    /// that, so that pings also stop when those threads hang, not only when the loop hangs. Called before
    /// every ping; may ignore a call while the one before is not finished, and after a failure.
    std::function<void(std::function<void()>)> prove_workers_alive;
  };

  /// `fd`: a connected SOCK_SEQPACKET socket. The first ping is sent at once.
  SupervisorClient(EventLoop& loop, UniqueFd fd, Hooks hooks);
  ~SupervisorClient();
  SupervisorClient(const SupervisorClient&) = delete;
  SupervisorClient& operator=(const SupervisorClient&) = delete;

  /// False: the channel has ended; on_gone was called or will be.
  template <typename Message>
  bool send(const Message& message) {
    return pump_.send(message);
  }

 private:
  void ping();
  void on_end(ipc::PeerEnd end, const std::string& why);

  EventLoop& loop_;
  Hooks hooks_;
  ipc::ChannelPump<ipc::ToComms> pump_;
  Timer ping_timer_;
  std::uint64_t pings_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sutra::comms
