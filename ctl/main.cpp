// sutra-agentctl: the command-line tool for operators.
#include "ctl/commands.h"
#include "ctl/options.h"

int main(int argc, char** argv) {
  const auto options = sutra::ctl::parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&options)) return *status;
  return sutra::ctl::run(std::get<sutra::ctl::Options>(options));
}
