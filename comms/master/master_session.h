// Runs the link to the Master: passes events to MasterLink and carries out its actions. Comms; the loop's
// thread.
#pragma once
#include <functional>
#include <vector>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "comms/master/agent_identity.h"
#include "comms/master/link_news.h"
#include "comms/master/master_client.h"
#include "comms/master/master_link.h"
#include "ipc/messages.h"

namespace sutra::comms {

class MasterSession {
 public:
  struct Hooks {
    std::function<std::uint32_t()> live_nodes;
    std::function<void(const ipc::LinkChanged&)> link_changed;
    std::function<void(const ipc::AgentAcknowledged&)> acknowledged;
    std::function<void()> finished;  ///< once, after retire()
  };
  /// `known`: a Master has acknowledged an equal identity before.
  MasterSession(EventLoop& loop, const Config& config, AgentIdentity identity, bool known, Hooks hooks);
  MasterSession(const MasterSession&) = delete;
  MasterSession& operator=(const MasterSession&) = delete;

  /// Our own server listens: starts to connect.
  void server_listens() { feed(link_event::ServerListening{}); }
  /// Stops the heartbeats, unregisters if a Master is connected (2 s at most), then calls `finished`.
  void retire() { feed(link_event::RetireOrdered{}); }

 private:
  void feed(const LinkEvent& event);
  void obey(const link_action::Connect& order) { client_.connect(order); }
  void obey(const link_action::Register& order) { client_.enroll(order); }
  void obey(const link_action::Beat& order) { client_.beat(order, hooks_.live_nodes()); }
  void obey(const link_action::Unregister& order) { client_.unregister(order); }
  void obey(const link_action::CancelCall&) { client_.cancel(); }
  void obey(const link_action::Disconnect&) { client_.disconnect(); }
  void obey(const link_action::ArmTimer& order) { timer_.at(order.at); }
  void obey(const link_action::Announce& news) { tell(news, context_); }
  void obey(const link_action::ReportLink& report);
  void obey(const link_action::ReportAcknowledged&);
  void obey(const link_action::Finished&) { hooks_.finished(); }

  NewsContext context_;
  Hooks hooks_;
  MasterLink link_;
  MasterClient client_;
  Timer timer_;
};

}  // namespace sutra::comms
