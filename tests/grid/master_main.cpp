// sutra-grid-master: the reference Master as a program. The log is its output: stdout, one line a fact.
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <string.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "common/version.h"
#include "tests/grid/reference_master.h"

namespace {

using sutra::LogLevel;

spdlog::level::level_enum spdlog_level(LogLevel level) {
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
  return spdlog::level::info;
}

sutra::grid_testing::LogSink stdout_log(LogLevel level) {
  auto logger = std::make_shared<spdlog::logger>("master", std::make_shared<spdlog::sinks::stdout_sink_mt>());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %v");
  logger->set_level(spdlog_level(level));
  logger->flush_on(spdlog::level::trace);
  return [logger](LogLevel at, const std::string& line) { logger->log(spdlog_level(at), "{}", line); };
}

struct Flags {
  std::string listen = "0.0.0.0:7000";
  LogLevel level = LogLevel::kInfo;
  std::string tls_ca, tls_cert, tls_key;
};

void declare(CLI::App& app, Flags& flags) {
  const std::map<std::string, LogLevel> levels{{"trace", LogLevel::kTrace},
                                               {"debug", LogLevel::kDebug},
                                               {"info", LogLevel::kInfo},
                                               {"warn", LogLevel::kWarning},
                                               {"error", LogLevel::kError}};
  app.add_option("--listen", flags.listen, "HOST:PORT to listen on; port 0: any free one, which is printed")
      ->capture_default_str();
  app.add_option("--log-level", flags.level, "trace, debug, info, warn or error; info by default")
      ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case));
  app.add_option("--tls-ca", flags.tls_ca, "PEM file: CA of agents and operators. All three: mutual TLS");
  app.add_option("--tls-cert", flags.tls_cert, "PEM file: the Master's certificate chain");
  app.add_option("--tls-key", flags.tls_key, "PEM file: its private key");
  app.set_version_flag("--version", std::string("sutra-grid-master ") + sutra::kVersion);
}

int run(const Flags& flags) {
  // Blocked before gRPC makes its threads, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto tls = sutra::grid_testing::load_tls(flags.tls_ca, flags.tls_cert, flags.tls_key);
  if (!tls) {
    std::cerr << "sutra-grid-master: " << tls.error().message() << '\n';
    return 1;
  }
  sutra::grid_testing::MasterOptions options;
  options.log = stdout_log(flags.level);
  options.tls = std::move(tls).value();
  sutra::grid_testing::ReferenceMaster master(options);
  if (const auto started = master.start(flags.listen); !started.ok()) {
    std::cerr << "sutra-grid-master: " << started.error().message() << '\n';
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  options.log(LogLevel::kInfo, std::string("🛑 ") + strsignal(signal) + ": stopping");
  master.stop();
  options.log(LogLevel::kInfo, "🏁 Stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own words about a busy port would bury ours; an operator who wants them sets the variable.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  CLI::App app{
      "The reference Grid Master of Sutra: registers agents and forwards operators' orders to them."};
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return run(flags);
}
