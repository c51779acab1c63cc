#include "common/log/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "common/log/log_line.h"
#include "common/text.h"

namespace sutra::log {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ  %v";
constexpr const char* kJsonPattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

/// spdlog's logger with our format. (The role is its name.)
class RoleLogger final : public spdlog::logger {
 public:
  RoleLogger(std::string_view role, LogFormat format)
      : spdlog::logger(std::string(role), std::make_shared<spdlog::sinks::stderr_sink_mt>()),
        format_(format) {
    set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
    // spdlog would report a failed write to stderr, which is what failed.
    set_error_handler([](const std::string&) {});
  }
  [[nodiscard]] LogFormat format() const { return format_; }

 private:
  LogFormat format_;
};

RoleLogger* current() { return static_cast<RoleLogger*>(spdlog::default_logger_raw()); }

spdlog::level::level_enum library_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

const LogLevel* level_named(std::string_view word) {
  static constexpr std::array<LogLevel, 5> kAll{LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo,
                                                LogLevel::kWarning, LogLevel::kError};
  for (const LogLevel& level : kAll) {
    if (level_word(level) == word) return &level;
  }
  return nullptr;
}

/// Empty when it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

void init(std::string_view role, LogLevel level, LogFormat format) {
  auto logger = std::make_shared<RoleLogger>(role, format);
  const std::string_view wanted = variable("SUTRA_LOG");
  const bool asked = !wanted.empty();
  // RUST_LOG is other programs' too, and may name their modules: what is no level of ours is not for us.
  const LogLevel* override_level = level_named(asked ? wanted : variable("RUST_LOG"));
  logger->set_level(library_level(override_level != nullptr ? *override_level : level));
  spdlog::set_default_logger(std::move(logger));
  if (asked && override_level == nullptr) {
    warning("SUTRA_LOG is \"" + printable(wanted) +
            "\", which is not a level and was ignored; use trace, debug, info, warn or error");
  }
}

void silence() {
  auto logger = std::make_shared<RoleLogger>("silent", LogFormat::kText);
  logger->set_level(spdlog::level::off);
  spdlog::set_default_logger(std::move(logger));
}

bool enabled(LogLevel level) {
  const RoleLogger* logger = current();
  if (logger == nullptr) return level >= LogLevel::kInfo;
  return logger->should_log(library_level(level));
}

void write(LogLevel level, std::string_view symbol, std::string_view message,
           std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  RoleLogger* logger = current();
  if (logger == nullptr) {
    std::fprintf(stderr, "%s\n", text_line(symbol, message).c_str());
    return;
  }
  const std::string line =
      logger->format() == LogFormat::kJson
          ? json_members(logger->name(), level, message, std::span(fields.begin(), fields.size()))
          : text_line(symbol, message);
  logger->log(library_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace sutra::log
