#include <iostream>

#include "tests/grid/cli.h"

int main(int argc, char** argv) { return sutra::grid_testing::run_cli(argc, argv, std::cout, std::cerr); }
