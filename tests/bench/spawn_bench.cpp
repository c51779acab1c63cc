#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/bench.h"
#include "tests/support/agent.h"
#include "tests/support/sandbox.h"

namespace sutra::bench {
namespace {

constexpr int kPairs = 100;

template <typename F>
double timed_us(F call) {
  const std::int64_t begin = now_ns();
  call();
  return static_cast<double>(now_ns() - begin) / 1000.0;
}

}  // namespace

void bench_spawn() {
  e2e::Sandbox sandbox;
  sandbox.set("storage", "binary_path", "\"" + sandbox.binary("sutra-bench-server") + "\"")
      .set("storage", "readiness", "\"none\"")
      .set("logging", "level", "\"warn\"");
  sandbox.write_config();
  e2e::Agent agent(sandbox);
  agent.start();
  if (!agent.wait_until_serving()) std::exit(1);
  std::vector<double> spawns;
  std::vector<double> noops;
  for (int i = 0; i < kPairs; ++i) {
    const std::string id = "bench-" + std::to_string(i);
    noops.push_back(timed_us([&] { (void)agent.node("nobody"); }));
    spawns.push_back(timed_us([&] {
      if (!agent.spawn(id).success()) std::exit(1);
    }));
    if (!agent.stop_node(id).success()) std::exit(1);
  }
  (void)agent.stop();
  std::printf("SpawnNode, answered when it runs (%d pairs)\n", kPairs);
  const Summary a = summarize(spawns);
  const Summary b = summarize(noops);
  print_row("SpawnNode", a, "us");
  print_row("rpc that does nothing", b, "us");
  print_ratio("SpawnNode / no-op rpc", a.p50 / b.p50);
}

}  // namespace sutra::bench
