// The agent's own directories, and the roots beneath which nodes get theirs.
#include <gmock/gmock.h>

#include <functional>
#include <utility>

#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::AllOf;
using testing::ConfigDraft;
using testing::desk_context;
using testing::faults_of;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string quoted_text(const std::string& text) { return "\"" + text + "\""; }

TEST(ConfigDirectories, StateAndRuntimeMayNotBeTheSame) {
  ConfigDraft draft;
  draft.set("agent", "state_dir", R"("x/../same")").set("agent", "runtime_dir", R"("/home/op/same/")");
  const auto loaded = draft.load();
  ASSERT_THAT(loaded.faults, SizeIs(1)) << loaded.report("f");
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("is agent.state_dir too"));
}

/// One of our directories and a root, and how they lie to each other.
struct Nested {
  const char* name;
  std::string own;   ///< state_dir, runtime_dir or log_dir
  std::string root;  ///< data_path, or an allowed root
  std::string says;  ///< how the first lies to the second; empty: they may lie so
};

class OwnDirectoryAndRoot : public ::testing::TestWithParam<Nested> {
 protected:
  static constexpr std::pair<const char*, const char*> kOurs[] = {
      {"agent", "state_dir"}, {"agent", "runtime_dir"}, {"storage", "log_dir"}};
  /// All three of ours and both kinds of root: each pair in turn, the others far away.
  void expect_each(const std::function<void(ConfigDraft&, const std::string&, const std::string&)>& look) {
    for (const auto& [table, leaf] : kOurs) {
      for (const bool data_path : {true, false}) {
        ConfigDraft draft;
        for (const auto& [t, l] : kOurs) draft.set(t, l, quoted_text(std::string("/far/own/") + l));
        draft.set("storage", "data_path", quoted_text("/far/data"));
        draft.set(table, leaf, quoted_text(GetParam().own));
        const std::string root = data_path ? "data_path" : "allowed_storage_roots";
        draft.set("storage", root,
                  data_path ? quoted_text(GetParam().root)
                            : "[\"/far/other\", " + quoted_text(GetParam().root) + "]");
        SCOPED_TRACE(std::string(leaf) + " and " + root);
        look(draft, std::string(table) + "." + leaf, "storage." + root);
      }
    }
  }
};

TEST_P(OwnDirectoryAndRoot, MayNotContainEachOther) {
  expect_each([](ConfigDraft& draft, const std::string& own, const std::string& root) {
    // "/" contains those that are far away, too.
    const auto loaded = draft.load();
    std::vector<ConfigFault> faults = loaded.faults;
    std::erase_if(faults,
                  [](const ConfigFault& fault) { return fault.text.find("/far/") != std::string::npos; });
    if (GetParam().says.empty()) {
      EXPECT_EQ(loaded.report("f"), "");
      return;
    }
    ASSERT_THAT(faults, SizeIs(1)) << loaded.report("f");
    EXPECT_THAT(faults[0].text, AllOf(HasSubstr(own + " "), HasSubstr(GetParam().says + root + " "),
                                      HasSubstr("set one of the two to a directory that neither")));
    EXPECT_GT(faults[0].line, 0U);
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, OwnDirectoryAndRoot,
    ::testing::Values(Nested{"TheSame", "/srv/x", "/srv/x/", " is the same directory as "},
                      Nested{"InIt", "/srv/x/y/z", "/srv/x", " lies in "},
                      Nested{"AroundIt", "/srv", "/srv/x/y", " contains "},
                      Nested{"InTheRootOfAll", "/srv/x", "/", " lies in "},
                      Nested{"TheRootOfAll", "/", "/srv/x", " contains "},
                      Nested{"InItByDots", "/srv/a/../x/y", "/srv/./x", " lies in "},
                      Nested{"BothRelative", "x/own", "x", " lies in "},
                      Nested{"BesideIt", "/srv/state", "/srv/data", ""},
                      Nested{"WithItsNameAsABeginning", "/srv/data-state", "/srv/data", ""},
                      Nested{"WhoseNameItBegins", "/srv/da", "/srv/data", ""},
                      Nested{"BesideItByDots", "/srv/data/../state", "/srv/data", ""}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(ConfigDirectories, TheFaultStandsAtTheLaterKeyAndSaysWhatIsADefault) {
  ConfigDraft draft;
  draft.set("storage", "data_path", R"(".")");
  const auto loaded = draft.load();
  ASSERT_THAT(loaded.faults, SizeIs(3)) << "state, run and log lie in the working directory";
  for (const ConfigFault& fault : loaded.faults) {
    EXPECT_EQ(fault.key, "storage.data_path");
    EXPECT_EQ(fault.line, draft.line_of("storage", "data_path"));
  }
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("agent.state_dir /home/op/state (the default) lies in "
                                               "storage.data_path /home/op"));
  draft.set("storage", "data_path", R"("data")").set("storage", "log_dir", R"("data/log")");
  const auto later = faults_of(draft.load(), "storage.log_dir");
  ASSERT_THAT(later, SizeIs(1));
  EXPECT_EQ(later[0].line, draft.line_of("storage", "log_dir"));
}

TEST(ConfigDirectories, ADirectoryWithAFaultOfItsOwnIsNotJudgedTwice) {
  const auto loaded =
      ConfigDraft().set("storage", "data_path", R"("/var/lib")").set("agent", "state_dir", "7").load([] {
        auto context = desk_context();
        context.is_root = true;
        return context;
      }());
  EXPECT_THAT(loaded.faults, SizeIs(1)) << loaded.report("f");
}

TEST(ConfigDirectories, RootsOfNodesMayContainEachOther) {
  const auto loaded =
      ConfigDraft().set("storage", "allowed_storage_roots", R"(["data/a", "/home/op/data"])").load();
  EXPECT_EQ(loaded.report("f"), "");
}

}  // namespace
}  // namespace sutra
