#include <gmock/gmock.h>

#include "common/config/keys.h"
#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using testing::ConfigDraft;
using ::testing::HasSubstr;
using ::testing::Not;

ConfigContext elsewhere() {
  ConfigContext context;
  context.working_directory = "/other";
  context.is_root = true;
  return context;
}

/// Every key that this version accepts; none of the optional keys has its default.
ConfigDraft everything() {
  ConfigDraft draft;
  draft.set("agent", "agent_id", R"("quote\" back\\slash ünï 🚀")");
  draft.set("agent", "master_host", R"(["10.0.0.1:7000", "[fd00::2]:7001"])").set("agent", "agent_port", "1");
  draft.set("agent", "state_dir", R"("s")").set("agent", "runtime_dir", R"("r")");
  draft.set("agent", "listen_address", R"("::")").set("agent", "advertise_host", R"("me.example")");
  draft.set("agent", "reconnect_max_secs", "60");
  draft.set("storage", "placeholder_storage_paths", R"(["/tmp/storage", "any"])");
  draft.set("agent", "comms_user", R"("com")").set("agent", "storage_user", R"("sto")");
  draft.set("storage", "default_memory_mb", "7").set("storage", "default_port_range_start", "65530");
  draft.set("storage", "port_range_size", "6").set("storage", "args", R"(["a\tb", "{port}", "", "☃"])");
  draft.set("storage", "env", R"({ A = "p\"w\u0001", B = "{node_id}" })");
  draft.set("storage", "allowed_storage_roots", R"(["/a", "b"])")
      .set("storage", "outside_storage_path", R"("ignore")");
  draft.set("storage", "ready_timeout_secs", "1").set("storage", "stop_grace_secs", "2");
  draft.set("storage", "listen_address", R"("127.0.0.1")").set("storage", "confine", "false");
  draft.set("storage", "readiness", R"("none")")
      .set("storage", "log_dir", R"("l")")
      .set("storage", "max_log_mb", "3");
  draft.set("monitoring", "heartbeat_interval_secs", "1")
      .set("monitoring", "health_check_interval_secs", "2");
  draft.set("monitoring", "restart_failed_nodes", "false").set("monitoring", "max_restarts", "3");
  draft.set("monitoring", "restart_window_secs", "4").set("monitoring", "backoff_initial_ms", "5");
  draft.set("monitoring", "backoff_max_secs", "6").set("monitoring", "stable_after_secs", "7");
  draft.set("monitoring", "failed_probes_before_restart", "8")
      .set("monitoring", "liveness_send", R"("PING\r\n")");
  draft.set("monitoring", "liveness_expect", R"("PO\u007fNG")").set("logging", "level", R"("debug")");
  draft.set("logging", "format", R"("json")").set("tls", "allow_plaintext", "true");
  return draft;
}

TEST(ConfigRender, RenderedConfigurationReadsBackEqualInEveryContext) {
  for (const ConfigDraft& draft : {ConfigDraft(), everything(), ConfigDraft().set("storage", "args", "[]"),
                                   ConfigDraft().set("storage", "default_port_range_start", "65000")}) {
    const auto loaded = draft.load();
    ASSERT_EQ(loaded.report("f"), "");
    const std::string rendered = render_config(loaded.config, Audience::kOperator);
    const auto again = parse_config(rendered, elsewhere());
    EXPECT_EQ(again.report("rendered"), "") << rendered;
    EXPECT_EQ(again.config, loaded.config) << rendered;
    EXPECT_EQ(again.warnings, loaded.warnings);
  }
}

TEST(ConfigRender, CommsGetsNoArgumentsNoEnvironmentAndNoUsers) {
  const Config config = everything().load().config;
  const std::string rendered = render_config(config, Audience::kComms);
  for (const auto* secret : {"args", "env", "p\\\"w", "comms_user", "storage_user", "{port}"}) {
    EXPECT_THAT(rendered, Not(HasSubstr(secret)));
  }
  const auto again = parse_config(rendered, elsewhere());
  EXPECT_EQ(again.report("rendered"), "");
  Config expected = config;
  expected.storage.args.clear();
  expected.storage.args_given = false;
  expected.storage.env.clear();
  expected.agent.comms_user.clear();
  expected.agent.storage_user.clear();
  EXPECT_EQ(again.config, expected);
}

TEST(ConfigRender, EveryKeyDiffersFromItsDefaultAndEqualityNoticesIt) {
  const Config defaults = ConfigDraft().load().config;
  const Config all = everything().load().config;
  for (const config::Key& key : config::all_keys()) {
    if (key.presence == config::Presence::kRequired || !key.not_available.empty()) continue;
    EXPECT_NE(key.kind.render(all), key.kind.render(defaults)) << "everything() does not set " << key.name;
  }
  EXPECT_NE(all.agent, defaults.agent);
  EXPECT_NE(all.storage, defaults.storage);
  EXPECT_NE(all.monitoring, defaults.monitoring);
  EXPECT_NE(all.logging, defaults.logging);
  EXPECT_NE(all.tls, defaults.tls);
}

}  // namespace
}  // namespace sutra
