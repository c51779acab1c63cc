#include "comms/probe/node_probe.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/log/logging.h"

namespace sutra::comms {

using std::chrono::milliseconds;

namespace {

ProbeTarget target_of(const Config& config) {
  const milliseconds interval = config.monitoring.health_check_interval;
  return {probe_host(config.storage.listen_address), std::min(milliseconds(2000), interval),
          config.storage.default_port_range_start, config.monitoring.liveness_send,
          config.monitoring.liveness_expect};
}

}  // namespace

NodeProbe::NodeProbe(EventLoop& loop, const Config& config, const ipc::NodeTableReader& table,
                     Reports reports)
    : loop_(loop),
      table_(table),
      reports_(std::move(reports)),
      target_(target_of(config)),
      schedule_({config.monitoring.health_check_interval, config.monitoring.failed_probes_before_restart,
                 static_cast<std::uint32_t>(getpid())}),
      timer_(loop, [this] { run_due(); }) {}

void NodeProbe::look_at_all() {
  const auto now = Clock::now();
  for (std::uint32_t row = 0; row < table_.capacity(); ++row)
    schedule_.update(row, table_.read(row).row, now);
  run_due();
}

void NodeProbe::look_at(std::uint32_t row) {
  if (row >= table_.capacity()) {
    log::error("The supervisor named row " + std::to_string(row) + ", but the node table has " +
               std::to_string(table_.capacity()) + " rows");
    return;
  }
  schedule_.update(row, table_.read(row).row, Clock::now());
  run_due();
}

void NodeProbe::run_due() {
  const std::size_t free = kMaxAtOnce - std::min(kMaxAtOnce, under_way_.size());
  for (const auto& order : schedule_.due(Clock::now(), free)) {
    under_way_[order.serial] = std::make_unique<PortProbe>(
        loop_, target_, order, listeners_,
        [this, row = order.row, serial = order.serial](Verdict verdict, const std::string& why) {
          done(row, serial, verdict, why);
        });
  }
  const auto next = schedule_.next_wake();
  // At the limit no timer is needed: done() calls this function again.
  if (next && under_way_.size() < kMaxAtOnce) {
    timer_.at(*next);
  } else {
    timer_.cancel();
  }
}

void NodeProbe::done(std::uint32_t row, std::uint64_t serial, Verdict verdict, const std::string& why) {
  const std::string cause = why;  // a copy: `why` may belong to the probe, which is destroyed next
  under_way_.erase(serial);
  if (verdict == Verdict::kNone && !std::exchange(own_error_told_, true)) {
    log::warning("A probe failed by an error of this agent, which says nothing about the node: " + cause);
  }
  const auto report = schedule_.judge(row, serial, verdict, cause, Clock::now());
  if (const auto* ready = std::get_if<ipc::NodeReady>(&report)) reports_.ready(*ready);
  if (const auto* dead = std::get_if<ipc::NodeUnresponsive>(&report)) reports_.unresponsive(*dead);
  run_due();
}

}  // namespace sutra::comms
