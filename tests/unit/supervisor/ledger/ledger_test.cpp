#include "supervisor/ledger/ledger.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervisor/ledger/record.h"
#include "tests/support/in_child.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor {
namespace {

using sutra::testing::id_of;
using testing::awkward_intent;
using testing::content;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::names;
using testing::put;
using testing::some_facts;
using testing::some_intent;

class LedgerFiles : public testing::Sandbox {
 protected:
  void expect_set_aside(const std::string& bytes, const std::string& why) {
    auto ledger = open();
    ASSERT_TRUE(ledger->write_intent(some_intent("good")));
    put(state / "nodes/node-1.toml", bytes);
    const auto contents = ledger->read();
    EXPECT_THAT(contents.nodes, ::testing::SizeIs(1));
    ASSERT_THAT(contents.set_aside, ::testing::SizeIs(1));
    EXPECT_THAT(contents.set_aside[0], HasSubstr(why));
    EXPECT_THAT(contents.set_aside[0], HasSubstr((state / "nodes/node-1.toml.bad").string()));
    EXPECT_EQ(content(state / "nodes/node-1.toml.bad"), bytes);
    EXPECT_TRUE(contents.complete);
    EXPECT_THAT(ledger->read().set_aside, IsEmpty()) << "once is enough";
  }
};

TEST_F(LedgerFiles, AnEmptyLedgerIsEmpty) {
  const auto contents = read();
  EXPECT_THAT(contents.nodes, IsEmpty());
  EXPECT_THAT(contents.set_aside, IsEmpty());
  EXPECT_THAT(contents.problems, IsEmpty());
  EXPECT_TRUE(contents.complete);
}

TEST_F(LedgerFiles, RecordsAreReadByTheNextLedger) {
  const core::Intent intent = awkward_intent();
  const Facts facts = some_facts(intent);
  {
    auto ledger = open();
    ASSERT_TRUE(ledger->write_intent(intent));
    ASSERT_TRUE(ledger->write_facts(facts));
    ASSERT_TRUE(ledger->write_intent(some_intent("other")));
  }
  const auto contents = read();
  ASSERT_THAT(contents.nodes, ::testing::SizeIs(2));
  EXPECT_EQ(contents.nodes.at(id_of("node-1")).intent, intent);
  EXPECT_EQ(contents.nodes.at(id_of("node-1")).facts, facts);
  EXPECT_EQ(contents.nodes.at(id_of("other")).intent, some_intent("other"));
  EXPECT_FALSE(contents.nodes.at(id_of("other")).facts);
  EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml", "other.toml"));
  EXPECT_THAT(names(runtime / "nodes"), ElementsAre("node-1.toml"));
}

TEST_F(LedgerFiles, TheIntentWithTheHigherRevisionIsUsed) {
  auto ledger = open();
  core::Intent stopped = some_intent("a", 3);
  stopped.goal = core::Goal::kStopped;
  ASSERT_TRUE(ledger->write_intent(stopped));
  ASSERT_TRUE(ledger->write_facts(some_facts(some_intent("a", 2))));
  ASSERT_TRUE(ledger->write_intent(some_intent("b", 2)));
  ASSERT_TRUE(ledger->write_facts(some_facts(awkward_intent("b", 3))));
  const auto contents = ledger->read();
  EXPECT_EQ(contents.nodes.at(id_of("a")).intent, stopped);
  EXPECT_EQ(contents.nodes.at(id_of("a")).facts->intent.revision, 2U);
  EXPECT_EQ(contents.nodes.at(id_of("b")).intent, awkward_intent("b", 3));
}

TEST_F(LedgerFiles, LosingOneDirectoryAndLaterTheOtherLosesNothing) {
  const core::Intent intent = awkward_intent();
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(intent));
  ASSERT_TRUE(ledger->write_facts(some_facts(intent)));
  std::filesystem::remove_all(state);
  EXPECT_EQ(read().nodes.at(id_of("node-1")).intent, intent);
  std::filesystem::remove_all(runtime);
  const auto contents = read();
  EXPECT_EQ(contents.nodes.at(id_of("node-1")).intent, intent);
  EXPECT_FALSE(contents.nodes.at(id_of("node-1")).facts);
}

TEST_F(LedgerFiles, DirectoriesThatVanishWhileOpenAreMadeAgain) {
  auto ledger = open();
  std::filesystem::remove_all(home / "state");
  std::filesystem::remove_all(home / "run");
  EXPECT_TRUE(ledger->write_intent(some_intent()));
  EXPECT_TRUE(ledger->write_facts(some_facts(some_intent())));
  EXPECT_TRUE(ledger->write_registration("x"));
  std::filesystem::remove_all(home / "state");
  EXPECT_TRUE(ledger->write_last_config("y"));
  std::filesystem::remove_all(home / "state");
  EXPECT_TRUE(ledger->append({1, id_of("node-1"), 1, "started", {}, {}}));
  EXPECT_THAT(ledger->read().nodes, ::testing::SizeIs(1));
}

TEST_F(LedgerFiles, ARecordThatReadingWouldSetAsideIsNotWritten) {
  auto ledger = open();
  core::Intent intent = some_intent();
  intent.placement.port = 0;
  EXPECT_THAT(ledger->write_intent(intent).error().message(), HasSubstr("placement.port is 0"));
  intent = some_intent();
  intent.node_id = NodeId();
  EXPECT_FALSE(ledger->write_intent(intent));
  EXPECT_FALSE(ledger->write_facts(some_facts(intent)));
  intent = some_intent();
  intent.request.storage_path = "\xff";
  EXPECT_THAT(ledger->write_intent(intent).error().message(), HasSubstr("not UTF-8"));
  EXPECT_THAT(names(state / "nodes"), IsEmpty());
}

TEST_F(LedgerFiles, AnEmptyFileIsSetAside) { expect_set_aside("", "it is empty"); }
TEST_F(LedgerFiles, AFileWithoutAChecksumIsSetAside) {
  expect_set_aside("version = 1\n", "checksum is missing");
}
TEST_F(LedgerFiles, AFutureVersionIsSetAsideWhateverItsChecksum) {
  expect_set_aside("version = 2\nseal = \"sha512\"\n", "of version 2 and this agent knows version 1");
}
TEST_F(LedgerFiles, AFileOfAnotherNodeIsSetAside) {
  expect_set_aside(ledger::encode(some_intent("node-2")), "it is the record of node node-2");
}
TEST_F(LedgerFiles, ATooLargeFileIsSetAside) {
  expect_set_aside(std::string(ledger::kRecordMaxBytes + 1, '#'), "it is larger than");
}

TEST_F(LedgerFiles, AnInvalidNameIsSetAside) {
  auto ledger = open();
  put(state / "nodes/-x.toml", ledger::encode(some_intent()));
  EXPECT_THAT(ledger->read().nodes, IsEmpty());
  EXPECT_THAT(names(state / "nodes"), ElementsAre("-x.toml.bad"));
}

TEST_F(LedgerFiles, EarlierBadFilesAreKeptAndTheirNumberIsBounded) {
  auto ledger = open();
  for (int i = 0; i < 13; ++i) {
    put(state / "nodes/n.toml", std::to_string(i));
    ASSERT_THAT(ledger->read().set_aside, ::testing::SizeIs(1));
  }
  EXPECT_THAT(names(state / "nodes"), ::testing::SizeIs(10));
  EXPECT_EQ(content(state / "nodes/n.toml.bad"), "0");
  EXPECT_EQ(content(state / "nodes/n.toml.bad.1"), "1");
  EXPECT_EQ(content(state / "nodes/n.toml.bad.9"), "12");
}

TEST_F(LedgerFiles, BadFactsLeaveTheIntent) {
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(some_intent()));
  put(runtime / "nodes/node-1.toml", "?");
  const auto contents = ledger->read();
  EXPECT_EQ(contents.nodes.at(id_of("node-1")).intent, some_intent());
  EXPECT_FALSE(contents.nodes.at(id_of("node-1")).facts);
  EXPECT_THAT(contents.set_aside, ElementsAre(HasSubstr("run/nodes/node-1.toml.bad")));
}

TEST_F(LedgerFiles, ABadIntentIsRestoredFromTheFacts) {
  auto ledger = open();
  ASSERT_TRUE(ledger->write_facts(some_facts()));
  put(state / "nodes/node-1.toml", "?");
  EXPECT_EQ(ledger->read().nodes.at(id_of("node-1")).intent, awkward_intent());
  EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml", "node-1.toml.bad"));
}

TEST_F(LedgerFiles, NothingButRegularFilesIsReadAndNothingBlocks) {
  auto ledger = open();
  const auto nodes = state / "nodes";
  std::filesystem::create_directories(nodes / "dir.toml" / "full");
  ASSERT_EQ(::mkfifo((nodes / "fifo.toml").c_str(), 0600), 0);
  put(home / "elsewhere", ledger::encode(some_intent("link")));
  std::filesystem::create_symlink(home / "elsewhere", nodes / "link.toml");
  std::filesystem::create_symlink("/nowhere", nodes / "dangling.toml");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{AF_UNIX, {}};
  (nodes / "sock.toml").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  const auto contents = ledger->read();
  EXPECT_THAT(contents.nodes, IsEmpty());
  EXPECT_THAT(contents.set_aside, ::testing::SizeIs(5));
  EXPECT_THAT(contents.set_aside, ::testing::Each(HasSubstr("it is not a regular file")));
  EXPECT_THAT(names(nodes), ElementsAre("dangling.toml.bad", "dir.toml.bad", "fifo.toml.bad", "link.toml.bad",
                                        "sock.toml.bad"));
  EXPECT_TRUE(std::filesystem::exists(home / "elsewhere"));
}

TEST_F(LedgerFiles, LeftOverTemporaryFilesGoAndOtherNamesStay) {
  auto ledger = open();
  put(state / "nodes/node-1.toml.tmp", "half");
  put(runtime / "nodes/node-2.toml.tmp", "half");
  put(state / "nodes/README", "mine");
  EXPECT_THAT(ledger->read().set_aside, IsEmpty());
  EXPECT_THAT(names(state / "nodes"), ElementsAre("README"));
  EXPECT_THAT(names(runtime / "nodes"), IsEmpty());
}

TEST_F(LedgerFiles, ALeftOverTemporaryFileDoesNotBlockAWrite) {
  auto ledger = open();
  put(state / "nodes/node-1.toml.tmp", "half");
  EXPECT_TRUE(ledger->write_intent(some_intent()));
  EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml"));
}

TEST_F(LedgerFiles, WithoutDescriptorsReadingSaysThatItIsIncompleteAndMovesNothing) {
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(some_intent()));
  const int status = test::in_child([&] {
    const rlimit none{3, 3};
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
    const auto contents = ledger->read();
    const auto written = ledger->write_intent(some_intent("n", 2));
    if (contents.complete || contents.problems.size() != 2 || !contents.set_aside.empty()) return 2;
    if (written || written.error().message().find("LimitNOFILE") == std::string::npos) return 3;
    if (!ledger->append({1, id_of("n"), 1, "died", {}, {}})) return 4;  // open since the start
    return 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(ledger->read().complete);
  EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml"));
}

TEST_F(LedgerFiles, AFileThatMayNotBeReadStaysWhereItIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(some_intent()));
  std::filesystem::permissions(state / "nodes/node-1.toml", std::filesystem::perms::owner_all);
  std::filesystem::permissions(home, std::filesystem::perms::all);
  for (const auto& path : {state, runtime, state / "nodes", runtime / "nodes"}) {
    std::filesystem::permissions(path, std::filesystem::perms::all);
  }
  const int status = test::in_child([&] {
    if (::setresuid(65534, 65534, 65534) != 0) return 1;
    const auto contents = ledger->read();
    if (contents.complete || !contents.nodes.empty() || !contents.set_aside.empty()) return 2;
    return contents.problems.at(0).find("let the agent's user read and write") == std::string::npos ? 3 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml"));
}

TEST_F(LedgerFiles, TheRegistrationIsKeptReplacedAndCleared) {
  auto ledger = open();
  EXPECT_EQ(ledger->read_registration(), "");
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(ledger->write_registration("old"));
  ASSERT_TRUE(ledger->write_registration(bytes));
  EXPECT_EQ(open()->read_registration(), bytes);
  ASSERT_TRUE(ledger->write_registration(""));
  EXPECT_EQ(ledger->read_registration(), "");
  EXPECT_FALSE(std::filesystem::exists(runtime / "registration"));
  EXPECT_TRUE(ledger->write_registration("")) << "nothing to clear";
}

TEST_F(LedgerFiles, TheLastConfigurationIsKeptPrivate) {
  auto ledger = open();
  EXPECT_FALSE(ledger->read_last_config());
  ASSERT_TRUE(ledger->write_last_config("x = 1\n"));
  ASSERT_TRUE(ledger->write_last_config("x = 2\n"));
  EXPECT_EQ(open()->read_last_config(), "x = 2\n");
  struct stat info {};
  ASSERT_EQ(::stat((state / "last-config.toml").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(LedgerFiles, OpenNamesTheFileThatBlocksADirectory) {
  put(home / "state", "a file");
  const auto ledger = Ledger::open(state, runtime);
  ASSERT_FALSE(ledger);
  EXPECT_THAT(ledger.error().message(), HasSubstr("make directory " + state.string()));
}

}  // namespace
}  // namespace sutra::supervisor
