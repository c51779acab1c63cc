#include "common/listeners/proc_net_tcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"

namespace sutra {
namespace {

using test::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
constexpr const char* kRest = " 00:00000000 00000000  107        0 1234 1 0 100 0 0 10 0\n";

std::string line(const std::string& local, const std::string& state = "0A",
                 const std::string& queues = "00000000:00000000") {
  return "   0: " + local + " 00000000:0000 " + state + " " + queues + kRest;
}

TEST(ProcNetTcp, TakesOnlySocketsInListen) {
  const auto found = parse_proc_net_tcp(kHeader + line("0100007F:1F40", "0A", "00000000:0000001F") +
                                        line("0100007F:1F41", "01") + line("00000000:C383"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(address_text(found[0].address), "127.0.0.1");
  EXPECT_EQ(found[0].port, 8000);
  EXPECT_EQ(found[0].uid, 107U);
  EXPECT_EQ(found[0].accept_queue, 31U);
  EXPECT_FALSE(found[0].accept_queue_limit);
  EXPECT_FALSE(found[0].cgroup_id);
  EXPECT_EQ(found[1].address, kAnyIpv4);
  EXPECT_EQ(found[1].port, 50051);
}

TEST(ProcNetTcp, ReadsIpv6Addresses) {
  const auto found = parse_proc_net_tcp(kHeader + line("00000000000000000000000001000000:1F40") +
                                        line("00000000000000000000000000000000:0050") +
                                        line("0000000000000000FFFF00000100007F:0051"));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(address_text(found[0].address), "::1");
  EXPECT_EQ(found[1].address, kAnyIpv6);
  EXPECT_EQ(address_text(found[1].address), "::");
  EXPECT_EQ(address_text(found[2].address), "127.0.0.1") << "an IPv6 socket on a mapped IPv4 address";
}

TEST(ProcNetTcp, SkipsLinesOfAnotherFormat) {
  const char* const bad[] = {
      "",
      "\n",
      "garbage\n\n   3: 0100007F\n",
      " 1: 01:1 02:2 0A 0:0 0:0 0 0 0\n",
      "   0: 0100007F1F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 0100007F:11F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 0100007G:1F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 0100007F:-1 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 0100007F:1F40 00000000:0000 0A 00 00:0 0 0\n",
      "   0: 0100007F:1F40 00000000:0000 0A 0:0 00:0 0 4294967296\n",
      "   0: 0100007F:1F40 00000000:0000 0A 0:0 00:0 0 ",
      "   0: 00000000000000000000000001000000FF:1F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 0000000000000000000000000100000000000000:1F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: 000000000100007F:1F40 00000000:0000 0A 0:0 00:0 0 0\n",
      "   0: :1F40 00000000:0000 0A 0:0 00:0 0 0\n",
  };
  for (const char* text : bad) EXPECT_THAT(parse_proc_net_tcp(text), IsEmpty()) << text;
}

TEST(ProcNetTcp, ATruncatedTextGivesNoFalseListener) {
  const std::string whole = kHeader + line("0100007F:1F40") + line("00000000:C383");
  const auto all = parse_proc_net_tcp(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    for (const Listener& each : parse_proc_net_tcp({exact.data(), exact.size()})) {
      // The uid is the last number that is read, and may be cut: the kernel never cuts a line in the middle
      // of a file.
      EXPECT_TRUE(each.port == all[0].port || each.port == all[1].port) << size;
    }
  }
}

TEST(ProcNetTcp, AMissingFileMeansThatTheKernelLacksTheAddressFamily) {
  std::vector<Listener> found;
  EXPECT_TRUE(read_proc_net_tcp("/nonexistent/tcp6", found));
  EXPECT_THAT(found, IsEmpty());
}

TEST(ProcNetTcp, AFileOfMegabytesIsReadWithLittleMemory) {
  const TemporaryDirectory directory;
  constexpr int kLines = 100'000;  // 15 MB
  {
    std::ofstream file(directory / "tcp");
    file << kHeader << line("0100007F:0001");
    for (int i = 0; i < kLines; ++i) file << line("0100007F:1F41", i % 25'000 == 0 ? "0A" : "06");
    file << line("0100007F:0002");
  }
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  std::vector<Listener> found;
  ASSERT_TRUE(read_proc_net_tcp((directory / "tcp").c_str(), found));
  ::getrusage(RUSAGE_SELF, &after);
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found.front().port, 1);
  EXPECT_EQ(found.back().port, 2);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 4096) << "KiB";
}

TEST(ProcNetTcp, LinesAcrossBufferBordersAreReadWhole) {
  const TemporaryDirectory directory;
  std::string text = kHeader;
  for (int i = 0; i < 2'000; ++i)
    text += line(i % 3 == 0 ? "0100007F:0001" : "00000000000000000000000001000000:0001");
  test::spit(directory / "tcp", text);
  std::vector<Listener> found;
  ASSERT_TRUE(read_proc_net_tcp((directory / "tcp").c_str(), found));
  EXPECT_EQ(found, parse_proc_net_tcp(text));
  EXPECT_EQ(found.size(), 2'000U);
}

TEST(ProcNetTcp, ALineWithoutEndIsAnError) {
  const TemporaryDirectory directory;
  test::spit(directory / "tcp", std::string(100'000, 'x'));
  std::vector<Listener> found;
  const auto read = read_proc_net_tcp((directory / "tcp").c_str(), found);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("a line of more than 16 KiB"));
}

}  // namespace
}  // namespace sutra
