#include "comms/master/link_news.h"

#include <array>
#include <ctime>

#include "common/log/logging.h"
#include "common/text.h"

namespace sutra::comms {
namespace {

constexpr std::size_t kForeignTextMax = 400;
constexpr std::string_view kDone = "✅";
constexpr std::string_view kBad = "❌";
constexpr std::string_view kWarn = "⚠️ ";

std::string seconds_text(std::chrono::milliseconds wait) {
  const auto tenths = (wait.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string utc_text(std::uint64_t unix_secs) {
  const auto seconds = static_cast<std::time_t>(unix_secs);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

NewsLine render(const link_action::Announce& news, const NewsContext& context) {
  const std::string address = context.hosts.at(news.host).text();
  const std::string said = printable(news.text, kForeignTextMax);
  const LogLevel info = news.repeated ? LogLevel::kDebug : LogLevel::kInfo;
  const LogLevel warning = news.repeated ? LogLevel::kDebug : LogLevel::kWarning;
  const LogLevel error = news.repeated ? LogLevel::kDebug : LogLevel::kError;
  switch (news.news) {
    case News::kConnecting:
      return {info, "🔌", "Connecting to Master at " + address};
    case News::kConnected:
      return {info, kDone, "Connected to Master"};
    case News::kConnectFailed:
      return {warning, kWarn, "Cannot connect to Master at " + address + ": " + said};
    case News::kRegistering:
      return {info, "📝", "Registering with Master..."};
    case News::kRegistered:
      return {info, kDone,
              "Registered with Master (Master v" + said + ", Agent: " + context.identity.agent_id +
                  ", Host: " + context.identity.hostname + ")"};
    case News::kRegistrationRefused:
      return {error, kBad,
              "Master at " + address +
                  " refused the registration: " + (said.empty() ? "it gave no reason" : said)};
    case News::kRegistrationFailed:
      return {error, kBad, "Registration with Master at " + address + " failed: " + said};
    case News::kBeating:
      return {
          LogLevel::kInfo, "💓",
          "Starting heartbeat loop (interval: " + std::to_string(context.heartbeat_interval.count()) + "s)"};
    case News::kBeatAcknowledged:
      return {info, "💓",
              "Heartbeat #" + std::to_string(news.number) +
                  " acknowledged (Master time: " + std::to_string(news.master_time) + ")"};
    case News::kBeatFailed:
      return {error, kBad, "Heartbeat failed: " + said};
    case News::kAgentUnknown:
      return {LogLevel::kWarning, kWarn, "The Master does not know this agent any more (was it restarted?)"};
    case News::kLost:
      return {warning, kWarn, "Connection to Master lost, will retry..."};
    case News::kReconnected:
      return {info, kDone, "Reconnected to Master"};
    case News::kRetrying:
      return {info, "🔁",
              "No Master reached since " + utc_text(news.since_unix) + "; trying again in " +
                  seconds_text(news.wait) + "; the last cause, at " + address + ": " + said};
    case News::kUnregistered:
      return {LogLevel::kInfo, "👋", "Unregistered from Master"};
    case News::kUnregisterFailed:
      return {LogLevel::kWarning, kWarn, "Could not unregister from Master at " + address + ": " + said};
  }
  return {};
}

void tell(const link_action::Announce& news, const NewsContext& context) {
  const auto line = render(news, context);
  if (!log::enabled(line.level)) return;
  const std::string address = context.hosts.at(news.host).text();
  switch (news.news) {
    case News::kRegistered:
      return log::write(line.level, line.symbol, line.text,
                        {{"master", address},
                         {"master_version", printable(news.text, kForeignTextMax)},
                         {"agent_id", context.identity.agent_id},
                         {"hostname", context.identity.hostname}});
    case News::kBeatAcknowledged:
      return log::write(line.level, line.symbol, line.text,
                        {{"master", address}, {"heartbeat", news.number}, {"master_time", news.master_time}});
    case News::kBeating:
      return log::write(line.level, line.symbol, line.text,
                        {{"master", address}, {"interval_secs", context.heartbeat_interval.count()}});
    case News::kRetrying:
      return log::write(line.level, line.symbol, line.text,
                        {{"master", address},
                         {"cause", printable(news.text, kForeignTextMax)},
                         {"since", utc_text(news.since_unix)},
                         {"wait_ms", news.wait.count()}});
    case News::kConnectFailed:
    case News::kRegistrationRefused:
    case News::kRegistrationFailed:
    case News::kBeatFailed:
    case News::kUnregisterFailed:
      return log::write(line.level, line.symbol, line.text,
                        {{"master", address}, {"cause", printable(news.text, kForeignTextMax)}});
    case News::kConnecting:
    case News::kConnected:
    case News::kRegistering:
    case News::kAgentUnknown:
    case News::kLost:
    case News::kReconnected:
    case News::kUnregistered:
      return log::write(line.level, line.symbol, line.text, {{"master", address}});
  }
}

}  // namespace sutra::comms
