#include "supervisor/launch/pack_spec.h"

#include <gtest/gtest.h>

#include <cstring>

namespace sutra::supervisor {
namespace {

LaunchPlan minimal() {
  LaunchPlan plan;
  plan.program = "/bin/true";
  plan.arguments = {"true"};
  return plan;
}

std::string refusal(const LaunchPlan& plan) {
  const auto packed = pack_spec(plan, 1);
  return packed.ok() ? "accepted" : packed.error().message();
}

TEST(PackSpec, LaysOutSpecThenStrings) {
  LaunchPlan plan = minimal();
  plan.arguments = {"true", "", "x"};
  plan.environment = {"A=b"};
  plan.limits = {{7, 0, 10, 20}};
  const auto packed = pack_spec(plan, 4321);
  ASSERT_TRUE(packed.ok());
  launch::Spec spec{};
  std::memcpy(&spec, packed.value().data(), sizeof spec);
  EXPECT_EQ(spec.magic, launch::kSpecMagic);
  EXPECT_EQ(spec.argc, 3U);
  EXPECT_EQ(spec.envc, 1U);
  EXPECT_EQ(spec.parent_pid, 4321);
  EXPECT_EQ(spec.oom_score_adj, launch::kKeepOomScore);
  EXPECT_EQ(spec.limits[0].hard, 20U);
  EXPECT_EQ(spec.limits[1].resource, -1);
  EXPECT_STREQ(spec.program, "/bin/true");
  EXPECT_EQ(packed.value().substr(sizeof spec), std::string("true\0\0x\0A=b\0", 12));
}

TEST(PackSpec, RefusesWhatTheLauncherCouldNotTake) {
  LaunchPlan plan = minimal();
  plan.program = "true";
  EXPECT_NE(refusal(plan).find("not absolute"), std::string::npos);
  plan = minimal();
  plan.program = "/" + std::string(255, 'x');
  EXPECT_NE(refusal(plan).find("longer than 255"), std::string::npos);
  plan = minimal();
  plan.arguments.clear();
  EXPECT_NE(refusal(plan).find("argv[0]"), std::string::npos);
  plan = minimal();
  plan.environment.assign(launch::kMaxArguments, "A=b");
  EXPECT_NE(refusal(plan).find("256 strings"), std::string::npos);
  plan = minimal();
  plan.arguments.emplace_back("a\0b", 3);
  EXPECT_NE(refusal(plan).find("NUL"), std::string::npos);
  plan = minimal();
  plan.arguments.emplace_back(launch::kMaxStrings, 'x');
  EXPECT_NE(refusal(plan).find("48 KiB"), std::string::npos);
  plan = minimal();
  plan.limits.resize(7);
  EXPECT_NE(refusal(plan).find("resource limits"), std::string::npos);
}

TEST(PackSpec, RefusesFlagsWithoutTheirDescriptors) {
  LaunchPlan plan = minimal();
  plan.flags = launch::kLockDirectory;
  EXPECT_NE(refusal(plan).find("no directory"), std::string::npos);
  plan.flags = launch::kRedirectOutput;
  EXPECT_NE(refusal(plan).find("no file"), std::string::npos);
  plan.flags = launch::kPassExtra | launch::kChangeDirectory;
  plan.directory_fd = 1;
  EXPECT_NE(refusal(plan).find("exclude each other"), std::string::npos);
}

TEST(PackSpec, LargestPlanFitsIntoAPipe) {
  LaunchPlan plan = minimal();
  plan.arguments = {std::string(launch::kMaxStrings - 1, 'x')};
  const auto packed = pack_spec(plan, 1);
  ASSERT_TRUE(packed.ok());
  EXPECT_LT(packed.value().size(), 65536U);
}

}  // namespace
}  // namespace sutra::supervisor
