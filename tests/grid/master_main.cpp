// sutra-grid-master: the reference Master as a program. The log is its output: stdout, one line a fact.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "common/version.h"
#include "tests/grid/reference_master.h"

namespace {

using sutra::LogLevel;

sutra::grid_testing::LogSink stdout_log(LogLevel least) {
  return [least](LogLevel level, const std::string& line) {
    if (level < least) return;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm local{};
    localtime_r(&now.tv_sec, &local);
    char stamp[sizeof "2026-01-31 23:59:59"];
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    // One call a line: stdio keeps lines of different threads apart.
    std::printf("%s.%03ld %s\n", stamp, now.tv_nsec / 1'000'000, line.c_str());
    std::fflush(stdout);
  };
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
  // gRPC's own lines about a port in use would hide ours; an operator who wants them sets the variable.
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
