// sutra-agentctl: the command-line tool for operators.
#include "common/uncaught.h"
#include "ctl/commands.h"
#include "ctl/options.h"

int main(int argc, char** argv) {
  sutra::report_uncaught("sutra-agentctl");
  const auto options = sutra::ctl::parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&options)) return *status;
  return sutra::ctl::run(std::get<sutra::ctl::Options>(options));
}
