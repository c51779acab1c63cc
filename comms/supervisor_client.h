// Our end of the channel to the supervisor. Comms; the loop's thread only: others post to it.
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
    /// Once: the supervisor went away (orderly: true), or broke the protocol, or does not read.
    std::function<void(bool orderly)> on_gone;
    /// Calls the given function from a thread of those that serve calls, when one is free: a ping goes out
    /// only after that, so that pings stop when those threads hang, as they do when the loop hangs. Asked for
    /// every ping; it may drop a question while the one before has no answer, or when it failed.
    std::function<void(std::function<void()>)> prove_workers_alive;
  };

  /// `fd` is a connected SOCK_SEQPACKET socket. The first ping goes out at once.
  SupervisorClient(EventLoop& loop, UniqueFd fd, Hooks hooks);
  ~SupervisorClient();
  SupervisorClient(const SupervisorClient&) = delete;
  SupervisorClient& operator=(const SupervisorClient&) = delete;

  /// False: the supervisor is gone; on_gone was called or will be.
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
