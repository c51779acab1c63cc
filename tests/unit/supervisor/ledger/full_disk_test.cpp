// Real full and read-only file systems: a small tmpfs in a mount namespace of a child's own.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>

#include "tests/support/in_child.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor {
namespace {

using sutra::testing::id_of;
using testing::awkward_intent;
using testing::lines;
using testing::names;
using testing::some_facts;
using testing::some_intent;

constexpr int kNotPermitted = 99;

class FullDisk : public testing::Sandbox {
 protected:
  /// Runs `body` where `state` and `runtime` are tmpfs of 64 KiB each; it says what is wrong by throwing or
  /// returning a line number.
  void on_small_disks(const std::function<int()>& body) {
    const int status = test::in_child([&] {
      std::filesystem::create_directories(state);
      std::filesystem::create_directories(runtime);
      if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return kNotPermitted;
      }
      for (const auto& path : {state, runtime}) {
        if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=64k") != 0) return kNotPermitted;
      }
      return body();
    });
    if (status == kNotPermitted) GTEST_SKIP() << "may not mount a file system of its own";
    EXPECT_EQ(status, 0) << "the line of this file whose check failed, modulo 256";
  }
  static void fill(const std::filesystem::path& directory) {
    std::ofstream file(directory / "filler", std::ios::binary);
    for (int i = 0; i < 1000 && file.good(); ++i) file << std::string(4096, 'x') << std::flush;
  }
  static void read_only(const std::filesystem::path& path, bool on) {
    unsigned long flags = MS_REMOUNT | MS_BIND;
    if (on) flags |= MS_RDONLY;
    ::mount(nullptr, path.c_str(), nullptr, flags, nullptr);
  }
};

#define CHECK_HERE(condition) \
  if (!(condition)) return __LINE__ % 250 + 1

bool has(const Status& status, const std::string& text) {
  return !status && status.error().message().find(text) != std::string::npos;
}

TEST_F(FullDisk, RefusesAnIntentAndKeepsTheOldOne) {
  on_small_disks([&] {
    auto ledger = open();
    CHECK_HERE(ledger->write_intent(some_intent("node-1", 1)));
    fill(state);
    CHECK_HERE(has(ledger->write_intent(some_intent("node-1", 2)), "No space left on device; free space"));
    CHECK_HERE(has(ledger->write_intent(some_intent("node-2", 1)), (state / "nodes/node-2.toml").string()));
    CHECK_HERE(names(state / "nodes") == std::vector<std::string>{"node-1.toml"});
    CHECK_HERE(read().nodes.at(id_of("node-1")).intent.revision == 1);
    CHECK_HERE(has(ledger->write_last_config("x"), "No space left"));
    std::filesystem::remove(state / "filler");
    CHECK_HERE(ledger->write_intent(some_intent("node-1", 2)));
    CHECK_HERE(read().nodes.at(id_of("node-1")).intent.revision == 2);
    return 0;
  });
}

TEST_F(FullDisk, DoesNotUndoAStop) {
  on_small_disks([&] {
    auto ledger = open();
    core::Intent stopped = some_intent("node-1", 2);
    stopped.goal = core::Goal::kStopped;
    CHECK_HERE(ledger->write_facts(some_facts(some_intent("node-1", 1))));
    CHECK_HERE(ledger->write_intent(stopped));
    fill(state);
    fill(runtime);
    CHECK_HERE(!ledger->write_facts(some_facts(stopped)));
    CHECK_HERE(!ledger->write_intent(some_intent("node-1", 3)));
    CHECK_HERE(read().nodes.at(id_of("node-1")).intent == stopped);
    CHECK_HERE(ledger->forget(id_of("node-1")));
    CHECK_HERE(read().nodes.empty());
    return 0;
  });
}

TEST_F(FullDisk, OfTheRuntimeDirectoryDoesNotTouchTheIntent) {
  on_small_disks([&] {
    auto ledger = open();
    fill(runtime);
    CHECK_HERE(ledger->write_intent(awkward_intent()));
    CHECK_HERE(has(ledger->write_facts(some_facts()), "No space left on device"));
    CHECK_HERE(has(ledger->write_registration("x"), "No space left on device"));
    CHECK_HERE(names(runtime / "nodes").empty());
    CHECK_HERE(read().nodes.at(id_of("node-1")).intent == awkward_intent());
    return 0;
  });
}

TEST_F(FullDisk, SkipsNoEventNumberAndLeavesNoPartOfALine) {
  on_small_disks([&] {
    auto ledger = open();
    CHECK_HERE(ledger->append({1, id_of("n"), 1, "started", {}, {}}));
    fill(state);
    int refused = 0;
    std::uint64_t written = 1;
    for (int i = 0; i < 60; ++i) {
      const Status status = ledger->append({1, id_of("n"), 2, "died", std::string(150, 'c'), core::Exit{}});
      if (!status) ++refused;
      if (status && lines(state / "events.jsonl").size() > written) ++written;
      CHECK_HERE(lines(state / "events.jsonl").size() == written);
      CHECK_HERE(ledger->append({1, id_of("n"), 2, "started", {}, {}}) ||
                 has(ledger->append({1, id_of("n"), 2, "x", {}, {}}), "No space"));
      written = lines(state / "events.jsonl").size();
    }
    CHECK_HERE(refused > 0);
    std::filesystem::remove(state / "filler");
    CHECK_HERE(ledger->append({1, id_of("n"), 3, "died", {}, core::Exit{}}));
    const auto all = lines(state / "events.jsonl");
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK_HERE(all[i].starts_with("{\"seq\":" + std::to_string(i + 1) + ",") && all[i].ends_with("}"));
    }
    return 0;
  });
}

TEST_F(FullDisk, ThatIsReadOnlyIsNamedAndItsRecordsAreRead) {
  on_small_disks([&] {
    CHECK_HERE(open()->write_intent(some_intent()));
    testing::put(state / "nodes/bad.toml", "?");
    read_only(state, true);
    auto ledger = open();
    const auto contents = ledger->read();
    CHECK_HERE(contents.nodes.size() == 1 && contents.set_aside.size() == 1);
    CHECK_HERE(contents.set_aside[0].find("could not be renamed") != std::string::npos);
    CHECK_HERE(
        has(ledger->write_intent(some_intent("node-1", 2)), "ReadWritePaths=" + (state / "nodes").string()));
    CHECK_HERE(has(ledger->append({1, id_of("n"), 1, "died", {}, {}}), "Read-only file system"));
    CHECK_HERE(!ledger->forget(id_of("node-1")));
    read_only(state, false);
    CHECK_HERE(ledger->append({1, id_of("n"), 1, "died", {}, {}}));
    return 0;
  });
}

}  // namespace
}  // namespace sutra::supervisor
