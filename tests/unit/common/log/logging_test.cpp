#include "common/log/logging.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include "common/unique_fd.h"

namespace sutra::log {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Logging : public ::testing::Test {
 protected:
  void SetUp() override { forget_levels(); }
  void TearDown() override { forget_levels(); }
  static void forget_levels() {
    unsetenv("SUTRA_LOG");
    unsetenv("RUST_LOG");
  }

  template <typename Do>
  static std::vector<std::string> lines_of(Do&& work) {
    ::testing::internal::CaptureStderr();
    work();
    std::istringstream all(::testing::internal::GetCapturedStderr());
    std::vector<std::string> lines;
    for (std::string line; std::getline(all, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(Logging, TextIsTimeSymbolAndMessage) {
  init("supervisor", LogLevel::kInfo, LogFormat::kText);
  const auto lines = lines_of([] { info("🚀", "Sutra Grid Agent v1 starting...", {{"version", "1"}}); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0],
              ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z  🚀 Sutra Grid Agent v1 "
                            "starting\\.\\.\\.$"));
}

TEST_F(Logging, WarningsAndErrorsCarryTheirSymbols) {
  init("comms", LogLevel::kInfo, LogFormat::kText);
  const auto lines = lines_of([] {
    warning("Connection to Master lost, will retry...");
    error("Heartbeat failed: x");
    info("", "plain");
  });
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0], EndsWith("Z  ⚠️  Connection to Master lost, will retry..."));
  EXPECT_THAT(lines[1], EndsWith("Z  ❌ Heartbeat failed: x"));
  EXPECT_THAT(lines[2], EndsWith("Z  plain"));
}

TEST_F(Logging, JsonKeepsTheTypesOfFields) {
  init("comms", LogLevel::kInfo, LogFormat::kJson);
  const auto lines = lines_of([] {
    write(
        LogLevel::kWarning, "⚠️ ", "it is so",
        {{"text", "a"}, {"signed", -5}, {"unsigned", std::uint64_t{18446744073709551615U}}, {"truth", true}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0],
              ContainsRegex("^\\{\"ts\":\"[0-9T:.-]{23}Z\",\"level\":\"warn\",\"role\":\"comms\","));
  EXPECT_THAT(
      lines[0],
      EndsWith(R"("msg":"it is so","text":"a","signed":-5,"unsigned":18446744073709551615,"truth":true})"));
  EXPECT_THAT(lines[0], Not(HasSubstr("⚠")));
}

TEST_F(Logging, AMessageCannotForgeALine) {
  const std::string evil =
      "x\n2026-01-01T00:00:00.000Z  ✅ forged\r\x1b[2K\x7f\xc2\x9b\xe2\x80\xa8\xff\t{}%s%v";
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    init("comms", LogLevel::kInfo, format);
    const auto lines = lines_of([&] { info(evil, evil, {{evil, evil}}); });
    ASSERT_THAT(lines, SizeIs(1));
    for (const auto* forbidden : {"\r", "\x1b", "\x7f", "\xc2\x9b", "\xe2\x80\xa8", "\xff", "\t"}) {
      EXPECT_THAT(lines[0], Not(HasSubstr(forbidden)));
    }
    EXPECT_THAT(lines[0], HasSubstr("{}%s%v"));
  }
}

TEST_F(Logging, LinesBelowTheLevelAreNotWritten) {
  init("comms", LogLevel::kWarning, LogFormat::kText);
  EXPECT_FALSE(enabled(LogLevel::kInfo));
  EXPECT_TRUE(enabled(LogLevel::kWarning));
  EXPECT_THAT(lines_of([] { info("", "hidden"); }), IsEmpty());
}

TEST_F(Logging, TheEnvironmentOverridesTheLevel) {
  setenv("SUTRA_LOG", "debug", 1);
  init("comms", LogLevel::kError, LogFormat::kText);
  EXPECT_TRUE(enabled(LogLevel::kDebug));
  EXPECT_FALSE(enabled(LogLevel::kTrace));
}

TEST_F(Logging, AnUnknownLevelInTheEnvironmentIsReportedAndIgnored) {
  setenv("SUTRA_LOG", "loud\n", 1);
  const auto lines = lines_of([] { init("comms", LogLevel::kInfo, LogFormat::kText); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], AllOf(HasSubstr("SUTRA_LOG is \"loud\\x0a\""),
                              HasSubstr("use trace, debug, info, warn or error")));
  EXPECT_TRUE(enabled(LogLevel::kInfo));
  EXPECT_FALSE(enabled(LogLevel::kDebug));
}

TEST_F(Logging, APlainLevelInRustLogCountsWhereSutraLogIsNotSet) {
  for (const auto* unset : {"", "not set"}) {
    if (*unset == '\0') setenv("SUTRA_LOG", unset, 1);
    setenv("RUST_LOG", "debug", 1);
    init("comms", LogLevel::kError, LogFormat::kText);
    EXPECT_TRUE(enabled(LogLevel::kDebug)) << "SUTRA_LOG " << unset;
    EXPECT_FALSE(enabled(LogLevel::kTrace));
    unsetenv("SUTRA_LOG");
  }
}

TEST_F(Logging, SutraLogComesBeforeRustLogEvenWhenItIsNoLevel) {
  setenv("RUST_LOG", "debug", 1);
  setenv("SUTRA_LOG", "error", 1);
  init("comms", LogLevel::kInfo, LogFormat::kText);
  EXPECT_FALSE(enabled(LogLevel::kWarning));
  setenv("SUTRA_LOG", "loud", 1);
  EXPECT_THAT(lines_of([] { init("comms", LogLevel::kInfo, LogFormat::kText); }), SizeIs(1));
  EXPECT_FALSE(enabled(LogLevel::kDebug));
}

TEST_F(Logging, AnythingElseInRustLogIsIgnoredInSilence) {
  for (const auto* value : {"", "agent=debug,h2=warn", "debug,hyper=info", "DEBUG", "5", "off"}) {
    setenv("RUST_LOG", value, 1);
    EXPECT_THAT(lines_of([] { init("comms", LogLevel::kInfo, LogFormat::kText); }), IsEmpty()) << value;
    EXPECT_TRUE(enabled(LogLevel::kInfo)) << value;
    EXPECT_FALSE(enabled(LogLevel::kDebug)) << value;
  }
}

TEST_F(Logging, LinesOfManyThreadsAreNotMixed) {
  init("comms", LogLevel::kInfo, LogFormat::kJson);
  const std::string payload(300, 'p');
  const auto lines = lines_of([&] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) info("", payload, {{"i", i}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  ASSERT_THAT(lines, SizeIs(400));
  for (const auto& line : lines) {
    EXPECT_TRUE(line.starts_with("{\"ts\"") && line.ends_with("}") && line.find('{', 1) == std::string::npos)
        << line;
  }
}

TEST_F(Logging, StartsNoThread) {
  const auto threads = [] {
    const auto all = std::filesystem::directory_iterator("/proc/self/task");
    return std::distance(begin(all), end(all));
  };
  const auto before = threads();
  init("comms", LogLevel::kInfo, LogFormat::kText);
  (void)lines_of([] { info("", "x"); });
  EXPECT_EQ(threads(), before);
}

TEST_F(Logging, AFullDiskOrAClosedPipeDoesNotFailTheCaller) {
  init("comms", LogLevel::kInfo, LogFormat::kText);
  const UniqueFd saved(dup(STDERR_FILENO));
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(saved.valid() && full.valid());
  ASSERT_GE(dup2(full.get(), STDERR_FILENO), 0);
  info("", "lost");
  close(STDERR_FILENO);
  info("", "lost too");
  ASSERT_GE(dup2(saved.get(), STDERR_FILENO), 0);
  EXPECT_THAT(lines_of([] { info("", "back"); }), SizeIs(1));
}

}  // namespace
}  // namespace sutra::log
