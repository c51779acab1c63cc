#include <gmock/gmock.h>

#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::AllOf;
using testing::ConfigDraft;
using testing::desk_context;
using testing::faults_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The one fault that the draft has.
ConfigFault only_fault(const ConfigDraft& draft) {
  const auto loaded = draft.load();
  EXPECT_THAT(loaded.faults, SizeIs(1)) << loaded.report("f");
  return loaded.faults.empty() ? ConfigFault{} : loaded.faults[0];
}

TEST(ConfigChecks, AFileOfTheExistingFormatIsAccepted) {
  ConfigDraft draft;
  draft.set("agent", "agent_port", "8001").set("storage", "default_memory_mb", "512");
  draft.set("storage", "default_port_range_start", "50100").set("monitoring", "heartbeat_interval_secs", "5");
  draft.set("monitoring", "health_check_interval_secs", "10")
      .set("monitoring", "restart_failed_nodes", "false");
  const auto loaded = draft.load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.agent.agent_port, 8001);
  EXPECT_FALSE(loaded.config.monitoring.restart_failed_nodes);
}

TEST(ConfigChecks, SumOfDeadlinesMayNotExceedTheMastersDeadline) {
  ConfigDraft draft;
  draft.set("storage", "ready_timeout_secs", "19").set("storage", "stop_grace_secs", "9");
  EXPECT_EQ(draft.load().report("f"), "");
  draft.set("storage", "ready_timeout_secs", "20");
  const ConfigFault fault = only_fault(draft);
  EXPECT_EQ(fault.key, "storage.ready_timeout_secs");
  EXPECT_EQ(fault.line, draft.line_of("storage", "ready_timeout_secs"));
  EXPECT_THAT(fault.text, AllOf(HasSubstr("more than 28"), HasSubstr("stop_grace_secs 9")));
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "ready_timeout_secs", "27")).text,
              HasSubstr("stop_grace_secs 8 (the default)"));
}

TEST(ConfigChecks, AnInvalidDeadlineIsReportedOnce) {
  (void)only_fault(
      ConfigDraft().set("storage", "ready_timeout_secs", "27").set("storage", "stop_grace_secs", "10"));
}

TEST(ConfigChecks, FirstBackoffMayNotExceedTheLongest) {
  ConfigDraft draft;
  draft.set("monitoring", "backoff_initial_ms", "2000").set("monitoring", "backoff_max_secs", "2");
  EXPECT_EQ(draft.load().report("f"), "");
  draft.set("monitoring", "backoff_initial_ms", "2001");
  EXPECT_THAT(only_fault(draft).text,
              AllOf(HasSubstr("backoff_initial_ms 2001 and backoff_max_secs 2 do not go together")));
}

TEST(ConfigChecks, PortRangeEndsAtTheLastPort) {
  ConfigDraft draft;
  draft.set("storage", "default_port_range_start", "65000").set("storage", "port_range_size", "536");
  EXPECT_EQ(draft.load().report("f"), "");
  draft.set("storage", "port_range_size", "537");
  EXPECT_THAT(only_fault(draft).text, HasSubstr("port_range_size 537 end at port 65536"));
}

TEST(ConfigChecks, DefaultPortRangeIsShortenedAtTheLastPort) {
  const auto loaded = ConfigDraft().set("storage", "default_port_range_start", "65000").load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config.storage.port_range_size, 536);
  EXPECT_EQ(
      ConfigDraft().set("storage", "default_port_range_start", "65535").load().config.storage.port_range_size,
      1);
}

TEST(ConfigChecks, MastersAreAStringOrAnArrayInOrder) {
  const auto loaded =
      ConfigDraft().set("agent", "master_host", R"(["localhost:7000", "[::1]:7001", "127.9.9.9:1"])").load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config.agent.master_hosts,
            (std::vector<HostPort>{{"localhost", 7000}, {"::1", 7001}, {"127.9.9.9", 1}}));
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "master_host", "[]")).text, HasSubstr("is empty"));
}

TEST(ConfigChecks, EveryBadMasterOfAnArrayIsNamedOnItsOwnLine) {
  ConfigDraft draft;
  draft.set("agent", "master_host", "[\n\"localhost\",\n\"127.0.0.1:7000\",\n7000]");
  const auto faults = faults_of(draft.load(), "agent.master_host");
  ASSERT_THAT(faults, SizeIs(2));
  EXPECT_THAT(faults[0].text, AllOf(HasSubstr("port is missing"), HasSubstr("host:port")));
  EXPECT_THAT(faults[1].text, HasSubstr("found integer 7000"));
  EXPECT_EQ(faults[1].line, faults[0].line + 2);
}

TEST(ConfigChecks, AHostNameThatDoesNotResolveIsAccepted) {
  ConfigDraft draft;
  draft.set("agent", "master_host", R"("no-such-host.invalid:7000")").set("tls", "allow_plaintext", "true");
  EXPECT_EQ(draft.load().report("f"), "");
}

TEST(ConfigChecks, AMasterOffLoopbackNeedsTlsOrAllowPlaintextAndTheFaultNamesBoth) {
  ConfigDraft draft;
  draft.set("agent", "master_host", R"(["127.0.0.1:7000", "10.0.0.1:7000"])");
  const ConfigFault fault = only_fault(draft);
  EXPECT_EQ(fault.key, "agent.master_host");
  EXPECT_EQ(fault.line, draft.line_of("agent", "master_host"));
  EXPECT_THAT(fault.text, AllOf(HasSubstr("10.0.0.1:7000"), HasSubstr("ca_file"),
                                HasSubstr("tls.allow_plaintext = true")));
}

TEST(ConfigChecks, AllowPlaintextGivesAWarning) {
  const auto loaded = ConfigDraft()
                          .set("agent", "master_host", R"("10.0.0.1:7000")")
                          .set("tls", "allow_plaintext", "true")
                          .load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_THAT(loaded.warnings, ::testing::ElementsAre(HasSubstr("10.0.0.1:7000")));
  EXPECT_THAT(ConfigDraft().set("tls", "allow_plaintext", "true").load().warnings, IsEmpty());
}

TEST(ConfigChecks, TlsFilesMustBeGivenTogetherOrNotAtAll) {
  const auto loaded =
      ConfigDraft().set("tls", "ca_file", "\"/ca\"").set("tls", "key_file", "\"/key\"").load();
  const auto faults = faults_of(loaded, "tls");
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_THAT(faults[0].text, HasSubstr("has ca_file and key_file but not cert_file"));
}

TEST(ConfigChecks, CompleteTlsIsRefusedOnlyBecauseItIsNotAvailable) {
  ConfigDraft draft;
  draft.set("agent", "master_host", R"("10.0.0.1:7000")");
  for (const auto* name : {"ca_file", "cert_file", "key_file"}) draft.set("tls", name, "\"/x\"");
  const auto loaded = draft.load();
  ASSERT_THAT(loaded.faults, SizeIs(3)) << loaded.report("f");
  for (const auto& fault : loaded.faults) EXPECT_THAT(fault.text, HasSubstr("not available in this version"));
}

TEST(ConfigChecks, ConfineIsAcceptedUnsetOrFalse) {
  EXPECT_TRUE(ConfigDraft().load().ok());
  const auto loaded = ConfigDraft().set("storage", "confine", "false").load();
  EXPECT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.config.storage.confine);
}

TEST(ConfigChecks, UnknownPlaceholdersAreRefusedNamingTheKnown) {
  ConfigDraft draft;
  draft.set("storage", "args",
            R"(["--port={port}", "{", "{}", "{\"json\": 1}", "{ port }", "--x", "{prot}"])");
  const ConfigFault fault = only_fault(draft);
  EXPECT_EQ(fault.line, draft.line_of("storage", "args"));
  EXPECT_THAT(fault.text,
              AllOf(HasSubstr("{prot}"), HasSubstr("{port} {storage_path} {node_id} {memory_mb}")));
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "env", R"({ A = "{home}" })")).text,
              AllOf(HasSubstr("A has the unknown placeholder {home}")));
}

TEST(ConfigChecks, ListenAddressInATemplateNeedsTheKey) {
  ConfigDraft draft;
  draft.set("storage", "args", R"(["--bind", "{listen_address}"])");
  EXPECT_THAT(only_fault(draft).text, HasSubstr("storage.listen_address"));
  draft.set("storage", "listen_address", R"("127.0.0.1")");
  EXPECT_EQ(draft.load().report("f"), "");
}

TEST(ConfigChecks, AnEmptyArgsArrayDiffersFromAMissingOne) {
  EXPECT_FALSE(ConfigDraft().load().config.storage.args_given);
  EXPECT_TRUE(ConfigDraft().set("storage", "args", "[]").load().config.storage.args_given);
}

TEST(ConfigChecks, EnvironmentIsReadFromEitherForm) {
  const auto loaded =
      ConfigDraft().set("storage.env", "A_1", R"("x{port}")").set("storage.env", "_b", "\"\"").load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config.storage.env,
            (std::vector<std::pair<std::string, std::string>>{{"A_1", "x{port}"}, {"_b", ""}}));
}

TEST(ConfigChecks, EnvironmentNamesAndValuesAreCheckedWithoutShowingValues) {
  ConfigDraft draft;
  draft.set("storage.env", "1A", "\"secret\"").set("storage.env", "\"A=B\"", "\"secret\"");
  draft.set("storage.env", "\"\"", "\"secret\"").set("storage.env", "C", "\"secret\\u0000\"");
  draft.set("storage.env", "D", "5");
  const auto loaded = draft.load();
  EXPECT_THAT(faults_of(loaded, "storage.env"), SizeIs(5)) << loaded.report("f");
  EXPECT_THAT(loaded.report("f"), ::testing::Not(HasSubstr("secret")));
}

TEST(ConfigChecks, TooManyOrTooLargeArgumentsAreRefused) {
  std::string many = "[";
  for (int i = 0; i < 201; ++i) many += "\"a\",";
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "args", many + "]")).text, HasSubstr("at most 200"));
  std::string big = "[";
  for (int i = 0; i < 5; ++i) big += "\"" + std::string(4000, 'a') + "\",\n";
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "args", big + "]")).text, HasSubstr("at most 16384"));
}

TEST(ConfigChecks, LabelsMayHaveAnyPrintableCharacter) {
  EXPECT_EQ(ConfigDraft().set("agent", "agent_id", R"("Zürich 7 🚀")").load().report("f"), "");
  const std::string longest(128, 'a');
  EXPECT_EQ(ConfigDraft().set("agent", "agent_id", "\"" + longest + "\"").load().report("f"), "");
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "agent_id", "\"" + longest + "a\"")).text,
              HasSubstr("allowed is a string: 1 to 128 printable characters"));
}

TEST(ConfigChecks, AnAgentIdMayHaveThisHostsNameInIt) {
  const auto id_of = [](const ConfigDraft& draft) { return draft.load().config.agent.agent_id; };
  EXPECT_EQ(id_of(ConfigDraft().set("agent", "agent_id", R"("{hostname}")")), "storage-7");
  EXPECT_EQ(id_of(ConfigDraft().set("agent", "agent_id", R"("a {hostname}/{hostname} {host}")")),
            "a storage-7/storage-7 {host}");
}

TEST(ConfigChecks, AnAgentIdWithTheNameOfANamelessHostIsRefused) {
  ConfigDraft draft;
  draft.set("agent", "agent_id", R"("{hostname}")");
  auto context = desk_context();
  for (const auto& [name, says] :
       std::vector<std::pair<std::string, std::string>>{{"", "this host has no name"},
                                                        {"two words", R"(name "two words" is not valid)"},
                                                        {"{hostname}", R"(name "{hostname}" is not valid)"},
                                                        {"a\nb", R"(name "a\x0ab" is not valid)"}}) {
    context.hostname = name;
    const auto loaded = draft.load(context);
    ASSERT_THAT(loaded.faults, SizeIs(1)) << name;
    EXPECT_EQ(loaded.faults[0].key, "agent.agent_id");
    EXPECT_EQ(loaded.faults[0].line, draft.line_of("agent", "agent_id"));
    EXPECT_THAT(loaded.faults[0].text, AllOf(HasSubstr("has {hostname}, and"), HasSubstr(says),
                                             HasSubstr("write the agent_id without {hostname}")));
    EXPECT_TRUE(ConfigDraft().load(context).ok()) << "only its use is a fault";
  }
  context.hostname = std::string(127, 'h');
  EXPECT_TRUE(draft.load(context).ok());
  draft.set("agent", "agent_id", R"("a-{hostname}")");
  const auto loaded = draft.load(context);
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, AllOf(HasSubstr("is too long"), HasSubstr("1 to 128 printable")));
}

TEST(ConfigChecks, PlaceholdersOfStoragePathsAreKeptAsTheyAre) {
  const auto paths_of = [](const ConfigDraft& draft) {
    return draft.load().config.storage.placeholder_storage_paths;
  };
  EXPECT_THAT(paths_of(ConfigDraft()), ::testing::ElementsAre("/tmp/storage"));
  EXPECT_THAT(paths_of(ConfigDraft().set("storage", "placeholder_storage_paths", "[]")), IsEmpty());
  EXPECT_THAT(paths_of(ConfigDraft().set("storage", "placeholder_storage_paths", R"(["a", "/b/"])")),
              ::testing::ElementsAre("a", "/b/"));
  const std::string overlong = "[\"" + std::string(256, 'p') + "\"]";
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "placeholder_storage_paths", overlong)).text,
              HasSubstr("paths of at most 255 bytes"));
}

TEST(ConfigChecks, AddressesAndUsersMustBeValid) {
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "advertise_host", "\"0.0.0.0\"")).text,
              HasSubstr("that a Master can reach"));
  const std::string user(33, 'u');
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "comms_user", "\"" + user + "\"")).text,
              HasSubstr("at most 32 characters"));
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "comms_user", "\"\"")).text,
              HasSubstr("leave the key out for its default"));
}

TEST(ConfigChecks, OverlongPathsAreRefused) {
  EXPECT_THAT(only_fault(ConfigDraft().set("agent", "runtime_dir", "\"/" + std::string(94, 'r') + "\"")).text,
              HasSubstr("at most 94"));
  EXPECT_THAT(only_fault(ConfigDraft().set("storage", "data_path", "\"" + std::string(190, 'd') + "\"")).text,
              HasSubstr("at most 190"));
  auto context = desk_context();
  context.working_directory = "/" + std::string(120, 'w');
  const auto loaded = ConfigDraft().load(context);
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("set it to a shorter path"));
}

TEST(ConfigChecks, ALongHeartbeatIntervalAndAnUnusedProbeGiveWarnings) {
  EXPECT_THAT(ConfigDraft().set("monitoring", "heartbeat_interval_secs", "15").load().warnings, SizeIs(1));
  EXPECT_THAT(ConfigDraft()
                  .set("monitoring", "liveness_send", "\"PING\"")
                  .set("storage", "readiness", "\"none\"")
                  .load()
                  .warnings,
              SizeIs(1));
}

TEST(ConfigChecks, AllFaultsComeInOneReportSortedByLine) {
  ConfigDraft draft;
  draft.erase("agent", "platform").set("agent", "agent_port", "70000").set("agent", "agnt_id", "1");
  draft.set("storage", "args", "[\"{x}\"]").set("monitoring", "max_restarts", "\"10\"");
  draft.set("logging", "format", "\"xml\"").set("metrics", "listen", "\"127.0.0.1:9\"").set("tl", "a", "1");
  const auto loaded = draft.load();
  EXPECT_THAT(loaded.faults, SizeIs(8));
  EXPECT_TRUE(std::is_sorted(loaded.faults.begin(), loaded.faults.end(),
                             [](const auto& a, const auto& b) { return a.line < b.line; }));
  const std::string report = loaded.report("/etc/a.toml");
  EXPECT_THAT(report, HasSubstr("/etc/a.toml: agent.platform: is missing"));
  EXPECT_THAT(report,
              HasSubstr("/etc/a.toml:" + std::to_string(draft.line_of("agent", "agent_port")) +
                        ": agent.agent_port: found integer 70000; allowed is an integer from 1 to 65535\n"));
  EXPECT_EQ(std::count(report.begin(), report.end(), '\n'), 8);
}

}  // namespace
}  // namespace sutra
