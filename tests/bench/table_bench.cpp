#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ipc/node_table.h"
#include "tests/bench/bench.h"
#include "tests/support/sandbox.h"

namespace sutra::bench {
namespace {

constexpr std::uint32_t kRows = 1000;
constexpr int kPasses = 200;

template <typename F>
Summary per_call_ns(F call) {
  std::vector<double> samples;
  for (int pass = 0; pass < kPasses; ++pass) {
    const std::int64_t begin = now_ns();
    for (std::uint32_t row = 0; row < kRows; ++row) call(row);
    samples.push_back(static_cast<double>(now_ns() - begin) / kRows);
  }
  return summarize(samples);
}

/// Keeps the compiler from removing a value that is not used.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace

void bench_table() {
  e2e::Sandbox sandbox;
  auto writer = ipc::NodeTableWriter::create(sandbox.at("nodes.table"), kRows);
  auto reader = ipc::NodeTableReader::open(sandbox.at("nodes.table"));
  if (!writer || !reader) std::exit(1);
  std::vector<ipc::NodeRow> plain(kRows);
  for (std::uint32_t row = 0; row < kRows; ++row) {
    plain[row].node_id.assign("node-" + std::to_string(row));
    plain[row].state = NodeState::kRunning;
    writer.value()->publish(row, plain[row]);
  }
  const Summary reads = per_call_ns([&](std::uint32_t row) { keep(reader.value()->read(row)); });
  const Summary copies = per_call_ns([&](std::uint32_t row) {
    ipc::NodeRow copy;
    std::memcpy(&copy, &plain[row], sizeof copy);
    keep(copy);
  });
  std::printf("one row of the node table, %u rows\n", kRows);
  print_row("read under its sequence lock", reads, "ns");
  print_row("plain copy of as many bytes", copies, "ns");
  print_ratio("read / copy", reads.p50 / copies.p50);
}

}  // namespace sutra::bench
